"""A mail says the same as text and as HTML."""

from core.letters import make_letter

TEXT = "Hello <b>you</b>.\n\nhttp://127.0.0.1:8000/t/x/?a=1&b=2\n\nUntil then."


def html_of(text: str) -> str:
    letter = make_letter(subject="A <subject>", text=text, to=["alice@example.org"])
    assert letter.body == text
    (html, kind) = letter.alternatives[0]
    assert kind == "text/html"
    return str(html)


def test_it_says_the_same_escaped() -> None:
    html = html_of(TEXT)
    assert "Hello &lt;b&gt;you&lt;/b&gt;." in html
    assert "Until then." in html
    assert "<title>A &lt;subject&gt;</title>" in html


def test_an_address_on_its_own_line_is_a_button_and_readable_too() -> None:
    html = html_of(TEXT)
    assert '<a href="http://127.0.0.1:8000/t/x/?a=1&amp;b=2"' in html
    assert html.count("http://127.0.0.1:8000/t/x/?a=1&amp;b=2") == 2


def test_it_loads_nothing_from_anywhere() -> None:
    html = html_of(TEXT)
    assert "<img" not in html
    assert "<link" not in html
    assert "<script" not in html
