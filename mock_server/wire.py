"""Uvicorn's HTTP protocol, made faster, and patient within bounds: see `GatheringProtocol`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mock_server import heads, patience
from mock_server.line import EXTENSION, Line
from mock_server.patience import Patience

if TYPE_CHECKING:
    import asyncio

    from mock_server.exchange import Answer

_GOODBYE = 2.0  # seconds that a client has to read why it was refused
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

    def end(self) -> None:
        """Send what is left to send, and say that nothing more will come; what comes from the client is still taken."""
        self._send()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _send(self) -> None:
        if self._written:
            written, self._written = self._written, []
            self._transport.write(b"".join(written))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GatheringProtocol(HttpToolsProtocol):
    """What `uvicorn.Config(http=...)` takes: sends head and body of an answer with one system call instead of two.

    A head has a bound in bytes, and whatever is to arrive has `seconds` to do so. Whoever breaks them is told in the
    mock's own words.
    """

    def __init__(self, *given: Any, seconds: float = patience.DEFAULT, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience = Patience(self.loop, seconds, self._late, lambda: self.flow.read_paused)
        self._refused = self._begins = self._in_head = self._is_open = self._brings = False
        self._fed = self._piece = self._idle = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a transport; who then says nothing is as idle as who has been answered."""
        self._gathered = Gathered(cast("asyncio.Transport", transport), self.loop)
        gathered = cast("asyncio.Transport", self._gathered)
        self._line = Line(gathered)
        self._extensions: dict[str, dict[object, object]] = {EXTENSION: {"line": self._line}}
        super().connection_made(gathered)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """End with the transport."""
        self._patience.end()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin with a request, whose scope gives faults a hold of the connection."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._begins = self._in_head = self._is_open = True
        self._fed, self._idle = self._piece, 0

    def on_headers_complete(self) -> None:
        """Start with a request, unless its head is too large. To count it is needed only where much has come."""
        if self._fed > heads.MOST and heads.size(len(self.url), self.headers) > heads.MOST:
            self._refuse(heads.too_large())
        self._in_head = False
        if self._refused:
            return
        super().on_headers_complete()
        self.headers = _Nowhere()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._brings = True
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take note that a request is whole."""
        self._is_open = False
        if not self._refused:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests; those that come after a refusal are dropped."""
        if self._refused:
            return
        self._begins = self._brings = False
        self._piece = len(data)
        self._fed += self._piece
        # Java's client asks for HTTP/2 in every plain request. The parser would leave such a request's body unread,
        # and HTTP/1.1 is a legal answer to it.
        asks = data.find(b"h2c\r\n", 0, _HEAD) >= 0
        super().data_received(_UPGRADE.sub(rb"\1x-\2", data) if asks else data)
        self._wait()

    def _wait(self) -> None:
        """See to what has not come yet: the rest of a request, or one at all after line breaks alone."""
        if not self._is_open and self.cycle is not None and not self.cycle.response_complete:
            self._patience.end()  # the rule: a request that came whole
        elif self._refused or self.transport.is_closing():
            self._patience.end()
        elif self._is_open:
            self._idle += 0 if self._brings or self._begins else self._piece
            if self._idle > heads.MOST:
                self._refuse(heads.too_large())
            else:
                self._patience.wait(self._piece, head=self._in_head)
        else:
            self._patience.wait(self._piece, head=True)

    def _late(self) -> None:
        if self._is_open:
            self._refuse(heads.late(self._patience.seconds, head=self._in_head))
        else:
            self.transport.close()

    def _refuse(self, answer: Answer) -> None:
        """End a request that does not arrive as it may; the answer is left out where another one is on its way."""
        self._refused = True
        self._patience.end()
        cycle, between = self.cycle, self.cycle is None or self.cycle.response_complete
        if between or not (self._in_head or cycle.response_started):
            self.transport.write(_bytes(answer))
        if not between:
            cycle.disconnected = True
            cycle.message_event.set()
        # Closed with bytes of it unread, the connection would be reset, and the answer lost with it.
        self._gathered.end()
        self.loop.call_later(_GOODBYE, self.transport.close)

    def eof_received(self) -> None:
        """Take note that the client sends nothing more, which ends a connection that was refused."""
        super().eof_received()
        if self._refused:
            self.transport.close()

    def shutdown(self) -> None:
        """End the connection; nobody waits for a request whose end may never come, nor for an answer held back."""
        if self._refused or (self.cycle is not None and (self.cycle.more_body or self._line.held)):
            self.transport.close()
        else:
            super().shutdown()


class _Nowhere(list[tuple[bytes, bytes]]):
    """Where the parser puts trailers: nobody reads them, and there is no end to them."""

    def append(self, field: tuple[bytes, bytes]) -> None:
        """Forget a field."""


def _bytes(answer: Answer) -> bytes:
    """Return an answer as it is sent where no application has been asked for one."""
    lines = [f"content-type: {answer.content_type}", f"content-length: {len(answer.body)}", "connection: close"]
    return STATUS_LINE[answer.status] + "\r\n".join([*lines, "", ""]).encode("ascii") + answer.body
