"""The facts as metrics for Prometheus.

Everything comes from the database and from Redis, where all processes write: whichever process is
asked, the answer is that of the whole site.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from core.health.fact import Group, Sample
from rentals import health

PREFIX = "busstop_"
# name → (type, what it is); docs/monitoring.md has the same list.
METRICS = {
    "health": ("gauge", "The worst level of a group of facts: 0 well, 1 look, 2 wrong."),
    "database_seconds": ("gauge", "How long the database took to answer."),
    "redis_seconds": ("gauge", "How long Redis took to answer."),
    "web_processes": ("gauge", "Web processes that reported lately."),
    "streams": ("gauge", "Open pages that listen for changes, by web process."),
    "alive": (
        "gauge",
        "1 while the clock or a worker of the queue was heard of in the last minute.",
    ),
    "heartbeat_age_seconds": ("gauge", "Time since the part was last heard of."),
    "task_wait_seconds": ("gauge", "How long the last heartbeat had waited in the queue."),
    "queue_length": ("gauge", "Tasks that wait in the queue."),
    "shard_held": ("gauge", "1 while a poller holds the shard."),
    "shard_watching": ("gauge", "Numbers that the shard polls."),
    "shard_polls": ("counter", "Polls of the shard."),
    "shard_late_seconds": ("gauge", "How long after their due time polls left, by quantile."),
    "shard_gap_ratio": ("gauge", "Time between two polls of a number ÷ its interval, by quantile."),
    "provider_calls": ("counter", "Calls to the provider, by outcome."),
    "provider_call_seconds": ("histogram", "How long calls to the provider took."),
    "catalogue_age_seconds": ("gauge", "Age of the oldest list of the catalogue."),
    "catalogue_failing": ("gauge", "1 while a list of the catalogue cannot be read."),
    "purchases": ("gauge", "Purchases that are not finished, by what they wait for."),
    "oldest_purchase_seconds": ("gauge", "Age of the oldest of them."),
    "numbers": ("gauge", "Numbers that are polled, by state."),
    "purchases_last_hour": ("gauge", "Purchases of the last hour, by state."),
    "accounts_suspended": ("gauge", "Provider accounts that the provider turns away."),
    "drifts_unexplained": ("gauge", "Drifts of balances that nobody has explained."),
    "buying_stops": ("gauge", "Places where buying is stopped."),
}


class SiteCollector(Collector):
    """Turns groups of facts into metric families."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = list(groups)

    def collect(self) -> Iterator[Metric]:
        """Yield each metric that has a figure, in the order of ``METRICS``."""
        found: dict[str, list[Sample]] = {}
        for sample in self._samples():
            found.setdefault(sample.metric, []).append(sample)
        for name, (kind, help_text) in METRICS.items():
            if name not in found:
                continue
            family = Metric(PREFIX + name, help_text, kind)
            for sample in found[name]:
                family.add_sample(
                    PREFIX + name + sample.suffix, dict(sample.labels), float(sample.value)
                )
            yield family

    def _samples(self) -> Iterator[Sample]:
        for group in self._groups:
            yield Sample("health", group.level, (("group", group.key),))
            for fact in group.facts:
                yield from fact.samples


def render() -> bytes:
    """Return the site's metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SiteCollector(health.collect()))
    return generate_latest(registry)
