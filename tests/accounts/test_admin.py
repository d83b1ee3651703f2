"""Accounts in the admin."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import ProviderAccount, Team, User
from tests.accounts.conftest import Visit, is_sign_in, text_of
from tests.factories import make_provider_account, make_team

LISTS = ("user", "team", "membership", "provideraccount")


@pytest.mark.parametrize("name", LISTS)
def test_staff_find_things(name: str, team: Team, alice: User, sam: User, visit: Visit) -> None:
    make_provider_account(team, name="Main")
    for query in ("", "?q=alice", "?q=Departures"):
        assert visit("sam", f"/admin/accounts/{name}/{query}").status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_nobody_else_gets_in(name: str, alice: User, visit: Visit) -> None:
    for who in ("alice", "anonymous"):
        assert visit(who, f"/admin/accounts/{name}/").status_code == 302


def test_signing_in_there_is_signing_in_here(client: Client) -> None:
    assert is_sign_in(client.get("/admin/login/"))


def test_a_provider_account_is_only_looked_at(team: Team, sam: User, visit: Visit) -> None:
    account = make_provider_account(team, "0123456789abcdef", refer_id="partner-7")
    url = f"/admin/accounts/provideraccount/{account.pk}/change/"
    text = text_of(visit("sam", url))
    assert "cdef" in text
    assert "0123456789" not in text
    assert "partner-7" not in text
    assert 'name="name"' not in text
    assert 'name="_save"' not in text
    assert visit("sam", url, {"name": "Other", "state": "removed"}).status_code == 403
    assert visit("sam", f"{url}../delete/", {}).status_code == 403
    assert visit("sam", "/admin/accounts/provideraccount/add/").status_code == 403
    assert ProviderAccount.objects.get().name == account.name


def test_a_team_is_not_deleted(team: Team, sam: User, visit: Visit) -> None:
    assert visit("sam", f"/admin/accounts/team/{team.pk}/change/").status_code == 200
    assert visit("sam", f"/admin/accounts/team/{team.pk}/delete/", {}).status_code == 403


def test_a_user_is_changed_and_made(alice: User, sam: User, visit: Visit) -> None:
    assert visit("sam", f"/admin/accounts/user/{alice.pk}/change/").status_code == 200
    fields = {"email": "Nora@example.org", "usable_password": "false"}
    assert visit("sam", "/admin/accounts/user/add/", fields).status_code == 302
    assert User.objects.get(email="nora@example.org").has_usable_password() is False


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_whatever_its_length(
    name: str,
    sam: User,
    client_of: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(12):
        make_provider_account(make_team())
    browser = client_of(sam)
    with django_assert_max_num_queries(8):
        assert browser.get(f"/admin/accounts/{name}/").status_code == 200
