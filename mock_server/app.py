"""The one place where parts meet: an ASGI application, with its routes made from the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kling_contract.clock import RealClock, stopwatch
from mock_server.addressing import Addresses
from mock_server.admission import Admission
from mock_server.clocks import ScaledClock
from mock_server.endpoints import Endpoints
from mock_server.exchange import Answer, Exchange, Headers
from mock_server.inputs import Inputs
from mock_server.results import Results
from mock_server.sessions import Sessions
from mock_server.settings import Settings
from mock_server.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from kling_contract.clock import Clock
    from mock_server.journal import Entry

_PRINTABLE = bytes(code if 32 <= code < 127 else ord("?") for code in range(256))


class Mock:
    """One mock: its settings, sessions and endpoints. Two of them in one process share nothing."""

    def __init__(self, settings: Settings, *, wall: Clock | None = None, verbose: bool = False) -> None:
        wall = wall or RealClock()
        self.settings = settings
        self.sessions = Sessions(settings, lambda: ScaledClock(settings.speed, wall))
        self.addresses = Addresses(settings.provider, self.sessions)
        inputs = Inputs(settings)
        self.endpoints = Endpoints(
            self.addresses,
            Admission(settings, wall, self.addresses.every_provider, verbose=verbose),
            Tasks(settings, inputs),
            verify=settings.verify_answers,
        )
        self.results = Results(self.sessions, inputs)


def create_app(settings: Settings | None = None, *, observe: Callable[[Entry], None] | None = None) -> Starlette:
    """Return the mock as an ASGI application; `observe` is called with each exchange once it is answered.

    Raises `DocumentError` if the provider's document cannot be read. Nothing depends on the lifespan.
    """
    mock = Mock(settings or Settings(), verbose=observe is not None)
    app = _App(_Edge(mock, observe), routes=[Route("/livez", _alive), Route("/readyz", _alive)])
    app.state.mock = mock
    return app


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
        started = stopwatch()
        body = await self._body(receive)
        if body is None:
            return
        answer = self._mock.endpoints.answer(self._exchange(scope, path, body))
        await _write(answer, send, bare=scope["method"] == "HEAD")
        if self._observe is not None and answer.entry is not None:
            answer.entry.milliseconds = (stopwatch() - started) * 1000
            self._observe(answer.entry)

    def _exchange(self, scope: Scope, path: str, body: bytes) -> Exchange:
        headers = Headers(scope["headers"])
        host = headers.get("host") or "{}:{}".format(*scope["server"])
        return Exchange(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            headers,
            body if len(body) <= self._most else b"",
            f"{scope['scheme']}://{host}",
            len(body) > self._most,
        )

    async def _body(self, receive: Receive) -> bytes | None:
        """Return the body, or its beginning once that is too large; None if the client gave up."""
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False) and size <= self._most
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _media(self, name: str) -> Response:
        file = await run_in_threadpool(self._mock.results.file, name)
        if file is None:
            return PlainTextResponse("no such result\n", 404)
        headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=86400"}
        return Response(file.data, media_type=file.content_type, headers=headers)


def _path(scope: Scope) -> str:
    """Return the path as the client wrote it: only there is an encoded slash in an id no slash."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])


async def _write(answer: Answer, send: Send, *, bare: bool) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(answer.body)),
    ]
    headers += [(name.encode("latin-1"), _printable(value)) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bare else answer.body})


def _printable(value: str) -> bytes:
    """Return a header's value with everything that a header may not hold replaced."""
    data = value.encode("ascii", "replace")
    return data if value.isprintable() else data.translate(_PRINTABLE)
