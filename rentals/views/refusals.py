"""What somebody is told when we did not do what they asked for, with the page that helps."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.models import Team
from rentals.operations.errors import OverLimit, Refusal, TermsOpen


def tell(refusal: Refusal, team: Team) -> str:
    """Return the words of ``refusal``, as safe HTML with a link where a page says more."""
    if isinstance(refusal, OverLimit):
        page, name = "rentals:limits", _("Limits")
    elif isinstance(refusal, TermsOpen):
        page, name = "accounts:team_terms", _("Terms of fair use")
    else:
        return refusal.message
    address = reverse(page, args=[team.slug])
    return format_html('{} <a href="{}">{}</a>', refusal.message, address, name)
