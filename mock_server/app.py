"""The one place where parts meet: an ASGI application, with its routes made from the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kling_contract.clock import RealClock, stopwatch
from mock_server import heads
from mock_server.addressing import Addresses, inbox_path
from mock_server.admin import Admin
from mock_server.admin.asking import LARGEST
from mock_server.admission import Admission
from mock_server.callbacks.attempts import Attempts
from mock_server.callbacks.background import Background, Stopped
from mock_server.callbacks.courier import Courier
from mock_server.callbacks.inbox import MOST_BYTES
from mock_server.callbacks.mailroom import Mailroom
from mock_server.clocks import SessionClock
from mock_server.endpoints import Endpoints
from mock_server.exchange import Exchange, Headers
from mock_server.fetching import Fetching
from mock_server.inputs import MEDIA, Inputs
from mock_server.line import line_of
from mock_server.results import Results
from mock_server.sending import write
from mock_server.serving import Serving
from mock_server.sessions import Sessions
from mock_server.settings import Settings
from mock_server.tasks import Tasks
from mock_server.unforeseen import Unforeseen
from mock_server.watching import Careful, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from kling_contract.clock import Clock
    from mock_server.endpoints import Arrival
    from mock_server.exchange import Answer
    from mock_server.session import Session


_INBOX = "/__inbox/"


class Mock:
    """One mock: its settings, sessions and endpoints. Two of them in one process share nothing."""

    def __init__(
        self,
        settings: Settings,
        *,
        wall: Clock | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        wall, watcher = wall or RealClock(), Careful(watcher or Watcher())
        self.settings, self.watcher = settings, watcher
        kept: dict[str, Any] = {"most": settings.most_sessions, "idle": settings.idle_seconds}
        self.sessions = Sessions(settings, lambda: _clock(settings, wall), wall=wall, **kept)
        self.addresses = Addresses(settings.provider, self.sessions, by_key=settings.session_by == "key")
        fetching = Fetching(settings.fetch_from, watcher.say)
        inputs = Inputs(settings, fetching)
        self.endpoints = Endpoints(
            self.addresses,
            Admission(settings, wall, self.addresses.every_provider, verbose=watcher.verbose),
            Tasks(settings, inputs),
            wall=wall,
            verify=settings.verify_answers,
        )
        self.results = Results(settings, self.sessions, self.addresses, inputs, fetching, watcher.say)
        self.serving = Serving(self.results, wall)
        self.admin = Admin(settings, self.sessions, self.addresses)
        self.mailroom = Mailroom(self.sessions, wall, settings.public_url)
        attempts = Attempts(self.addresses, self.mailroom, wall, watcher, verify=settings.verify_answers)
        self.courier = Courier(settings, attempts)
        self.unforeseen = Unforeseen(self.addresses, wall, watcher)
        self.sessions.courier, self.sessions.forget = self.courier, self.results.forget
        self.sessions.say = watcher.say

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer to a request, for a provider, a result, admin or an inbox, without a socket.

        Callbacks are sent in the caller's thread: those that admin brings about before it answers, all others when
        `Session.catch_up` is called.
        """
        refusal = heads.refusal(exchange)
        if refusal is not None:
            return refusal
        if MEDIA in exchange.path:
            return self._own(exchange, self.serving.answer)
        if "/__admin" in exchange.path and self.addresses.admin(exchange) is not None:
            return self._administered(exchange)
        if _INBOX in exchange.path and inbox_path(exchange.path) is not None:
            return self._own(exchange, self.mailroom.answer)
        arrival = None
        try:
            arrival = self.endpoints.arrive(exchange)
            return self.endpoints.answer(exchange, arrival)
        except Exception as error:  # nothing that a request brings about is to reach its client as anything but HTTP
            return self.failed(exchange, error, arrival)

    def failed(self, exchange: Exchange, error: Exception, arrival: Arrival | None = None) -> Answer:
        """Return the answer to a request that raised what nobody foresaw."""
        return self.unforeseen.answer(exchange, error, arrival and (arrival.address.session, arrival.entry))

    def session_of(self, exchange: Exchange) -> Session:
        """Return the session that a request is for."""
        if "/__admin" in exchange.path and self.addresses.admin(exchange) is not None:
            return self.admin.session(exchange)
        return self.addresses.of(exchange).session

    def close(self) -> None:
        """Close the connections that callbacks left open in this thread, and remove the results' files."""
        self.courier.close()
        self.results.close()

    def _own(self, exchange: Exchange, handler: Callable[[Exchange], Answer]) -> Answer:
        try:
            return handler(exchange)
        except Exception as error:
            return self.failed(exchange, error)

    def _administered(self, exchange: Exchange) -> Answer:
        steps, said = self.admin.answering(exchange), None
        while True:
            try:
                pause = steps.send(said)
            except StopIteration as end:
                return cast("Answer", end.value).whole()
            except Exception as error:
                return self.failed(exchange, error)
            # Nothing happens while the only thread waits. What a receiver of callbacks raises is the caller's own.
            said = False if pause is not None else None
            self.courier.post(self.admin.session(exchange))


