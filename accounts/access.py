"""Who may see what: the only gate between a request and a team.

Every view of a team starts with ``get_membership``, under ``login_required``. Whatever the view
then reads, it reads from ``membership.team``, so that there is no way around the gate.
"""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.functional import SimpleLazyObject

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


def keep_the_way_back(request: HttpRequest) -> dict[str, object]:
    """Give templates of pages without a team, such as Me or Help, the one used last as ``team``.

    Its bar and its bell stand there too, unless the team wants a second factor that was not given. Read only
    where a template asks and no view has said which team it is: a context processor comes last.
    """
    return {"team": SimpleLazyObject(lambda: _team_of_bar(request))}


def _team_of_bar(request: HttpRequest) -> Team | None:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return None
    team = get_home_team(request)
    if team is not None and team.needs_second_factor and not has_given(request, user):
        return None
    return team


def _remember(request: HttpRequest, team_slug: str) -> None:
    # Pages only: with two teams in two tabs, each fragment would write the session once more.
    is_page = request.method == "GET" and "HX-Request" not in request.headers
    if is_page and request.session.get(LAST_TEAM) != team_slug:
        request.session[LAST_TEAM] = team_slug
