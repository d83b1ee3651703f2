"""Where a page gets its right to listen."""

import time
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from accounts.access import get_membership
from live import tickets


@require_safe
@login_required
def ticket(request: HttpRequest, team: str) -> JsonResponse:
    """Answer with the address of a stream of the team's signals, good for a minute."""
    before = time.time()
    membership = get_membership(request, team)
    right = tickets.make(team_id=membership.team_id, user_id=membership.user_id, made=before)
    url = "/live?" + urlencode({"ticket": right})
    return JsonResponse({"url": url}, headers={"Cache-Control": "no-store"})