def create_app(settings: Settings | None = None, *, watcher: Watcher | None = None, **options: Any) -> Starlette:
    """Return the mock as an ASGI application; `watcher` is told of what happens.

    Takes `Settings`, or what they take: `create_app(provider="kling", verify_answers=True)`. Raises `DocumentError`
    if the provider's document cannot be read. Nothing depends on the lifespan.
    """
    if settings is not None and options:
        raise TypeError("create_app takes settings, or options, and not both")
    mock = Mock(settings or Settings(**options), watcher=watcher)
    background = Background(mock.courier, mock.unforeseen.background)
    looked_at = mock.watcher if watcher is not None else None
    app = _App(_Edge(mock, background, looked_at), routes=[Route("/livez", _alive), Route("/readyz", _alive)])
    app.state.mock, app.state.background = mock, background
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

    def __init__(self, mock: Mock, background: Background, watcher: Watcher | None) -> None:
        self._mock, self._background, self._watcher = mock, background, watcher
        self._most = mock.settings.max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _path(scope)
        exchange = _exchange(scope, path)
        # Our own server has seen to it already.
        refusal = None if line_of(scope) else heads.refusal(exchange)
        if refusal is not None:
            await write(refusal, scope, receive, send)
        elif MEDIA in path:
            await self._result(exchange, scope, receive, send)
        elif "/__admin" in path and self._mock.addresses.admin(exchange) is not None:
            await self._admin(exchange, scope, receive, send)
        elif _INBOX in path and inbox_path(path) is not None:
            if await _fill(exchange, receive, MOST_BYTES):
                await write(self._mock.answer(exchange), scope, receive, send)
        else:
            await self._provider(exchange, scope, receive, send)

    async def _provider(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a provider; who gave up, before the body was whole or before the answer, is journalled as gone."""
        endpoints, arrival, answer = self._mock.endpoints, None, None
        try:
            arrival = endpoints.arrive(exchange)
            if await _fill(exchange, receive, self._most):
                answer = endpoints.answer(exchange, arrival)
                await arrival.address.session.ahurry()
        except Exception as error:
            answer = self._mock.failed(exchange, error, arrival)
        arrives = answer is not None and await write(answer, scope, receive, send)
        if arrival is None:
            return
        if not arrives:
            endpoints.leave(arrival)
        if arrival.address.session.is_busy:
            self._background.look_after(arrival.address.session)
        if self._watcher is not None:
            arrival.entry.milliseconds = (stopwatch() - arrival.entry.started) * 1000
            self._watcher.exchange(arrival.entry)

    async def _result(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._mock.serving.ready(exchange)
        except Exception as error:
            await write(self._mock.failed(exchange, error), scope, receive, send)
        else:
            await self._mock.serving.send(reply, scope, receive, send)

    async def _admin(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        feed = answer = None
        try:
            feed = self._mock.admin.feed(exchange, self._background.look_after)
            if feed is None and await _fill(exchange, receive, LARGEST):
                answer = await self._administered(exchange)
        except Exception as error:
            answer = self._mock.failed(exchange, error)
        if feed is not None:
            await feed.run(scope, receive, send)
        elif answer is not None:
            await write(answer, scope, receive, send)
            session = self._mock.admin.known_session(exchange)
            if session is not None and session.is_busy:
                self._background.look_after(session)

    async def _administered(self, exchange: Exchange) -> Answer:
        admin = self._mock.admin
        try:
            return await self._background.answer(lambda: admin.session(exchange), admin.answering(exchange))
        except Stopped:
            return admin.stopped()


def _exchange(scope: Scope, path: str) -> Exchange:
    """Return a request of which the head is known."""
    headers = Headers(scope["headers"])
    # A server on a Unix socket has no address.
    host = headers.get("host") or "{}:{}".format(*(scope.get("server") or ("localhost", 80)))
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
