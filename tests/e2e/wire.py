"""Requests written by hand to a socket, for what no client would send."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30.0  # seconds until a server that does not answer fails a test


class Reply(NamedTuple):
    """A status, the headers by lower-case name, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """A connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._left = b""

    def send(self, *lines: str, body: bytes = b"") -> None:
        """Send a head of these lines, and a body."""
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reply(self, *, bare: bool = False) -> Reply:
        """Read one answer; `bare` is one without a body, whatever its length says."""
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        assert len(headers) == len(rest), "a header twice"
        size = 0 if bare else int(headers.get("content-length", 0))
        while len(self._left) < size:
            self._more()
        body, self._left = self._left[:size], self._left[size:]
        return Reply(int(first.split()[1]), headers, body)

    def is_closed(self) -> bool:
        """Whether the server has closed the connection, having sent nothing more."""
        try:
            return not self._left and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        data = self.sock.recv(65_536)
        assert data, f"the server closed the connection after {self._left!r}"
        self._left += data


@contextlib.contextmanager
def wire(url: str) -> Iterator[Wire]:
    """Connect to the server of a URL."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=PATIENCE) as sock:
        yield Wire(sock)
