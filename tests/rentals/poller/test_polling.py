"""The poller against the sandbox over HTTP: every SMS is stored, whatever goes wrong."""

import os
import time
from datetime import timedelta

import pytest
import redis
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from accounts.models import ProviderAccount
from core.redaction import redact
from rentals.models import Activation, LedgerEntry, PollShard
from rentals.operations import activation as operations
from rentals.poller import loop, roster
from rentals.states import ActivationState
from rentals.wakeup import wake_poller
from tests.factories import make_provider_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
State = ActivationState


def texts(activation):
    return list(activation.messages.order_by("pk").values_list("text", flat=True))


def polls(sandbox):
    return sum(call.name == "get/sms" for call in sandbox.calls)


def state(activation):
    return Activation.objects.get(pk=activation.pk).state


def test_an_sms_is_found_and_stored_and_the_money_spent(sandbox, buy, poll_until):
    number = buy()
    sandbox.deliver(number.request_id, "Your Telegram code is 048213")
    poll_until(lambda: state(number) == State.RECEIVED)

    assert texts(number) == ["Your Telegram code is 048213"]
    assert number.messages.get().code == "048213"
    entries = LedgerEntry.objects.filter(purchase=number.purchase).order_by("pk")
    assert [entry.kind for entry in entries] == ["hold", "charge"]


def test_an_sms_that_comes_while_it_is_watched_is_found(sandbox, buy, poll_until):
    number = buy()
    poll_until(lambda: polls(sandbox) >= 3)
    sandbox.deliver(number.request_id, "1234")
    poll_until(lambda: texts(number) == ["1234"])

    assert state(number) == State.RECEIVED


def test_polls_that_find_nothing_write_nothing(sandbox, buy, poll_until):
    number = buy()
    before = Activation.objects.values().get(pk=number.pk)
    poll_until(lambda: polls(sandbox) >= 10)

    assert Activation.objects.values().get(pk=number.pk) == before
    assert number.purchase.events.count() == 0


def test_a_released_number_is_expired_and_asked_no_more(sandbox, buy, poll_until):
    number = buy(expires_at=timezone.now() - timedelta(seconds=1))
    sandbox.advance(20 * 60 + 1)
    poll_until(lambda: state(number) == State.EXPIRED)
    asked = polls(sandbox)
    other = buy()
    poll_until(lambda: polls(sandbox) >= asked + 5)

    assert Activation.objects.filter(watched=True).get() == other
    assert not any(call.params.get("request_id") == number.request_id for call in tail(sandbox, 5))
    kinds = LedgerEntry.objects.filter(purchase=number.purchase).values_list("kind", flat=True)
    assert sorted(kinds) == ["hold", "release"]


def tail(sandbox, count):
    return [call for call in sandbox.calls if call.name == "get/sms"][-count:]


def test_a_second_sms_is_one_more_message(sandbox, buy, poll_until):
    number = buy()
    sandbox.deliver(number.request_id, "first 1111")
    poll_until(lambda: texts(number) == ["first 1111"])
    sandbox.deliver(number.request_id, "second 2222")
    poll_until(lambda: texts(number) == ["first 1111", "second 2222"])

    assert LedgerEntry.objects.filter(purchase=number.purchase, kind="charge").count() == 1


def test_the_same_text_again_and_again_is_stored_once(sandbox, buy, poll_until):
    number = buy()
    sandbox.deliver(number.request_id, "1111")
    poll_until(lambda: polls(sandbox) >= 6)
    poll_until(lambda: polls(sandbox) >= 10)

    assert texts(number) == ["1111"]
    assert number.purchase.events.count() == 1


def test_a_received_number_is_let_go_a_minute_after_it_expired(sandbox, buy, poll_until):
    number = buy()
    sandbox.deliver(number.request_id, "1111")
    poll_until(lambda: state(number) == State.RECEIVED)
    over = timezone.now() - timedelta(seconds=61)
    Activation.objects.filter(pk=number.pk).update(expires_at=over)
    poll_until(lambda: not Activation.objects.get(pk=number.pk).watched)

    assert state(number) == State.RECEIVED


