"""What staff change in the admin goes into the audit trail with it: before, after and who.

Each ``ModelAdmin`` that lets anything be changed builds on ``AuditedAdmin``; one that does not fails
the tests.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.access import get_user
from accounts.audit.record import Facts, record
from accounts.models import Action, Team, User
from core.admin import StaffAdmin

M = TypeVar("M", bound=Model)

NEVER_TOLD = {"password", "data"}  # data: the sealed secrets of second factors


class AuditedAdmin(StaffAdmin[M]):
    """Writes down what is added, changed and deleted, rows on the same page included.

    In the chain of the team that the row is or belongs to, else in the site's. Django adds and
    changes in one transaction with what is written here; many deleted at once are written down first.
    """

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Django's own message; called once for each change that was made, with all its forms."""
        user = get_user(request)
        _record_form(user, form, Action.STAFF_ADDED if add else Action.STAFF_CHANGED)
        for formset in formsets or ():
            _record_rows(user, formset)
        return super().construct_change_message(request, form, formsets, add)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[M]) -> Any:
        """Django's own log; called before the rows are deleted."""
        user = get_user(request)
        with transaction.atomic():
            for row in queryset:
                _record(user, Action.STAFF_DELETED, row, before=facts_of(row, _columns(row)))
            return super().log_deletions(request, queryset)


def facts_of(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the values of ``row`` that may be told, as people read them."""
    return {name: _plain(getattr(row, name)) for name in names if name not in NEVER_TOLD}


def _record_form(user: User, form: Any, action: Action) -> None:
    if not isinstance(
        form, ModelForm
    ):  # a new password: that it is another is all there is to tell
        _record(user, action, form.user)
        return
    columns = set(_columns(form.instance))
    changed = [name for name in form.changed_data if name in columns]
    before = {
        name: _plain(form.get_initial_for_field(form.fields[name], name))
        for name in changed
        if name not in NEVER_TOLD
    }
    _record(
        user,
        action,
        form.instance,
        before={} if action == Action.STAFF_ADDED else before,
        after=facts_of(form.instance, changed),
    )


def _record_rows(user: User, formset: Any) -> None:
    for row in formset.new_objects:
        _record(user, Action.STAFF_ADDED, row, after=facts_of(row, _columns(row)))
    changed = {row.pk for row, _names in formset.changed_objects}
    for form in formset.initial_forms:
        if form.instance.pk in changed:
            _record_form(user, form, Action.STAFF_CHANGED)
    for row in formset.deleted_objects:
        _record(user, Action.STAFF_DELETED, row, before=facts_of(row, _columns(row)))


def _record(
    user: User,
    action: Action,
    row: Model,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    team = row if isinstance(row, Team) else getattr(row, "team", None)
    record(action=action, team=team, actor=user, obj=row, before=before, after=after)


def _columns(row: Model) -> list[str]:
    return [field.name for field in row._meta.fields if field.editable]


def _plain(value: Any) -> str | int | bool | None:
    return value if value is None or isinstance(value, bool | int) else str(value)
