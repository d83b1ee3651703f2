"""One call and its answer: how a URL is made, how an envelope is read, and what an error means.

The envelope of every answer is `{"code": int, "message": str, "data": any}`; 200 is success. Also
accepted: `code` as a text, a documented refusal under an HTTP 4xx, `data` missing where none is
needed. `wire` holds the calls themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, Literal, NoReturn, TypeVar
from urllib.parse import quote

from smsbus import errors, fields, observing
from smsbus.body import decoded, scrub

T = TypeVar("T")
Service = Literal["otp", "rent"]

KIB: Final = 1024
_CODE: Final = re.compile(r"-?[0-9]{1,9}")
_KEPT_HEADERS: Final = frozenset({"date", "retry-after"})
_MESSAGE_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, free of the token. `headers` in lower case, `elapsed` in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    elapsed: float = 0.0

    @classmethod
    def received(
        cls,
        status: int,
        headers: Mapping[str, str],
        raw: bytes,
        elapsed: float,
        *,
        token: str,
        limit: int,
    ) -> Answer | None:
        """An answer off the wire, decompressed and scrubbed; None if it exceeds `limit` bytes.

        Only the headers that are of use are kept: a redirect's Location repeats the URL.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        body = decoded(raw, lower.get("content-encoding", ""), limit)
        if body is None:
            return None
        kept = {name: scrub(lower[name], token) for name in _KEPT_HEADERS & lower.keys()}
        return cls(status, kept, scrub(body, token), elapsed)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call to the provider, complete but for the address and the token.

    `effect`: it changes something there, so a lost answer leaves the outcome unknown.
    `idempotent`: doing it twice does no more than doing it once.
    `max_body`: how many bytes an answer may have.
    `codes`: the error codes documented for this very call, the only certain refusals.
    """

    name: str
    service: Service
    parse: Callable[[Any], T] = field(repr=False)
    codes: frozenset[int] = field(repr=False)
    effect: bool = False
    idempotent: bool = True
    max_body: int = 64 * KIB
    params: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        return f"/{self.name}" if self.service == "otp" else f"/v1/{self.name}"

    def having(self, **params: str | int | bool | None) -> Call[T]:
        """The same call with these parameters; one that is None is left out."""
        return replace(
            self, params=tuple((k, _text(v)) for k, v in params.items() if v is not None)
        )

    def target(self, api_url: str, rent_url: str) -> str:
        """The URL without the token."""
        base = (api_url if self.service == "otp" else rent_url).rstrip("/")
        query = "&".join(f"{name}={_quote(value)}" for name, value in self.params)
        return f"{base}{self.path}?{query}" if query else f"{base}{self.path}"

    def url(self, api_url: str, rent_url: str, token: str) -> str:
        """The whole URL. It holds the token: for the socket only."""
        return with_token(self.target(api_url, rent_url), token)

    def read(self, answer: Answer) -> T:
        """What the answer means.

        Raises BadAnswer (RateLimited among them) or a ProviderError, never anything else.
        """
        code, message, data = self._envelope(answer)
        if code != 200:
            self._refused(code, message)
        fault = ""
        try:
            return self.parse(data)
        except fields.Malformed as error:
            fault = str(error)
        # Raised out here so that no parser's exception hangs on it as context.
        raise self.bad_answer(f"missing or mistyped: {fault}", answer.status)

    def not_sent(self, reason: str) -> errors.NotSent:
        return errors.NotSent(f"{self.name}: not sent: {reason}")

    def answer_lost(self, reason: str) -> errors.AnswerLost:
        return errors.AnswerLost(f"{self.name}: answer lost: {reason}", **self._doubt())

    def bad_answer(self, reason: str, status: int) -> errors.BadAnswer:
        observing.tell(self.name, observing.BAD_ANSWER)
        return errors.BadAnswer(f"{self.name}: {reason}", status=status, **self._doubt())

    def _doubt(self) -> dict[str, bool]:
        """The two facts where nothing certain came back."""
        return {
            "retry_safe": not self.effect or self.idempotent,
            "outcome_unknown": self.effect,
        }

    def _envelope(self, answer: Answer) -> tuple[int, str, Any]:
        if answer.status == 429:
            self._limited(answer)
        # 5xx and 3xx come from a gateway: even proper JSON says nothing about the call then.
        if answer.status != 200 and not 400 <= answer.status < 500:
            raise self.bad_answer(f"HTTP status {answer.status}", answer.status)
        envelope = _loads(answer.body)
        code = _code(envelope)
        if code is None or (answer.status != 200 and code not in self.codes):
            raise self.bad_answer(f"HTTP {answer.status}, not the envelope", answer.status)
        message = envelope.get("message")
        text = fields.clean(message)[:_MESSAGE_LENGTH] if isinstance(message, str) else ""
        return code, text, envelope.get("data")

    def _limited(self, answer: Answer) -> NoReturn:
        observing.tell(self.name, observing.RATE_LIMITED)
        error = errors.RateLimited(f"{self.name}: HTTP 429", status=429, **self._doubt())
        error.retry_after = _seconds(answer.headers)
        raise error

    def _refused(self, code: int, message: str) -> NoReturn:
        cls = errors.BY_CODE.get(code, errors.UnknownCode)
        if cls is errors.WrongToken and code not in self.codes:
            cls = errors.UnknownCode  # 400 means the token for `reuse` only; else anything at all
        if self.effect and code not in self.codes:
            raise cls(code, message, **self._doubt())
        raise cls(code, message, retry_safe=cls in (errors.NoSmsYet, errors.UnknownCode))


def with_token(target: str, token: str) -> str:
    """The target with the token as its last parameter."""
    return f"{target}{'&' if '?' in target else '?'}token={_quote(token)}"


def _quote(value: str) -> str:
    # "replace": a lone surrogate would raise an error that carries the value itself.
    return quote(value, safe="", errors="replace")


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and the infinities: not JSON, and no amount of money


_JSON: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, strict=False)


def _loads(body: bytes) -> Any:
    """The JSON in a body, or None. Numbers keep their text: a price never becomes a binary float.

    Bad UTF-8 and raw control characters inside a string are let through, mended: they are no reason
    to lose an SMS. Deep nesting and endless numbers are not JSON worth having.
    """
    try:
        return _JSON.decode(body.decode("utf-8-sig", "replace"))
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _code(envelope: Any) -> int | None:
    code = envelope.get("code") if isinstance(envelope, dict) else None
    if isinstance(code, bool) or not isinstance(code, int | str):
        return None
    return int(code) if _CODE.fullmatch(str(code)) else None


def _seconds(headers: Mapping[str, str]) -> float | None:
    """Retry-After, given in seconds or as a date, which the answer's own Date makes relative."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
