"""Data of any size: it adds up, is told in the order of time, and touches nothing that exists."""

from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.test import override_settings
from django.utils import timezone

from accounts.models import ProviderAccount, Team
from rentals import seeding
from rentals.models import Activation, Event, LedgerEntry, MemberDay, Message, Purchase, TripDay
from tests.factories import make_purchase, make_team

pytestmark = pytest.mark.django_db


def seed(**options: object) -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out, **{"teams": 3, "days": 20, **options})
    return out.getvalue()


@pytest.fixture
def seeded(db: None) -> None:
    with patch.object(seeding, "BATCH", 7):  # so that a day takes several writes
        assert "400 purchases in" in seed(purchases=400)


def test_what_it_writes_adds_up(seeded: None) -> None:
    out = StringIO()
    call_command("check_ledger", stdout=out)
    assert "400 purchases, 800 entries: all add up" in out.getvalue()


def test_it_is_spread_over_teams_members_accounts_and_days(seeded: None) -> None:
    sizes = Purchase.objects.values_list("team").annotate(count=Count("pk")).order_by("-count")
    counts = [count for _team, count in sizes]
    assert (len(counts), sum(counts)) == (3, 400)
    assert counts[0] > 1.5 * counts[1] > 1.5 * counts[2]
    assert Purchase.objects.values("buyer").distinct().count() == 15
    assert Purchase.objects.values("account").distinct().count() == 6
    assert LedgerEntry.objects.dates("created", "day").count() > 15
    assert Purchase.objects.filter(created__gte=timezone.now()).count() == 0
    assert 0.6 < Activation.objects.filter(state="received").count() / 400 < 0.9
    assert (
        Message.objects.exclude(code="").count()
        == Activation.objects.filter(state="received").count()
    )
    assert Event.objects.filter(to_state="held").count() == 400


def test_the_newest_row_is_the_newest_purchase(seeded: None) -> None:
    for team in Team.objects.filter(purchases__isnull=False).distinct():
        created = list(team.purchases.order_by("pk").values_list("created", flat=True))
        assert created == sorted(created)


def test_the_roll_ups_are_those_of_the_ledger(seeded: None) -> None:
    charged = LedgerEntry.objects.filter(kind="charge").aggregate(sum=Sum("amount"))["sum"]
    for model in (MemberDay, TripDay):
        assert model.objects.aggregate(sum=Sum("charged"))["sum"] == charged
        assert model.objects.aggregate(sum=Sum("purchases"))["sum"] == 400


def test_nobody_is_ever_asked_with_its_accounts(seeded: None) -> None:
    assert set(ProviderAccount.objects.values_list("state", flat=True)) == {"removed"}
    assert not Activation.objects.watched().exists()
    assert not ProviderAccount.objects.due().exists()


def test_again_makes_other_teams_with_the_same_past() -> None:
    seed(purchases=30, seed=5)
    first = _story()
    seed(purchases=30, seed=5)
    assert Team.objects.count() == 6
    assert _story() == sorted(first * 2)


def _story() -> list[tuple[object, ...]]:
    return sorted(Purchase.objects.values_list("quoted", "created", "state"))


def test_nothing_is_made_up_where_somebody_works() -> None:
    team = make_team()
    make_purchase(team)
    with override_settings(DEMO=False):
        with pytest.raises(CommandError, match="Somebody works with this site"):
            seed(purchases=10)
        assert Purchase.objects.count() == 1
        seed(purchases=10, force=True)
    assert Purchase.objects.count() == 11
    assert team.purchases.count() == 1


def test_an_empty_site_may_be_filled_and_sells_nothing_that_is_made_up() -> None:
    with override_settings(DEMO=False):
        seed(purchases=10)
    assert set(Purchase.objects.values_list("service__listed", flat=True)) == {False}


@pytest.mark.parametrize("wrong", [{"purchases": 0}, {"teams": 0}, {"days": 4000}])
def test_figures_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(CommandError, match=f"--{next(iter(wrong))}: expected a whole number"):
        seed(**{"purchases": 10, **wrong})


def test_what_is_dealt_out_adds_up() -> None:
    assert seeding.deal_out(10, [1, 1, 1]) == [3, 4, 3]
    assert sum(seeding.deal_out(999_983, [0.1, 7, 3.3] * 50)) == 999_983
