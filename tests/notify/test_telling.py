"""Telling members something: each once, and only those it is for."""

import threading

import pytest
from django.db import connections, transaction
from django.utils.translation import get_language

from accounts.models import Role, User
from accounts.signals import news
from notify.models import Delivery, Kind, Notification, Preference
from notify.operations import managers_of, notify
from notify.operations.reading import choose_mails, mark_read
from tests.factories import add_member, make_notification, make_team, make_user

pytestmark = pytest.mark.django_db


def tell(team, *users: User, key: str = "limit:1", kind: Kind = Kind.LIMIT_REACHED) -> int:
    return notify(
        team_id=team.pk, users=users, kind=kind, key=key, title="All is used", url="/limits/"
    )


def test_each_is_told_once_however_often_it_is_said(team, alice, bob):
    assert tell(team, alice, bob) == 2
    assert tell(team, alice, bob) == 0
    assert Notification.objects.count() == Delivery.objects.count() == 2
    assert tell(team, alice, key="limit:2") == 1


def test_who_joins_the_readers_later_is_told_alone(team, alice, bob):
    tell(team, alice)
    assert tell(team, alice, bob) == 1


def test_the_same_fact_in_another_team_is_another_fact(team, alice):
    other = make_team(alice)
    assert tell(team, alice) == tell(other, alice) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_tell_at_once_one_does():
    team = make_team(make_user("Alice"))
    alice = team.members.get()
    start = threading.Barrier(6)

    def run() -> None:
        start.wait()
        tell(team, alice)
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Notification.objects.count() == Delivery.objects.count() == 1


def test_each_reads_it_in_their_language(team, alice, bob):
    User.objects.filter(pk=bob.pk).update(language="de")
    notify(
        team_id=team.pk,
        users=User.objects.filter(pk__in=(alice.pk, bob.pk)),
        kind=Kind.DRIFT_FOUND,
        key="k",
        title=get_language,
        url="/",
    )
    told = dict(Notification.objects.values_list("user__name", "title"))
    assert told == {"Alice": "en", "Bob": "de"}


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example/", ""])
def test_it_leads_nowhere_else(team, alice, url):
    with pytest.raises(ValueError, match="a page of this site"):
        notify(team_id=team.pk, users=[alice], kind=Kind.DRIFT_FOUND, key="k", title="t", url=url)


def test_the_bell_hears_of_it_after_the_commit(
    team, alice, django_capture_on_commit_callbacks, monkeypatch
):
    said = []
    monkeypatch.setattr("live.bus._publisher", lambda: SpyPublisher(said))
    with django_capture_on_commit_callbacks(execute=True):
        tell(team, alice)
        assert not said
    assert (f"busstop:live:{team.pk}", f"notifications:{alice.pk}") in said


class SpyPublisher:
    def __init__(self, said: list) -> None:
        self.said = said

    def send(self, channel: str, message: str) -> None:
        self.said.append((channel, message))


# By mail


def test_a_mail_goes_to_who_wants_it(team, alice, bob, queued, django_capture_on_commit_callbacks):
    choose_mails(user=bob, kinds={Kind.DRIFT_FOUND})
    with django_capture_on_commit_callbacks(execute=True):
        tell(team, alice, bob)
    delivery = Delivery.objects.get()
    assert delivery.notification.user == alice
    assert ("notify.tasks.deliver", [delivery.pk]) in queued()


def test_what_is_not_mailed_as_usual_can_be(team, alice):
    tell(team, alice, kind=Kind.EXPORT_READY)
    assert not Delivery.objects.exists()
    choose_mails(user=alice, kinds={Kind.EXPORT_READY})
    tell(team, alice, kind=Kind.EXPORT_READY, key="another")
    assert Delivery.objects.count() == 1


def test_a_suspended_account_is_never_mailed_twice(team, alice):
    Preference.objects.create(user=alice, kind=Kind.ACCOUNT_SUSPENDED, mail=True)
    tell(team, alice, kind=Kind.ACCOUNT_SUSPENDED)
    assert not Delivery.objects.exists()


# Marking as read


def test_what_came_since_stays_unread(team, alice, bob):
    membership = team.memberships.get(user=alice)
    first, second = make_notification(team, alice), make_notification(team, alice)
    late, others = make_notification(team, alice), make_notification(team, bob)
    assert mark_read(membership=membership, up_to=second.pk) == 2
    unread = Notification.objects.unread()
    assert {row.pk for row in unread} == {late.pk, others.pk}
    assert mark_read(membership=membership, up_to=first.pk) == 0


# What the floors below say


def say(team, *users: User, **other: str) -> None:
    facts = {"kind": "export_ready", "key": "export:1", "title": "It is ready", "body": ""}
    with transaction.atomic():
        news.send(
            None,
            team_id=team.pk,
            user_ids=[user.pk for user in users],
            url="/t/x/",
            **{**facts, **other},
        )


def test_news_reach_members_and_nobody_else(team, alice, charlie):
    say(team, alice, charlie)
    assert [row.user for row in Notification.objects.all()] == [alice]


def test_news_of_an_unknown_kind_are_a_bug(team, alice):
    with pytest.raises(ValueError, match="nonsense"):
        say(team, alice, kind="nonsense")


def test_managers_are_owners_and_admins_who_can_sign_in(team, alice, bob, vera):
    ada = add_member(team, make_user("Ada"), Role.ADMIN).user
    add_member(team, make_user("Gone", is_active=False), Role.OWNER)
    assert managers_of(team.pk) == sorted([alice, ada], key=lambda user: user.pk)
