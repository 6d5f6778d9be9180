"""A load generator: sends ready-made requests over keep-alive connections, one at a time on each, and counts answers.

`python -m benchmarks.load` takes an `Order` on standard input and writes a `Slice` to standard output, both as
MessagePack. It is a process of its own, so that its work never waits for that of the process that asks.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class Order(msgspec.Struct):
    """What to send: `requests` go round and round, as bytes with their heads, for a number of `seconds`."""

    host: str
    port: int
    requests: list[bytes]
    connections: int
    seconds: float


class Slice(msgspec.Struct):
    """What came back in that time: how many answers, how many a second, 99th percentile of their times in ms."""

    answers: int
    rate: float
    p99: float


class Unexpected(Exception):
    """A server answered with anything but HTTP 200, or hung up."""


class _Tally:
    """The times of all answers, in seconds."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.open = True
        self.failure: Unexpected | None = None

    def slice(self, seconds: float) -> Slice:
        if self.failure is not None:
            raise self.failure
        ordered = sorted(self.times)
        return Slice(len(ordered), len(ordered) / seconds, ordered[math.ceil(len(ordered) * 0.99) - 1] * 1000)


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], tally: _Tally) -> None:
        self._requests, self._tally = requests, tally
        self._received = b""
        self.idle, self._closed = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not descend from those of asyncio.
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        self.idle.clear()
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        if len(received) < _length(received):
            return
        self._received = b""
        if not received.startswith(b"HTTP/1.1 200 "):
            self._fail(received[:300].decode("latin-1"))
        elif self._tally.open:
            self._tally.times.append(time.perf_counter() - self._sent)
            self.send()
        else:
            self.idle.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._closed.set()
        self._fail("the server hung up")

    def _fail(self, why: str) -> None:
        self._tally.failure = self._tally.failure or Unexpected(why)
        self.idle.set()

    async def close(self) -> None:
        self._transport.close()
        await self._closed.wait()


def _length(received: bytes) -> float:
    """Return the bytes of the answer in front, or infinity while its head is not complete."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return math.inf
    start = received.lower().find(b"content-length:", 0, end)
    return end + 4 + int(received[start + 15 : received.find(b"\r\n", start)])


async def measure(order: Order) -> Slice:
    """Carry out an order. Raises `Unexpected` for an answer that is no 200."""
    tally, requests = _Tally(), itertools.cycle(order.requests)
    loop = asyncio.get_running_loop()
    made: list[_Connection] = []
    try:
        for _ in range(order.connections):
            _, connection = await loop.create_connection(partial(_Connection, requests, tally), order.host, order.port)
            made.append(connection)
        return await _run(made, tally, order.seconds)
    finally:
        for connection in made:
            await connection.close()


async def _run(made: list[_Connection], tally: _Tally, seconds: float) -> Slice:
    started = time.perf_counter()
    for connection in made:
        connection.send()
    await asyncio.sleep(seconds)
    # A busy machine may need longer than the slice for the first answer.
    while not tally.times and tally.failure is None:
        await asyncio.sleep(seconds)
    tally.open = False
    result = tally.slice(time.perf_counter() - started)
    # What is still on its way would be at the cost of the next slice.
    for connection in made:
        await connection.idle.wait()
    return result


def main() -> None:
    """Read the order, carry it out, write the slice."""
    try:
        import uvloop
    except ModuleNotFoundError:
        run = asyncio.run
    else:
        run = uvloop.run
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(run(measure(order))))


if __name__ == "__main__":
    main()
