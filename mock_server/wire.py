"""Uvicorn's HTTP protocol, made faster and more patient: see `GatheringProtocol`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.line import EXTENSION, Line

if TYPE_CHECKING:
    import asyncio

_HEAD = 8192  # bytes; a body that goes on for megabytes is not searched
_UPGRADE = re.compile(rb"(\r\n)(upgrade: *h2c\r\n)", re.IGNORECASE)


class Gathered:
    """A transport that sends what was written in one turn of the event loop at once; all else is the transport's."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Take bytes to send."""
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        """Send what is left to send, then close the connection."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._written:
            written, self._written = self._written, []
            self._transport.write(b"".join(written))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GatheringProtocol(HttpToolsProtocol):
    """What `uvicorn.Config(http=...)` takes: sends head and body of an answer with one system call instead of two."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a transport."""
        gathered = cast("asyncio.Transport", Gathered(cast("asyncio.Transport", transport), self.loop))
        self._line = Line(gathered)
        self._extensions: dict[str, dict[object, object]] = {EXTENSION: {"line": self._line}}
        super().connection_made(gathered)

    def on_message_begin(self) -> None:
        """Begin with a request, whose scope gives faults a hold of the connection."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        # Java's client asks for HTTP/2 in every plain request. The parser would leave such a request's body unread,
        # and HTTP/1.1 is a legal answer to it.
        asks = data.find(b"h2c\r\n", 0, _HEAD) >= 0
        super().data_received(_UPGRADE.sub(rb"\1x-\2", data) if asks else data)

    def shutdown(self) -> None:
        """End the connection; nobody waits for a request whose end may never come, nor for an answer held back."""
        if self.cycle is not None and (self.cycle.more_body or self._line.held):
            self.transport.close()
        else:
            super().shutdown()
