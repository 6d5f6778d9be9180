"""Request bodies that a client has compressed (RFC 9110, 8.4), read no further than a body may be long."""

from __future__ import annotations

import zlib

from kling_contract.errors import Portable

ACCEPTED = "gzip, deflate"

_GZIP, _ZLIB, _RAW = 31, 15, -15  # how zlib is told of the frame around the data
_MOST_MEMBERS = 16  # each costs a copy of all that follow it
_NAMES = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class Undecodable(Portable, Exception):
    """A body that cannot be read: its coding is not known (`unknown`), it is broken, or too large (`large`)."""

    def __init__(self, message: str, *, unknown: bool = False, large: bool = False) -> None:
        self.unknown, self.large = unknown, large
        super().__init__(message)


def decoded(body: bytes, coding: str, most: int) -> bytes:
    """Return a body without its Content-Encoding, `most` bytes of it at most. Raises `Undecodable`.

    Several codings, one over the other, are not read.
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _NAMES:
        raise Undecodable(f"Content-Encoding {coding[:40]!r} is not read", unknown=True)
    try:
        data = _gzip(body, most) if _NAMES[name] == "gzip" else _deflate(body, most)
    except zlib.error:
        raise Undecodable(f"the body is no {name}, though Content-Encoding says so") from None
    if len(data) > most:
        raise Undecodable(f"the body is larger than {most} bytes once it is decoded", large=True)
    return data


def _gzip(body: bytes, most: int) -> bytes:
    """Return what the members of a gzip file hold, one after the other (RFC 1952, 2.2)."""
    found = b""
    for _ in range(_MOST_MEMBERS):
        if not body or len(found) > most:
            return found
        data, body = _member(body, _GZIP, most + 1 - len(found))
        found += data
    if body:
        raise Undecodable(f"the gzip body has more than {_MOST_MEMBERS} members")
    return found


def _deflate(body: bytes, most: int) -> bytes:
    """Return the data of a zlib stream, or of a bare one, which some clients send under this name."""
    is_framed = len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0
    data, rest = _member(body, _ZLIB if is_framed else _RAW, most + 1)
    if rest and len(data) <= most:
        raise Undecodable("something stands behind the end of the deflated body")
    return data


def _member(body: bytes, frame: int, most: int) -> tuple[bytes, bytes]:
    """Return at most so many bytes of what is compressed, and what stands behind its end."""
    reader = zlib.decompressobj(frame)
    data = reader.decompress(body, most)
    if not reader.eof and len(data) < most:
        raise Undecodable("the compressed body ends too early")
    return data, reader.unused_data
