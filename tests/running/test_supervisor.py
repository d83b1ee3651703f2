"""One command runs everything, one Ctrl-C ends it, and whatever happens nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugins.site import PROJECT, Site, free_port, running_site

PARTS = {"valkey", "sandbox", "web", "worker", "poller", "beat"}

pytestmark = pytest.mark.xdist_group("supervisor")
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


@pytest.fixture
def running() -> Iterator[Site]:
    with running_site(DEMO="0") as site:  # without its data it starts sooner
        yield site


def processes_of(site: Site) -> dict[int, str]:
    """Every living process that was started for a site.

    Its environment says so; Valkey writes its title over that, but works in the site's folder.
    """
    mark = f"BUSSTOP_DATA={site.data}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            ours = mark in (process / "environ").read_bytes().split(b"\0")
            if ours or site.data in (process / "cwd").readlink().parents:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
        except OSError:
            continue  # it ended meanwhile, or is not ours
    return found


def pid_of(site: Site, words: str) -> int:
    """The one process of a site with these words in its command; the oldest, if it has children."""
    return min(pid for pid, command in processes_of(site).items() if words in command)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@linux
def test_one_command_runs_everything_and_one_ctrl_c_ends_it(running: Site) -> None:
    running.wait_for_log("worker", "ready")
    running.wait_for_log("poller", "ready")
    assert status(running.url) == 200
    assert "with one click" not in running.output
    assert {log.stem for log in (running.data / "log").iterdir()} == PARTS | {"prepare"}

    began = time.monotonic()
    code = running.stop()

    assert code == 0
    assert time.monotonic() - began < 15
    assert running.output.endswith("Stopped.")
    assert processes_of(running) == {}


@linux
def test_kill_9_of_the_supervisor_leaves_no_orphan(running: Site) -> None:
    running.wait_for_log("worker", "ready")
    [socket_folder] = running.data.glob("busstop-*")

    running.process.kill()

    assert wait_until(lambda: not processes_of(running)), processes_of(running)
    assert wait_until(lambda: not socket_folder.exists())


@linux
def test_kill_9_of_the_supervisor_and_its_reaper_at_once(running: Site) -> None:
    running.wait_for_log("worker", "ready")
    reaper = pid_of(running, "reaper.py")

    os.kill(reaper, signal.SIGKILL)
    running.process.kill()

    # A pool process may finish the purchase that it is sending.
    assert wait_until(lambda: not processes_of(running), 40), processes_of(running)


@linux
@pytest.mark.parametrize(
    ("name", "words"),
    [("web", "uvicorn"), ("valkey", "valkey-server"), ("beat", "celery --app config --quiet beat")],
)
def test_a_dead_part_is_started_again(running: Site, name: str, words: str) -> None:
    assert wait_until(lambda: any(words in command for command in processes_of(running).values()))
    first = pid_of(running, words)

    os.kill(first, signal.SIGKILL)

    running.wait_for(rf"{name} \| was ended by SIGKILL; starting it again")
    assert wait_until(
        lambda: any(words in c for p, c in processes_of(running).items() if p != first)
    )
    assert wait_until(lambda: _answers(running.url))


def _answers(url: str) -> bool:
    try:
        return status(url) == 200
    except OSError:
        return False


def test_a_part_that_cannot_start_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    site = Site(tmp_path, free_port(), HELD_SECONDS="soon")

    assert site.process.wait(30) == 1
    site.reader.join(5)
    assert "Busstop ended:" in site.output
    assert "HELD_SECONDS: expected a whole number from 10 to 3600" in site.output


def test_a_bad_port_is_refused_by_name(tmp_path: Path) -> None:
    site = Site(tmp_path, 0)

    assert site.process.wait(30) == 1
    site.reader.join(5)
    assert site.output == "Busstop ended: PORT: expected a whole number from 1 to 65535"


def test_a_busy_port_is_named_and_another_one_chosen() -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        busy = occupant.getsockname()[1]
        with running_site(PORT=str(busy)) as site:
            assert "Sign in there as the demo user with one click." in site.output
            assert f"Port {busy} is busy" in site.output
            assert not site.url.endswith(f":{busy}")
            assert status(site.url) == 200


def test_two_runs_never_share_their_data(running: Site) -> None:
    second = Site(running.data, free_port())

    assert second.process.wait(30) == 1
    second.reader.join(5)
    assert "another one runs already on the data in" in second.output


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE_URL")), reason="data in a server survives")
def test_the_data_survive_a_restart(running: Site) -> None:
    key = (running.data / "secret-key").read_text()
    running.stop()

    again = Site(running.data, free_port(), DEMO="0")
    try:
        seconds = again.wait_for(r"started in ([\d.]+) s")
        print(f"second start: {seconds} s")
        assert status(again.url) == 200
        assert (running.data / "secret-key").read_text() == key
        log = (running.data / "log" / "prepare.log").read_text()
        assert log.count("Applying rentals.0001_initial") == 1
    finally:
        again.stop()


def test_manage_py_up_is_the_same(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=PROJECT,
        env={**os.environ, "BUSSTOP_DATA": str(tmp_path), "PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout == "Busstop ended: PORT: expected a whole number from 1 to 65535\n"
