"""From a body as it was stored to the bytes that were meant: base64, and the compressions of HTTP."""

from __future__ import annotations

import re
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

Read = tuple[bytes | None, str | None]


def plain(stored: str | bytes | None, *, base64: bool) -> Read:
    """Return the bytes of a stored body, or None and what is wrong with it."""
    if stored is None:
        return None, None
    if not base64:
        return (stored if isinstance(stored, bytes) else stored.encode("utf-8", "surrogatepass")), None
    text = stored.decode("ascii", "replace") if isinstance(stored, bytes) else stored
    try:
        return pybase64.b64decode(_SPACE.sub("", text), validate=True), None
    except ValueError:
        return None, f"the recording has it as base64, and it is none ({len(text)} characters)"


def decoded(data: bytes, coding: str) -> Read:
    """Return the bytes without their Content-Encoding. Recorders often take it off and leave the header."""
    names = [name.strip().lower() for name in coding.split(",") if name.strip().lower() not in _IDENTITY]
    if not names or not data or _is_plain(data):
        return data, None
    try:
        found = _inflated(data, coding)
    except httpx.DecodingError:
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


def _inflated(data: bytes, coding: str) -> bytes | None:
    found = bytearray()
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
