"""The one place where parts meet: an ASGI application, with its routes made from the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kling_contract.clock import RealClock, stopwatch
from mock_server.addressing import Addresses
from mock_server.admin import Admin
from mock_server.admin.asking import LARGEST
from mock_server.admission import Admission
from mock_server.clocks import SessionClock
from mock_server.endpoints import Endpoints
from mock_server.exchange import Exchange, Headers
from mock_server.inputs import Inputs
from mock_server.results import Expired, Results
from mock_server.sending import write
from mock_server.sessions import Sessions
from mock_server.settings import Settings
from mock_server.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from kling_contract.clock import Clock
    from mock_server.exchange import Answer
    from mock_server.journal import Entry


class Mock:
    """One mock: its settings, sessions and endpoints. Two of them in one process share nothing."""

    def __init__(self, settings: Settings, *, wall: Clock | None = None, verbose: bool = False) -> None:
        wall = wall or RealClock()
        self.settings = settings
        kept: dict[str, Any] = {"most": settings.most_sessions, "idle": settings.idle_seconds}
        self.sessions = Sessions(settings, lambda: _clock(settings, wall), wall=wall, **kept)
        self.addresses = Addresses(settings.provider, self.sessions, by_key=settings.session_by == "key")
        inputs = Inputs(settings)
        self.endpoints = Endpoints(
            self.addresses,
            Admission(settings, wall, self.addresses.every_provider, verbose=verbose),
            Tasks(settings, inputs),
            wall=wall,
            verify=settings.verify_answers,
        )
        self.results = Results(self.sessions, self.addresses, inputs)
        self.admin = Admin(settings, self.sessions, self.addresses)

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to a request, of a provider or of admin, without a socket."""
        if "/__admin" in exchange.path and self.addresses.admin(exchange) is not None:
            return self.admin.answer(exchange)
        return self.endpoints.answer(exchange)


def create_app(
    settings: Settings | None = None, *, observe: Callable[[Entry], None] | None = None, **options: Any
) -> Starlette:
    """Return the mock as an ASGI application; `observe` is called with each exchange once it is answered.

    Takes `Settings`, or what they take: `create_app(provider="kling", verify_answers=True)`. Raises `DocumentError`
    if the provider's document cannot be read. Nothing depends on the lifespan.
    """
    if settings is not None and options:
        raise TypeError("create_app takes settings, or options, and not both")
    mock = Mock(settings or Settings(**options), verbose=observe is not None)
    app = _App(_Edge(mock, observe), routes=[Route("/livez", _alive), Route("/readyz", _alive)])
    app.state.mock = mock
    return app


def _clock(settings: Settings, wall: Clock) -> SessionClock:
    return SessionClock(wall, mode=settings.clock, speed=settings.speed, epoch=settings.epoch)


class _App(Starlette):
    """Starlette, whose own routes come first; everything else is for the providers."""

    def __init__(self, edge: ASGIApp, routes: list[Route]) -> None:
        super().__init__(routes=[*routes, Route("/{path:path}", edge)])
        self._edge, self._own = edge, frozenset(route.path for route in routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; without middleware, one for a provider takes the short way, past the router."""
        if scope["type"] == "http" and not self.user_middleware and scope["path"] not in self._own:
            await self._edge(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok\n")


class _Edge:
    """Between ASGI and the core: reads a body once and no further than it may be, and writes the answer."""

    def __init__(self, mock: Mock, observe: Callable[[Entry], None] | None) -> None:
        self._mock, self._observe, self._most = mock, observe, mock.settings.max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _path(scope)
        if "/__media/" in path and scope["method"] in ("GET", "HEAD"):
            await (await self._media(path.rpartition("/")[2]))(scope, receive, send)
            return
        exchange = _exchange(scope, path)
        if "/__admin" in path and self._mock.addresses.admin(exchange) is not None:
            await self._admin(exchange, scope, receive, send)
        else:
            await self._provider(exchange, scope, receive, send)

    async def _provider(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a provider; who gave up, before the body was whole or before the answer, is journalled as gone."""
        endpoints = self._mock.endpoints
        arrival = endpoints.arrive(exchange)
        if await _fill(exchange, receive, self._most):
            answer = endpoints.answer(exchange, arrival)
            if not await write(answer, scope, receive, send):
                endpoints.leave(arrival)
        else:
            endpoints.leave(arrival)
        if self._observe is not None:
            arrival.entry.milliseconds = (stopwatch() - arrival.entry.started) * 1000
            self._observe(arrival.entry)

    async def _admin(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        feed = self._mock.admin.feed(exchange)
        if feed is not None:
            await feed.run(scope, receive, send)
        elif await _fill(exchange, receive, LARGEST):
            await write(self._mock.admin.answer(exchange), scope, receive, send)

    async def _media(self, name: str) -> Response:
        try:
            file = await run_in_threadpool(self._mock.results.file, name)
        except Expired as expired:
            return PlainTextResponse(f"{expired}\n", expired.status, headers={"cache-control": "no-store"})
        if file is None:
            return PlainTextResponse("no such result\n", 404)
        headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=86400"}
        return Response(file.data, media_type=file.content_type, headers=headers)


def _exchange(scope: Scope, path: str) -> Exchange:
    """Return a request of which the head is known."""
    headers = Headers(scope["headers"])
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    query, origin = scope["query_string"].decode("latin-1"), f"{scope['scheme']}://{host}"
    client = scope.get("client")
    return Exchange(scope["method"], path, query, headers, b"", origin, client=client[0] if client else "")


async def _fill(exchange: Exchange, receive: Receive, most: int) -> bool:
    """Read the body of a request, no further than it may be; return False if the client gave up."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return False
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False) and size <= most
    exchange.too_large = size > most
    exchange.body = b"" if exchange.too_large else chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return True


def _path(scope: Scope) -> str:
    """Return the path as the client wrote it: only there is an encoded slash in an id no slash."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])
