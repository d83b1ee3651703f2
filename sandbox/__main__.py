"""``python -m sandbox``: the provider as a process of its own.

The first line it prints is its address.
"""

import argparse
import signal
import sqlite3
import sys
import threading
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from types import FrameType

from sandbox.calls import Shape
from sandbox.server import SELF_SIGNED, Sandbox
from sandbox.world import LONG, SMALL

DEMO_TOKEN = "sandbox-demo-token"  # opens nothing but this sandbox


def main(arguments: list[str] | None = None) -> int:
    options = _read_options(arguments)
    try:
        sandbox = Sandbox(
            options.seed,
            options.ids,
            options.demo,
            host=options.host,
            port=options.port,
            state=options.state,
            tls=options.tls,
            shape=Shape(
                string_codes=options.string_codes,
                lists=options.lists,
                prices_keyed_by=options.prices_keyed_by,
            ),
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"sandbox: {_explain(error, options)}", file=sys.stderr)
        return 1
    done = threading.Event()

    def finish(number: int, frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    with sandbox:
        for token in options.token or [DEMO_TOKEN]:
            with suppress(ValueError):  # it lives in the state file already
                sandbox.add_account(token, options.balance, waiting_limit=options.waiting_limit)
        print(f"sandbox listening on {sandbox.rent_url}", flush=True)
        if not options.quiet:
            print(f"  OTP base URL   {sandbox.api_url}")
            print(f"  rent base URL  {sandbox.rent_url}")
            print(f"  by hand        {sandbox.control_url}/", flush=True)
        done.wait()
    return 0


def _read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=0, help="0 takes a free one (%(default)s)")
    add("--seed", type=int, default=1, help="makes the catalogue (%(default)s)")
    add("--ids", choices=(SMALL, LONG), default=SMALL, help="124, or 21 digits (%(default)s)")
    add("--state", metavar="FILE", help="keep the world in this file")
    add("--demo", type=float, metavar="SECONDS", help="SMS come by themselves")
    add("--token", action="append", help=f"an account, may be repeated ({DEMO_TOKEN})")
    add("--balance", type=_dollars, default=Decimal(100), help="of new accounts (%(default)s)")
    add("--waiting-limit", type=int, default=50, help="of new accounts (%(default)s)")
    add("--tls", choices=(SELF_SIGNED,), help="speak HTTPS")
    add("--string-codes", action="store_true", help="answer codes as strings")
    add("--lists", action="store_true", help="maps as lists")
    add("--prices-keyed-by", choices=("project", "country"), default="project")
    add("--quiet", action="store_true", help="print the address only")
    return parser.parse_args(arguments)


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"not an amount: {text}") from None


def _explain(error: Exception, options: argparse.Namespace) -> str:
    if isinstance(error, sqlite3.Error):
        hint = " (is another sandbox using it?)" if "locked" in str(error) else ""
        return f"cannot use {options.state}: {error}{hint}"
    if isinstance(error, OSError):
        return f"cannot listen on {options.host}:{options.port}: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
