"""A provider that does as little as possible: every poll is answered "no SMS yet" after a latency.

``python -m bench.stub --latency 0.1`` prints its port and then, for each line it reads from its
standard input, one line of JSON about the polls since the last one: how many, the gaps between two
polls of the same number, and its own CPU seconds. It ends with its input.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import deque
from typing import cast

import uvloop

BODY = b'{"code":50101,"message":"No SMS has been received yet","data":null}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY
TICK = 0.001


class Stub:
    """What all connections share: answers on their way, and when each number was last asked for."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.answers: deque[tuple[float, asyncio.Transport]] = deque()
        self.asked: dict[bytes, float] = {}
        self.gaps: list[float] = []
        self.polls = 0
        self.since = time.monotonic()

    def poll(self, request_id: bytes, transport: asyncio.Transport) -> None:
        now = time.monotonic()
        self.polls += 1
        last = self.asked.get(request_id)
        if last is not None:
            self.gaps.append(now - last)
        self.asked[request_id] = now
        self.answers.append((now + self.latency, transport))

    async def answer(self) -> None:
        while True:
            now = time.monotonic()
            while self.answers and self.answers[0][0] <= now:
                _, transport = self.answers.popleft()
                if not transport.is_closing():
                    transport.write(ANSWER)
            await asyncio.sleep(TICK)

    def report(self) -> dict[str, float | int]:
        """The figures since the last report."""
        now = time.monotonic()
        gaps = sorted(self.gaps)
        figures: dict[str, float | int] = {
            "seconds": now - self.since,
            "polls": self.polls,
            "gap_p50": percentile(gaps, 50),
            "gap_p99": percentile(gaps, 99),
            "gaps": len(gaps),
            "numbers": len(self.asked),
            "cpu": sum(os.times()[:2]),
        }
        self.gaps, self.polls, self.since = [], 0, now
        return figures


def percentile(ordered: list[float], percent: int) -> float:
    return ordered[len(ordered) * percent // 100] if ordered else 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests may be pipelined."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *requests, self.buffer = (self.buffer + data).split(b"\r\n\r\n")
        for request in requests:
            target = request.split(b" ", 2)[1]
            _, _, rest = target.partition(b"request_id=")
            self.stub.poll(rest.partition(b"&")[0], self.transport)


async def serve(latency: float) -> None:
    stub = Stub(latency)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(stub), "127.0.0.1", 0, backlog=4096, reuse_address=True
    )
    answering = asyncio.create_task(stub.answer())
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(stub.report()), flush=True)
    answering.cancel()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.1)
    uvloop.run(serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
