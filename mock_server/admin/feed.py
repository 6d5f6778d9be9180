"""Server-sent events: what happens in a session, or in all of them, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from mock_server.line import line_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from mock_server.session import Session
    from mock_server.sessions import Sessions

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_GREETING = b"retry: 1000\n: listening\n\n"
_SILENCE = b": still here\n\n"
_PATIENCE = 15.0  # seconds between two signs of life
_MOST = 5000  # events that may wait for a slow reader; then its stream ends
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Feed:
    """One stream of events. A client that reads too slowly is sent away rather than waited for."""

    def __init__(self, sessions: Sessions, name: str | None, look_after: Callable[[Session], None]) -> None:
        self._sessions, self._name, self._look_after = sessions, name, look_after
        self._waiting: list[dict[str, Any]] = []
        self._count, self._lost = 0, False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client goes, or the server."""
        loop, stir = asyncio.get_running_loop(), asyncio.Event()

        def listener(event: dict[str, Any]) -> None:
            # Whoever tells may be another thread, that of a test that asks the core itself.
            if len(self._waiting) < _MOST:
                self._waiting.append(event)
            else:
                self._lost = True
            loop.call_soon_threadsafe(stir.set)

        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        self._sessions.listen(self._name, listener)
        if self._name is not None:
            self._look_after(self._sessions.get(self._name))
        line = line_of(scope)
        if line is not None:
            line.held = True
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: stir.set())
        try:
            await send({"type": "http.response.body", "body": _GREETING, "more_body": True})
            while not gone.done() and not self._lost:
                await self._send(send, stir)
        finally:
            self._sessions.leave(self._name, listener)
            gone.cancel()
            if line is not None:
                line.held = False
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send, stir: asyncio.Event) -> None:
        """Wait until there is something to send, or it has been quiet for long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stir.wait(), _PATIENCE)
        stir.clear()
        events, self._waiting = self._waiting, []
        body = b"".join(map(self._line, events)) or _SILENCE
        await send({"type": "http.response.body", "body": body, "more_body": True})

    def _line(self, event: dict[str, Any]) -> bytes:
        self._count += 1
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self._count, str(event["event"]).encode(), _encode(event))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
