"""Note, tags and hand-over on the board and on the page of a purchase."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from rentals.models import Purchase
from tests.factories import make_activation, make_lease, make_tag, make_team

ClientOf = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def purchase(team: Team, alice: User) -> Purchase:
    return make_activation(team, alice).purchase


def url(purchase: Purchase, name: str = "keep") -> str:
    return reverse(f"rentals:{name}", args=[purchase.team.slug, purchase.code])


def member(team: Team, user: User) -> Membership:
    return team.memberships.get(user=user)


def form(**fields: object) -> dict[str, object]:
    return {"note": "", "was": "", "more_tags": "", **fields}


def test_bob_writes_a_note_and_tags_and_everybody_sees_them(
    client_of: ClientOf, bob: User, vera: User, team: Team, purchase: Purchase
) -> None:
    make_tag(team, "nightly")
    wish = form(note="ask Ada <b>first</b>", tags=["nightly"], more_tags="shop, QA")

    response = client_of(bob).post(url(purchase), wish)

    assert response.headers["Location"] == url(purchase, "purchase")
    for page in (url(purchase, "purchase"), url(purchase, "card")):
        html = client_of(vera).get(page).text
        assert "ask Ada &lt;b&gt;first&lt;/b&gt;" in html
        for tag in ("nightly", "shop", "QA"):
            assert f"<bdi>{tag}</bdi>" in html


def test_the_board_says_whose_it_is_now(
    client_of: ClientOf, alice: User, bob: User, vera: User, team: Team, purchase: Purchase
) -> None:
    client_of(alice).post(url(purchase), form(to=member(team, bob).pk))

    purchase.refresh_from_db()
    assert purchase.holder == bob
    board = client_of(vera).get(reverse("rentals:board", args=[team.slug])).text
    assert (
        board.index("<bdi>Alice</bdi>") < board.index("handed to") < board.index("<bdi>Bob</bdi>")
    )
    page = client_of(vera).get(url(purchase, "purchase")).text
    assert "Handed to a colleague. Now it is Bob&#x27;s." in page


def test_htmx_gets_the_form_and_then_a_signal_to_close_it(
    client_of: ClientOf, bob: User, purchase: Purchase
) -> None:
    client = client_of(bob)

    assert client.get(url(purchase), headers=HTMX).text.strip().startswith("<form")
    saved = client.post(url(purchase), form(note="x"), headers=HTMX)

    assert saved.status_code == 204
    assert "kept" in saved.headers["HX-Trigger"]
    assert f"live:purchase:{purchase.code}" in saved.headers["HX-Trigger"]


def test_the_form_has_what_is_there(
    client_of: ClientOf, alice: User, bob: User, vera: User, team: Team, purchase: Purchase
) -> None:
    purchase.note, purchase.holder = "here", bob
    purchase.save()
    purchase.tags.add(make_tag(team, "mine"))
    make_tag(make_team(), "foreign")

    html = client_of(alice).get(url(purchase)).text

    assert 'name="was" value="here"' in html
    assert 'value="mine" id="id_tags_0" checked' in html
    assert f'<option value="{member(team, bob).pk}" selected>Bob</option>' in html
    assert "foreign" not in html
    assert ">Vera</option>" not in html


def test_what_somebody_else_wrote_meanwhile_is_not_lost(
    client_of: ClientOf, alice: User, bob: User, purchase: Purchase
) -> None:
    client_of(alice).post(url(purchase), form(note="hers"))

    html = client_of(bob).post(url(purchase), form(note="his"), headers=HTMX).text

    assert "Somebody else changed the note meanwhile" in html
    assert ">\nhis</textarea>" in html
    purchase.refresh_from_db()
    assert purchase.note == "hers"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"note": "x" * 501}, "at most 500"),
        ({"more_tags": "x" * 31}, "A tag has at most 30 letters"),
        ({"tags": ["never made"]}, "Select a valid choice"),
        ({"more_tags": ",".join("abcdefghijk")}, "At most 10 tags"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(
    client_of: ClientOf, bob: User, purchase: Purchase, fields: dict[str, object], words: str
) -> None:
    html = client_of(bob).post(url(purchase), form(**fields), headers=HTMX).text

    assert words in html
    purchase.refresh_from_db()
    assert (purchase.note, purchase.tags.count()) == ("", 0)


def test_nobody_of_another_team_is_handed_a_number(
    client_of: ClientOf, alice: User, charlie: User, purchase: Purchase
) -> None:
    foreign = charlie.memberships.get()

    html = client_of(alice).post(url(purchase), form(to=foreign.pk), headers=HTMX).text

    assert "Select a valid choice" in html
    purchase.refresh_from_db()
    assert purchase.holder is None


def test_who_may_write(
    client: Client, client_of: ClientOf, vera: User, charlie: User, purchase: Purchase
) -> None:
    for method in ("get", "post"):
        assert getattr(client_of(vera), method)(url(purchase)).status_code == 403
        assert getattr(client_of(charlie), method)(url(purchase)).status_code == 404
        location = getattr(client, method)(url(purchase)).headers["Location"]
        assert location.startswith("/accounts/login/")
    assert client_of(vera).put(url(purchase)).status_code == 405
    assert url(purchase) not in client_of(vera).get(url(purchase, "purchase")).text


def test_a_lease_has_notes_on_its_page_too(client_of: ClientOf, bob: User, team: Team) -> None:
    purchase = make_lease(team).purchase
    client_of(bob).post(url(purchase), form(note="front desk", more_tags="office"))

    html = client_of(bob).get(url(purchase, "purchase")).text

    assert "front desk" in html
    assert "<bdi>office</bdi>" in html


def test_the_raw_state_is_there_for_support(
    client_of: ClientOf, vera: User, purchase: Purchase
) -> None:
    html = client_of(vera).get(url(purchase, "purchase")).text

    raw = html.split('id="raw-state"')[1].split("</details>")[0]
    for fact in (str(purchase.code), purchase.activation.request_id, "waiting"):
        assert fact in raw


def test_where_messages_are_private_only_whose_it_is_may_hand_it_over(
    client_of: ClientOf, alice: User, bob: User, team: Team, purchase: Purchase
) -> None:
    team.private_messages = True
    team.save()

    assert 'name="to"' in client_of(alice).get(url(purchase)).text
    assert 'name="to"' not in client_of(bob).get(url(purchase)).text
    client_of(bob).post(url(purchase), form(note="seen", to=member(team, bob).pk))

    purchase.refresh_from_db()
    assert (purchase.note, purchase.holder) == ("seen", None)
