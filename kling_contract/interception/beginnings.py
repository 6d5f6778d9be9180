"""Whom the beginning of what is written to a connection names.

A proxy is told a host by `CONNECT`, by a whole URL or by SOCKS, and a server at an address by the header Host. Code may
write that in pieces, so what could still become such a beginning is kept until it is whole.
"""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

LONGEST = 1 << 16  # bytes of a beginning; servers take no longer one
_LONGEST_METHOD = 32
_LONGEST_SOCKS = 600  # a greeting, and a request with a name and a user of 255 bytes
_ENDS_AUTHORITY = re.compile(rb"[/?#\\]")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,31}\Z")


class Beginning(NamedTuple):
    """`told` are hosts that a proxy is to reach, `asked` those that a server is asked as.

    `is_open` says that more bytes could name another.
    """

    told: tuple[bytes, ...] = ()
    asked: tuple[bytes, ...] = ()
    is_open: bool = False


_NOTHING = Beginning()


def read(data: bytes) -> Beginning:
    """Return whom bytes name that are the first of a message. A name that may go on is read as if it ended."""
    if data[:1] in (b"\x04", b"\x05"):
        return _socks(data)
    return _http(data.lstrip(b"\r\n"))


def _http(data: bytes) -> Beginning:
    line, newline, rest = data.partition(b"\n")
    words = line.split(None, 2)
    if not words or not _is_method(words[0]):
        return Beginning(is_open=not data)
    if len(words) == 1:
        return Beginning(is_open=not newline)
    told = tuple(_told(words[0].upper(), words[1]))
    if len(words) == 3 and not _is_version(words[2].upper()):
        return Beginning(told)
    head, ended = _head(b"\n" + rest) if newline else (b"", False)
    return Beginning(told, tuple(_asked(head)), not ended)


def _is_method(word: bytes) -> bool:
    return len(word) <= _LONGEST_METHOD and word.replace(b"-", b"").isalpha()


def _is_version(word: bytes) -> bool:
    return word.startswith(b"HTTP/") or b"HTTP/".startswith(word)


def _told(method: bytes, target: bytes) -> list[bytes]:
    if method == b"CONNECT":
        # What stands before the last colon is the host, with or without brackets around an IPv6 address.
        host, _, port = target.rpartition(b":")
        return [host if host and (not port or port.isdigit()) else target]
    scheme, whole, rest = target.partition(b"://")
    if not whole or not _SCHEME.match(scheme):
        return []
    return [_ENDS_AUTHORITY.split(rest, maxsplit=1)[0].rpartition(b"@")[2]]


def _head(lines: bytes) -> tuple[bytes, bool]:
    """Return the lines up to the empty one, and whether that is there."""
    ends = [end for empty in (b"\n\r\n", b"\n\n") if (end := lines.find(empty)) >= 0]
    return (lines[: min(ends)], True) if ends else (lines, False)


def _asked(head: bytes) -> list[bytes]:
    if b"host" not in head.lower():
        return []
    pairs = (line.partition(b":") for line in head.split(b"\n"))
    return [value.strip() for name, _, value in pairs if name.strip().lower() == b"host"]


def _socks(data: bytes) -> Beginning:
    if data[:1] == b"\x04":
        return Beginning(tuple(_socks4(data)), is_open=len(data) < _LONGEST_SOCKS)
    told = _socks5(data)
    after = data[2 + data[1] :] if len(data) > 1 else b""  # what follows a greeting with as many methods
    if not told and after[:1] not in (b"", b"\x05"):
        return _NOTHING
    return Beginning(tuple(told + _socks5(after)), is_open=len(data) < _LONGEST_SOCKS)


def _socks5(data: bytes) -> list[bytes]:
    kind = data[3:4] if data[:1] == b"\x05" else b""
    if kind == b"\x03" and len(data) > 5:
        return [data[5 : 5 + data[4]]]
    family, size = {b"\x01": (socket.AF_INET, 4), b"\x04": (socket.AF_INET6, 16)}.get(kind, (None, 0))
    whole = family is not None and len(data) >= 4 + size
    return [socket.inet_ntop(family, data[4 : 4 + size]).encode()] if whole and family is not None else []


def _socks4(data: bytes) -> list[bytes]:
    if len(data) < 8:
        return []
    if data[4:7] == bytes(3) and data[7:8] != b"\0":
        return data[8:].split(b"\0")[1:2]
    return [socket.inet_ntoa(data[4:8]).encode()]
