"""How much a poll costs: the naive design and ours, side by side against the same stub.

Naive is one Celery task for each poll (``bench/naive.py``); ours is the real task
``rentals.tasks.poll_shard``. Each runs in a real Celery worker on a real Valkey, ours with the
database of ``DATABASE_URL`` or an SQLite file of its own. The stub answers each poll after 100 ms
that no SMS came. Measured are, for the worker and its children, polls for each CPU second; Redis
commands for each poll; and, at the stub, the gaps between two polls of the same number.

    script/bench poll            three interleaved rounds, the median of each figure
    python -m bench.poll --quick   one short round

A round is void when the stub's own ceiling is under three times the result. The exit code is 1
when a goal is missed: 60 times the naive polls for each CPU second, and a p99 gap within 1.1 of
the interval.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis

GOAL_RATIO = 60
GOAL_GAP = 1.1
ACCOUNTS = 50
# Age of the numbers → the interval that our poller keeps to at that age, for at least 80 seconds.
AGES = {2: 0, 4: 100, 8: 300}
TOKEN = "0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Result:
    """One run of one design. The gaps are infinite where no number was asked twice."""

    polls_per_second: float
    polls_per_cpu_second: float
    redis_per_poll: float
    gap_p50: float
    gap_p99: float


class StubProcess:
    """The stub in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.stub", "--latency", "0.1"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._line())

    def report(self) -> dict[str, float]:
        """What happened since the last report."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self._line())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()


async def flood(port: int, seconds: float, connections: int = 100, depth: int = 50) -> int:
    """Ask the stub as fast as it answers; how many answers came."""
    answers = 0
    request = f"GET /api/control/get/sms?request_id=flood&token={TOKEN} HTTP/1.1\r\n\r\n".encode()

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport
            transport.write(request * depth)

        def data_received(self, data: bytes) -> None:
            nonlocal answers
            count = data.count(b"HTTP/1.1 200")
            answers += count
            self.transport.write(request * count)

    loop = asyncio.get_running_loop()
    clients = [await loop.create_connection(Client, "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(1)
    before = answers
    await asyncio.sleep(seconds)
    counted = answers - before
    for transport, _ in clients:
        transport.abort()
    return int(counted / seconds)


class Worker:
    """A Celery worker with its children, in a process group of its own."""

    def __init__(self, log: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "celery", *arguments]
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )

    def cpu_seconds(self) -> float:
        """CPU seconds that the worker and its children have used."""
        parent = psutil.Process(self.process.pid)
        total = 0.0
        for process in [parent, *parent.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Bench:
    """The parts that both designs run on."""

    folder: Path
    stub: StubProcess
    redis: redis.Redis
    numbers: int
    interval: int
    warm_up: float
    window: float

    def naive(self) -> Result:
        """One task for each number, which polls and retries itself."""
        from bench.naive import poll

        self.redis.flushall()
        for order, pk in enumerate(make_numbers(self.numbers, age=AGES[self.interval])):
            # As it is once they run: each waits for its time in the worker.
            poll.apply_async((pk,), countdown=self.interval * order / self.numbers)
        worker = Worker(self.folder / "naive.log", "-A", "bench.naive", "worker", "-l", "INFO")
        return self._measure(worker)

    def ours(self) -> Result:
        """The real poller, started by the real watchdog."""
        from config.celery import app
        from rentals import poller
        from rentals.models import PollShard

        app.set_current()  # the naive design has an application of its own
        self.redis.flushall()
        PollShard.objects.all().delete()
        make_numbers(self.numbers, age=AGES[self.interval])
        arguments = ("-A", "config", "worker", "-Q", "poll", "-c", "1", "-l", "INFO")
        worker = Worker(self.folder / "ours.log", *arguments)
        return self._measure(worker, beat=poller.watch)

    def _measure(self, worker: Worker, beat: Callable[[], object] = lambda: None) -> Result:
        try:
            wait_for_polls(self.stub, worker, beat)
            pass_time(self.warm_up, beat)
            self.stub.report()
            cpu, commands = worker.cpu_seconds(), redis_commands(self.redis)
            pass_time(self.window, beat)
            report = self.stub.report()
            cpu = worker.cpu_seconds() - cpu
            commands = redis_commands(self.redis) - commands - 1  # the look itself
        finally:
            worker.stop()
        polls = max(report["polls"], 1)
        return Result(
            polls_per_second=report["polls"] / report["seconds"],
            polls_per_cpu_second=report["polls"] / cpu,
            redis_per_poll=commands / polls,
            gap_p50=report["gap_p50"] if report["gaps"] else math.inf,
            gap_p99=report["gap_p99"] if report["gaps"] else math.inf,
        )


def wait_for_polls(stub: StubProcess, worker: Worker, beat: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not stub.report()["polls"]:
        beat()
        if time.monotonic() > deadline:
            raise SystemExit(f"the worker does not poll:\n{worker.log.read_text()}")
        time.sleep(0.2)


def pass_time(seconds: float, beat: Callable[[], object]) -> None:
    """Wait, with the clock that a running site has."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        beat()
        time.sleep(min(2.0, left))


def redis_commands(client: redis.Redis) -> int:
    return sum(row["calls"] for row in client.info("commandstats").values())


