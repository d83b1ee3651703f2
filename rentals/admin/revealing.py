"""Reading somebody else's SMS: for a reason that is written down before the text is shown."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.access import get_user
from accounts.audit import record
from accounts.models import Action
from core.deeds import Deed
from rentals.models import Message


class ReasonForm(forms.Form):
    """Why somebody else's SMS has to be read."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=8,
        max_length=200,
        help_text=gettext_lazy(
            "It stays in the audit trail of the team, where its owners read it."
        ),
    )


def _reveal(request: HttpRequest, message: Message, fields: dict[str, Any]) -> HttpResponse:
    number = str(message.activation or message.lease)
    with transaction.atomic():
        record(
            action=Action.MESSAGE_REVEALED,
            team=message.team,
            actor=get_user(request),
            obj=message.activation or message.lease,
            after={"message": message.pk, "number": number, "reason": fields["reason"]},
        )
    context = {
        **admin.site.each_context(request),
        "opts": Message._meta,
        "title": REVEAL.label,
        "subtitle": number,
        "message_row": message,
        "back": reverse("admin:rentals_message_change", args=[message.pk]),
    }
    return TemplateResponse(request, "admin/rentals/message/revealed.html", context)


REVEAL = Deed(
    key="reveal",
    label=gettext_lazy("Read the SMS"),
    needs="rentals.view_message",
    explain=lambda _message: gettext_lazy(
        "This SMS is somebody else's. Say why you have to read it: who, when and why is written down "
        "before the text is shown, once, on the next page."
    ),
    do=_reveal,
    form=ReasonForm,
    applies=lambda message: message.text_removed_at is None,
)
