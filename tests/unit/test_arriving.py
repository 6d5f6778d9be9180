"""Heads and bodies that are too large, or do not arrive: seen by the protocol itself, in the time of the test."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from mock_server import heads
from mock_server.patience import DEFAULT, Patience
from mock_server.wire import GatheringProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE = 75
POST = b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n"


class Timer:
    def __init__(self, due: float, call: Callable[[], object]) -> None:
        self.due, self.call, self.is_over = due, call, False

    def cancel(self) -> None:
        self.is_over = True


class Timers:
    """The event loop that runs, but with the time of the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
        self.timers.append(Timer(self.now + delay, call))
        return self.timers[-1]

    @property
    def waiting(self) -> list[float]:
        return [each.due - self.now for each in self.timers if not each.is_over]

    def pass_by(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [each for each in self.timers if not each.is_over and each.due <= until]:
            first = min(due, key=lambda each: each.due)
            self.now, first.is_over = first.due, True
            first.call()
        self.now = until

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)


class Transport:
    """A connection that remembers what was done to it."""

    def __init__(self) -> None:
        self.written, self.state = b"", "open"

    def write(self, data: bytes) -> None:
        assert self.state == "open", "nothing is written after the end"
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.state = "ended"

    def close(self) -> None:
        self.state = "closed"

    def is_closing(self) -> bool:
        return self.state == "closed"

    def get_extra_info(self, name: str) -> None:
        return None

    def pause_reading(self) -> None:
        """Take nothing more for now."""

    def resume_reading(self) -> None:
        """Take what comes."""


class Connection:
    """A client of the protocol, whose application reads the whole body and answers."""

    def __init__(self) -> None:
        self.timers, self.transport = Timers(), Transport()
        self.asked: list[str] = []
        config = uvicorn.Config(
            self._app, interface="asgi3", timeout_keep_alive=IDLE, log_config=None, access_log=False
        )
        self.protocol = GatheringProtocol(config, ServerState(), {}, _loop=cast("Any", self.timers))
        self.protocol.connection_made(cast("Any", self.transport))

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        message = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
        self.asked.append(message["type"])
        if message["type"] == "http.request":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def says(self, *pieces: bytes, after: float = 0.0) -> None:
        for piece in pieces:
            self.timers.pass_by(after)
            self.protocol.data_received(piece)
            for _ in range(5):
                await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        self.timers.pass_by(seconds)
        for _ in range(5):
            await asyncio.sleep(0)

    @property
    def status(self) -> int:
        return int(self.transport.written.split()[1]) if self.transport.written else 0

    @property
    def error(self) -> dict[str, str]:
        head, _, body = self.transport.written.partition(b"\r\n\r\n")
        assert b"connection: close" in head
        return dict(json.loads(body)["error"])


def run(story: Callable[[Connection], Any]) -> None:
    async def told() -> None:
        await story(Connection())

    asyncio.run(told())


def test_a_head_that_does_not_come_ends_its_connection_in_its_own_words() -> None:
    async def story(client: Connection) -> None:
        await client.says(b"GET /a HTTP/1.1\r\nhost: a\r\n", *[b"x"] * 29, after=1)
        assert client.status == 0
        await client.passes(1.5)
        assert client.status == 408
        assert client.error["message"] == "the head of the request did not come within 30 s"
        assert client.transport.state == "ended"
        await client.passes(3)
        assert client.transport.state == "closed"
        assert client.asked == []

    run(story)


def test_a_body_that_does_not_come_ends_its_connection_and_the_application_is_told() -> None:
    async def story(client: Connection) -> None:
        await client.says(POST, b"a")
        await client.passes(DEFAULT)
        assert (client.status, client.transport.state) == (408, "ended")
        assert client.error["message"] == "the body of the request did not come within 30 s"
        assert client.asked == ["http.disconnect"]

    run(story)


def test_a_body_that_drips_is_no_better() -> None:
    async def story(client: Connection) -> None:
        await client.says(POST, *[b"a"] * 31, after=1)
        assert client.status == 408

    run(story)


def test_a_large_body_has_all_the_time_that_it_takes_while_it_goes_on_coming() -> None:
    async def story(client: Connection) -> None:
        await client.says(POST, *[b"a" * 1000] * 100, after=1)
        assert (client.status, client.transport.state) == (204, "open")
        assert client.asked == ["http.request"]

    run(story)