def test_a_number_expires_only_when_the_provider_says_so(sandbox, buy, poll_until):
    number = buy(expires_at=timezone.now() - timedelta(hours=1))
    poll_until(lambda: polls(sandbox) >= 5)
    sandbox.deliver(number.request_id, "late but there")
    poll_until(lambda: texts(number) == ["late but there"])

    assert state(number) == State.RECEIVED


def test_an_unknown_token_suspends_the_account_and_leaves_its_numbers(
    sandbox, account, buy, poll_until
):
    number = buy()
    sandbox.update_account(account.token(), revoked=True)
    poll_until(lambda: not ProviderAccount.objects.get(pk=account.pk).is_active)
    asked = polls(sandbox)
    assert asked <= 2

    assert ProviderAccount.objects.get(pk=account.pk).suspended_code == 401
    assert state(number) == State.WAITING


def test_an_account_that_is_back_is_noticed_and_resumed(sandbox, account, buy, poll_until):
    number = buy()
    sandbox.update_account(account.token(), revoked=True)
    poll_until(lambda: not ProviderAccount.objects.get(pk=account.pk).is_active)
    sandbox.update_account(account.token(), revoked=False)
    sandbox.deliver(number.request_id, "1234")
    poll_until(lambda: ProviderAccount.objects.get(pk=account.pk).is_active)
    poll_until(lambda: texts(number) == ["1234"])

    assert state(number) == State.RECEIVED


