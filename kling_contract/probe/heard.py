"""What comes over a connection, as it comes: the status of an answer whose head cannot be read, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_BLANK = 1024  # characters between the name of a header and its value
_KEPT = 1 << 17  # bytes of the past, in which the name of a header is looked for
_LONGEST_START = 64  # bytes in which an answer says that it is HTTP

# The parser of HTTP (h11) goes over such blanks once more for each of them: 100 KB of them would take it a minute.
_BLANK = re.compile(rb":[ \t\r\n]{%d}" % LONGEST_BLANK)
_NO_NAME = re.compile(rb'[\s"]')
_STATUS = re.compile(rb"[\r\n]{0,8}HTTP/[^\s]{0,8}[ \t]{1,8}([0-9]{1,3})", re.IGNORECASE)
_END = re.compile(rb"\n\r?\n")


class Heard:
    """Listens to what one connection reads. `status` is that of the answer since `begin`; 0 where there is none yet.

    Of a success the first digit is enough, since nobody knows what the rest would have been.
    """

    def __init__(self) -> None:
        self._is_listening = False
        self.begin()

    def begin(self) -> None:
        """Forget what was heard: what follows answers another request."""
        self.status, self._is_known = 0, False
        self._start, self._past = bytearray(), bytearray()

    def listen(self, stream: Any) -> None:
        """Hear all that a stream reads from now on: httpcore's `NetworkStream`, of which no backend can be given."""
        read: Callable[..., bytes] = stream.read

        def heard(*given: Any, **named: Any) -> bytes:
            data = read(*given, **named)
            self.hear(data)
            return data

        stream.read = heard
        self._is_listening = True

    def is_of_another(self, status: int) -> bool:
        """Whether an answer of this status did not come since `begin`: it was sent ahead, behind the one before."""
        return self._is_listening and status != self.status

    def hear(self, data: bytes) -> None:
        """Take what was read. Raises `httpx.RemoteProtocolError` for blanks of which a header has too many."""
        if not self._is_known:
            self._start += data
            self._read_status()
        since = max(0, len(self._past) - LONGEST_BLANK)
        self._past += data
        if any(self._is_header(found.start()) for found in _BLANK.finditer(self._past, since)):
            raise httpx.RemoteProtocolError(f"a header has {LONGEST_BLANK} blanks before its value, or more")
        if len(self._past) > 2 * _KEPT:
            del self._past[:-_KEPT]

    def _read_status(self) -> None:
        """Take the status from the first line of an answer; what an interim one says is passed over."""
        while found := _STATUS.match(self._start):
            digits = found[1].decode()
            if digits[0] == "1" and (end := _END.search(self._start)):
                del self._start[: end.end()]
                continue
            if digits[0] != "1":
                self._is_known = len(digits) == 3
                self.status = int(digits) if self._is_known else 200 if digits[0] == "2" else 0
            return
        self._is_known = len(self._start) > _LONGEST_START

    def _is_header(self, colon: int) -> bool:
        """Whether a header's name stands before a colon, on its line; in a body that may be so too, but is not JSON."""
        name = self._past[self._past.rfind(b"\n", 0, colon) + 1 : colon]
        return _NO_NAME.search(name) is None
