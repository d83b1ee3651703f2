"""Writing the audit trail: with what it tells of, in one unbroken chain, and never changed again."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.audit import check, origin, record
from accounts.models import Action, AuditChain, AuditEntry, Team, User
from core import redaction
from tests.accounts.test_races import at_once
from tests.factories import make_provider_account, make_team, make_token, make_user

pytestmark = pytest.mark.django_db
THREADS, EACH = 50, 3


def test_an_entry_says_who_did_what_to_what_and_how_it_changed(team: Team, alice: User) -> None:
    account = make_provider_account(team, name="QA")

    record(
        action=Action.ACCOUNT_RENAMED,
        team=team,
        actor=alice,
        obj=account,
        before={"name": "Main"},
        after={"name": "QA"},
    )

    entry = AuditEntry.objects.of_team(team).get()
    assert (entry.actor_id, entry.actor_name, entry.actor_email) == (alice.pk, "Alice", alice.email)
    assert entry.object_type == "accounts.ProviderAccount"
    assert (entry.object_id, entry.object_label) == (str(account.pk), "QA")
    assert (entry.before, entry.after) == ({"name": "Main"}, {"name": "QA"})
    assert (entry.chain_id, entry.sequence, entry.previous) == (f"team-{team.pk}", 1, "")


def test_what_the_site_does_by_itself_has_nobody_behind_it(team: Team) -> None:
    entry = record(action=Action.ACCOUNT_SUSPENDED, team=team)
    assert (entry.actor_id, entry.actor_name, entry.ip, entry.user_agent) == (None, "", "", "")


def test_each_team_has_a_chain_and_the_sites_own_knows_of_them(team: Team) -> None:
    other = make_team()
    for _ in range(3):
        record(action=Action.ACCOUNT_RENAMED, team=team)
        record(action=Action.ACCOUNT_RENAMED, team=other)
    record(action=Action.SIGNED_IN)

    lengths = dict(AuditChain.objects.values_list("team", "length"))
    assert lengths == {team.pk: 3, other.pk: 3, None: 3}
    begun = AuditEntry.objects.filter(action=Action.CHAIN_BEGUN).order_by("sequence")
    assert [entry.after["chain"] for entry in begun] == [f"team-{team.pk}", f"team-{other.pk}"]
    assert list(check.check_chains()) == []


def test_an_entry_goes_with_what_it_tells_of(team: Team) -> None:
    record(action=Action.TEAM_CREATED, team=team)
    with transaction.atomic():
        record(action=Action.ACCOUNT_RENAMED, team=team)
        transaction.set_rollback(True)
    assert AuditEntry.objects.of_team(team).count() == 1
    assert list(check.check_chains()) == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_of_a_transaction(team: Team) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record(action=Action.ACCOUNT_RENAMED, team=team)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE accounts_auditentry SET actor_name = 'Bob'", "DELETE FROM accounts_auditentry"],
)
def test_the_database_changes_no_entry(team: Team, statement: str) -> None:
    record(action=Action.ACCOUNT_RENAMED, team=team)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_every_column_is_signed() -> None:
    columns = {field.attname for field in AuditEntry._meta.concrete_fields}
    assert columns - set(AuditEntry.SIGNED) == {"signature"}


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_leave_an_unbroken_chain() -> None:
    team = make_team()

    def write() -> None:
        for _ in range(EACH):
            with transaction.atomic():
                record(action=Action.ACCOUNT_RENAMED, team=team)

    at_once(*[write] * THREADS)

    sequences = AuditEntry.objects.of_team(team).values_list("sequence", flat=True)
    assert list(sequences) == list(range(THREADS * EACH, 0, -1))
    assert list(check.check_chains()) == []


@pytest.mark.django_db(transaction=True)
def test_teams_that_begin_their_chains_at_once_do_not_wait_for_each_other_for_ever() -> None:
    teams = [make_team() for _ in range(5)]

    def write(team: Team) -> None:
        with transaction.atomic():
            record(action=Action.ACCOUNT_RENAMED, team=team)
            record(action=Action.SIGNED_IN)

    at_once(*[lambda team=team: write(team) for team in teams * 4])

    assert AuditChain.objects.count() == 6
    assert AuditEntry.objects.count() == 5 * 4 * 2 + 5
    assert list(check.check_chains()) == []


def test_the_trail_outlives_who_is_in_it(team: Team) -> None:
    nora = make_user("Nora")
    record(action=Action.ACCOUNT_RENAMED, team=team, actor=nora)
    nora.delete()
    assert AuditEntry.objects.of_team(team).get().actor_email == "nora@example.org"
    assert list(check.check_chains()) == []


def test_a_secret_that_is_known_as_one_does_not_get_in(team: Team) -> None:
    secret = make_token()
    redaction.register(secret)
    account = make_provider_account(team, name=f"my {secret}")
    entry = record(action=Action.ACCOUNT_RENAMED, team=team, obj=account, after={"name": secret})
    assert secret not in f"{entry.object_label} {entry.after}"


def test_an_entry_costs_three_queries(team: Team) -> None:
    record(action=Action.ACCOUNT_RENAMED, team=team)
    with CaptureQueriesContext(connection) as queries:
        record(action=Action.ACCOUNT_RENAMED, team=team)
    assert len(queries) == 3  # the chain locked, the entry, the new end


# --- from where


def origin_of(rf: RequestFactory, **headers: str) -> origin.Origin:
    """Where a request with these headers, over a connection from 192.0.2.7, is said to come from."""
    seen = []
    answer = origin.remember_request(lambda _request: seen.append(origin.current()))  # type: ignore[arg-type, func-returns-value]
    answer(rf.get("/", REMOTE_ADDR="192.0.2.7", headers=headers))
    return seen[0]


def test_the_address_is_that_of_the_connection(rf: RequestFactory) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "User-Agent": "Lynx/2.9"}
    assert origin_of(rf, **headers) == origin.Origin("192.0.2.7", "Lynx/2.9")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 192.0.2.1", "203.0.113.9"),
        (1, "2001:db8::1", "2001:db8::1"),
        (2, "203.0.113.9", "192.0.2.7"),
        (1, "<script>", ""),
    ],
)
def test_of_a_proxys_words_only_the_trusted_ones_count(
    rf: RequestFactory, settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert origin_of(rf, **{"X-Forwarded-For": forwarded}).ip == address


def test_a_browser_says_no_more_than_fits(rf: RequestFactory) -> None:
    agent = "Mozilla\x00\x1b[31m" + "x" * 500
    assert origin_of(rf, **{"User-Agent": agent}).user_agent == "Mozilla[31m" + "x" * 189


def test_outside_of_a_request_nothing_is_known(rf: RequestFactory) -> None:
    origin_of(rf, **{"User-Agent": "Lynx/2.9"})
    assert origin.current() == origin.Origin()
