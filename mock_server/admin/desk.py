"""`/__admin`: the mock under the tester's hand. JSON in, JSON out; `openapi/admin.yaml` describes it."""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from kling_contract.wording import did_you_mean
from mock_server.admin import arms, deliveries, places, requests, tasks, times
from mock_server.admin.asking import LARGEST, Ask, Handler, Handlers, Steps, Wrong, parameters
from mock_server.admin.feed import Feed
from mock_server.admin.listing import Pieces
from mock_server.exchange import Answer, Exchange
from mock_server.guard import Guard, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.addressing import Addresses
    from mock_server.session import Session
    from mock_server.sessions import Sessions
    from mock_server.settings import Settings

_JSON = "application/json"
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_EVENTS = "events"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Admin:
    """Answers every request of admin, for the session that its header or prefix names, else the default one."""

    def __init__(self, settings: Settings, sessions: Sessions, addresses: Addresses) -> None:
        self._sessions, self._addresses = sessions, addresses
        self._guard = Guard(settings.admin_token, exposed=settings.exposed)
        modules = (times, tasks, arms, requests, deliveries, places)
        self.routes: Handlers = {path: each for module in modules for path, each in module.ROUTES.items()}

    def session(self, exchange: Exchange) -> Session:
        """Return the session that a request is about."""
        name, _ = self._addresses.admin(exchange) or ("", "")
        return self._sessions.get(name)

    def known_session(self, exchange: Exchange) -> Session | None:
        """Return the session that a request is about, if there is one."""
        name, _ = self._addresses.admin(exchange) or ("", "")
        return self._sessions.existing(name)

    def answering(self, exchange: Exchange) -> Steps[Answer]:
        """Return the answer to a request whose path is one of admin's; see `Steps` for what it needs on the way."""
        name, path = self._addresses.admin(exchange) or ("", "")
        try:
            self._guarded(exchange)
            handler, value = self._handler(exchange.method, path)
            found = handler(self._ask(exchange, name, value))
            if isinstance(found, Generator):
                found = yield from found
        except Wrong as wrong:
            return _refusal(wrong)
        if isinstance(found, Pieces):
            return begun(Answer(200, b"", _JSON, _HEADERS, pieces=found.pieces))
        return Answer(204, b"", _JSON, _HEADERS) if found is None else Answer(200, _encode(found), _JSON, _HEADERS)

    def stopped(self) -> Answer:
        """Return the answer to who waited for something when the server ended."""
        return _refusal(Wrong("the server ends", "the same, of a server that runs", 503))

    def feed(self, exchange: Exchange, look_after: Callable[[Session], None]) -> Feed | None:
        """Return the stream that a request asks for, or None if it asks for something else, or may not have it.

        `look_after` is asked to see to a session that is listened to.
        """
        name, path = self._addresses.admin(exchange) or ("", "")
        try:
            if path != _EVENTS or exchange.method != "GET":
                return None
            self._guarded(exchange)
            wide = self._ask(exchange, name, "").only("all").get("all", "")
            return Feed(self._sessions, None if wide else name, look_after)
        except Wrong:
            return None

    def _guarded(self, exchange: Exchange) -> None:
        near = not exchange.client or is_loopback(exchange.client)
        no = self._guard.refusal(exchange.headers, near=near)
        if no is not None:
            raise Wrong(no.message, no.accepted, no.status)

    def _ask(self, exchange: Exchange, name: str, value: str) -> Ask:
        if exchange.too_large:
            raise Wrong("the body is too large", f"at most {LARGEST} bytes")
        session, query = self._sessions.get(name), parameters(exchange.query)
        return Ask(session, self._sessions, self._addresses, value, query, exchange.body)

    def _handler(self, method: str, path: str) -> tuple[Handler, str]:
        if path == _EVENTS:
            return _no_stream, ""
        route, value = self._route(path)
        handlers = self.routes[route]
        handler = handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise Wrong(f"{method[:20]} is nothing that {route} takes", ", ".join(handlers), 405)
        return handler, value

    def _route(self, path: str) -> tuple[str, str]:
        """Return the route of a path, and the name or id in it. Raises `Wrong`."""
        if path in self.routes:
            return path, ""
        first, *rest = path.split("/")
        route = "/".join([first, "*", *rest[1:]])
        if route in self.routes:
            return route, unquote(rest[0])
        hint = did_you_mean(path[:200], self.routes)
        raise Wrong(f"admin has no {path[:200]!r}" + (f"; {hint}" if hint else ""), ", ".join(self.routes), 404)


def _no_stream(ask: Ask) -> None:
    ask.only("all")
    raise Wrong("events come as a stream, which needs a GET and a connection", "GET events", 405)


def begun(answer: Answer) -> Answer:
    """Return an answer of which the first piece is made: one that has no other is whole, and has its length."""
    assert answer.pieces is not None
    first, second = next(answer.pieces), next(answer.pieces, None)
    if second is None:
        return replace(answer, body=first, pieces=None)
    return replace(answer, pieces=chain((first, second), answer.pieces))


def _refusal(wrong: Wrong) -> Answer:
    body = {"error": {"message": str(wrong), "accepted": wrong.accepted}}
    return Answer(wrong.status, _encode(body), _JSON, _HEADERS)
