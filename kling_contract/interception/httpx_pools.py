"""httpx, at the pools of connections beneath its transports.

They lie beneath what other mocks replace (vcrpy keeps its own copy of the transport's method, and respx hands on what
passes through it), and above the connection to a proxy.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpcore

from kling_contract.headers import folded
from kling_contract.interception.exchange import Broken, Request, Response
from kling_contract.interception.hosts import bracketed
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from kling_contract.interception.desk import Desk


_ROUTERS = "respx.mocks"  # whose function stands beneath ours where a router was started before


def patches(desk: Desk) -> Iterator[Patch]:
    """Yield the patches by which a desk answers, through proxies too: respx gives those a method of their own."""
    for pool in (httpcore.ConnectionPool, httpcore.HTTPProxy):
        yield Patch(pool, "handle_request", _answered(desk, pool.handle_request))
    for apool in (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy):
        yield Patch(apool, "handle_async_request", _aanswered(desk, apool.handle_async_request))


def _answered(desk: Desk, asked: Any) -> Any:
    is_router = _is_router(asked)

    @functools.wraps(asked)
    def handle_request(self: Any, request: httpcore.Request) -> Any:
        head = _head(request)
        if is_router and desk.is_for_routers():
            with desk.aside(head), desk.handing():
                return asked(self, request)
        if not desk.takes(head):
            with desk.aside(head):
                return asked(self, request)
        assert isinstance(request.stream, Iterable)
        body = b"".join(request.stream)
        try:
            return _response(desk.answer(replace(head, body=body)))
        except Broken as broken:
            raise _error(broken) from broken

    return handle_request


def _aanswered(desk: Desk, asked: Any) -> Any:
    is_router = _is_router(asked)

    @functools.wraps(asked)
    async def handle_async_request(self: Any, request: httpcore.Request) -> Any:
        head = _head(request)
        if is_router and desk.is_for_routers():
            with desk.aside(head), desk.handing():
                return await asked(self, request)
        if not desk.takes(head):
            with desk.aside(head):
                return await asked(self, request)
        assert isinstance(request.stream, AsyncIterable)
        body = b"".join([part async for part in request.stream])
        try:
            return _response(await desk.aanswer(replace(head, body=body)))
        except Broken as broken:
            raise _error(broken) from broken

    return handle_async_request


def _is_router(asked: Any) -> bool:
    return getattr(asked, "__module__", None) == _ROUTERS


def _head(request: httpcore.Request) -> Request:
    pairs = ((name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers)
    patience = request.extensions.get("timeout", {}).get("read")
    return Request(request.method.decode("ascii"), _url(request.url), folded(pairs), patience=patience)


def _url(url: httpcore.URL) -> str:
    """Return a URL as text; httpcore's own bytes have no brackets around an IPv6 address."""
    host = bracketed(url.host.decode("ascii")) + ("" if url.port is None else f":{url.port}")
    return f"{url.scheme.decode('ascii')}://{host}{url.target.decode('ascii')}"


def _response(response: Response) -> httpcore.Response:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.fields().items()]
    return httpcore.Response(
        response.status, headers=headers, content=response.body, extensions={"http_version": b"HTTP/1.1"}
    )


def _error(broken: Broken) -> Exception:
    if broken.kind == "silent":
        return httpcore.ReadTimeout("the read operation timed out")
    if broken.kind == "reset":
        return httpcore.ReadError("connection reset by peer")
    if broken.kind == "closed":
        return httpcore.RemoteProtocolError("server disconnected without sending a response")
    return httpcore.RemoteProtocolError("peer closed connection without sending complete message body")
