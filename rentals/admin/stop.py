"""Stops of buying: on the whole site, for a team or for one provider account."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import get_user
from accounts.audit import record
from accounts.audit.staff import AuditedAdmin
from accounts.models import Action, ProviderAccount, Team
from core.deeds import ConfirmForm, Deed
from rentals.models import BuyingStop
from rentals.models.stop import ALREADY
from rentals.operations import fairuse
from rentals.operations.errors import Refusal

WHAT_IT_DOES = gettext_lazy(
    "Nothing more is bought there until buying is resumed. What is asked for and not sent yet is given up "
    "and its money released; open numbers go on. Members read the reason."
)


class StopForm(forms.ModelForm[BuyingStop]):
    """Where, why, and a tick."""

    confirmed = forms.BooleanField(
        label=gettext_lazy("Stop buying there now"),
        help_text=WHAT_IT_DOES,
        error_messages={"required": gettext_lazy("Tick the box first. Nothing was changed.")},
    )

    class Meta:
        model = BuyingStop
        fields = ("team", "account", "reason")


@admin.register(BuyingStop)
class BuyingStopAdmin(AuditedAdmin[BuyingStop]):
    """Adding one stops, deleting it lets go on; the pages of teams and accounts do the same."""

    form = StopForm
    list_display = ("__str__", "reason", "stopped_by", "created")
    list_select_related = ("team", "account", "stopped_by")
    search_fields = ("reason", "team__name", "=team__slug", "account__name")
    ordering = ("-pk",)

    def has_change_permission(self, request: HttpRequest, obj: BuyingStop | None = None) -> bool:
        """It is there or it is not."""
        return False

    def get_fields(self, request: HttpRequest, obj: BuyingStop | None = None) -> Any:
        """What is asked for where one is added, what there is to see afterwards."""
        if obj is None:
            return ("team", "account", "reason", "confirmed")
        return ("team", "account", "reason", "stopped_by", "created")

    def get_readonly_fields(self, request: HttpRequest, obj: BuyingStop | None = None) -> Any:
        """All of one that is there."""
        return () if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: BuyingStop, form: Any, change: bool) -> None:
        """Stop buying."""
        obj.stopped_by = get_user(request)
        fairuse.begin_stop(obj)

    def delete_model(self, request: HttpRequest, obj: BuyingStop) -> None:
        """Let it go on."""
        fairuse.end_stop(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[BuyingStop]) -> None:
        """Let all of them go on."""
        for stop in queryset.select_related("account"):
            fairuse.end_stop(stop)


class ReasonForm(ConfirmForm):
    """Why, as members read it, and a tick."""

    reason = forms.CharField(
        label=gettext_lazy("Reason, as members read it"),
        max_length=BuyingStop._meta.get_field("reason").max_length,
    )
    field_order = ("reason", "confirmed")


def _own_stop(row: Team | ProviderAccount) -> BuyingStop | None:
    """The stop of exactly this team or account, not a wider one."""
    return BuyingStop.objects.select_related("account").filter(**_where(row)).first()


def _where(row: Team | ProviderAccount) -> dict[str, Any]:
    return {"team": row} if isinstance(row, Team) else {"account": row}


def _team_of(row: Team | ProviderAccount) -> Team:
    return row if isinstance(row, Team) else row.team


def _stop(request: HttpRequest, row: Team | ProviderAccount, fields: dict[str, Any]) -> str:
    actor = get_user(request)
    stop = BuyingStop(reason=fields["reason"], stopped_by=actor, **_where(row))
    try:
        with transaction.atomic():
            fairuse.begin_stop(stop)
            told = {"reason": stop.reason}
            record(
                action=Action.BUYING_STOPPED, team=_team_of(row), actor=actor, obj=row, after=told
            )
    except IntegrityError:
        raise Refusal(str(ALREADY)) from None
    return _("Buying is stopped there.")


def _resume(request: HttpRequest, row: Team | ProviderAccount, fields: dict[str, Any]) -> str:
    stop = _own_stop(row)
    if stop is None:
        raise Refusal(_("Buying goes on there already."))
    with transaction.atomic():
        told = {"reason": stop.reason}
        fairuse.end_stop(stop)
        record(
            action=Action.BUYING_RESUMED,
            team=_team_of(row),
            actor=get_user(request),
            obj=row,
            before=told,
        )
    return _("Buying goes on there, unless a wider stop holds.")


STOP = Deed(
    key="stop-buying",
    label=gettext_lazy("Stop buying"),
    needs="rentals.add_buyingstop",
    explain=lambda _row: WHAT_IT_DOES,
    do=_stop,
    form=ReasonForm,
    applies=lambda row: _own_stop(row) is None,
    refusals=(Refusal,),
    is_grave=True,
)
RESUME = Deed(
    key="resume-buying",
    label=gettext_lazy("Resume buying"),
    needs="rentals.delete_buyingstop",
    explain=lambda row: (
        _("Members can buy again there. The reason of the stop was: %(reason)s")
        % {"reason": stop.reason if (stop := _own_stop(row)) else "–"}
    ),
    do=_resume,
    form=ConfirmForm,
    applies=lambda row: _own_stop(row) is not None,
    refusals=(Refusal,),
)

# Teams and accounts live a floor below: what can be stopped for them is added to their pages from here.
for _model in (Team, ProviderAccount):
    _page: Any = admin.site.get_model_admin(_model)
    _page.deeds = (*_page.deeds, STOP, RESUME)
