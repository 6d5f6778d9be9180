"""The request that goes out, and the reply that comes back: no more of it than was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore

from mock_server.outward.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.outward.origins import Origin, Target

# What frames the message is said here and by nobody else.
_FRAME = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def request(method: str, target: Target, headers: Mapping[str, str], body: bytes, to: Origin) -> httpcore.Request:
    """Return a request for a target that is sent to an origin. Raises ValueError for headers that are none."""
    fields = [("host", target.origin.authority)]
    fields += [(name, value) for name, value in headers.items() if name.lower() not in _FRAME]
    if body or method not in ("GET", "HEAD"):
        fields.append(("content-length", str(len(body))))
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]
    url = httpcore.URL(scheme=to.scheme, host=to.host, port=to.port, target=target.path)
    return httpcore.Request(method, url, headers=encoded, content=body, extensions={})


def exchange(connection: httpcore.HTTPConnection, asked: httpcore.Request, most: int) -> Reply:
    """Send a request and return the reply. A connection with an unread rest is closed."""
    response = connection.handle_request(asked)
    kept = bytearray()
    try:
        for chunk in response.iter_stream():
            if not _add(kept, chunk, most):
                break
    finally:
        response.close()
    return _told(response, kept)


async def aexchange(connection: httpcore.AsyncHTTPConnection, asked: httpcore.Request, most: int) -> Reply:
    """Do what `exchange` does, on the running event loop."""
    response = await connection.handle_async_request(asked)
    kept, whole = bytearray(), True
    try:
        async for chunk in response.aiter_stream():
            if whole and not _add(kept, chunk, most):
                # Reading on ends httpcore's generators by an error; left alone they would end in a task of their own.
                whole = False
                await response.aclose()
    except (httpcore.NetworkError, OSError):
        if whole:
            raise
    await response.aclose()
    return _told(response, kept)


def _add(kept: bytearray, chunk: bytes, most: int) -> bool:
    """Keep what there is room for; return whether that was all."""
    room = most - len(kept)
    kept += chunk[:room]
    return len(chunk) <= room


def _told(response: httpcore.Response, body: bytearray) -> Reply:
    return Reply(response.status, _joined(response.headers), bytes(body))


def _joined(fields: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields):
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
