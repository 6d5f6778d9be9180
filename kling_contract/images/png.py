"""PNG files as a signature and chunks (PNG 1.2, section 3)."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def written(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a file of these chunks, kind and data each, and of the one that ends it."""
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in (*chunks, (b"IEND", b"")))


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: its length, its kind of four letters, its data and their checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
