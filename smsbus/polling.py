"""The transport on asyncio and aiohttp, for `get/sms` in bulk: a tenth of the CPU of the other one.

It sends reads only: a purchase needs a connection of its own, and nobody buys in bulk. What is
bounded, refused and classified is as in `transport`, but for a deadline that ends while connecting:
AnswerLost here, which for a read comes to the same.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from smsbus import observing
from smsbus.call import Answer, Call
from smsbus.causes import cause
from smsbus.errors import SmsBusError
from smsbus.transport import HEADERS, tls_context

CONNECTIONS: Final = 256
_DNS_CACHE: Final = 60
_NEVER_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
_LOST: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class AsyncTransport:
    """Many reads at once over shared connections.

        async with AsyncTransport(api_url, rent_url) as transport:
            answer = await transport.send(call, token)
            text = call.read(answer)

    `deadline` is the total of seconds for one call, the wait for a free connection included;
    `connections` is the most it opens. It belongs to the event loop it was entered in.
    """

    def __init__(
        self,
        api_url: str,
        rent_url: str,
        *,
        deadline: float = 20.0,
        connections: int = CONNECTIONS,
        ca_bundle: str | None = None,
    ) -> None:
        self._api_url = api_url
        self._rent_url = rent_url
        self._connections = connections
        self._ca_bundle = ca_bundle
        # The threshold: above it aiohttp rounds a deadline up to the next whole second.
        self._timeout = aiohttp.ClientTimeout(total=deadline, ceil_threshold=deadline + 1)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                ssl=tls_context(self._ca_bundle),
                ttl_dns_cache=_DNS_CACHE,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp sends a GET again when its connection broke, and has no public switch for that;
        # its own test client uses this one. The tests with a reset fail if it stops working.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, call: Call[Any], token: str) -> Answer:
        """The answer, without the token. Raises NotSent or AnswerLost within the deadline.

        ValueError for a call with an effect; RuntimeError outside `async with`.
        """
        if call.effect:
            raise ValueError(f"{call.name} has an effect: it goes through Client")
        if self._session is None:
            raise RuntimeError("AsyncTransport is used inside `async with`")
        failure: SmsBusError
        began = time.monotonic()
        outcome = observing.ANSWER_LOST
        try:
            answer = await self._exchange(self._session, call, token)
            if answer is not None:
                observing.tell(call.name, observing.ANSWERED, began)
                return answer
            failure = call.answer_lost("answer too large")
        except _NEVER_SENT as error:
            outcome = observing.NOT_SENT
            failure = call.not_sent(cause(error))
        except _LOST as error:
            failure = call.answer_lost(cause(error))
        observing.tell(call.name, outcome, began)
        # Raised out here so that aiohttp's exception, which holds the URL, is not its context.
        raise failure

    async def _exchange(
        self, session: aiohttp.ClientSession, call: Call[Any], token: str
    ) -> Answer | None:
        """Send, and read at most the limit; None if there is more."""
        started = time.monotonic()
        url = URL(call.url(self._api_url, self._rent_url, token), encoded=True)
        async with session.get(url, allow_redirects=False) as response:
            body = b""
            while part := await response.content.readany():
                body += part
                if len(body) > call.max_body:
                    response.close()
                    return None
            elapsed = time.monotonic() - started
            return Answer.received(
                response.status,
                response.headers,
                body,
                elapsed,
                token=token,
                limit=call.max_body,
            )
