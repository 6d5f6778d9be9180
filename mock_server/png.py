"""PNG files without a drawing library: a rectangle in two flat colours, and text in any PNG."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from kling_contract.images.png import SIGNATURE, chunk, written
from mock_server.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Colour = tuple[int, int, int]

HEADER_END = len(SIGNATURE) + 25  # a PNG's first chunk, IHDR, always has 25 bytes


def labelled(data: bytes, label: Mapping[str, str]) -> File:
    """Return the PNG with a line of text in it for each entry of `label`."""
    texts = b"".join(_text_chunk(key, value) for key, value in label.items())
    return File("image/png", data[:HEADER_END] + texts + data[HEADER_END:], ".png")


def plain(size: tuple[int, int], inner: tuple[int, int, int, int], tint: Colour, label: Mapping[str, str]) -> File:
    """Return a PNG of two colours, one bit a pixel, packed row by row: 200 megapixels take 45 kB and little memory."""
    dark = bytes(part * 2 // 5 for part in tint)
    packer, packed = zlib.compressobj(6), bytearray()
    for row in _plain_rows(size, inner):
        packed += packer.compress(row)
    packed += packer.flush()
    header = struct.pack(">IIBBBBB", *size, 1, 3, 0, 0, 0)
    return labelled(written((b"IHDR", header), (b"PLTE", dark + bytes(tint)), (b"IDAT", bytes(packed))), label)


def _plain_rows(size: tuple[int, int], inner: tuple[int, int, int, int]) -> Iterator[bytes]:
    """Yield each row with its filter byte: bit 1 inside the rectangle `inner` (left, top, right, bottom), else 0."""
    (width, height), (left, top, right, bottom) = size, inner
    length = (width + 7) // 8
    outside = bytes(1 + length)
    bits = ((1 << (right - left)) - 1) << (length * 8 - right)
    across = b"\0" + bits.to_bytes(length, "big")
    for y in range(height):
        yield across if top <= y < bottom else outside


def _text_chunk(key: str, value: str) -> bytes:
    """Return one line of PNG text: tEXt where Latin-1 has every character of it, else iTXt (PNG 1.2, 4.2.3)."""
    keyword, value = key.encode("latin-1")[:79] + b"\0", value.replace("\0", "")
    try:
        return chunk(b"tEXt", keyword + value.encode("latin-1"))
    except UnicodeEncodeError:
        return chunk(b"iTXt", keyword + b"\0\0\0\0" + value.encode())
