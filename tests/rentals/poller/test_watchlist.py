"""Which number is asked about next; pure, with a clock of the test's own."""

import math
import uuid

import pytest

from accounts.models import ProviderAccount
from rentals.poller.lane import MOST_ON_THEIR_WAY
from rentals.poller.roster import Row
from rentals.poller.watchlist import Watchlist

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
SUSPENDED = {"state": ProviderAccount.State.SUSPENDED, "suspended_code": 401}


def row(number, account=ONE, *, age=0.0, received=False):
    return Row(number, f"r{number}", account, age, 1200 - age, received)


@pytest.fixture
def watchlist():
    watchlist = Watchlist(rate=10_000, spread=lambda: 0.5)
    update(watchlist, ONE)
    update(watchlist, TWO)
    return watchlist


def update(watchlist, account_id, token="token", **fields):
    watchlist.update_accounts([(ProviderAccount(pk=account_id, **fields), token)])


def ask(watchlist, now):
    """Send everything that is due at a moment: (number, lane, watch) each."""
    sent = []
    while next_poll := watchlist.next_poll(now):
        lane, watch = next_poll
        watch.asked(now)
        sent.append((watch.id, lane, watch))
    return sent


def ids(sent):
    return [number for number, _, _ in sent]


def answer(watchlist, sent):
    for _, lane, watch in sent:
        watch.answered()
        watchlist.put_back(lane, watch)


def test_a_new_number_is_asked_two_seconds_after_it_was_bought(watchlist):
    watchlist.add([row(1, age=0.5)], now=100)

    assert watchlist.next_due() == 101.5
    assert ids(ask(watchlist, 101.4)) == []
    assert ids(ask(watchlist, 101.5)) == [1]


def test_numbers_of_another_poller_are_spread_over_their_interval(watchlist):
    watchlist.add([row(1, age=100)], now=100)

    assert watchlist.next_due() == 102


def test_a_number_on_its_way_is_not_asked_again_however_late_the_answer(watchlist):
    watchlist.add([row(1)], now=0)
    sent = ask(watchlist, 2)

    assert ids(ask(watchlist, 1000)) == []
    answer(watchlist, sent)
    assert ids(ask(watchlist, 1000)) == [1]


def test_the_next_poll_counts_from_the_last_one_not_from_its_answer(watchlist):
    watchlist.add([row(1)], now=0)
    answer(watchlist, ask(watchlist, 2.25))

    assert watchlist.next_due() == 4.25


def test_the_gap_is_told_in_intervals(watchlist):
    watchlist.add([row(1)], now=0)
    [(_, lane, watch)] = ask(watchlist, 2)
    answer(watchlist, [(1, lane, watch)])

    assert watch.asked(5) == 1.5


def test_the_same_number_twice_is_one(watchlist):
    watchlist.add([row(1), row(1)], now=0)
    watchlist.add([row(1)], now=1)

    assert len(watchlist) == 1
    assert ids(ask(watchlist, 100)) == [1]


def test_within_a_tight_budget_the_most_overdue_goes_first_and_all_get_their_turn():
    watchlist = Watchlist(rate=5)
    update(watchlist, ONE)
    watchlist.add([row(number) for number in range(40)], now=0)
    asked = []
    for step in range(16 * 40):
        sent = ask(watchlist, 2 + step / 40)
        answer(watchlist, sent)
        asked += ids(sent)

    assert len(asked) == pytest.approx(80, abs=2)
    assert sorted(asked[:40]) == list(range(40))


def test_an_account_with_many_numbers_does_not_hold_up_another(watchlist):
    watchlist.add([row(number) for number in range(1000)], now=0)
    watchlist.add([row(1001, TWO)], now=0)
    first = [watchlist.next_poll(10)[1].id for _ in range(3)]

    assert 1001 in first


def test_an_account_that_hangs_leaves_room_for_others(watchlist):
    watchlist.add([row(number) for number in range(1000)], now=0)
    sent = ask(watchlist, 10)
    assert len(sent) == MOST_ON_THEIR_WAY
    answer(watchlist, sent[:1])

    assert len(ask(watchlist, 11)) == 1


def test_without_a_token_nothing_is_asked_until_there_is_one(watchlist):
    update(watchlist, ONE, token=None)
    watchlist.add([row(1)], now=0)
    assert ids(ask(watchlist, 10)) == []
    assert watchlist.next_due() == math.inf

    update(watchlist, ONE, token="new")
    assert ids(ask(watchlist, 10)) == [1]


def test_numbers_the_database_no_longer_watches_are_dropped(watchlist):
    watchlist.add([row(1), row(2), row(3, TWO)], now=0)
    watchlist.replace([row(2)], now=1, unstored=())

    assert len(watchlist) == 1
    assert watchlist.account_ids() == {ONE}
    assert ids(ask(watchlist, 10)) == [2]


def test_a_number_dropped_on_its_way_is_not_asked_again(watchlist):
    watchlist.add([row(1)], now=0)
    sent = ask(watchlist, 10)
    watchlist.drop(1)
    answer(watchlist, sent)

    assert ids(ask(watchlist, 100)) == []


def test_an_sms_that_got_lost_on_the_way_to_the_database_is_found_again(watchlist):
    watchlist.add([row(1), row(2), row(3)], now=0)
    found = {number: watch for number, _, watch in ask(watchlist, 10)}
    for watch in found.values():
        watch.text, watch.received = "429916", True
    watchlist.replace([row(1), row(2), row(3, received=True)], now=11, unstored={2})

    assert found[1].text is None
    assert not found[1].received
    assert found[2].text == found[3].text == "429916"


def test_a_number_whose_end_was_not_stored_is_asked_again(watchlist):
    watchlist.add([row(1)], now=0)
    [(_, lane, watch)] = ask(watchlist, 10)
    watch.answered()
    watch.closing = True
    watchlist.put_back(lane, watch)
    assert ids(ask(watchlist, 100)) == []

    watchlist.forget(1)
    assert ids(ask(watchlist, 100)) == [1]


def test_an_account_suspended_for_its_token_is_tried_with_one_poll_a_minute(watchlist):
    update(watchlist, uuid.UUID(int=3), **SUSPENDED)
    watchlist.add([row(n, uuid.UUID(int=3)) for n in range(5)], now=0)
    [(_, lane, watch)] = ask(watchlist, 10)
    watch.failed()
    lane.turned_away(10)
    watchlist.put_back(lane, watch)

    assert ids(ask(watchlist, 69)) == []
    assert len(ask(watchlist, 70)) == 1


@pytest.mark.parametrize("fields", [{"token": "new", **SUSPENDED}, {}])
def test_a_new_token_or_a_persons_word_lifts_the_pause(watchlist, fields):
    update(watchlist, ONE, **SUSPENDED)
    watchlist.add([row(1)], now=0)
    [(_, lane, watch)] = ask(watchlist, 2)
    watch.failed()
    lane.turned_away(2)
    watchlist.put_back(lane, watch)
    update(watchlist, ONE, **fields)

    assert ids(ask(watchlist, 5)) == [1]