def make_numbers(count: int, *, age: float) -> list[int]:
    """Make ``count`` waiting numbers of ``ACCOUNTS`` accounts, all ``age`` old; returns their ids."""
    import uuid
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Team, User
    from catalog.models import Country, Service
    from rentals.models import Activation, Purchase

    Activation.objects.update(watched=False, state="expired")
    bought = timezone.now() - timedelta(seconds=age)
    run = uuid.uuid4().hex[:8]
    team = Team.objects.create(name="Bench")
    buyer = User.objects.create(email=f"{run}@example.org")
    country = Country.objects.create(provider_id=run, title="Bench")
    service = Service.objects.create(provider_id=run, title="Bench")
    accounts = make_accounts(team)
    common = {"team": team, "country": country, "service": service}
    purchases = Purchase.objects.bulk_create(
        Purchase(
            **common,
            account=accounts[number % ACCOUNTS],
            buyer=buyer,
            quoted="0.14",
            client_key=uuid.uuid4(),
            state=Purchase.State.BOUGHT,
        )
        for number in range(count)
    )
    numbers = Activation.objects.bulk_create(
        Activation(
            **common,
            account=purchase.account,
            purchase=purchase,
            request_id=f"{run}{number}",
            number=f"1555{number:07d}",
            poll_slot=purchase.account.poll_slot,
            created=bought,
            expires_at=bought + timedelta(minutes=20),
        )
        for number, purchase in enumerate(purchases)
    )
    return [number.pk for number in numbers]


def make_accounts(team: Any) -> list[Any]:
    """Make ``ACCOUNTS`` provider accounts with a token each."""
    from accounts.models import ProviderAccount

    accounts = [ProviderAccount(team=team, name=str(number)) for number in range(ACCOUNTS)]
    for number, account in enumerate(accounts):
        account.set_token(f"{number:032x}")
    return ProviderAccount.objects.bulk_create(accounts)


@contextlib.contextmanager
def prepared(options: argparse.Namespace) -> Iterator[Bench]:
    """Start the stub and Valkey, point the settings at them, make the database."""
    folder = Path(tempfile.mkdtemp(prefix="busstop-bench-", dir="/tmp"))
    stub = StubProcess()
    socket = folder / "valkey.sock"
    url = f"http://127.0.0.1:{stub.port}"
    os.environ |= {
        "BUSSTOP_DATA": str(folder),
        "REDIS_URL": f"unix://{socket}",
        "SMSBUS_API_URL": f"{url}/api/control",
        "SMSBUS_RENT_URL": url,
        "POLL_RATE_PER_ACCOUNT": "10000",
        "NAIVE_BROKER": f"redis+socket://{socket}",
        "NAIVE_INTERVAL": str(options.interval),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    from core.valkey import server_command

    valkey = subprocess.Popen(server_command(socket), stdout=subprocess.DEVNULL)
    try:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        client = redis.Redis(unix_socket_path=str(socket))
        yield Bench(
            folder,
            stub,
            client,
            options.numbers,
            options.interval,
            warm_up=4 if options.quick else 8,
            window=10 if options.quick else 25,
        )
    finally:
        stub.stop()
        valkey.kill()
        valkey.wait()
        shutil.rmtree(folder, ignore_errors=True)


def show(name: str, result: Result) -> None:
    print(
        f"{name:8} {result.polls_per_second:9,.0f} {result.polls_per_cpu_second:12,.0f} "
        f"{result.redis_per_poll:12.3f} {shown(result.gap_p50)} {shown(result.gap_p99)}",
        flush=True,
    )


def shown(gap: float) -> str:
    return "     none" if gap == math.inf else f"{gap:9.2f}"


def median(results: list[Result]) -> Result:
    """The median of each figure by itself."""
    names = Result.__dataclass_fields__
    return Result(**{name: statistics.median(getattr(r, name) for r in results) for name in names})


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--numbers", type=int, default=5000, help="open numbers (5000)")
    parser.add_argument("--interval", type=int, default=2, choices=sorted(AGES), help="seconds (2)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round")
    options = parser.parse_args()
    naive: list[Result] = []
    ours: list[Result] = []
    with prepared(options) as bench:
        ceiling = asyncio.run(flood(bench.stub.port, 3))
        print(f"{options.numbers} open numbers, one poll every {options.interval} s")
        print(f"the stub's ceiling: {ceiling:,} polls/s")
        print("design     polls/s  polls/CPU-s  Redis/poll  gap p50  gap p99")
        for _ in range(1 if options.quick else options.rounds):
            naive.append(bench.naive())
            show("naive", naive[-1])
            ours.append(bench.ours())
            show("ours", ours[-1])
    return verdict(median(naive), median(ours), ceiling, options.interval)


def verdict(naive: Result, ours: Result, ceiling: int, interval: int) -> int:
    """Print the ratios; the exit code."""
    ratio = ours.polls_per_cpu_second / naive.polls_per_cpu_second
    gap = ours.gap_p99 / interval
    print("median of the rounds:")
    show("naive", naive)
    show("ours", ours)
    print(f"polls for each CPU second, ours ÷ naive: {ratio:.0f} (goal {GOAL_RATIO})")
    print(f"gap p99 ÷ interval: {gap:.3f} (goal {GOAL_GAP})")
    if ceiling < 3 * ours.polls_per_second:
        print("void: the stub's ceiling is under three times the result")
        return 1
    return 0 if ratio >= GOAL_RATIO and gap <= GOAL_GAP else 1


if __name__ == "__main__":
    raise SystemExit(main())
