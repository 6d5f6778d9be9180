"""The HTTP of a result: whole or in ranges, or why there is none; nothing about it hinders a web page."""

from __future__ import annotations

from contextlib import closing, suppress
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, BinaryIO

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool

from mock_server.exchange import Answer
from mock_server.files import Unwanted
from mock_server.ranges import Unsatisfiable, spans
from mock_server.results import Expired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from kling_contract.clock import Clock
    from mock_server.exchange import Exchange
    from mock_server.ranges import Span
    from mock_server.results import Results
    from mock_server.shelf import Shelved

_CHUNK = 256 * 1024  # bytes
_METHODS = "GET, HEAD, OPTIONS"
# What lets <img crossorigin>, <video>, fetch, a canvas and an isolated page use a file of another origin.
_OPEN = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "accept-ranges, content-length, content-range, etag, last-modified, x-kling-mock-notes"
    ),
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
}
_PREFLIGHT = {
    "allow": _METHODS,
    "access-control-allow-methods": _METHODS,
    "access-control-allow-headers": "*, authorization, range",
    "access-control-max-age": "86400",
}


class Reply(msgspec.Struct):
    """An answer. Its body is made of `parts`: bytes, and spans of a `file`, which whoever has the reply closes."""

    status: int
    headers: dict[str, str]
    parts: Sequence[bytes | Span] = []
    file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in self.parts)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body piece by piece."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            elif self.file is not None:
                yield from _read(self.file, part)

    def close(self) -> None:
        """Close the file."""
        if self.file is not None:
            self.file.close()


class Serving:
    """Answers requests for results, by ASGI (`ready`, `send`) or without a socket (`answer`)."""

    def __init__(self, results: Results, wall: Clock) -> None:
        self._results, self._wall = results, wall

    async def ready(self, exchange: Exchange) -> Reply:
        """Return the answer to a request, which may take as long as a clip takes to be drawn."""
        return await run_in_threadpool(self.reply, exchange.method, _name(exchange), exchange.headers)

    async def send(self, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
        """Send an answer, and close it; a client that gives up is no error."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                # By this error a server may say that the client has gone.
                with suppress(OSError):
                    await _send(reply, send, bare=scope["method"] == "HEAD")
                group.cancel_scope.cancel()
        finally:
            reply.close()

    def answer(self, exchange: Exchange) -> Answer:
        """Answer a request without a socket, the whole body in memory."""
        with closing(self.reply(exchange.method, _name(exchange), exchange.headers)) as reply:
            headers, body = dict(reply.headers), b"".join(reply.chunks())
        return Answer(reply.status, body, headers.pop("content-type", "application/octet-stream"), headers)

    def reply(self, method: str, name: str, headers: Mapping[str, str]) -> Reply:
        """Return the answer to a request; header names are lower case. To HEAD it is that to GET, and has a body."""
        if method == "OPTIONS":
            return Reply(204, {**_OPEN, **_PREFLIGHT})
        if method not in ("GET", "HEAD"):
            return _in_words(405, f"a result takes {_METHODS}", {"allow": _METHODS})
        try:
            found = self._opened(name)
        except Expired as expired:
            return _in_words(expired.status, str(expired))
        except Unwanted:
            return _in_words(503, "the server is about to stop")
        if found is None:
            return _in_words(404, "no such result")
        result, file = found
        reply = self._answer(result, headers if method == "GET" else _without_range(headers))
        reply.file = file
        return reply

    def _opened(self, name: str) -> tuple[Shelved, BinaryIO] | None:
        while True:
            found = self._results.file(name)
            try:
                return None if found is None else (found, found.open())
            except FileNotFoundError:
                # It gave way to another one just now.
                continue

    def _answer(self, result: Shelved, headers: Mapping[str, str]) -> Reply:
        own = self._headers(result)
        if _is_known(own, headers):
            return Reply(304, own)
        own["content-type"] = result.content_type
        asked = headers.get("range") if _may_be_part(own, headers.get("if-range")) else None
        try:
            chosen = None if asked is None else spans(asked, result.size)
        except Unsatisfiable:
            return _in_words(416, f"the result has {result.size} bytes", {"content-range": f"bytes */{result.size}"})
        if chosen is None:
            return Reply(200, own, [(0, result.size)])
        return _partial(result, own, chosen)

    def _headers(self, result: Shelved) -> dict[str, str]:
        # A URL's file may expire as soon as somebody moves the clock, and be another after a reset, so it is asked
        # about each time; a 304 costs little.
        headers = {**_OPEN, "accept-ranges": "bytes", "cache-control": "no-cache", "etag": result.etag}
        # A time still to come on the wall clock would be no validator.
        if result.ended <= self._wall.now() * 1000:
            headers["last-modified"] = formatdate(result.ended // 1000, usegmt=True)
        if result.notes:
            headers["x-kling-mock-notes"] = result.notes
        return headers


def _name(exchange: Exchange) -> str:
    return exchange.path.rpartition("/")[2]


def _in_words(status: int, text: str, more: Mapping[str, str] | None = None) -> Reply:
    headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
    return Reply(status, {**_OPEN, **headers, **(more or {})}, [f"{text}\n".encode()])


def _without_range(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a HEAD request, for which ranges are not defined (RFC 9110, 14.2)."""
    return {name: value for name, value in headers.items() if name != "range"}


def _is_known(own: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether the client has the file already (RFC 9110, 13.2.2)."""
    tags = asked.get("if-none-match")
    if tags is not None:
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        return "*" in known or own["etag"] in known
    since, modified = _seconds(asked.get("if-modified-since")), _seconds(own.get("last-modified"))
    return since is not None and modified is not None and modified <= since


def _may_be_part(own: Mapping[str, str], condition: str | None) -> bool:
    """Whether `If-Range` lets a part be sent: it names this very file, or is absent."""
    return condition is None or condition.strip() in (own["etag"], own.get("last-modified"))


def _seconds(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None


def _partial(result: Shelved, own: dict[str, str], chosen: Sequence[Span]) -> Reply:
    lines = [f"bytes {first}-{end - 1}/{result.size}" for first, end in chosen]
    if len(chosen) == 1:
        return Reply(206, {**own, "content-range": lines[0]}, chosen)
    # A digest of the file that stands in the file would be a wonder.
    boundary = result.etag.strip('"')
    parts: list[bytes | Span] = []
    for line, span in zip(lines, chosen, strict=True):
        head = f"--{boundary}\r\nContent-Type: {result.content_type}\r\nContent-Range: {line}\r\n\r\n"
        parts += [head.encode(), span, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return Reply(206, {**own, "content-type": f"multipart/byteranges; boundary={boundary}"}, parts)


def _read(file: BinaryIO, span: Span) -> Iterator[bytes]:
    at, end = span
    file.seek(at)
    while at < end:
        data = file.read(min(_CHUNK, end - at))
        if not data:
            raise EOFError("a result file has been cut")
        at += len(data)
        yield data


async def _send(reply: Reply, send: Send, *, bare: bool) -> None:
    headers = dict(reply.headers)
    if reply.status not in (204, 304):
        headers["content-length"] = str(reply.size)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    left, chunks = 0 if bare else reply.size, reply.chunks()
    while left:
        chunk = await run_in_threadpool(next, chunks)
        left -= len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """End what goes on in a scope once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
