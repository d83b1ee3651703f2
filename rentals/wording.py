"""Every reason and provider code in plain words: what happened, whether money moved, what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.moments import format_moment, format_short_day
from core.money import format_usd
from rentals.limits import Gauge, Kind
from rentals.models import Event, Purchase
from rentals.states import ActivationState, LeaseState, PurchaseState

NOTHING_BOUGHT = gettext_noop("Nothing was bought and no money moved.")

# The provider's documented refusals of a purchase; each sentence says what a person can do.
REFUSALS = {
    "400": gettext_noop(
        "The provider did not accept the token. Check the token of the provider account."
    ),
    "401": gettext_noop(
        "The provider did not accept the token. Check the token of the provider account."
    ),
    "50001": gettext_noop(
        "The provider no longer has this service in this country. Choose another."
    ),
    "50002": gettext_noop(
        "The provider has no number left there at the moment. Try again later or choose another "
        "country."
    ),
    "50004": gettext_noop(
        "The provider has no number left to lease there at the moment. Try again later or choose "
        "another area."
    ),
    "50007": gettext_noop("The provider does not know this number. Buy a new one."),
    "50104": gettext_noop(
        "Too many of your numbers are waiting for their SMS. Cancel one, or wait until one is done."
    ),
    "50107": gettext_noop("This number cannot be used again. Buy a new one."),
    "50108": gettext_noop("This number cannot be used again. Buy a new one."),
    "50109": gettext_noop("The time for using this number again is over. Buy a new one."),
    "50201": gettext_noop("The balance at the provider is not enough. Top it up there."),
    "50208": gettext_noop(
        "The provider account is not activated. Follow the activation link in its mailbox, "
        "then check the account again."
    ),
    "50401": gettext_noop("The provider no longer leases numbers in this area. Choose another."),
    "50402": gettext_noop("The lease is shorter than this area allows. Choose more months."),
    "50404": gettext_noop(
        "The provider has released this number, so it cannot be renewed. Lease another."
    ),
    "50214": gettext_noop(
        "The provider has blocked this service for the account for 24 hours. "
        "Wait, or choose another service."
    ),
}

REASONS = {
    "given_up": gettext_noop("Given up before it was sent."),
    "price_unreadable": gettext_noop(
        "The provider does not answer when asked for the price. We go on trying for a moment."
    ),
    "price_rose": gettext_noop("The price is now %(now)s; the button said %(quoted)s."),
    "not_offered": gettext_noop(
        "The provider no longer offers this there. Choose another country or area."
    ),
    "account_suspended": gettext_noop(
        "The provider account cannot buy at the moment. See Provider accounts for the reason."
    ),
    "buying_stopped": gettext_noop("The staff of this site have stopped buying for now."),
    "unreachable": gettext_noop("The provider could not be reached. Try again in a moment."),
    "price_zero": gettext_noop(
        "The provider gives the price as zero, which cannot be right. Choose another, or try again "
        "later."
    ),
    "held_up": gettext_noop(
        "Our worker was held up before it could send the request, so it did not send it."
    ),
    "too_late": gettext_noop(
        "It waited too long for a worker, and a number now would come as a surprise. Try again."
    ),
    "answer_lost": gettext_noop(
        "The request was sent, but its answer did not arrive. The provider may have sold a number, "
        "so it is not sent again and the money stays reserved. Look on the provider's site before "
        "you buy again."
    ),
    "answer_unclear": gettext_noop(
        "The provider's answer could not be understood. It may have sold a number, so the request "
        "is not sent again and the money stays reserved. Look on the provider's site before you buy "
        "again."
    ),
    "request_id_again": gettext_noop(
        "The provider gave a request id that we have already. The money stays reserved until "
        "somebody has looked on the provider's site."
    ),
    "worker_died": gettext_noop(
        "Our worker stopped while it was buying. The provider may have sold a number, so the "
        "request is not sent again and the money stays reserved. Look on the provider's site before "
        "you buy again."
    ),
    "queued": gettext_noop(
        "All numbers that the account may have open at once are waiting for their SMS. This one is "
        "in the queue and is bought as soon as one of them is done; nothing was sent yet."
    ),
    "account_waits": gettext_noop(
        "The outcome of an earlier purchase on this account is being found out, which takes a few "
        "minutes. This one is bought after that; nothing was sent yet."
    ),
    "service_blocked": gettext_noop(
        "The provider has blocked this service for the account for a while. Wait, or choose another "
        "service."
    ),
    "frozen_not_bought": gettext_noop(
        "The provider holds nothing more and took nothing: the number was not sold."
    ),
    "frozen_confirmed": gettext_noop("The provider holds exactly its price."),
    "frozen_contradicted": gettext_noop(
        "The provider does not hold exactly its price, so for a day outcomes are not judged by that."
    ),
    "orphaned": gettext_noop(
        "The provider holds exactly the price of this number: it was sold, but nobody knows it. The "
        "money stays reserved until the provider gives it back or takes it, in about 20 minutes."
    ),
    "orphan_released": gettext_noop("The provider has given the money back: nothing was paid."),
    "orphan_charged": gettext_noop("The provider has taken the money: it is written off as lost."),
    "left_to_person": gettext_noop(
        "What the provider holds does not explain it. Somebody has to look on the provider's site."
    ),
    "order_found": gettext_noop("Found in the provider's list of orders."),
    "order_not_listed": gettext_noop(
        "The provider's list of orders has no such order: nothing was sold."
    ),
    "order_cancelled": gettext_noop(
        "The order was cancelled at the provider, and the price came back."
    ),
    "renewed": gettext_noop("Renewed: it runs longer."),
    "renewed_elsewhere": gettext_noop(
        "It runs longer without a renewal of ours: it renewed itself, or somebody did on the "
        "provider's site. What that cost is not in our ledger."
    ),
    "cancel_too_late": gettext_noop(
        "The provider no longer cancels it; it stays leased and paid for."
    ),
    "cancel_sms_came": gettext_noop(
        "An SMS had come, so the provider does not cancel it; it stays leased and paid for."
    ),
    "cancel_too_often": gettext_noop(
        "This number was cancelled three times already, so the provider does not cancel it again; it "
        "stays leased and paid for."
    ),
    "link_on": gettext_noop("The public link was switched on: who has it reads the SMS."),
    "link_off": gettext_noop("The public link was switched off."),
    "adopted": gettext_noop("Found on the provider's site and adopted."),
    "declared_not_bought": gettext_noop("Somebody looked: the provider sold nothing."),
    "written_off": gettext_noop("Given up for lost; it counts as spent."),
    "late_answer": gettext_noop("The provider's answer came late, but it came."),
    "answer_after_end": gettext_noop(
        "An answer of the provider came after this was decided; it is kept with the raw answer."
    ),
    "handed_over": gettext_noop("Handed to a colleague."),
    "one_more_sms": gettext_noop("One more SMS arrived."),
    "late_sms": gettext_noop("An SMS arrived after the number had ended."),
}

NEVER_SENT = {
    "service_blocked",
    "given_up",
    "price_rose",
    "not_offered",
    "account_suspended",
    "buying_stopped",
    "unreachable",
    "price_zero",
    "held_up",
    "too_late",
}

STATES = {
    PurchaseState.HELD: gettext_noop("Asked for; the price is reserved."),
    PurchaseState.SENDING: gettext_noop("Price confirmed; the request goes to the provider."),
    PurchaseState.BOUGHT: gettext_noop("Bought."),
    PurchaseState.REFUSED: gettext_noop("Refused by the provider; the reservation is given back."),
    PurchaseState.ABANDONED: gettext_noop("Not sent; the reservation is given back."),
    PurchaseState.UNKNOWN: gettext_noop("The outcome is unknown; the money stays reserved."),
    PurchaseState.NOT_BOUGHT: gettext_noop("Not bought after all; the reservation is given back."),
    PurchaseState.LOST: gettext_noop("Written off."),
    ActivationState.WAITING: gettext_noop("The number is here and waits for its SMS."),
    ActivationState.RECEIVED: gettext_noop("The SMS arrived; the price is spent."),
    ActivationState.CANCELLING: gettext_noop("Cancellation asked for."),
    ActivationState.CANCELLED: gettext_noop("Cancelled; the reservation is given back."),
    ActivationState.EXPIRED: gettext_noop("No SMS came in time; the reservation is given back."),
}

# "cancelling" and "cancelled" are states of a number for one SMS too, whose money was only reserved.
LEASE_STATES = {
    LeaseState.ACTIVE: gettext_noop("The number is leased; the price is spent."),
    LeaseState.CANCELLING: gettext_noop("Cancellation asked for."),
    LeaseState.GRACE: gettext_noop("The lease has ended; it can be renewed for some days."),
    LeaseState.RELEASED: gettext_noop("The number was given up; it can no longer be renewed."),
    LeaseState.CANCELLED: gettext_noop("Cancelled; the price came back."),
}
AGAIN_ACTIVE = gettext_noop("The number is leased.")

# Of the whole team, and of the member who reads it.
OVER_LIMIT = {
    Kind.PER_PURCHASE: (
        gettext_noop(
            "The team's limit for one purchase is %(allowed)s, and this would have cost %(cost)s."
        ),
        gettext_noop(
            "Your own limit for one purchase is %(allowed)s, and this would have cost %(cost)s."
        ),
    ),
    Kind.PER_MONTH: (
        gettext_noop(
            "The team's limit for a month is %(allowed)s: %(spent)s is spent and %(reserved)s "
            "reserved, and this would have cost %(cost)s."
        ),
        gettext_noop(
            "Your own limit for a month is %(allowed)s: %(spent)s is spent and %(reserved)s "
            "reserved, and this would have cost %(cost)s."
        ),
    ),
    Kind.PER_DAY: (
        gettext_noop(
            "The team's limit for a day is %(allowed)s: %(spent)s is spent and %(reserved)s "
            "reserved, and this would have cost %(cost)s."
        ),
        gettext_noop(
            "Your own limit for a day is %(allowed)s: %(spent)s is spent and %(reserved)s "
            "reserved, and this would have cost %(cost)s."
        ),
    ),
    Kind.OPEN_AT_ONCE: (
        gettext_noop(
            "The team's limit of what is open at once is %(allowed)s (open now: %(used)s), and this "
            "would have cost %(cost)s."
        ),
        gettext_noop(
            "Your own limit of what is open at once is %(allowed)s (open now: %(used)s), and this "
            "would have cost %(cost)s."
        ),
    ),
}

LIMIT_USED = {
    Kind.PER_MONTH: (
        gettext_noop("The team has used %(used)s of its limit of %(allowed)s for this month."),
        gettext_noop("You have used %(used)s of your own limit of %(allowed)s for this month."),
    ),
    Kind.PER_DAY: (
        gettext_noop("The team has used %(used)s of its limit of %(allowed)s for today."),
        gettext_noop("You have used %(used)s of your own limit of %(allowed)s for today."),
    ),
    Kind.OPEN_AT_ONCE: (
        gettext_noop("The team has %(used)s open of the %(allowed)s that it may have at once."),
        gettext_noop("You have %(used)s open of the %(allowed)s that you may have at once."),
    ),
}

LIMIT_FREES = {
    Kind.PER_PURCHASE: "",
    Kind.PER_MONTH: gettext_noop(
        "The next month begins on %(month)s at 00:00 UTC; what is reserved counts until it is "
        "spent or given back."
    ),
    Kind.PER_DAY: gettext_noop(
        "The next day begins at 00:00 UTC; what is reserved counts until it is spent or given back."
    ),
    Kind.OPEN_AT_ONCE: gettext_noop(
        "One is free again when an SMS comes, or when a number is cancelled or expires."
    ),
}

WHO_CHANGES = gettext_noop("Owners and admins of the team can change the limit.")


def explain_limit(gauge: Gauge, *, cost: Decimal) -> str:
    """Return why a purchase for ``cost`` US dollars was not made: ``gauge`` has no room for it."""
    over = _(OVER_LIMIT[gauge.kind][gauge.member_id is not None]) % (
        figures_of(gauge) | {"cost": format_usd(cost)}
    )
    return _sentences(over, _("Nothing was bought."), _frees(gauge), _(WHO_CHANGES))


def warn_of_limit(gauge: Gauge) -> str:
    """Return the warning that a limit is nearly used up, or that it is, for who is bound by it."""
    used = _(LIMIT_USED[gauge.kind][gauge.member_id is not None]) % figures_of(gauge)
    if gauge.is_full:
        end = _("That is all of it, and nothing more is bought.")
        return _sentences(used, end, _frees(gauge), _(WHO_CHANGES))
    end = _("That is %(percent)s %%; beyond the limit nothing is bought.") % figures_of(gauge)
    return _sentences(used, end, _(WHO_CHANGES))


def figures_of(gauge: Gauge) -> dict[str, str]:
    """Return the figures of ``gauge`` as a reader sees them: amounts in dollars, or counts."""
    amounts = {
        "allowed": gauge.allowed,
        "used": gauge.used,
        "spent": gauge.spent,
        "reserved": gauge.reserved,
        "left": gauge.left,
    }
    is_count = gauge.kind == Kind.OPEN_AT_ONCE
    shown = {
        name: str(int(amount)) if is_count else format_usd(amount)
        for name, amount in amounts.items()
    }
    return shown | {"percent": str(gauge.percent)}


def _frees(gauge: Gauge) -> str:
    sentence = LIMIT_FREES[gauge.kind]
    next_month = datetime.now(UTC).date().replace(day=1) + timedelta(days=32)
    first = format_short_day(next_month.replace(day=1))
    return _(sentence) % {"month": first} if sentence else ""


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def explain(reason: str, **figures: object) -> str:
    """Return ``reason`` in plain words; "" for no reason.

    ``figures``: ``now`` and ``quoted`` (amounts in US dollars) for ``price_rose``; ``code`` and
    ``message`` (the provider's) for ``refused``.
    """
    if reason == "refused":
        return _refusal(str(figures.get("code", "")), str(figures.get("message", "")))
    sentence = REASONS.get(reason, "")
    if not sentence:
        return ""
    text = _(sentence) % {name: _shown(value) for name, value in figures.items()}
    return f"{text} {_(NOTHING_BOUGHT)}" if reason in NEVER_SENT else text


def explain_purchase(purchase: Purchase) -> str:
    """Return in plain words why ``purchase`` is where it is; "" where that goes without saying."""
    return explain(
        purchase.reason,
        now=purchase.newer_quote,
        quoted=purchase.quoted,
        code=purchase.provider_code,
        message=purchase.provider_message,
    )


def explain_event(event: Event) -> str:
    """Return one line of the timeline."""
    parts = []
    if event.to_state:
        parts.append(_state(event))
    if event.reason in REASONS and event.reason != "price_rose":
        parts.append(_(REASONS[event.reason]))
    parts += [say(event.data[name]) for name, say in FIGURES.items() if name in event.data]
    if event.holder:
        parts.append(_("Now it is %(name)s's.") % {"name": event.holder.short_name})
    return " ".join(part for part in parts if part)


FIGURES: dict[str, Callable[[str], str]] = {
    "cost": lambda value: _("Price: %(price)s.") % {"price": format_usd(Decimal(value))},
    "newer_quote": lambda value: (
        _("The price is now %(price)s.") % {"price": format_usd(Decimal(value))}
    ),
    "number": lambda value: f"+{value}.",
    "order_id": lambda value: _("Order %(id)s.") % {"id": value},
    "expire_at": lambda value: (
        _("It runs until %(day)s.") % {"day": format_moment(datetime.fromisoformat(value))}
    ),
    "request_id": lambda value: _("Request %(id)s.") % {"id": value},
}


def _state(event: Event) -> str:
    if event.subject != Event.Subject.LEASE:
        return _(STATES.get(event.to_state, ""))  # type: ignore[call-overload]
    if event.to_state == LeaseState.ACTIVE and event.from_state:
        return _(AGAIN_ACTIVE)
    return _(LEASE_STATES.get(event.to_state, ""))  # type: ignore[call-overload]


def _refusal(code: str, message: str) -> str:
    sentence = REFUSALS.get(code)
    if sentence is None:
        figures = {"message": message, "code": code}
        text = _("The provider refused: %(message)s (%(code)s).") % figures
    else:
        text = _(sentence)
    if code == "50214" and message:
        text = f"{text} “{message}”"
    return f"{text} {_(NOTHING_BOUGHT)}"


def _shown(value: object) -> object:
    return format_usd(value) if isinstance(value, Decimal) else value
