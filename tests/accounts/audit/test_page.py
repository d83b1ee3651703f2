"""The trail on the team's page and as a file."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.audit import record
from accounts.models import Action, AuditEntry, Role, Team, User
from tests.factories import add_member, make_team, make_user

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def page(team: Team, query: str = "") -> str:
    return reverse("accounts:audit_trail", args=[team.slug]) + query


def write(team: Team, actor: User, count: int, name: str = "Name") -> None:
    for number in range(count):
        facts = {"name": f"{name} {number}"}
        record(action=Action.ACCOUNT_RENAMED, team=team, actor=actor, before=facts, after=facts)


def test_an_admin_reads_who_did_what_and_how_it_changed(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    admin = add_member(team, make_user("Ada"), Role.ADMIN).user
    record(
        action=Action.ROLE_CHANGED,
        team=team,
        actor=alice,
        obj=admin,
        before={"role": "member"},
        after={"role": "admin"},
    )
    html = client_of(admin).get(page(team)).text
    assert "Role changed" in html
    assert "Alice" in html
    assert "<bdi>member</bdi> → <bdi>admin</bdi>" in html


FACTS = {"referral ID": True, "private": False, "purpose": "", "per_day": None, "own_word": 3}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "referral ID: not set → set|for one member alone: no|purpose: nothing → QA|"
            "limit of a day: 5 → nothing|own word: 3|required: no → yes|role: member → admin",
        ),
        (
            "de",
            "Referral-ID: nicht gesetzt → gesetzt|für ein Mitglied allein: nein|Zweck: nichts → QA|"
            "Limit eines Tages: 5 → nichts|own word: 3|verlangt: nein → ja|Rolle: Mitglied → Admin",
        ),
    ],
)
def test_what_changed_is_said_in_words(
    client_of: ClientOf, alice: User, team: Team, language: str, words: str
) -> None:
    before = {"referral ID": False, "purpose": "", "per_day": "5", "required": False}
    after = FACTS | {"purpose": "QA", "required": True, "role": "admin"}
    record(
        action=Action.ACCOUNT_ADDED,
        team=team,
        actor=alice,
        before=before | {"role": "member"},
        after=after,
    )
    html = client_of(alice).get(page(team), headers={"accept-language": language}).text
    lines = re.findall(r'<div class="small quiet">(.*?)</div>', html)
    assert sorted(re.sub(r"<[^>]+>", "", line) for line in lines) == sorted(words.split("|"))
    assert AuditEntry.objects.of_team(team).latest("sequence").after == after


def test_of_another_team_nothing_is_shown(client_of: ClientOf, alice: User, team: Team) -> None:
    record(action=Action.ACCOUNT_RENAMED, team=make_team(), after={"name": "Elsewhere"})
    html = client_of(alice).get(page(team)).text
    assert "Elsewhere" not in html
    assert "Nothing of the kind has happened yet." in html


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_members_and_viewers_do_not_read_it(
    client_of: ClientOf, team: Team, who: str, request: pytest.FixtureRequest
) -> None:
    browser = client_of(request.getfixturevalue(who))
    assert browser.get(page(team)).status_code == 403
    export = reverse("accounts:export_audit_trail", args=[team.slug])
    assert browser.post(export).status_code == 403


def test_pages_follow_one_another(
    client_of: ClientOf,
    alice: User,
    team: Team,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    write(team, alice, 120)
    browser = client_of(alice)
    browser.get(page(team))
    with django_assert_max_num_queries(6):
        first = browser.get(page(team)).text
    assert first.count("Name ") == 2 * 50
    assert "before=71" in first
    second = browser.get(page(team, "?kind=&before=71")).text
    assert "Name 69<" in second
    assert "Name 70<" not in second
    assert "before=" not in browser.get(page(team, "?before=21")).text


@pytest.mark.parametrize("query", ["?before=x", "?before=0", "?before=" + "9" * 40, "?kind=x"])
def test_nonsense_in_the_address_is_as_good_as_nothing(
    client_of: ClientOf, alice: User, team: Team, query: str
) -> None:
    write(team, alice, 1)
    assert "Name 0" in client_of(alice).get(page(team, query)).text


def test_one_kind_alone(client_of: ClientOf, alice: User, team: Team) -> None:
    write(team, alice, 1)
    record(action=Action.MEMBER_LEFT, team=team, actor=alice)
    html = client_of(alice).get(page(team, "?kind=member")).text
    assert "Member left" in html
    assert "Name 0" not in html


def test_the_file_holds_all_of_it_and_what_it_takes_to_verify_it(
    client_of: ClientOf, alice: User, team: Team
) -> None:
    write(team, alice, 3)
    response = client_of(alice).post(reverse("accounts:export_audit_trail", args=[team.slug]))
    assert (
        response.headers["Content-Disposition"] == f'attachment; filename="audit-{team.slug}.csv"'
    )
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    entries = AuditEntry.objects.of_team(team).order_by("sequence")
    assert [row["signature"] for row in rows] == [one.signature for one in entries]
    assert [row["in words"] for row in rows][-1] == "audit trail exported"
    assert rows[-1]["actor_email"] == alice.email


def test_formulas_do_not_run_in_a_spreadsheet(client_of: ClientOf, alice: User, team: Team) -> None:
    alice.name = "=HYPERLINK(0)"
    record(action=Action.ACCOUNT_RENAMED, team=team, actor=alice)
    response = client_of(alice).post(reverse("accounts:export_audit_trail", args=[team.slug]))
    text = b"".join(response.streaming_content).decode()
    assert ",'=HYPERLINK(0)," in text
