"""Keeps secrets out of the logs."""

import logging
import re
import threading
import traceback

MASK = "[redacted]"

# The provider wants its token in the query string, so any address in a message may carry one.
_TOKEN_IN_URL = re.compile(r"(?i)((?:[?&\"'\s]|^|\\u0026|%26|%3F)token(?:=|%3D))[^&\s\"'<>)\\]+")
# Addresses that are a right to something: invitations, other passwords, confirmations, streams.
_RIGHT_IN_URL = re.compile(
    r"((?:/invitations/|/confirm-email/|/password/reset/key/|[?&]ticket=))[^/&\s\"'<>)\\]+"
)
_registered: set[str] = set()
_lock = threading.Lock()


def register(secret: str) -> None:
    """Remove `secret` from every later log line of this process. Too short ones are ignored."""
    if len(secret) >= 8:
        with _lock:
            _registered.add(secret)


def redact(text: str) -> str:
    """`text` without `token=…` values and without registered secrets."""
    text = _TOKEN_IN_URL.sub(rf"\1{MASK}", text)
    text = _RIGHT_IN_URL.sub(rf"\1{MASK}", text)
    for secret in tuple(_registered):
        text = text.replace(secret, MASK)
    return text


class RedactTokens(logging.Filter):
    """A handler's filter that rewrites the message, the traceback and the stack of each record.

    The traceback is rendered here and dropped as an object: no later handler prints the original.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} {record.args}"
        record.msg, record.args = redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        record.exc_info = None
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
