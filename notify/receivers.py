"""What the floors below say that concerns somebody."""

from collections.abc import Iterable

from accounts.models import Membership, User
from accounts.signals import news
from catalog.signals import prices_read
from core.queue import enqueue_on_commit
from notify.models import Kind
from notify.operations import notify
from notify.operations.telling import Words


def connect() -> None:
    """Listen, once for each process."""
    news.connect(on_news, dispatch_uid="notify")
    prices_read.connect(on_prices_read, dispatch_uid="notify")


def on_news(
    *,
    team_id: int,
    user_ids: Iterable[int],
    kind: str,
    key: str,
    title: Words,
    body: Words,
    url: str,
    **_: object,
) -> None:
    """Tell those of the named users who are in the team."""
    members = Membership.objects.filter(team=team_id, user__in=user_ids, user__is_active=True)
    users = User.objects.filter(pk__in=members.values("user"))
    notify(team_id=team_id, users=users, kind=Kind(kind), key=key, title=title, body=body, url=url)


def on_prices_read(**_: object) -> None:
    """Look whether an alert has come true."""
    from notify import tasks  # the tasks import the operations, which need the models loaded

    enqueue_on_commit(tasks.check_alerts)
