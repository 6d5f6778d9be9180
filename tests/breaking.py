"""A mock that breaks its contract in one way: a proxy on a port of its own, in front of it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from kling_contract import load
from kling_contract.routes import Route, Routes
from mock_server import MockServer

BACK = "/__back/"


@dataclass(frozen=True)
class Call:
    """A request: `kind` is create, get, list, result or other; `body` its JSON; `id` that of the path."""

    kind: str
    id: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any = None

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def sending(self, **changes: Any) -> Call:
        return replace(self, body={**self.body, **changes}) if isinstance(self.body, dict) else self


@dataclass(frozen=True)
class Reply:
    """An answer. Status 0 resets the connection."""

    status: int
    data: bytes
    kind: str = "application/json"
    location: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    def saying(self, body: Any) -> Reply:
        return replace(self, data=json.dumps(body).encode())


Ask = Callable[[Call], Reply]
Memory = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """A way to break the contract: what is done to an exchange, or to callbacks, and the check that names it.

    `change` gets the request, a way to ask the mock, and what earlier calls remembered. `back` gets the bodies of
    callbacks one by one, and a way to post them; `settings` are the mock's own.
    """

    name: str
    check: str
    change: Callable[[Call, Ask, Memory], Reply] = lambda call, ask, memory: ask(call)
    back: Callable[[Any, Callable[[Any], None], Memory], None] | None = None
    family: str = "ImageExpansion"
    provider: str = "kling"
    settings: dict[str, Any] = field(default_factory=dict)
    patience: float = 20.0


def plain_client() -> httpx.Client:
    """Return a client for plain HTTP alone: to load who is trusted to sign certificates takes 30 ms."""
    return httpx.Client(trust_env=False, timeout=30, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@contextlib.contextmanager
def broken(fault: Fault) -> Iterator[str]:
    """Run the mock behind a proxy that breaks it, and give the proxy's URL."""
    with MockServer(provider=fault.provider, clock="auto", **fault.settings) as mock, _Proxy(mock.url, fault) as proxy:
        yield proxy.url


class _Proxy:
    def __init__(self, target: str, fault: Fault) -> None:
        self._target, self.fault, self.memory = target, fault, {}
        self._routes = Routes(load(fault.provider))
        self._http = plain_client()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> _Proxy:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._http.close()

    def answer(self, call: Call) -> Reply:
        if call.path.startswith(BACK):
            return self._called_back(call)
        if call.kind == "create" and self.fault.back is not None and isinstance(call.body, dict):
            call = self._listening(call)
        return self.fault.change(call, self.ask, self.memory)

    def ask(self, call: Call) -> Reply:
        content = None if call.body is None else json.dumps(call.body).encode()
        try:
            answer = self._http.request(call.method, self._target + call.path, headers=call.headers, content=content)
        except httpx.LocalProtocolError:
            return Reply(400, b"no HTTP", "text/plain")
        return Reply(answer.status_code, answer.content, answer.headers.get("content-type", ""))

    def call(self, method: str, path: str, headers: dict[str, str], data: bytes) -> Call:
        route = self._routes.find(method, urlsplit(path).path)
        kind, name = (route.operation.kind, route.value) if isinstance(route, Route) else ("other", "")
        try:
            body = json.loads(data) if data else None
        except ValueError:
            body = None
        return Call("result" if "/__media/" in path else kind, name, method, path, headers, body)

    def _listening(self, call: Call) -> Call:
        own = next((name for name in call.body if "callback" in name), None)
        if own is None or not isinstance(call.body[own], str) or not call.body[own]:
            return call
        self.memory["to"] = call.body[own]
        return call.sending(**{own: self.url + BACK})

    def _called_back(self, call: Call) -> Reply:
        def post(body: Any) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            with contextlib.suppress(httpx.HTTPError):
                self._http.post(self.memory["to"], content=data, headers={"content-type": "application/json"})

        assert self.fault.back is not None
        self.fault.back(call.body, post, self.memory)
        return Reply(204, b"")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20
            wbufsize = 1 << 16

            def do_GET(self) -> None:
                data = self.rfile.read(int(self.headers.get("content-length") or 0))
                hop = ("connection", "content-length", "transfer-encoding", "accept-encoding")
                headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in hop}
                reply = proxy.answer(proxy.call(self.command, self.path, headers, data))
                if not reply.status:
                    self._reset()
                    return
                self.send_response(reply.status)
                self.send_header("content-type", reply.kind)
                self.send_header("content-length", str(len(reply.data)))
                if reply.location:
                    self.send_header("location", reply.location)
                self.end_headers()
                self.wfile.write(reply.data)

            # The names that http.server asks for.
            do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_GET  # noqa: N815

            def _reset(self) -> None:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler
