"""Everything that can go wrong, as one tree. Catch classes, never compare codes.

    SmsBusError                  retry_safe, outcome_unknown
     ├── NotSent                 nothing reached the provider: DNS, refused, TLS, connect timeout
     ├── AnswerLost              a byte may have left, no answer came: timeout, reset, too large
     ├── BadAnswer               not the documented envelope: HTML, redirect, malformed; `status`
     │    └── RateLimited        HTTP 429; `retry_after` in seconds, or None
     └── ProviderError           the provider said no: `code`, `message`
          ├── WrongToken             400 (reuse), 401 (every other call), never the other way round
          ├── LeaseNotFound          404
          ├── NoServiceInCountry     50001
          ├── NoNumbers              50002
          ├── NotEnoughToLease       50004
          ├── OrderClosed            50005
          ├── NumberDoesNotExist     50007
          ├── NoSmsYet               50101
          ├── RequestReleased        50102
          ├── RequestClosed          50103
          ├── TooManyWaiting         50104
          ├── CannotBeReused         50107, 50108
          ├── NumberExpired          50109
          ├── BalanceTooLow          50201
          ├── AccountNotActivated    50208
          ├── ServiceBlocked         50214; `until`, if the message names it
          ├── NoSuchArea             50401
          ├── LeaseTooShort          50402
          ├── SmsReceived            50403
          ├── LeaseReleased          50404
          ├── CancelledTooOften      50405
          └── UnknownCode            any other code

Two facts travel with each error, so that nobody has to reason about them twice:

`retry_safe`       the same call may be sent again on its own: it can cost nothing, and may help.
`outcome_unknown`  the call has an effect, and the provider may have acted: money may have moved.

No error holds the token or a URL: not in its text, arguments or attributes, not in its cause or its
context. All of them survive pickling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final


class SmsBusError(Exception):
    """The root of the tree; `wire.Call` sets the two facts."""

    def __init__(
        self, *args: object, retry_safe: bool = False, outcome_unknown: bool = False
    ) -> None:
        super().__init__(*args)
        self.retry_safe = retry_safe
        self.outcome_unknown = outcome_unknown


class NotSent(SmsBusError):
    """Nothing reached the provider, so nothing happened there; any call may be sent again."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args, retry_safe=True)


class AnswerLost(SmsBusError):
    """The first byte may have left, and no complete answer came back in time and in size."""


class BadAnswer(SmsBusError):
    """An answer came that is not the documented envelope; `status` is its HTTP status."""

    def __init__(
        self,
        *args: object,
        status: int = 0,
        retry_safe: bool = False,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(*args, retry_safe=retry_safe, outcome_unknown=outcome_unknown)
        self.status = status


class RateLimited(BadAnswer):
    """HTTP 429. `retry_after` is the number of seconds the provider asked for, if it did."""

    retry_after: float | None = None


class ProviderError(SmsBusError):
    """The provider answered with a code other than 200."""

    def __init__(
        self,
        code: int,
        message: str = "",
        *,
        retry_safe: bool = False,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(code, message, retry_safe=retry_safe, outcome_unknown=outcome_unknown)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else str(self.code)


class WrongToken(ProviderError):
    """The token is not, or no longer, valid."""


class LeaseNotFound(ProviderError):
    """The account leases no such number."""


class NoServiceInCountry(ProviderError):
    """The country offers nothing, or not this service."""


class NoNumbers(ProviderError):
    """No number is left for this service in this country."""


class NotEnoughToLease(ProviderError):
    """No number is left to lease in this area."""


class OrderClosed(ProviderError):
    """The lease order is closed already."""


class NumberDoesNotExist(ProviderError):
    """The number to use again is not known to the provider."""


class NoSmsYet(ProviderError):
    """Nothing has arrived so far: while polling, the ordinary answer."""


class RequestReleased(ProviderError):
    """The request was released or timed out; no SMS will come."""


class RequestClosed(ProviderError):
    """The request to cancel is closed already; an SMS may have closed it, so look once more."""


class TooManyWaiting(ProviderError):
    """The account has too many open requests."""


class CannotBeReused(ProviderError):
    """This number cannot be used again (two codes, one meaning)."""


class NumberExpired(ProviderError):
    """The time in which this number could be used again is over."""


class BalanceTooLow(ProviderError):
    """The account cannot pay for this."""


class AccountNotActivated(ProviderError):
    """The activation link in the mailbox was not followed yet."""


class ServiceBlocked(ProviderError):
    """The account is blocked from this service for 24 hours."""

    @property
    def until(self) -> datetime | None:
        """When the block ends, in UTC, if the message names it in a form like 2026-02-06 12:30:25.

        A time without a zone is read as UTC, as all of the provider's documented times are.
        """
        return _time_in(self.message)


class NoSuchArea(ProviderError):
    """There is no such lease area."""


class LeaseTooShort(ProviderError):
    """Fewer months than the area's minimum."""


class SmsReceived(ProviderError):
    """The lease has received an SMS, so it cannot be cancelled."""


class LeaseReleased(ProviderError):
    """The leased number was released, so it cannot be renewed."""


class CancelledTooOften(ProviderError):
    """This number was leased and cancelled three times already."""


class UnknownCode(ProviderError):
    """A code that is not documented for any call. It never counts as "no SMS"."""


BY_CODE: Final[Mapping[int, type[ProviderError]]] = MappingProxyType(
    {
        400: WrongToken,
        401: WrongToken,
        404: LeaseNotFound,
        50001: NoServiceInCountry,
        50002: NoNumbers,
        50004: NotEnoughToLease,
        50005: OrderClosed,
        50007: NumberDoesNotExist,
        50101: NoSmsYet,
        50102: RequestReleased,
        50103: RequestClosed,
        50104: TooManyWaiting,
        50107: CannotBeReused,
        50108: CannotBeReused,
        50109: NumberExpired,
        50201: BalanceTooLow,
        50208: AccountNotActivated,
        50214: ServiceBlocked,
        50401: NoSuchArea,
        50402: LeaseTooShort,
        50403: SmsReceived,
        50404: LeaseReleased,
        50405: CancelledTooOften,
    }
)
"""The one place where a provider's code becomes a class."""

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]+)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def _time_in(message: str) -> datetime | None:
    found = _TIME.search(message)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found.group())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
