"""Whom the beginning of what is written to a connection names.

A proxy is told a host by `CONNECT`, by a whole URL or by SOCKS, and a server at an address by the header Host. Code may
write that in pieces, so what could still become such a beginning is kept until it is whole.
"""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

LONGEST = 1 << 16  # bytes of a beginning; servers take no longer one
_LONGEST_SOCKS = 600  # a greeting, and a request with a name and a user of 255 bytes
_KINDS = (b"\x01", b"\x03", b"\x04")  # of a host in a request of SOCKS 5: an IPv4 address, a name, an IPv6 address
# A line as far as it has come: a method, what is asked for, a version. No part can take what is another's.
_LINE = re.compile(
    rb"[\r\n]*+([A-Za-z-]{1,32}+|\Z)(?![^ \t\r\n])"
    rb"(?:[ \t]++([^ \t\r\n]*+)(?:[ \t]++([^ \t\r\n]*+)[ \t]*+)?)?"
)
_WHOLE_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,31}://([^/?#\\]*)")
_HOST = re.compile(rb"\n[ \t]*host[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


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
    return _http(data)


def _http(data: bytes) -> Beginning:
    found = _LINE.match(data)
    if found is None:
        return _NOTHING
    method, target, version = found.groups(b"")
    told = _told(method.upper(), target)
    rest = data[found.end() :]
    if not rest.startswith((b"\r", b"\n")):
        # The line has not ended, or is none; what looks like a line of a request without its version is only looked at.
        return Beginning(told, is_open=not rest and b"HTTP/".startswith(version[:5].upper()))
    if version[:5].upper() != b"HTTP/":
        return Beginning(told)
    ends = [end for empty in (b"\n\r\n", b"\n\n") if (end := rest.find(empty)) >= 0]
    asked = _HOST.findall(rest, 0, min(ends, default=len(rest)))
    return Beginning(told, tuple(asked), not ends)


def _told(method: bytes, target: bytes) -> tuple[bytes, ...]:
    if method == b"CONNECT":
        # What stands before the last colon is the host, with or without brackets around an IPv6 address.
        host, _, port = target.rpartition(b":")
        return (host if host and (not port or port.isdigit()) else target,)
    found = _WHOLE_URL.match(target)
    return (found[1].rpartition(b"@")[2],) if found else ()


def _socks(data: bytes) -> Beginning:
    if data[:1] == b"\x04":
        return Beginning(tuple(_socks4(data)), is_open=len(data) < _LONGEST_SOCKS)
    after = data[2 + data[1] :] if len(data) > 1 else b""  # what follows a greeting with as many methods
    if after[:1] not in (b"", b"\x05") and data[3:4] not in _KINDS:
        return _NOTHING
    return Beginning(tuple(_socks5(data) + _socks5(after)), is_open=len(data) < _LONGEST_SOCKS)


def _socks5(data: bytes) -> list[bytes]:
    kind = data[3:4] if data[:1] == b"\x05" else b""
    if kind == b"\x03" and len(data) > 5:
        return [data[5 : 5 + data[4]]]
    if kind == b"\x01" and len(data) >= 8:
        return [socket.inet_ntoa(data[4:8]).encode()]
    if kind == b"\x04" and len(data) >= 20:
        return [socket.inet_ntop(socket.AF_INET6, data[4:20]).encode()]
    return []


def _socks4(data: bytes) -> list[bytes]:
    if len(data) < 8:
        return []
    if data[4:7] == bytes(3) and data[7:8] != b"\0":
        return data[8:].split(b"\0")[1:2]
    return [socket.inet_ntoa(data[4:8]).encode()]
