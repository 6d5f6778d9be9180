"""An answer without its compression, though none was asked for."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODINGS = ("gzip", "x-gzip", "deflate")
_BARE = -zlib.MAX_WBITS  # deflate as some send it, without the head that RFC 9110 asks for
_EITHER = zlib.MAX_WBITS | 32  # gzip, or deflate with its head


def uncoded(answer: httpx.Response, most: int) -> Iterator[bytes]:
    """Yield an answer in pieces, of which none is larger than `most` bytes, so that no bomb goes off.

    A coding that is not known, or more than one, stays as it came. Raises `httpx.RequestError`. What a transport in
    this process made whole has no pieces.
    """
    if answer.is_stream_consumed:
        yield answer.content
    elif answer.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        yield from answer.iter_raw()
    else:
        try:
            yield from _inflated(answer.iter_raw(), most)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error


def _inflated(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Yield what is in a stream, and in each that follows it: what is in the second hides behind the first else."""
    stream, is_new, is_first = zlib.decompressobj(_EITHER), True, True
    for piece in pieces:
        rest = piece
        while rest:
            try:
                yield stream.decompress(rest, most)
            except zlib.error:
                if not is_new:
                    raise
                if not is_first:
                    yield rest  # What follows the last stream is none.
                    break
                stream = zlib.decompressobj(_BARE)
                yield stream.decompress(rest, most)
            rest, is_new, is_first = stream.unused_data, stream.eof, False
            if stream.eof:
                stream = zlib.decompressobj(_EITHER)
