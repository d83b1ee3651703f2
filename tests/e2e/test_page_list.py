"""No page is forgotten: each route that answers GET is looked at, or says why not."""

import pytest

from tests.e2e.pages import EXCUSED, PAGES, Page
from tests.security.matrix import MATRIX

# The pages of Django's admin are drawn by its own templates.
ANSWERED = {
    route
    for route, (get, _post) in MATRIX.items()
    if not route.startswith("admin/") and set(get) & set("yx")
}
LISTED = {page.route for page in PAGES} - {"no-such-page/"}


def test_every_page_of_the_matrix_is_listed_or_excused() -> None:
    forgotten = ANSWERED - LISTED - EXCUSED.keys()
    assert not forgotten, (
        f"tests/e2e/pages.py: a line in PAGES or a reason in EXCUSED for {forgotten}"
    )


def test_nothing_is_listed_or_excused_that_is_not_there() -> None:
    assert not LISTED - ANSWERED
    assert not EXCUSED.keys() - MATRIX.keys()
    assert not EXCUSED.keys() & LISTED


def test_names_are_told_apart_and_each_way_begins_earlier_in_the_list() -> None:
    names = [page.name for page in PAGES]
    assert len(set(names)) == len(names)
    for number, page in enumerate(PAGES):
        assert not page.found_on or page.found_on in names[:number]
        assert page.found_on or "<" not in page.route.replace("<slug:team>", "")


@pytest.mark.parametrize(
    ("page", "links", "found"),
    [
        (Page("x", "t/<slug:team>/a/<int:n>/"), ["/t/z/a/1/b/", "/t/z/a/1/"], "/t/z/a/1/"),
        (Page("x", "t/<slug:team>/", query=r"q=\d+"), ["/t/z/", "/t/z/?q=7"], "/t/z/?q=7"),
        (Page("x", "t/<slug:team>/a/<int:n>/"), ["/t/other/a/1/"], None),
    ],
)
def test_a_link_is_known_by_its_shape(page: Page, links: list[str], found: str | None) -> None:
    assert page.is_led_to_by(links, "z") == found
