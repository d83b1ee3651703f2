"""Who may buy what at all: terms that are accepted, services that are allowed, and the stop switch."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ProviderAccount, Team
from catalog.models import Service
from core.queue import enqueue_on_commit
from live import bus
from rentals.models import BuyingStop, Purchase
from rentals.operations.errors import Refusal, TermsOpen
from rentals.states import PurchaseState


def check_fair_use(team: Team, account: ProviderAccount, service: Service | None) -> None:
    """Raise ``Refusal`` where nothing may be bought, in words that say why and what to do."""
    if not team.has_accepted_terms:
        raise TermsOpen(
            _(
                "Before the first purchase an owner or admin of the team accepts the terms of fair "
                "use. Nothing was bought."
            )
        )
    if service is not None and service.denied:
        raise Refusal(
            _("This site sells no numbers for %(service)s: %(reason)s Nothing was bought.")
            % {"service": service, "reason": _sentence(service.denied)}
        )
    stop = BuyingStop.objects.on(account).first()
    if stop is not None:
        raise Refusal(
            _("Buying is stopped at the moment: %(reason)s Nothing was bought; try again later.")
            % {"reason": _sentence(stop.reason)}
        )


def is_stopped(account: ProviderAccount) -> bool:
    """Whether nothing is to be sent on ``account``."""
    return BuyingStop.objects.on(account).exists()


@transaction.atomic
def begin_stop(stop: BuyingStop) -> None:
    """Save ``stop``: from its commit on nothing more is sent that it holds for.

    What is asked for and not sent yet is given up, and its money released, by the worker that is
    woken for each; should that wake-up be lost, by the sweep. Open numbers go on. Raises
    ``IntegrityError`` where there is such a stop. Whoever calls writes it down in the audit trail.
    """
    from rentals import tasks  # the tasks import the operations

    stop.save(force_insert=True)
    held = Purchase.objects.filter(state=PurchaseState.HELD)
    if stop.team_id is not None:
        held = held.filter(team=stop.team_id)
    if stop.account_id is not None:
        held = held.filter(account=stop.account_id)
    for pk in held.order_by("pk").values_list("pk", flat=True):
        enqueue_on_commit(tasks.send_purchase, pk)
    _tell(stop)


@transaction.atomic
def end_stop(stop: BuyingStop) -> None:
    """Take ``stop`` away: what is asked for from its commit on is bought again."""
    _tell(stop)
    stop.delete()


def _tell(stop: BuyingStop) -> None:
    team_id = stop.account.team_id if stop.account else stop.team_id
    if team_id is not None:
        bus.publish(team_id=team_id, topic="money")


def _sentence(reason: str) -> str:
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
