"""No secret reaches a log."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core import redaction
from core.redaction import RedactTokens

CANARY = "canary-5f1d9e77c2"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactTokens())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    yield logger, out
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "line",
    [
        f"GET https://sms-bus.com/api/control/get/sms?token={CANARY}&request_id=1",
        f"/get/sms?request_id=1&token={CANARY}",
        f"token={CANARY}",
        f"{{'url': 'https://x/?token={CANARY}'}}",
        f"?next=%2Fget%3Ftoken%3D{CANARY}%26a%3D1",
        f"TOKEN={CANARY}",
        f'"GET /invitations/{CANARY}/ HTTP/1.1" 500',
        f"Not Found: /accounts/password/reset/key/1-{CANARY}/",
        f"/accounts/confirm-email/{CANARY}/",
        f'"GET /live?ticket={CANARY} HTTP/1.1"',
    ],
)
def test_a_token_in_an_address_is_masked(
    log: tuple[logging.Logger, io.StringIO], line: str
) -> None:
    logger, out = log

    logger.warning(line)
    logger.warning("said %s", line)

    assert CANARY not in out.getvalue()
    assert "[redacted]" in out.getvalue()


def test_what_stands_beside_a_token_stays(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log

    logger.warning("/get/sms?token=%s&request_id=124", CANARY)

    assert out.getvalue() == "/get/sms?token=[redacted]&request_id=124\n"


def test_a_registered_secret_is_masked_wherever_it_stands(
    log: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, out = log
    monkeypatch.setattr(redaction, "_registered", set())
    redaction.register(CANARY)

    logger.warning("the header was %r", {"X-Key": CANARY})

    assert CANARY not in out.getvalue()


def test_tracebacks_and_stacks_are_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    try:
        raise OSError(f"cannot open https://x/?token={CANARY}")
    except OSError:
        logger.exception("failed", stack_info=True)

    assert "Traceback" in out.getvalue()
    assert "OSError" in out.getvalue()
    assert CANARY not in out.getvalue()


def test_a_message_that_does_not_format_is_masked_too(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, out = log

    logger.warning("%d numbers", f"token={CANARY}")

    assert CANARY not in out.getvalue()
    assert "numbers" in out.getvalue()


def test_the_sites_own_logs_are_masked() -> None:
    """Whichever logger it goes through, what a process of the site writes has no token in it."""
    line = f"GET /get/sms?token={CANARY}&request_id=1"
    names = ("", "django.request", "django.server", "uvicorn.error", "celery.worker", "rentals")
    program = (
        "import django, logging; django.setup()\n"
        f"for name in {names}: logging.getLogger(name).error({line!r})"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    run = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    assert run.stderr.count("token=[redacted]") == len(names)
    assert CANARY not in run.stdout + run.stderr
