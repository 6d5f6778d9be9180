"""Answers, sent through ASGI: at once and whole, or late, in part or not at all, as a fault wants it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from mock_server.line import NoLine, ended, given_up, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from mock_server.exchange import Answer
    from mock_server.line import Line

_PRINTABLE = bytes(code if 32 <= code < 127 else ord("?") for code in range(256))


async def write(answer: Answer, scope: Scope, receive: Receive, send: Send) -> bool:
    """Let an answer meet its fate; return False if the client gave up before.

    Raises `NoLine` for an answer that is to be cut, reset or closed where nobody has a hold of the connection.
    """
    if answer.pieces is not None and scope["method"] != "HEAD" and scope.get("http_version") != "1.0":
        return await _stream(answer, answer.pieces, receive, send)
    answer = answer.whole()
    if answer.fate == "whole" and not answer.delay:
        await _write(answer, send, bare=scope["method"] == "HEAD")
        return True
    line = line_of(scope)
    if line is None and answer.fate != "whole":
        raise NoLine(answer.fate)
    if answer.delay and await _given_up(answer.delay, line, receive):
        return False
    if answer.arrives:
        await _write(answer, send, bare=scope["method"] == "HEAD")
    if line is not None and answer.fate != "whole":
        await _end(answer, line, receive)
    return True


async def _given_up(seconds: float, line: Line | None, receive: Receive) -> bool:
    if line is None:
        return await given_up(receive, seconds)
    line.held = True
    gone = await given_up(receive, seconds)
    line.held = False
    return gone


async def _end(answer: Answer, line: Line, receive: Receive) -> None:
    if answer.fate == "reset":
        line.reset()
    else:
        line.close()
    await ended(receive)


async def _stream(answer: Answer, pieces: Iterator[bytes], receive: Receive, send: Send) -> bool:
    """Send a body while it is made, with a turn for everybody else after each piece; return False to who has gone."""
    gone = asyncio.ensure_future(given_up(receive, math.inf))
    headers = [(b"content-type", answer.content_type.encode("latin-1")), *_headers(answer)]
    try:
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for piece in pieces:
            await asyncio.sleep(0)
            if gone.done():
                return False
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
    return True


async def _write(answer: Answer, send: Send, *, bare: bool) -> None:
    headers = []
    if answer.status != 204:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    headers += _headers(answer)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    cut = answer.fate == "cut"
    await send({"type": "http.response.body", "body": b"" if bare else answer.sent, "more_body": cut})


def _headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), _printable(value)) for name, value in answer.headers.items()]


def _printable(value: str) -> bytes:
    """Return a header's value with everything that a header may not hold replaced."""
    data = value.encode("ascii", "replace")
    return data if value.isprintable() else data.translate(_PRINTABLE)
