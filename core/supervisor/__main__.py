"""`python -m core.supervisor`: run the whole site until Ctrl-C."""

import argparse
import fcntl
import os
import sys
import tempfile
import time
from pathlib import Path

from core.env import BadSetting, Env
from core.supervisor import stack
from core.supervisor.screen import Screen
from core.supervisor.stack import Choices
from core.supervisor.supervisor import Failed, Stopped, Supervisor
from core.valkey import NoServer, socket_url

LOCK_SECONDS = 6.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("manage.py up", description="Run the whole site.")
    parser.add_argument("--verbose", action="store_true", help="show every line of every part")
    options = parser.parse_args(arguments)
    screen = Screen(verbose=options.verbose)
    os.chdir(stack.PROJECT)
    try:
        choices = Choices.read(Env())
        lock = lock_data(choices.data)
        folder = Path(tempfile.mkdtemp(prefix="busstop-"))
        with Supervisor(screen, choices.data / "log", folder, lock) as supervisor:
            run(supervisor, choices, folder)
    except Stopped:
        screen.say("Stopped.")
        return 0
    except (BadSetting, NoServer, Failed) as error:
        screen.say(f"Busstop ended: {error}")
        return 1
    return 0


def run(supervisor: Supervisor, choices: Choices, folder: Path) -> None:
    """Start every part in its order and watch over them. Ends with Stopped or Failed."""
    began = time.monotonic()
    screen = supervisor.screen
    port = stack.free_port(choices.host, choices.port)
    if port != choices.port:
        screen.say(f"Port {choices.port} is busy, so this is port {port}.")
    shown_host = "127.0.0.1" if choices.host in ("0.0.0.0", "::") else choices.host  # noqa: S104  # nosec B104
    address = f"http://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}"
    # Celery would load every page's code only to check it, and the web does so anyway.
    env = {"BUSSTOP_DATA": str(choices.data), "CELERY_SKIP_CHECKS": "1"}
    if not Env().raw("SITE_URL"):
        env["SITE_URL"] = address
    env |= start_what_is_missing(supervisor, choices, folder)
    # Side by side, as nobody has the address yet; the workers are not needed before there is a page.
    supervisor.start(stack.web(choices.host, port, env))
    supervisor.run(stack.prepare(env))
    supervisor.wait_ready("web")
    welcome(screen, choices, address, time.monotonic() - began)
    for part in stack.workers(choices.shards, env):
        supervisor.start(part)
    supervisor.watch()


def start_what_is_missing(supervisor: Supervisor, choices: Choices, folder: Path) -> dict[str, str]:
    """Start the Valkey and the sandbox that nobody named; returns what tells the others."""
    env = {}
    if choices.own_redis:
        supervisor.start(stack.valkey(folder / "valkey.sock"))
        env["REDIS_URL"] = socket_url(folder / "valkey.sock")
    if choices.own_provider:
        supervisor.start(stack.sandbox(choices))
        provider = supervisor.wait_ready("sandbox")
        # The others know this port: a restarted sandbox takes the same.
        fixed = stack.sandbox(choices, int(provider.rpartition(":")[2]))
        supervisor.fix("sandbox", fixed)
        env["SMSBUS_API_URL"] = f"{provider}/api/control"
        env["SMSBUS_RENT_URL"] = provider
        env["DEMO"] = "1" if choices.demo else "0"
    if choices.own_redis:
        supervisor.wait_ready("valkey")
    return env


def welcome(screen: Screen, choices: Choices, address: str, seconds: float) -> None:
    screen.say()
    screen.say(f"  Busstop is at {address}  (started in {seconds:.1f} s)")
    if choices.own_provider:
        if choices.demo:
            screen.say("  Sign in there as the demo user with one click.")
        screen.say("  The provider is our sandbox: numbers and SMS are made up and cost nothing.")
    else:
        screen.say("  It buys from the provider at SMSBUS_API_URL.")
    screen.say(f"  Logs are in {choices.data / 'log'}. Ctrl-C stops everything.")
    screen.say()


def lock_data(data: Path) -> int:
    """Take the data folder for this run; returns the descriptor that holds it.

    A run that was killed holds it until its last part has ended, so it is worth a short wait.
    Raises Failed when another run keeps it.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failed(f"another one runs already on the data in {data}.") from None
            time.sleep(0.1)
        else:
            return descriptor


if __name__ == "__main__":
    sys.exit(main())