def test_a_request_that_comes_at_once_starts_no_timer_and_idling_is_as_it_was() -> None:
    async def story(client: Connection) -> None:
        assert client.timers.waiting == [IDLE]
        await client.says(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
        assert client.status == 204
        assert client.timers.waiting == [IDLE]
        assert len(client.timers.timers) == 2
        await client.passes(IDLE - 1)
        await client.says(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
        assert client.transport.state == "open"
        await client.passes(IDLE)
        assert client.transport.state == "closed"

    run(story)


def test_a_head_in_two_pieces_is_waited_for_and_then_no_more() -> None:
    async def story(client: Connection) -> None:
        await client.says(b"GET /a HTTP/1.1\r\n")
        assert client.timers.waiting == [DEFAULT]
        await client.says(b"host: a\r\n\r\n")
        assert client.timers.waiting == [IDLE]

    run(story)


def test_who_says_nothing_and_who_sends_line_breaks_alone_is_not_kept_for_ever() -> None:
    async def silent(client: Connection) -> None:
        await client.passes(IDLE)
        assert (client.transport.state, client.transport.written) == ("closed", b"")

    async def breaking(client: Connection) -> None:
        await client.says(*[b"\r\n"] * 31, after=1)
        assert (client.transport.state, client.transport.written) == ("closed", b"")

    run(silent)
    run(breaking)


def test_a_client_that_is_held_up_by_the_server_is_not_late() -> None:
    async def story(client: Connection) -> None:
        await client.says(POST, b"a")
        client.protocol.flow.pause_reading()
        await client.passes(10 * DEFAULT)
        assert client.status == 0
        client.protocol.flow.resume_reading()
        await client.passes(DEFAULT)
        assert client.status == 408

    run(story)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a HTTP/1.1\r\nauthorization: Bearer " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /a?key=" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + b"x: y\r\n" * 12_000 + b"\r\n",
        b"POST /a HTTP/1.1\r\ncontent-length: 2\r\n" + b"a" * 70_000 + b": y\r\n\r\n{}",
    ],
    ids=["a credential", "a query", "a path", "many headers", "a name"],
)
@pytest.mark.parametrize("piece", [1000, 1_000_000])
def test_a_head_of_more_than_64_kb_is_refused_by_name(head: bytes, piece: int) -> None:
    async def story(client: Connection) -> None:
        await client.says(*(head[at : at + piece] for at in range(0, len(head), piece)))
        assert (client.status, client.transport.state, client.asked) == (431, "ended", [])
        assert client.error["message"] == "the head of the request has more than 65536 bytes"
        await client.passes(3)
        assert client.transport.state == "closed"

    run(story)


def test_a_head_that_never_ends_is_refused_when_it_has_been_too_large() -> None:
    async def story(client: Connection) -> None:
        await client.says(b"GET /a HTTP/1.1\r\nx: ", *[b"a" * 1000] * 70)
        assert client.status == 431

    run(story)


def test_a_head_of_nearly_64_kb_and_a_large_body_behind_it_are_taken() -> None:
    async def story(client: Connection) -> None:
        head = b"POST /a HTTP/1.1\r\ncontent-length: 200000\r\nx: " + b"a" * 65_000 + b"\r\n\r\n"
        await client.says(head + b"b" * 200_000)
        assert client.status == 204

    run(story)


def test_what_follows_a_body_is_neither_kept_nor_endless() -> None:
    async def story(client: Connection) -> None:
        await client.says(b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"x: y\r\n" * 1000)
        assert len(client.protocol.headers) == 0
        await client.says(*[b"x: y\r\n" * 1000] * 20)
        assert client.status == 431
        assert client.asked == ["http.disconnect"]

    run(story)


def test_what_was_waited_for_ends_with_the_connection() -> None:
    async def story(client: Connection) -> None:
        await client.says(b"GET /a HT")
        client.protocol.connection_lost(ConnectionResetError())
        assert client.timers.waiting == []

    run(story)


def test_the_bound_of_a_head_counts_names_as_well() -> None:
    assert heads.size(5, [(b"a" * 10, b"b" * 20)]) == 51


def test_patience_with_a_body_is_its_rate_in_each_of_its_spans() -> None:
    timers, late = Timers(), []
    patience = Patience(timers, 10, lambda: late.append(timers.now))
    patience.wait(5000, head=False)
    timers.pass_by(10)
    patience.wait(4999, head=False)
    timers.pass_by(9)
    assert late == []
    timers.pass_by(1)
    assert late == [20]
