"""What staff may do to a row besides changing its fields: asked for on a page of its own, then done by POST."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class PlainForm(forms.Form):
    """Nothing to fill in: the button on the page is the second click."""


class ConfirmForm(forms.Form):
    """What costs or cannot be undone takes a tick besides the button."""

    confirmed = forms.BooleanField(
        label=gettext_lazy("Yes, I am sure"),
        error_messages={"required": gettext_lazy("Tick the box first. Nothing was changed.")},
    )


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done to a row.

    ``explain`` says before what it does and costs. ``do`` calls one operation, which writes the audit
    trail, and returns what to tell, or a page; it may raise one of ``refusals``, whose ``message`` is told
    instead. ``needs`` is the permission; ``applies`` says whether it makes sense for the row now.
    """

    key: str
    label: str | Promise
    needs: str
    explain: Callable[[Any], str | Promise]
    do: Callable[[HttpRequest, Any, dict[str, Any]], str | HttpResponse]
    form: type[forms.Form] = PlainForm
    applies: Callable[[Any], bool] = lambda _row: True
    refusals: tuple[type[Exception], ...] = ()
    is_grave: bool = False


class WithDeeds:
    """A ``ModelAdmin`` whose rows have deeds: a button for each on the row's page, and its page."""

    deeds: tuple[Deed, ...] = ()
    model: Any
    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        """And the pages of the deeds."""
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        if not self.deeds:
            return urls
        page = self.admin_site.admin_view(self.deed_view)
        return [path("<path:object_id>/do/<slug:deed>/", page, name=self._name("do")), *urls]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Offer what may be done to the row now."""
        context = dict(extra_context or {})
        if object_id and self.deeds:
            context["deeds"] = self._offered(request, object_id)
        return super().changeform_view(request, object_id, form_url, context)  # type: ignore[misc]

    def deed_view(self, request: HttpRequest, object_id: str, deed: str) -> HttpResponse:
        """The page that asks whether to do it, and the doing."""
        chosen = next((each for each in self.deeds if each.key == deed), None)
        row = self._row(request, object_id)
        if chosen is None or row is None:
            raise Http404
        if not self._may(request, chosen, row):
            raise PermissionDenied
        if not chosen.applies(row):
            messages.warning(request, _("That can no longer be done here. Nothing was changed."))
            return redirect(self._page(row))
        form = chosen.form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return self._do(request, chosen, row, form)
        status = 422 if form.is_bound else 200
        return TemplateResponse(
            request, "admin/deed.html", self._context(request, chosen, row, form), status=status
        )

    def _do(self, request: HttpRequest, deed: Deed, row: Any, form: forms.Form) -> HttpResponse:
        try:
            told = deed.do(request, row, form.cleaned_data)
        except deed.refusals as refusal:
            form.add_error(None, refusal.message)  # type: ignore[attr-defined]
            context = self._context(request, deed, row, form)
            return TemplateResponse(request, "admin/deed.html", context, status=422)
        if isinstance(told, HttpResponse):
            return told
        messages.success(request, told)
        return redirect(self._page(row))

    def _context(
        self, request: HttpRequest, deed: Deed, row: Any, form: forms.Form
    ) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": deed.label,
            "subtitle": str(row),
            "deed": deed,
            "explanation": deed.explain(row),
            "form": form,
            "back": self._page(row),
        }

    def _offered(self, request: HttpRequest, object_id: str) -> list[dict[str, Any]]:
        row = self._row(request, object_id)
        if row is None:
            return []
        return [
            {
                "label": deed.label,
                "is_grave": deed.is_grave,
                "link": reverse(f"admin:{self._name('do')}", args=[row.pk, deed.key]),
            }
            for deed in self.deeds
            if self._may(request, deed, row) and deed.applies(row)
        ]

    def _may(self, request: HttpRequest, deed: Deed, row: Any) -> bool:
        may_view = self.has_view_permission(request, row)  # type: ignore[attr-defined]
        return bool(may_view and request.user.has_perm(deed.needs))

    def _row(self, request: HttpRequest, object_id: str) -> Any:
        rows = self.get_queryset(request)  # type: ignore[attr-defined]
        try:
            return rows.filter(pk=unquote(object_id)).first()
        except (ValidationError, ValueError):
            return None

    def _page(self, row: Any) -> str:
        """Back to the row; to the list where it is gone."""
        if not self.model._base_manager.filter(pk=row.pk).exists():
            return reverse(f"admin:{self._name('changelist')}")
        return reverse(f"admin:{self._name('change')}", args=[row.pk])

    def _name(self, page: str) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}_{page}"
