"""What an open page costs the server, and how soon it hears of a change.

Opens N streams (`--streams`, 2,000 unless told) to one server process that has nothing but `/live`
and no database to connect to, ten to a team, and publishes a signal to one team after another.
Prints, for each round and as the median of three:

- bytes for each open stream: the growth of the server's resident memory, divided by N;
- threads of the server with all streams open;
- publish → client: from just before PUBLISH until a client has read the event, p50 and p99;
- the bare hop: the same through Redis alone, to one plain subscriber in this process, published
  in turn with the signals, so that both see the same machine;
- the ratio of the two p99, which is the figure to compare between machines.

Run it from the project's top: `.venv/bin/python -m bench.live [--streams N] [--rounds N]`.
"""

import argparse
import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import redis
import redis.asyncio

SERVE = (
    "import uvicorn; from live.stream import application; "
    "uvicorn.run(application, port=0, lifespan='off', access_log=False)"
)
TAB_COUNT = 10  # streams of one team
SIGNALS = 500
PAUSE = 0.004  # between two publications
HOP = "bench:hop"


@dataclass
class Round:
    """The figures of one round; times in milliseconds."""

    bytes_per_stream: float
    threads: float
    p50: float
    p99: float
    hop_p50: float
    hop_p99: float

    @property
    def ratio(self) -> float:
        return self.p99 / self.hop_p99


class Tab(asyncio.Protocol):
    """A browser's tab: reads events and notes how long each took."""

    def __init__(self, ticket: str, latencies: list[float], synced: list[int]) -> None:
        self.request = f"GET /live?ticket={ticket} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
        self.latencies = latencies
        self.synced = synced

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter_ns()
        for line in data.split(b"\n"):
            if line.startswith(b"data: at:"):
                self.latencies.append((now - int(line[9:])) / 1e6)
            elif line == b"event: sync":
                self.synced.append(1)


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(log: Path, words: str) -> str:
    """Return what follows `words` in the log, once they are there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        before, found, after = log.read_text().partition(words)
        if found:
            return after.split()[0]
        time.sleep(0.02)
    raise SystemExit(f"It did not start:\n{before}")


def status(pid: int, field: str) -> int:
    """Return a figure of /proc/<pid>/status; memory is in KiB there."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise KeyError(field)


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


async def open_tabs(port: int, numbers: range, latencies: list[float], deadline: float) -> None:
    """Open a stream for each number and wait until all have heard `sync`."""
    from live import tickets

    loop = asyncio.get_running_loop()
    synced: list[int] = []
    for start in range(numbers.start, numbers.stop, 100):
        batch = range(start, min(start + 100, numbers.stop))
        await asyncio.gather(
            *(
                loop.create_connection(
                    lambda n=number: Tab(  # type: ignore[misc]
                        tickets.make(team_id=n // TAB_COUNT, user_id=n), latencies, synced
                    ),
                    "127.0.0.1",
                    port,
                )
                for number in batch
            )
        )
        while len(synced) < batch.stop - numbers.start:
            await asyncio.sleep(0.005)
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(synced)} of {len(numbers)} streams opened in time")


async def hear_hops(client: redis.asyncio.Redis, latencies: list[float]) -> None:
    async with client.pubsub() as pubsub:
        await pubsub.subscribe(HOP)
        while True:
            message = await pubsub.get_message(timeout=60)
            if message and message["type"] == "message":
                latencies.append((time.perf_counter_ns() - int(message["data"])) / 1e6)


async def measure(url: str, port: int, pid: int, streams: int) -> Round:
    """Open the streams, publish, and return the figures."""
    latencies: list[float] = []
    hops: list[float] = []
    client = redis.asyncio.Redis.from_url(url)
    listener = asyncio.create_task(hear_hops(client, hops))
    deadline = time.monotonic() + 120
    await open_tabs(port, range(TAB_COUNT), latencies, deadline)  # wakes the hub, fills caches
    before = status(pid, "VmRSS")
    await open_tabs(port, range(TAB_COUNT, TAB_COUNT + streams), latencies, deadline)
    grown = status(pid, "VmRSS") - before
    threads = status(pid, "Threads")
    for _ in range(SIGNALS):
        team = random.randrange(1, streams // TAB_COUNT + 1)
        await client.publish(f"busstop:live:{team}", f"at:{time.perf_counter_ns()}")
        await asyncio.sleep(PAUSE)
        await client.publish(HOP, str(time.perf_counter_ns()))
        await asyncio.sleep(PAUSE)
    await asyncio.sleep(0.5)
    listener.cancel()
    if len(latencies) < SIGNALS * TAB_COUNT:
        raise SystemExit(f"{len(latencies)} of {SIGNALS * TAB_COUNT} signals arrived")
    return Round(
        bytes_per_stream=grown * 1024 / streams,
        threads=threads,
        p50=quantile(latencies, 0.5),
        p99=quantile(latencies, 0.99),
        hop_p50=quantile(hops, 0.5),
        hop_p99=quantile(hops, 0.99),
    )


def run_round(streams: int) -> Round:
    """Start a Redis and a server of the round's own and measure them."""
    from core.valkey import server_command, socket_url

    with tempfile.TemporaryDirectory(prefix="busstop-", dir="/tmp") as name:
        folder = Path(name)
        url = os.environ["REDIS_URL"] = socket_url(folder / "s")
        with (
            running(server_command(folder / "s"), folder / "redis.log"),
            running([sys.executable, "-c", SERVE], folder / "web.log") as server,
        ):
            port = int(wait_for(folder / "web.log", "running on http://127.0.0.1:"))
            return asyncio.run(measure(url, port, server.pid, streams))


def prepare() -> None:
    """Settings for this process and its children; nobody listens at the database's address."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:9/none",
        "SECRET_KEY": "for this benchmark only, and long enough to be accepted",
        "TOKEN_KEYS": "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AUDIT_KEYS": "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def show(name: str, figures: Round) -> None:
    print(
        f"{name:>8} {figures.bytes_per_stream:>12,.0f} {figures.threads:>8.0f}"
        f" {figures.p50:>8.2f} {figures.p99:>8.2f} {figures.hop_p50:>8.2f}"
        f" {figures.hop_p99:>8.2f} {figures.ratio:>8.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the live stream.")
    parser.add_argument("--streams", type=int, default=2000, help="open streams (up to 10,000)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepare()
    print(f"{options.streams} streams, {TAB_COUNT} to a team, {SIGNALS} signals; times in ms")
    print("   round bytes/stream  threads      p50      p99  hop p50  hop p99    ratio")
    rounds = []
    for number in range(options.rounds):
        rounds.append(run_round(options.streams))
        show(str(number + 1), rounds[-1])
    show("median", Round(*map(statistics.median, zip(*map(astuple, rounds), strict=True))))


if __name__ == "__main__":
    main()
