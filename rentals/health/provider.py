"""The provider as our calls find it, and the age of what we know of its prices."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Feed
from core.health import store
from core.health.calls import BOUNDS, CallFigures, figures, together
from core.health.fact import Fact, Level, Sample
from rentals.health.saying import duration

FAILING, BROKEN = 0.05, 0.25  # the share of calls that bring no proper answer
FEW = 5  # calls, from which a share says nothing
STEP = 5  # of a hundred: as exactly as a member is told how many failed


def catalogue() -> list[Fact]:
    """How old the oldest list of countries, services and prices is."""
    title = _("Catalogue")
    fresh = Feed.objects.of_numbers().freshness()
    if fresh.as_of is None:
        words = _("It was never read: no account that could read it has been added.")
        return [Fact(title, Level.WARN, words)]
    age = (timezone.now() - fresh.as_of).total_seconds()
    usual = settings.CATALOG_REFRESH_SECONDS
    level = Level.of(age, warn=2 * usual, bad=10 * usual)
    words = _("The oldest list was read %(time)s ago.") % {"time": duration(age)}
    advice = ""
    if fresh.failing:
        level = max(level, Level.WARN)
        advice = _("Some lists cannot be read: the admin's Feeds say why.")
    samples = (
        Sample("catalogue_age_seconds", age),
        Sample("catalogue_failing", float(fresh.failing)),
    )
    return [Fact(title, level, words, advice, samples)]


def calls() -> list[Fact]:
    """Each call of the last minutes: how many, how long, how many failed."""
    recent, ever = figures(store.calls(recent=True)), figures(store.calls(recent=False))
    facts = [
        Fact(name, _level(call), _words(call), _advice(call), _samples(name, ever[name]))
        for name, call in recent.items()
        if name in ever
    ]
    idle = tuple(
        sample
        for name, call in ever.items()
        if name not in recent
        for sample in _samples(name, call)
    )
    if not facts:
        return [Fact(_("Calls"), Level.OK, _("None in the last minutes."), samples=idle)]
    return [*facts[:-1], *_with(facts[-1], idle)]


@dataclass(frozen=True, slots=True)
class Lately:
    """How the calls of the last minutes went, all in one: what every member may know of them.

    Without their number and without their names, which would tell one team of the others' purchases.
    Half of them took ``usual`` (in words) or less, with ``is_slow`` longer than that; of a hundred at
    most ``failed`` brought no proper answer. In steps, as a page that says it is drawn for each anew.
    """

    usual: str
    is_slow: bool
    failed: int

    @property
    def is_broken(self) -> bool:
        """Whether so many failed that whoever waits for an answer notices."""
        return self.failed >= BROKEN * 100


def lately() -> Lately | None:
    """Read it; None where there were too few calls to tell, or Redis is away and nobody knows."""
    try:
        whole = together(figures(store.calls(recent=True)).values())
    except store.Away:
        return None
    if whole.sent < FEW:
        return None
    usual = whole.within(0.5)
    return Lately(
        usual=duration(min(usual, BOUNDS[-1])),
        is_slow=usual > BOUNDS[-1],
        # Rounded up: whoever reads that none failed may rely on it.
        failed=-(-100 // STEP * whole.failed // whole.sent) * STEP,
    )


def _with(fact: Fact, samples: tuple[Sample, ...]) -> list[Fact]:
    """Calls that nobody made lately are not shown, but a monitor's counters do not vanish."""
    return [Fact(fact.title, fact.level, fact.words, fact.advice, fact.samples + samples)]


def _level(call: CallFigures) -> Level:
    if call.failed < FEW and call.sent >= FEW:
        return Level.OK if call.failed_share < FAILING else Level.WARN
    return Level.of(call.failed_share, warn=FAILING, bad=BROKEN)


def _words(call: CallFigures) -> str:
    made = ngettext("%(count)d call", "%(count)d calls", call.sent) % {"count": call.sent}
    words = _("%(calls)s in the last minutes: half within %(p50)s, 99 in 100 within %(p99)s.") % {
        "calls": made,
        "p50": _bound(call.within(0.5)),
        "p99": _bound(call.within(0.99)),
    }
    if call.failed:
        reasons = ", ".join(f"{count} {name}" for name, count in _failures(call))
        words += " " + _("%(percent).1f %% failed (%(reasons)s).") % {
            "percent": call.failed_share * 100,
            "reasons": reasons,
        }
    return words


def _failures(call: CallFigures) -> list[tuple[str, int]]:
    said = {
        "not_sent": _("not sent"),
        "answer_lost": _("answer lost"),
        "bad_answer": _("not understood"),
        "rate_limited": _("too many, said the provider"),
    }
    return [(words, call.outcomes[key]) for key, words in said.items() if call.outcomes[key]]


def _advice(call: CallFigures) -> str:
    return _("The log of who calls says why.") if _level(call) else ""


def _bound(seconds: float) -> str:
    return (
        duration(seconds)
        if seconds <= BOUNDS[-1]
        else _("more than %(time)s") % {"time": duration(BOUNDS[-1])}
    )


def _samples(name: str, call: CallFigures) -> tuple[Sample, ...]:
    label = (("call", name),)
    samples = [
        Sample("provider_calls", count, (*label, ("outcome", outcome)), "_total")
        for outcome, count in sorted(call.outcomes.items())
    ]
    seen = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), call.buckets, strict=True):
        seen += count
        samples.append(Sample("provider_call_seconds", seen, (*label, ("le", bound)), "_bucket"))
    samples.append(Sample("provider_call_seconds", call.seconds, label, "_sum"))
    samples.append(Sample("provider_call_seconds", seen, label, "_count"))
    return tuple(samples)
