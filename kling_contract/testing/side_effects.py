"""The mock behind another mock of httpx: what respx calls a side effect, and pytest-httpx a callback."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from kling_contract.headers import folded
from kling_contract.interception import Broken, HostRefused, Named, Request, Response
from kling_contract.interception.hosts import host_of
from kling_contract.interception.marks import left_by

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from kling_contract.testing.reception import Reception

_ENDED = "the mock behind kling.respx has ended with its test: give the route of this test the kling.respx of its own"
_BROKEN: dict[str, tuple[type[httpx.TransportError], str]] = {
    "silent": (httpx.ReadTimeout, "the read operation timed out"),
    "reset": (httpx.ReadError, "connection reset by peer"),
    "closed": (httpx.RemoteProtocolError, "server disconnected without sending a response"),
    "cut": (httpx.RemoteProtocolError, "peer closed connection without sending complete message body"),
}


class SideEffect:
    """Answers a request of httpx: at once where a client waits for it, by an awaitable where one awaits it.

    Of a request that is none of a provider's it returns None, by which others know that it is not for them. Raises the
    error of httpx where a fault ends the connection. What respx found in a URL is of no interest to it.
    """

    def __init__(self, reception: Reception, named: Named) -> None:
        self._reception, self._named, self.is_over = reception, named, False

    def __call__(self, request: httpx.Request, **found: str) -> httpx.Response | Awaitable[httpx.Response] | None:
        """Return the answer, or what is to be awaited for it."""
        if self.is_over:
            raise httpx.ConnectError(_ENDED, request=request)
        head = _head(request)
        if not self._reception.takes(head):
            return None
        if left_by() is not None:
            self._refuse(request)
        return self._awaited(request, head) if _is_awaited() else self._answered(request, head)

    def _refuse(self, request: httpx.Request) -> None:
        try:
            self._named.refuse(host_of(str(request.url)))
        except HostRefused as refused:
            raise httpx.ConnectError(str(refused), request=request) from refused

    def _answered(self, request: httpx.Request, head: Request) -> httpx.Response:
        try:
            return _response(request, self._reception.answer(replace(head, body=request.read())))
        except Broken as broken:
            raise _error(broken, request) from broken

    async def _awaited(self, request: httpx.Request, head: Request) -> httpx.Response:
        try:
            return _response(request, await self._reception.aanswer(replace(head, body=await request.aread())))
        except Broken as broken:
            raise _error(broken, request) from broken


def _is_awaited() -> bool:
    """Whether the client that asks is asynchronous: a synchronous one may be used in an event loop too."""
    frame: Any = sys._getframe(2)
    while frame is not None and not frame.f_globals.get("__name__", "").startswith("httpx."):
        frame = frame.f_back
    return frame is not None and bool(frame.f_code.co_flags & inspect.CO_COROUTINE)


def _head(request: httpx.Request) -> Request:
    patience = request.extensions.get("timeout", {}).get("read")
    return Request(request.method, str(request.url), folded(request.headers.multi_items()), patience=patience)


def _response(request: httpx.Request, response: Response) -> httpx.Response:
    return httpx.Response(response.status, headers=response.fields(), content=response.body, request=request)


def _error(broken: Broken, request: httpx.Request) -> httpx.TransportError:
    kind, words = _BROKEN[broken.kind]
    return kind(words, request=request)
