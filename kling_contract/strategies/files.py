"""The smallest real image files of any size: grey or black all over, and whole to any reader.

A megapixel takes some 200 bytes as PNG and 4 kB as JPEG, and neither is made of its pixels.
"""

from __future__ import annotations

import functools
import struct
import zlib

from kling_contract.images.png import written

LONGEST_SIDE = 65_500  # pixels; what libjpeg takes at most

_BLOCK = 20  # zeros are compressed by 2**20 at a time, at most
_BASE = 65_521  # of Adler-32


def png(width: int, height: int, *, padding: int = 0) -> bytes:
    """Return a black PNG of one bit per pixel, with a private chunk of so many bytes if there is any."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    spare = [(b"paDd", bytes(padding))] if padding else []
    rows = _deflated((1 + (width + 7) // 8) * height)
    return written((b"IHDR", head), *spare, (b"IDAT", rows))


def _deflated(count: int) -> bytes:
    """Return so many zeros in zlib's format, put together from pieces that need nothing before them."""
    pieces = [_zeros(_BLOCK)] * (count >> _BLOCK)
    pieces += [_zeros(power) for power in range(_BLOCK) if count >> power & 1]
    adler = (count % _BASE) << 16 | 1
    return b"\x78\x9c" + b"".join(pieces) + b"\x03\x00" + struct.pack(">I", adler)


@functools.cache
def _zeros(power: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(bytes(1 << power)) + deflate.flush(zlib.Z_FULL_FLUSH)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


# The one Huffman table has two codes of two bits, and only 01 is used: "no difference to the block before". Four
# blocks are the letter U, so that a file is short to print.
_CODES = bytes([0, 2, *[0] * 14, 1, 0])
_TABLES = _segment(0xDB, bytes([0]) + bytes([1] * 64)) + _segment(0xC4, b"\x00" + _CODES)
_SCAN = _segment(0xDA, bytes([1, 1, 0, 0, 0, 0]))


def jpeg(width: int, height: int) -> bytes:
    """Return a grey progressive JPEG of one scan; a block of 8 x 8 pixels takes two bits."""
    frame = _segment(0xC2, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0))
    whole, rest = divmod(-(-width // 8) * -(-height // 8), 4)
    filled = bytes([0x55 | 0xFF >> 2 * rest]) if rest else b""
    return b"\xff\xd8" + _TABLES + frame + _SCAN + b"U" * whole + filled + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    """Return the screen of a GIF that shows nothing on it."""
    return b"GIF89a" + struct.pack("<HHBBB", min(width, 0xFFFF), min(height, 0xFFFF), 0, 0, 0) + b";"


def webp(width: int, height: int) -> bytes:
    """Return the header of an extended WebP, without a picture."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", len(body)) + body
