"""Whether the site lives and is ready, for a load balancer, an orchestrator or a supervisor.

`/healthz` answers while the process can answer at all, and touches nothing: restarting a process that
lives cures no database. `/readyz` says whether it can serve pages: database, Redis and migrations.
"""

import logging
from collections.abc import Callable
from functools import cache

import redis
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

PROBES = ("/healthz", "/readyz", "/metrics")
REDIS_SECONDS = 1.0  # to connect, and again to answer
# What the middleware that is passed by would have set; the content policy comes from before it.
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
}
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def straight_to_the_probe(get_response: GetResponse) -> GetResponse:
    """Answer a probe before anything asks for its host, its scheme or its session.

    Whoever probes knows an address, not the site's name: it sends `Host: 10.0.0.7:8000` by plain HTTP,
    which would be a 400 or a redirect to where it cannot go. What is said here is nobody's secret.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info in PROBES and request.method in ("GET", "HEAD"):
            found = resolve(request.path_info)
            answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
            for name, value in GUARDS.items():
                answer[name] = value
            return answer
        return get_response(request)

    return middleware


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Answer; that is all."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 where pages can be served, else 503 and what is missing: names of parts, never of machines."""
    missing = [*_missing_in_database(), *_missing_in_redis()]
    if missing:
        logger.warning("not ready: %s", ", ".join(missing))
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ready"})


def _missing_in_database() -> list[str]:
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except AnyDatabaseError:
        return ["database"]
    return [] if _newest_migrations() <= applied.keys() else ["migrations"]


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app, as the code of this process knows them."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _missing_in_redis() -> list[str]:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return ["redis"]
    finally:
        client.close()
    return []