TROUBLE = {
    "gateway error": ("http_error", {"status": 502}),
    "too many requests": ("http_error", {"status": 429}),
    "told when to come back": ("http_error", {"status": 429, "retry_after": 1}),
    "reset": ("reset", {}),
    "connection dropped": ("drop", {}),
    "half a body": ("truncate", {}),
    "hangs beyond the deadline": ("hang", {"seconds": 30.0}),
    "one byte a second": ("slow", {}),
    "endless body": ("endless", {}),
    "redirect": ("redirect", {}),
    "unknown code": ("unknown_code", {}),
    "not JSON": ("malformed", {}),
    "deeply nested": ("deep", {}),
    "enormous": ("enormous", {}),
    "no data": ("no_data", {}),
    "a code of another call": ("unknown_code", {"code": 50103}),
    "the wrong-token code of another call": ("unknown_code", {"code": 400}),
    "an absurd body": ("body", {"text": '[1e999999999, "\\ud800"]'}),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_delays_an_sms_and_never_loses_it(sandbox, buy, poll_until, settings, kind):
    settings.SMSBUS_DEADLINE = 1
    fault, options = TROUBLE[kind]
    numbers = [buy(), buy(), buy()]
    for number in numbers:
        sandbox.deliver(number.request_id, f"{number.request_id} is your code")
    sandbox.fault("get/sms", fault, times=4, **options)
    poll_until(lambda: all(state(number) == State.RECEIVED for number in numbers))

    assert all(texts(number) == [f"{number.request_id} is your code"] for number in numbers)
    assert ProviderAccount.objects.get().is_active


def test_while_the_provider_is_down_an_account_sends_single_probes(sandbox, buy, poll_until):
    for _ in range(20):
        buy()
    sandbox.fault("get/sms", "http_error", times=None)
    until = time.monotonic() + 1.5
    poll_until(lambda: time.monotonic() > until)

    assert polls(sandbox) < 20  # and not 20 numbers × 20 intervals


def test_an_account_in_trouble_does_not_hold_up_another(sandbox, account, buy, poll_until):
    removed = make_provider_account(account.team)
    ProviderAccount.objects.filter(pk=removed.pk).update(token_sealed=b"", state="removed")
    stuck = buy()
    Activation.objects.filter(pk=stuck.pk).update(account=removed)
    number = buy()
    sandbox.deliver(number.request_id, "1234")
    poll_until(lambda: texts(number) == ["1234"])

    assert state(stuck) == State.WAITING


def test_a_wake_up_brings_a_new_number_at_once(sandbox, buy, poll_until, monkeypatch):
    monkeypatch.setattr(loop, "LOOK_SECONDS", 60.0)
    bought = []

    def condition():
        if not bought and polls(sandbox):
            bought.append(buy())
            sandbox.deliver(bought[0].request_id, "1234")
            wake_poller(bought[0].poll_slot)
        return bool(bought) and texts(bought[0]) == ["1234"]

    buy()
    poll_until(condition)


def test_a_lost_wake_up_costs_no_more_than_a_look(sandbox, buy, poll_until, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    buy()
    bought = []

    def condition():
        if not bought and polls(sandbox):
            bought.append(buy())
            sandbox.deliver(bought[0].request_id, "1234")
        return bool(bought) and texts(bought[0]) == ["1234"]

    poll_until(condition)


def test_a_number_that_ended_elsewhere_is_asked_no_more(sandbox, buy, poll_until, monkeypatch):
    monkeypatch.setattr(loop, "RELOAD_SECONDS", 0.2)
    kept, gone = buy(), buy()
    ended = []

    def condition():
        if not ended and polls(sandbox) >= 4:
            ended.append(polls(sandbox))
            Activation.objects.filter(pk=gone.pk).update(state=State.CANCELLED, watched=False)
        return bool(ended) and polls(sandbox) >= ended[0] + 25

    poll_until(condition)
    assert {call.params["request_id"] for call in tail(sandbox, 5)} == {kept.request_id}


def test_a_database_that_is_away_delays_what_was_found(sandbox, buy, poll_until, monkeypatch):
    number = buy()
    sandbox.deliver(number.request_id, "1234")
    store, failures = operations.store_findings, []

    def away(findings, *, by):
        if len(failures) < 3:
            failures.append(findings)
            raise OperationalError("server closed the connection unexpectedly")
        return store(findings, by=by)

    monkeypatch.setattr(operations, "store_findings", away)
    poll_until(lambda: texts(number) == ["1234"])

    assert len(failures) == 3


def test_a_bug_while_storing_is_survived_and_the_sms_found_again(
    sandbox, buy, poll_until, monkeypatch
):
    number = buy()
    sandbox.deliver(number.request_id, "1234")
    store, failures = operations.store_findings, []

    def wrong(findings, *, by):
        if not failures:
            failures.append(findings)
            raise ValueError("a bug")
        return store(findings, by=by)

    monkeypatch.setattr(operations, "store_findings", wrong)
    poll_until(lambda: texts(number) == ["1234"])

    assert len(failures) == 1


def test_a_second_sms_that_could_not_be_stored_is_found_again(
    sandbox, buy, poll_until, monkeypatch
):
    number = buy()
    sandbox.deliver(number.request_id, "1234")
    find_code, failures = operations.find_code, []

    def wrong(text):
        if text == "5678" and not failures:
            failures.append(text)
            raise DatabaseError("cannot be stored")
        return find_code(text)

    monkeypatch.setattr(operations, "find_code", wrong)
    poll_until(lambda: texts(number) == ["1234"])
    sandbox.deliver(number.request_id, "5678")
    poll_until(lambda: sorted(texts(number)) == ["1234", "5678"])

    assert failures == ["5678"]


def test_the_token_is_in_no_log_line(sandbox, account, buy, poll_until, caplog):
    caplog.set_level("DEBUG")
    buy()
    for fault in ("http_error", "reset", "malformed", "redirect", "unknown_code"):
        sandbox.fault("get/sms", fault)
    poll_until(lambda: polls(sandbox) >= 7)

    assert account.token() not in caplog.text


def test_the_shards_row_tells_what_its_poller_does(sandbox, buy, poll_until):
    buy()
    buy()
    poll_until(lambda: PollShard.objects.get().polls > 0)

    row = PollShard.objects.get()
    assert row.watching == 2
    assert row.gap_p99_ratio >= 1.0
    assert row.gap_p99_ratio >= row.gap_p50_ratio > 0
    assert 0 <= row.late_p50 <= row.late_p99 < 5
    assert row.held_by.endswith(f":{os.getpid()}")


def test_hundreds_of_polls_cost_a_handful_of_redis_commands(sandbox, buy, poll_until, settings):
    settings.POLL_RATE_PER_ACCOUNT = 1000
    client = redis.Redis.from_url(settings.REDIS_URL)
    for _ in range(25):
        buy()
    client.config_resetstat()
    poll_until(lambda: polls(sandbox) >= 250)
    commands = sum(row["calls"] for row in client.info("commandstats").values())

    assert commands < 20


def test_the_token_of_a_polled_account_is_known_for_a_secret(account):
    roster.accounts({account.pk})

    assert account.token() not in redact(f"odd: {account.token()}")
