"""The mock without a socket: a transport for httpx clients, and applications of this process as receivers."""

from __future__ import annotations

import asyncio
import inspect
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from kling_contract.clock import RealClock
from mock_server.exchange import Exchange
from mock_server.outward import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kling_contract.clock import Clock
    from mock_server.app import Mock
    from mock_server.exchange import Answer

_ENDS: Mapping[str, str] = {
    "cut": "peer closed connection without sending complete message body",
    "reset": "connection reset by peer",
    "closed": "server disconnected without sending a response",
}


class MockTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers requests of a client, synchronous or not, by a mock in this process.

    What a fault does to a connection is the httpx error that a socket would have given, and a client waits no longer
    than its timeout. Callbacks that are to come are delivered before the next request is answered, in the thread that
    asks. `failed` is told of what the mock raises instead of an answer, before that is raised.
    """

    def __init__(
        self,
        mock: Mock,
        wall: Clock | None = None,
        session: str | None = None,
        failed: Callable[[Exchange, Exception], object] = lambda exchange, error: None,
    ) -> None:
        self._mock, self._wall, self._session, self._failed = mock, wall or RealClock(), session, failed

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises `httpx.TransportError` where a fault ends the connection."""
        exchange = self._exchange(request, request.read())
        session = self._mock.session_of(exchange)
        with self._telling(exchange):
            session.catch_up()
            answer = self._mock.answer(exchange)
            session.hurry()
        return _response(request, answer, in_time=waited(self._wall, answer, _patience(request)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises `httpx.TransportError` where a fault ends the connection."""
        await turn()
        exchange = self._exchange(request, await request.aread())
        session = self._mock.session_of(exchange)
        with self._telling(exchange):
            await session.acatch_up()
            answer = self._mock.answer(exchange)
            await session.ahurry()
        return _response(request, answer, in_time=await awaited(self._wall, answer, _patience(request)))

    @contextmanager
    def _telling(self, exchange: Exchange) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._failed(exchange, error)
            raise

    def _exchange(self, request: httpx.Request, body: bytes) -> Exchange:
        url = request.url
        path, _, query = url.raw_path.decode("ascii").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if self._session is not None:
            headers.setdefault("x-kling-session", self._session)
        return Exchange(request.method, path, query, headers, body, f"{url.scheme}://{url.netloc.decode('ascii')}")


class Application:
    """Brings callbacks to a WSGI or ASGI application of this process, in the thread in which time moves.

    `raised` is what the application raised.
    """

    def __init__(self, app: Any) -> None:
        self._app, self._is_asgi = app, _is_asgi(app)
        self.raised: list[Exception] = []

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Ask the application, however long it takes. Raises what the application raises.

        An ASGI application runs in an event loop of its own. Raises RuntimeError where one runs in this thread already.
        """
        if self._is_asgi:
            _check_no_loop()
            return asyncio.run(self.acall(method, url, headers, body, timeout=timeout, most=most))
        with self._noting(), httpx.Client(transport=httpx.WSGITransport(self._app)) as client:
            return _reply(client.request(method, url, headers=dict(headers), content=body), most)

    async def acall(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Do what `call` does in an event loop; a WSGI application blocks it."""
        if not self._is_asgi:
            return self.call(method, url, headers, body, timeout=timeout, most=most)
        with self._noting():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), timeout=timeout) as client:
                return _reply(await client.request(method, url, headers=dict(headers), content=body), most)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.raised.append(error)
            raise

    def close(self) -> None:
        """Close nothing."""

    async def aclose(self) -> None:
        """Close nothing."""


def _check_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("an ASGI application is called back in the running event loop: use async_client and aadvance")


def _is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


async def turn() -> None:
    """Let others run once, as who waits for a network does, in asyncio's event loop or trio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        await _trios_turn()
    else:
        await asyncio.sleep(0)


async def _trios_turn() -> None:
    # Only a program that runs trio has imported it.
    if (trio := sys.modules.get("trio")) is None:
        return
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return
    await trio.lowlevel.checkpoint()


def waited(clock: Clock, answer: Answer, patience: float | None) -> bool:
    """Wait before an answer; return False if the client gives up before, after `patience` seconds (None: never)."""
    if answer.delay:
        clock.sleep(_seconds(answer, patience))
    return _is_in_time(answer, patience)


async def awaited(clock: Clock, answer: Answer, patience: float | None) -> bool:
    """Do what `waited` does in an event loop; a client that is cancelled meanwhile has given up too."""
    try:
        if answer.delay:
            await clock.asleep(_seconds(answer, patience))
    except asyncio.CancelledError:
        _leave(answer)
        raise
    return _is_in_time(answer, patience)


def _seconds(answer: Answer, patience: float | None) -> float:
    return answer.delay if patience is None else min(answer.delay, patience)


def _is_in_time(answer: Answer, patience: float | None) -> bool:
    if _seconds(answer, patience) == answer.delay:
        return True
    _leave(answer)
    return False


def _leave(answer: Answer) -> None:
    if answer.entry is not None:
        answer.entry.gone()


def _patience(request: httpx.Request) -> float | None:
    found: float | None = request.extensions.get("timeout", {}).get("read")
    return found


def _response(request: httpx.Request, answer: Answer, *, in_time: bool) -> httpx.Response:
    if not in_time:
        raise httpx.ReadTimeout("timed out", request=request)
    if answer.fate != "whole":
        kind = httpx.ReadError if answer.fate == "reset" else httpx.RemoteProtocolError
        raise kind(_ENDS[answer.fate], request=request)
    headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
    body = b"" if request.method == "HEAD" else answer.body
    return httpx.Response(answer.status, headers=headers, content=body, request=request)


def _reply(response: httpx.Response, most: int) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, response.content[:most])
