"""/t/…/accounts/ and what is done there, against the sandbox over HTTP"""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ProviderAccount, Role, Team, User
from tests.accounts.conftest import Visit, is_sign_in, text_of
from tests.factories import make_activation, make_provider_account, make_token

if TYPE_CHECKING:
    from sandbox.server import Sandbox

State = ProviderAccount.State


def page(
    team: Team, name: str = "provider_accounts", account: ProviderAccount | None = None
) -> str:
    return reverse(
        f"accounts:{name}", args=[team.slug] if account is None else [team.slug, account.pk]
    )


# --- the list


def test_everyone_sees_what_their_role_may_know(
    bob: User, vera: User, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    ProviderAccount.objects.update(balance="12.34", frozen="0.14", balance_at=timezone.now())
    for who, balance, end_of_token in (
        ("alice", True, True),
        ("bob", True, False),
        ("vera", False, False),
    ):
        text = text_of(visit(who, page(team)))
        assert "Main" in text
        assert ("$12.34" in text) is balance
        assert (account.token_last4 in text) is end_of_token
        assert ("/remove/" in text or "/check/" in text) is end_of_token


def test_the_balance_is_shown_with_its_age(
    account: ProviderAccount, team: Team, visit: Visit
) -> None:
    assert "not read yet" in text_of(visit("alice", page(team)))
    hour_ago = timezone.now() - timedelta(hours=1)
    ProviderAccount.objects.update(balance="12.34", balance_at=hour_ago)
    assert "read an hour ago" in text_of(visit("alice", page(team)))


@pytest.mark.parametrize(
    ("code", "advice"), [(401, "save it here anew"), (50208, "Follow the activation link")]
)
def test_a_suspended_account_says_why_and_what_to_do(
    code: int, advice: str, bob: User, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    ProviderAccount.objects.update(state=State.SUSPENDED, suspended_code=code)
    text = text_of(visit("bob", page(team)))
    assert f"code {code}" in text
    assert advice in text


def test_without_accounts_it_says_what_to_do(
    bob: User, vera: User, team: Team, visit: Visit
) -> None:
    assert page(team, "add_provider_account") in text_of(visit("alice", page(team)))
    assert page(team, "add_provider_account") in text_of(visit("bob", page(team)))
    assert "An owner or admin" in text_of(visit("vera", page(team)))


@pytest.mark.parametrize(("who", "status"), [("charlie", 404), ("sam", 404)])
def test_outsiders_see_nothing(
    who: str, status: int, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    for url in (page(team), page(team, "edit_provider_account", account)):
        assert visit(who, url).status_code == status


# --- who manages


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 403), ("vera", 403), ("charlie", 404), ("sam", 404)]
)
@pytest.mark.parametrize("name", ["edit", "check", "remove"])
def test_only_owners_and_admins_manage(
    who: str, status: int, name: str, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    url = page(team, f"{name}_provider_account", account)
    fields = {"name": "Mine", "token": make_token()}
    assert visit(who, url, fields).status_code == status
    account.refresh_from_db()
    assert (account.name, account.state) == ("Main", State.ACTIVE)
    assert team.provider_accounts.count() == 1


def test_an_admin_manages(bob: User, account: ProviderAccount, team: Team, visit: Visit) -> None:
    team.memberships.filter(user=bob).update(role=Role.ADMIN)
    assert visit("bob", page(team, "check_provider_account", account), {}).status_code == 302
    assert visit("bob", page(team, "add_provider_account")).status_code == 200


@pytest.mark.parametrize("name", ["add", "edit", "check", "remove"])
def test_strangers_sign_in_first(
    name: str, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    url = page(team, f"{name}_provider_account", None if name == "add" else account)
    assert is_sign_in(visit("anonymous", url, {}))
    assert is_sign_in(visit("anonymous", page(team)))


def test_a_get_does_nothing(account: ProviderAccount, team: Team, visit: Visit) -> None:
    for name in ("check", "remove"):
        assert visit("alice", page(team, f"{name}_provider_account", account)).status_code == 405
    assert visit("alice", page(team), {}).status_code == 405


def test_an_account_of_another_team_is_not_there(
    charlie: User, account: ProviderAccount, visit: Visit
) -> None:
    elsewhere = charlie.teams.get()
    for name in ("edit", "check", "remove"):
        url = page(elsewhere, f"{name}_provider_account", account)
        assert visit("charlie", url, {"name": "Mine"}).status_code == 404


# --- adding


def test_a_good_token_is_saved_with_its_balance(
    team: Team, token: str, sandbox: "Sandbox", visit: Visit
) -> None:
    sandbox.top_up(token, "2.50")
    fields = {"name": "Main", "token": token, "refer_id": "partner-7"}
    response = visit("alice", page(team, "add_provider_account"), fields)
    assert response["Location"] == page(team)
    account = team.provider_accounts.get()
    assert (account.token(), account.refer_id()) == (token, "partner-7")
    assert (str(account.balance), account.frozen, account.state) == ("12.5000", 0, State.ACTIVE)
    assert account.balance_at is not None


def test_fields_nobody_asked_for_are_ignored(
    team: Team, token: str, charlie: User, visit: Visit
) -> None:
    elsewhere = charlie.teams.get()
    fields = {"name": "Main", "token": token, "team": elsewhere.pk, "balance": "999"}
    visit("alice", page(team, "add_provider_account"), fields)
    assert team.provider_accounts.get().balance == 10


@pytest.mark.parametrize("token", ["", "short", "with blanks in it", "ünïcödë-token", "x" * 257])
def test_what_cannot_be_a_token_is_not_even_tried(
    token: str, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    response = visit("alice", page(team, "add_provider_account"), {"name": "A", "token": token})
    assert response.status_code == 200
    assert not sandbox.calls
    assert not team.provider_accounts.exists()


TROUBLE = [
    ("http_error", {"status": 502}, "could not be reached or gave no proper answer"),
    ("http_error", {"status": 429}, "asked too often"),
    ("reset", {}, "could not be reached or gave no proper answer"),
    ("malformed", {}, "could not be reached or gave no proper answer"),
    ("no_data", {}, "could not be reached or gave no proper answer"),
    ("redirect", {}, "could not be reached or gave no proper answer"),
    ("unknown_code", {"code": 59999}, "code 59999, which we do not know"),
]


@pytest.mark.parametrize(("kind", "options", "message"), TROUBLE)
def test_every_failure_is_explained_and_saves_nothing(
    kind: str,
    options: dict[str, int],
    message: str,
    team: Team,
    token: str,
    sandbox: "Sandbox",
    visit: Visit,
) -> None:
    sandbox.fault("get/balance", kind, **options)
    response = visit("alice", page(team, "add_provider_account"), {"name": "A", "token": token})
    text = text_of(response)
    assert message in text
    assert "No money moved." in text
    assert token not in text
    assert not team.provider_accounts.exists()


def test_a_wrong_token_is_said_to_be_wrong(team: Team, sandbox: "Sandbox", visit: Visit) -> None:
    wrong = make_token()
    response = visit("alice", page(team, "add_provider_account"), {"name": "A", "token": wrong})
    text = text_of(response)
    assert "SMS-BUS does not know this token. No money moved." in text
    assert wrong not in text


def test_a_provider_that_is_away_is_said_to_be_away(team: Team, visit: Visit) -> None:
    fields = {"name": "A", "token": make_token()}
    text = text_of(visit("alice", page(team, "add_provider_account"), fields))
    assert "could not be reached" in text
    assert "Try again in a minute." in text


def test_a_team_has_a_token_once(
    account: ProviderAccount, token: str, team: Team, visit: Visit
) -> None:
    response = visit("alice", page(team, "add_provider_account"), {"name": "B", "token": token})
    assert "has an account with this token already" in text_of(response)
    assert team.provider_accounts.count() == 1


def test_another_team_may_have_the_same_and_learns_nothing(
    account: ProviderAccount, token: str, charlie: User, visit: Visit
) -> None:
    elsewhere = charlie.teams.get()
    visit("charlie", page(elsewhere, "add_provider_account"), {"name": "B", "token": token})
    assert elsewhere.provider_accounts.get().token() == token


# --- changing


def test_the_form_shows_no_secret(account: ProviderAccount, team: Team, visit: Visit) -> None:
    account.set_refer_id("partner-7")
    account.save()
    text = text_of(visit("alice", page(team, "edit_provider_account", account)))
    assert account.token() not in text
    assert "partner-7" not in text
    assert f"<code>{account.token_last4}</code>" in text
    assert "A referral ID is set." in text


def test_a_new_name_leaves_the_secrets(
    account: ProviderAccount, token: str, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    visit("alice", page(team, "edit_provider_account", account), {"name": "Other"})
    account.refresh_from_db()
    assert (account.name, account.token()) == ("Other", token)
    assert not sandbox.calls


def test_a_new_token_ends_a_suspension(
    account: ProviderAccount, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    ProviderAccount.objects.update(
        state=State.SUSPENDED, suspended_code=401, owners_told_at=timezone.now()
    )
    new = make_token()
    sandbox.add_account(new, balance="3")
    visit("alice", page(team, "edit_provider_account", account), {"name": "Main", "token": new})
    account.refresh_from_db()
    assert (account.token(), account.balance, account.state) == (new, 3, State.ACTIVE)
    assert (account.suspended_code, account.suspended_at, account.owners_told_at) == (None,) * 3


def test_a_wrong_new_token_leaves_everything(
    account: ProviderAccount, token: str, team: Team, visit: Visit
) -> None:
    url = page(team, "edit_provider_account", account)
    response = visit("alice", url, {"name": "Other", "token": make_token()})
    assert "SMS-BUS does not know this token" in text_of(response)
    account.refresh_from_db()
    assert (account.name, account.token(), account.state) == ("Main", token, State.ACTIVE)


def test_a_token_that_another_account_has_leaves_everything(
    account: ProviderAccount, token: str, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    other = make_token()
    sandbox.add_account(other)
    make_provider_account(team, other)
    url = page(team, "edit_provider_account", account)
    response = visit("alice", url, {"name": "Main", "token": other})
    assert "has an account with this token already" in text_of(response)
    account.refresh_from_db()
    assert account.token() == token


def test_a_referral_id_is_set_kept_and_taken_away(
    account: ProviderAccount, team: Team, visit: Visit
) -> None:
    url = page(team, "edit_provider_account", account)
    for fields, after in (
        ({"refer_id": "partner-7"}, "partner-7"),
        ({}, "partner-7"),
        ({"forget_refer_id": "on"}, None),
    ):
        visit("alice", url, {"name": "Main", **fields})
        account.refresh_from_db()
        assert account.refer_id() == after


# --- checking


def test_checking_reads_the_balance(
    account: ProviderAccount, token: str, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    sandbox.top_up(token, 5)
    response = visit("alice", page(team, "check_provider_account", account), {})
    assert response["Location"] == page(team)
    account.refresh_from_db()
    assert account.balance == 15


@pytest.mark.parametrize("code", [401, 50208])
def test_checking_takes_a_good_account_back(
    code: int, account: ProviderAccount, team: Team, visit: Visit
) -> None:
    ProviderAccount.objects.update(state=State.SUSPENDED, suspended_code=code)
    visit("alice", page(team, "check_provider_account", account), {})
    account.refresh_from_db()
    assert (account.state, account.suspended_code) == (State.ACTIVE, None)


def test_checking_suspends_a_refused_token(
    account: ProviderAccount, token: str, team: Team, sandbox: "Sandbox", visit: Visit
) -> None:
    sandbox.update_account(token, revoked=True)
    visit("alice", page(team, "check_provider_account", account), {})
    account.refresh_from_db()
    assert (account.state, account.suspended_code) == (State.SUSPENDED, 401)


# --- removing


def test_removing_wipes_the_secrets_and_keeps_the_row(
    account: ProviderAccount, team: Team, visit: Visit
) -> None:
    visit("alice", page(team, "remove_provider_account", account), {})
    account.refresh_from_db()
    assert account.state == State.REMOVED
    assert not account.token_sealed
    assert not account.refer_id_sealed
    assert (account.token_last4, account.token_fingerprint) == ("", "")
    assert not team.provider_accounts.kept().exists()


def test_not_while_money_is_reserved_on_it(
    account: ProviderAccount, token: str, team: Team, visit: Visit
) -> None:
    make_activation(team)
    response = visit("alice", page(team, "remove_provider_account", account), {})
    assert response["Location"] == page(team)
    account.refresh_from_db()
    assert (account.state, account.token()) == (State.ACTIVE, token)


def test_once_removed_it_is_not_there_and_its_token_may_be_added_again(
    account: ProviderAccount, token: str, team: Team, visit: Visit
) -> None:
    visit("alice", page(team, "remove_provider_account", account), {})
    assert visit("alice", page(team, "edit_provider_account", account)).status_code == 404
    assert visit("alice", page(team, "check_provider_account", account), {}).status_code == 404
    visit("alice", page(team, "add_provider_account"), {"name": "Again", "token": token})
    assert team.provider_accounts.kept().get().name == "Again"


def test_the_accounts_of_the_team_and_of_nobody_else(
    charlie: User, account: ProviderAccount, visit: Visit
) -> None:
    elsewhere = charlie.teams.get()
    own = make_provider_account(elsewhere)

    html = visit("charlie", page(elsewhere)).content.decode()

    assert str(own.pk) in html
    assert str(account.pk) not in html
