"""What our books say: purchases that hang, numbers that wait, and what only a person can settle."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ProviderAccount
from core.health.fact import Fact, Level, Sample
from rentals import stuck
from rentals.health.saying import duration
from rentals.models import Activation, BalanceSnapshot, BuyingStop, Purchase
from rentals.operations.queueing import WAITING_REASONS
from rentals.states import PURCHASE_OPEN, PurchaseState

DAY = 86400.0


def purchases() -> list[Fact]:
    """Those whose answer is still to come, those that queue for a slot, and unknown outcomes."""
    counts: dict[str, int] = dict.fromkeys(("held", "sending", "queued"), 0)
    ages: dict[str, float] = dict.fromkeys(counts, 0.0)
    now = timezone.now()
    for state in PURCHASE_OPEN:  # one by one: each has an index of its own
        found = Purchase.objects.filter(state=state).order_by()
        for row in found.values("reason").annotate(count=Count("pk"), oldest=Min("created")):
            queued = state == PurchaseState.HELD and row["reason"] in WAITING_REASONS
            kind = "queued" if queued else state.value
            counts[kind] += row["count"]
            ages[kind] = max(ages[kind], (now - row["oldest"]).total_seconds())
    limits = {
        "held": (_("Reserved, not sent"), 15.0, stuck.longest_held()),
        "sending": (_("Being sent"), settings.SMSBUS_DEADLINE + 10.0, stuck.longest_sent()),
        "queued": (_("In the queue for a slot"), settings.QUEUE_SECONDS, stuck.longest_queued()),
    }
    facts = [
        _waiting(kind, title, counts[kind], ages[kind], warn, bad.total_seconds())
        for kind, (title, warn, bad) in limits.items()
    ]
    return [*facts, _unknown()]


def _waiting(kind: str, title: str, count: int, age: float, warn: float, bad: float) -> Fact:
    level = Level.of(age, warn=warn, bad=bad) if count else Level.OK
    advice = _("Look whether workers of the queue “buy” keep up.") if level else ""
    return Fact(title, level, _counted(count, age), advice, _purchase_samples(kind, count, age))


def _unknown() -> Fact:
    found = Purchase.objects.filter(state=PurchaseState.UNKNOWN).order_by()
    row = found.aggregate(count=Count("pk"), oldest=Min("created"))
    age = (timezone.now() - row["oldest"]).total_seconds() if row["oldest"] else 0.0
    level = Level.of(age, warn=0, bad=DAY) if row["count"] else Level.OK
    advice = _("What is not found out by itself, an owner or admin decides on its page.")
    return Fact(
        _("Outcome unknown"),
        level,
        _counted(row["count"], age),
        advice if level else "",
        _purchase_samples("unknown", row["count"], age),
    )


def _counted(count: int, age: float) -> str:
    if not count:
        return _("None.")
    words = ngettext("%(count)d purchase", "%(count)d purchases", count) % {"count": count}
    return _("%(purchases)s, the oldest for %(time)s.") % {
        "purchases": words,
        "time": duration(age),
    }


def _purchase_samples(state: str, count: int, age: float) -> tuple[Sample, ...]:
    label = (("state", state),)
    return Sample("purchases", count, label), Sample("oldest_purchase_seconds", age, label)


def numbers() -> list[Fact]:
    """How many numbers are watched, and how many of those still wait for their first SMS."""
    row = Activation.objects.watched().order_by().values("state").annotate(count=Count("pk"))
    counts = {each["state"]: each["count"] for each in row}
    total = sum(counts.values())
    received = counts.get(Activation.State.RECEIVED, 0)
    words = _("%(open)d wait for their SMS, %(more)d have one and may get another.") % {
        "open": total - received,
        "more": received,
    }
    samples = tuple(
        Sample("numbers", counts.get(state, 0), (("state", state),))
        for state in ("waiting", "cancelling", "received")
    )
    return [Fact(_("Open numbers"), Level.OK, words, samples=samples)]


def last_hour() -> list[Fact]:
    """What became of the purchases of the last hour, state by state."""
    begin = timezone.now() - timedelta(hours=1)
    found = Purchase.objects.filter(created__gte=begin).order_by()
    counts = dict(found.values_list("state").annotate(count=Count("pk")))
    said = [f"{counts[state.value]} {state.label}" for state in PurchaseState if state in counts]
    samples = tuple(
        Sample("purchases_last_hour", counts.get(state.value, 0), (("state", state.value),))
        for state in PurchaseState
    )
    words = ", ".join(said) or _("None.")
    return [Fact(_("Bought in the last hour"), Level.OK, words, samples=samples)]


def accounts() -> list[Fact]:
    """Provider accounts that the provider turns away."""
    count = ProviderAccount.objects.filter(state=ProviderAccount.State.SUSPENDED).count()
    words = ngettext(
        "%(count)d provider account is suspended.",
        "%(count)d provider accounts are suspended.",
        count,
    ) % {"count": count}
    advice = _("Their owners were mailed: a new token, or the activation of the account.")
    return [_for_a_person(_("Suspended accounts"), "accounts_suspended", count, words, advice)]


def drift() -> list[Fact]:
    """Differences between the provider's balance and our ledger that nobody has explained."""
    count = BalanceSnapshot.objects.unexplained().count()
    words = ngettext(
        "%(count)d drift is unexplained.", "%(count)d drifts are unexplained.", count
    ) % {"count": count}
    advice = _("An owner or admin explains it on the page “Money” of the account.")
    return [_for_a_person(_("Drift"), "drifts_unexplained", count, words, advice)]


def stops() -> list[Fact]:
    """Where buying is stopped by decision of the staff."""
    count = BuyingStop.objects.count()
    words = ngettext(
        "Buying is stopped in %(count)d place.", "Buying is stopped in %(count)d places.", count
    ) % {"count": count}
    return [_for_a_person(_("Stops of buying"), "buying_stops", count, words, "")]


def _for_a_person(title: str, metric: str, count: int, words: str, advice: str) -> Fact:
    level = Level.WARN if count else Level.OK
    shown = words if count else _("None.")
    return Fact(title, level, shown, advice if count else "", (Sample(metric, count),))
