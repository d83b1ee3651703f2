"""Language and theme for who is not signed in; who is has them under Me."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.appearance import remember
from accounts.forms import AppearanceForm


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep both in cookies and go back to where the form was; what is no choice changes nothing."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = redirect(back)
    form = AppearanceForm(request.POST)
    if form.is_valid():
        remember(response, **form.cleaned_data)
    return response
