"""Who may see what: the only gate between a request and a team.

Every view of a team starts with ``get_membership``, under ``login_required``. Whatever the view
then reads, it reads from ``membership.team``, so that there is no way around the gate.
"""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import Membership, Role, Team, User
from accounts.second_factor import SecondFactorNeeded, has_given

LAST_TEAM = "team"


def get_membership(
    request: HttpRequest, team_slug: str, at_least: Role = Role.VIEWER
) -> Membership:
    """Return the membership of who asks, with its team and user, in one query.

    Raises ``Http404`` for outsiders, who learn nothing about whether the team exists,
    ``SecondFactorNeeded`` for members whose session has not given the one that the team wants, and
    ``PermissionDenied`` for those whose role is below ``at_least``.
    """
    membership = get_object_or_404(
        Membership.objects.select_related("team", "user"),
        team__slug=team_slug,
        team__closed_at=None,
        user_id=request.user.pk,
    )
    team = membership.team
    if team.needs_second_factor and not has_given(request, membership.user):
        raise SecondFactorNeeded(team)
    if not membership.may(at_least):
        raise PermissionDenied
    _remember(request, team_slug)
    return membership


def get_user(request: HttpRequest) -> User:
    """Return who asks, under ``login_required``; raises ``PermissionDenied`` for nobody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def get_home_team(request: HttpRequest) -> Team | None:
    """Return the team that who asks used last, else their personal one, if any."""
    teams = Team.objects.of(get_user(request))
    last = request.session.get(LAST_TEAM)
    return teams.filter(slug=last).first() or teams.first()


def _remember(request: HttpRequest, team_slug: str) -> None:
    # Pages only: with two teams in two tabs, each fragment would write the session once more.
    is_page = request.method == "GET" and "HX-Request" not in request.headers
    if is_page and request.session.get(LAST_TEAM) != team_slug:
        request.session[LAST_TEAM] = team_slug
