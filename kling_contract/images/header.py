"""The type and the sides of an image file, read from its first bytes; no pixel is ever decoded.

Sides are reported as stored: an EXIF orientation is not applied, as the documents record (the fact of `side` in
`x-image`), and no rule depends on which of the two is the width.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMATS = ("png", "jpeg", "gif", "webp", "bmp", "tiff", "avif/heic")

_PNG = b"\x89PNG\r\n\x1a\n"
_HEIF_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
# What a file ends with, and how many bytes that has: of a PNG's last chunk the checksum too, whatever it says.
_ENDS = {"png": (b"\0\0\0\0IEND", 12), "jpeg": (b"\xff\xd9", 2)}

# As libjpeg does, bytes between segments, fill bytes and stuffed zeros are passed over in search of a marker.
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN_OR_END = frozenset({0xD9, 0xDA})
_MOST_SEGMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a file say.

    `format` is one of `FORMATS` or "unknown". `width` and `height` are pixels as stored; both are 0 when they cannot be
    read, and always for bmp, tiff and avif/heic. `truncated` says that the file stops before its end. `problem` says in
    words why the header is not to be trusted.
    """

    format: str
    width: int
    height: int
    truncated: bool
    problem: str | None


def read_header(data: bytes) -> Header:
    """Return the type and sides of an image file. Nothing is copied or decoded, and no bytes make it raise."""
    name = _format_of(data)
    if name not in _SIDES:
        return Header(name, 0, 0, False, "not a known image type" if name == "unknown" else None)
    try:
        width, height, end = _SIDES[name](data)
    except (struct.error, EOFError):
        return Header(name, 0, 0, True, "the header is cut")
    except ValueError as error:
        return Header(name, 0, 0, False, str(error))
    mark, size = _ENDS.get(name, (b"", 0))
    at = data.rfind(mark, end)
    truncated = bool(mark) and (at < 0 or at + size > len(data))
    return Header(name, width, height, truncated, None if width and height else f"the header says {width}x{height}")


def _format_of(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(_PNG):
        return "png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "tiff"
    return "avif/heic" if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS else "unknown"


def _png(data: bytes) -> tuple[int, int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    if data[8:16] != b"\0\0\0\rIHDR":
        raise ValueError("the first chunk is not IHDR")
    return width, height, 33


def _jpeg(data: bytes) -> tuple[int, int, int]:
    """Walk over whole segments, so that the thumbnail inside an EXIF segment is never taken for the image."""
    position = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise EOFError
        marker, position = data[found.end() - 1], found.end()
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height, position
        if marker in _SCAN_OR_END:
            raise ValueError("no frame header before the image data")
        if marker not in _STANDALONE:
            position += struct.unpack_from(">H", data, position)[0]
    raise ValueError(f"no frame header in the first {_MOST_SEGMENTS} segments")


def _gif(data: bytes) -> tuple[int, int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, 10


def _webp(data: bytes) -> tuple[int, int, int]:
    """Read the three layouts of https://developers.google.com/speed/webp/docs/riff_container."""
    if data[12:16] == b"VP8X":
        low, high, lower, higher = struct.unpack_from("<HBHB", data, 24)
        return low + (high << 16) + 1, lower + (higher << 16) + 1, 30
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 25
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF, 30


# Each reader returns width, height and where the search for the end mark may start.
_SIDES: Mapping[str, Callable[[bytes], tuple[int, int, int]]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
}
