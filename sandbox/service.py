"""What answers a request: a call of the protocol, with its fault if one is due, or the rest."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

from sandbox.calls import Calls, Params, Shape, call_name, integer
from sandbox.codes import SUCCESS_MESSAGE
from sandbox.connection import HTML, Connection, HttpRequest
from sandbox.faults import Fault, Faults, edit, price_after, replacement
from sandbox.world import World

LOG_LENGTH = 50_000
ENDLESS_PIECE = b" " * 65_536
TRAP = "/_sandbox/trap"
GATEWAY_PAGE = """<html>
<head><title>{status} {reason}</title></head>
<body><center><h1>{status} {reason}</h1></center><hr><center>nginx</center></body>
</html>
"""


@dataclass(slots=True)
class Call:
    """One call that reached the provider, noted when it was read, whatever came of it.

    ``params`` are without the token: ``account`` is the index of its account, ``None`` for a token
    of nobody. ``code`` is the answer's code, ``None`` if the call never had its effect; ``fault``
    the fault that struck it. ``at`` is the sandbox clock in seconds since the epoch.
    """

    name: str
    path: str
    params: Params
    account: int | None
    at: float
    code: int | None = None
    fault: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Service:
    """Routes requests. ``otherwise`` gets what is not a call of the protocol.

    ``log`` keeps the newest 50,000 calls, ``counts`` the number of all calls by name.
    """

    def __init__(
        self,
        world: World,
        faults: Faults,
        shape: Shape,
        base_url: str,
        otherwise: Callable[[HttpRequest, Connection], None],
    ) -> None:
        self.log: deque[Call] = deque(maxlen=LOG_LENGTH)
        self.counts: Counter[str] = Counter()
        self._world = world
        self._faults = faults
        self._calls = Calls(world, shape, base_url)
        self._otherwise = otherwise
        self._tasks: set[asyncio.Task[None]] = set()

    def respond(self, request: HttpRequest, connection: Connection) -> None:
        name = "trap" if request.path == TRAP else call_name(request.path)
        if name is None:
            self._otherwise(request, connection)
        elif request.method != "GET":
            connection.answer(*gateway_error(405))
        else:
            params = dict(parse_qsl(request.query, keep_blank_values=True))
            call = self._note(name, request.path, params)
            fault = None if name == "trap" else self._faults.take(name)
            if name == "trap":
                connection.answer(*gateway_error(404))
            elif fault is None:
                connection.answer(_encode(self._apply(call, params)))
            else:
                call.fault = fault.kind
                self._start(self._play(fault, call, params, connection))

    async def stop(self) -> None:
        """Give up the faults that are still playing."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, name: str, path: str, params: Params) -> Call:
        shown = {key: value for key, value in params.items() if key != "token"}
        account = self._world.index_of(params.get("token"))
        call = Call(name, path, shown, account, self._world.clock.now())
        self.log.append(call)
        self.counts[name] += 1
        return call

    def _apply(self, call: Call, params: Params) -> dict[str, Any]:
        answer = self._calls.answer(call.name, params)
        call.code = int(answer["code"])
        return answer

    def _start(self, playing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(playing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(self, fault: Fault, call: Call, params: Params, connection: Connection) -> None:
        if fault.applied == "late":
            await asyncio.sleep(fault.options["seconds"])
        self._change_price(fault, params)
        answer = self._apply_with(fault, call, params) if fault.applied else None
        body = replacement(fault, answer)
        if body is None:
            shown = answer or {"code": 200, "message": SUCCESS_MESSAGE, "data": None}
            body = _encode(edit(fault, shown))
        await _send(fault, body, connection)

    def _apply_with(self, fault: Fault, call: Call, params: Params) -> dict[str, Any]:
        skewed = fault.kind == "clock_skew"
        off = self._world.clock.skewed(fault.options["seconds"]) if skewed else nullcontext()
        with self._world.lock, off:
            return self._apply(call, params)

    def _change_price(self, fault: Fault, params: Params) -> None:
        if fault.kind != "price_change":
            return
        country_id, project_id = integer(params, "country_id"), integer(params, "project_id")
        with self._world.turn():
            offer = self._world.offer(country_id, project_id)
            if offer is not None:
                cost = price_after(fault, offer.cost)
                self._world.set_price(country_id, project_id, cost=cost)


async def _send(fault: Fault, body: bytes, connection: Connection) -> None:
    """Put the answer on the wire as the fault wants it."""
    options = fault.options
    match fault.kind:
        case "hang":
            await _hang(fault, body, connection)
        case "reset":
            connection.reset()
        case "drop":
            connection.close()
        case "truncate":
            connection.begin(len(body), body=body[: len(body) // 2])
            connection.close()
        case "slow":
            await _trickle(body, options["interval"], connection)
        case "endless":
            await _pour(connection)
        case "http_error":
            connection.answer(*gateway_error(options["status"], options["retry_after"]))
        case "body":
            connection.answer(body, options["status"], headers=options["headers"])
        case "redirect":
            headers = {"Location": options["location"] or TRAP}
            connection.answer(b"", 302, HTML, headers)
        case _:
            connection.answer(body)


async def _hang(fault: Fault, body: bytes, connection: Connection) -> None:
    if fault.applied != "late":
        await asyncio.sleep(fault.options["seconds"])
    if connection.closed:
        return
    if fault.applied:
        connection.answer(body)
    else:
        connection.close()


async def _trickle(body: bytes, interval: float, connection: Connection) -> None:
    connection.begin(len(body))
    for place in range(len(body)):
        if connection.closed:
            return
        connection.write(body[place : place + 1])
        await asyncio.sleep(interval)
    connection.close()


async def _pour(connection: Connection) -> None:
    connection.begin(None, body=b'{"code":200,"message":"","data":')
    while not connection.closed:
        connection.write(ENDLESS_PIECE)
        await connection.drained()
        await asyncio.sleep(0)


def gateway_error(
    status: int, retry_after: object = None
) -> tuple[bytes, int, str, dict[str, str]]:
    """The arguments of ``Connection.answer`` for a page of HTML as a gateway sends it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    page = GATEWAY_PAGE.format(status=status, reason=responses.get(status, "Error"))
    return page.encode(), status, HTML, headers


def _encode(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()
