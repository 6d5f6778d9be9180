"""From a body as it was stored to the bytes that were meant: base64, and the compressions of HTTP."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import httpx
import pybase64

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 64 * 1024 * 1024  # bytes of a body once it is no longer compressed

_CHUNK = 64 * 1024
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(rb"\s*[\[{\"<]")
_IDENTITY = frozenset({"", "identity"})
_OURS = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP, _RAW = 31, -15  # what zlib calls a stream with the head of gzip, and one without any

Read = tuple[bytes | None, str | None]


class CutOff(ValueError):
    """A compressed body that ends before its end."""


def plain(stored: str | bytes, *, base64: bool) -> Read:
    """Return the bytes of a stored body, or None and what is wrong with it."""
    if not base64:
        return (stored if isinstance(stored, bytes) else stored.encode("utf-8", "surrogatepass")), None
    text = stored.decode("ascii", "replace") if isinstance(stored, bytes) else stored
    try:
        return pybase64.b64decode(_SPACE.sub("", text), validate=True), None
    except ValueError:
        return None, f"the recording has it as base64, and it is none ({len(text)} characters)"


def decoded(data: bytes, coding: str) -> Read:
    """Return the bytes without their Content-Encoding. Recorders often take it off and leave the header.

    Raises `CutOff` for what is compressed with gzip or deflate and has no end.
    """
    names = [name.strip().lower() for name in coding.split(",") if name.strip().lower() not in _IDENTITY]
    if not names or not data or _is_plain(data):
        return data, None
    try:
        found = _unpacked(data, names) if _OURS.issuperset(names) else _inflated(data, coding)
    except CutOff:
        raise CutOff(f"it is compressed with {coding} and ends too early") from None
    except (httpx.DecodingError, zlib.error):
        return None, f"it should be compressed with {coding} and is not readable as such"
    if found is None:
        return None, f"decompressed it has more than {MOST} bytes"
    if found == data:
        return None, f"it is compressed with {coding}, which cannot be read here; {_remedy(names)}"
    return found, None


def _is_plain(data: bytes) -> bool:
    if not _PLAIN.match(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unpacked(data: bytes, names: list[str]) -> bytes | None:
    """Return what was compressed with gzip and deflate, the last name first; None for more than is read."""
    for name in reversed(names):
        found = _stream(data, _wbits(data, name))
        if found is None:
            return None
        data = found
    return data


def _wbits(data: bytes, name: str) -> int:
    """Some write deflate without the head that RFC 9110 asks for; a head divides by 31."""
    if name != "deflate":
        return _GZIP
    has_head = len(data) > 1 and data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return zlib.MAX_WBITS if has_head else _RAW


def _stream(data: bytes, wbits: int) -> bytes | None:
    """Return one stream, or several of gzip after each other, decompressed."""
    found = bytearray()
    while data:
        reader = zlib.decompressobj(wbits)
        found += reader.decompress(data, MOST + 1 - len(found))
        if len(found) > MOST:
            return None
        if not reader.eof:
            raise CutOff
        data = reader.unused_data if wbits == _GZIP else b""
    return bytes(found)


def _inflated(data: bytes, coding: str) -> bytes | None:
    found = bytearray()
    if not coding.isascii():
        return data
    answer = httpx.Response(200, headers={"content-encoding": coding}, content=_chunks(data))
    for part in answer.iter_bytes():
        found += part
        if len(found) > MOST:
            return None
    return bytes(found)


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK]


def _remedy(names: list[str]) -> str:
    packages = [package for name, package in (("br", "brotli"), ("zstd", "zstandard")) if name in names]
    asked = "record with the request header Accept-Encoding: identity"
    return f"install {' and '.join(packages)}, or {asked}" if packages else asked
