"""Which notifications come by mail too: a person's choice, for all of their teams."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import get_user
from notify.forms import MailForm
from notify.models import Kind
from notify.models.notification import NEVER_MAILED
from notify.models.preference import kinds_by_mail
from notify.operations.reading import choose_mails


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Site only, or mail too, for each kind."""
    user = get_user(request)
    form = MailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        choose_mails(user=user, kinds=form.cleaned_data["kinds"])
        messages.success(request, _("Saved."))
        return redirect("notify:preferences")
    mailed = kinds_by_mail(user.pk)
    rows = [(kind, kind in mailed) for kind in Kind if kind not in NEVER_MAILED]
    status = 422 if form.is_bound else 200
    return render(request, "notify/preferences.html", {"rows": rows}, status=status)
