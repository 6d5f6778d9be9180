"""A mock on a port: in the foreground until a signal, or in a thread for a `with` block."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from mock_server.app import create_app
from mock_server.guard import is_loopback
from mock_server.memory import keep_large_blocks
from mock_server.settings import Settings
from mock_server.wire import GatheringProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from starlette.applications import Starlette

_BACKLOG = 2048
_TURN = 0.002  # seconds


class MockServer:
    """A mock server in a thread, on a free port: `with MockServer() as server: server.url`.

    Takes what `Settings` takes. Raises `DocumentError` for a document that cannot be read, OSError for a port that is
    taken. It is entered once: RuntimeError to who enters it again, or asks for the URL of one that nobody entered.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **settings: Any) -> None:
        self.app = create_app(Settings(**{"exposed": not is_loopback(host), **settings}))
        self._socket = bind(host, port)
        self._url = url_of(self._socket)
        self._ready = threading.Event()
        self._server = _Server(self.app, self._ready.set)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, or listened. Before, requests would wait for ever for an answer."""
        if not self._ready.is_set():
            raise RuntimeError(
                "this MockServer is not entered yet; accepted: with MockServer(...) as server: server.url"
            )
        return self._url

    def __enter__(self) -> MockServer:
        if self._server.should_exit:
            raise RuntimeError("this MockServer has ended; make another with MockServer(...)")
        if self._ready.is_set():
            raise RuntimeError(
                f"this MockServer is entered already, and listens at {self._url}; make another with MockServer(...)"
            )
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.end()
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()


def run(app: Starlette, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve in the foreground until SIGINT or SIGTERM, then return; `ready` is called once requests are taken."""
    keep_large_blocks()
    server = _Server(app, ready)

    def stop(number: int, frame: FrameType | None) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run([listening])


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises OSError if the address is taken or unknown."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket) -> str:
    """Return the URL of a listening socket; a wildcard address is shown as the loopback one."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it is ready and leaves signals to us."""

    def __init__(self, app: Starlette, ready: Callable[[], None]) -> None:
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
        # Clients poll every few seconds; a connection that is closed meanwhile costs some of them an error.
        patience: dict[str, Any] = {"timeout_keep_alive": 75, "timeout_graceful_shutdown": 1}
        # Result URLs are those of the request that asks; what a proxy adds to it, anybody could.
        plain: dict[str, Any] = {"ws": "none", "lifespan": "off", "proxy_headers": False}
        seconds = app.state.mock.settings.read_timeout
        protocol: Any = functools.partial(GatheringProtocol, seconds=seconds)
        super().__init__(uvicorn.Config(app, http=protocol, **plain, **quiet, **patience))
        self._tell, self._app = ready, app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: asyncio.Future[None] | None = None

    def end(self) -> None:
        """End at once, asked from another thread; uvicorn looks at `should_exit` ten times a second."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # of a loop that is closed already
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._tell()

    async def main_loop(self) -> None:
        self._ticking = asyncio.ensure_future(super().main_loop())
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.background.stop()
        self._app.state.mock.results.stop()
        await self._close(sockets)
        await self._app.state.background.close()
        self._app.state.mock.close()
        # An answer that its client does not read never leaves, and an event loop of uvloop waits for it for ever.
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def _close(self, sockets: list[socket.socket] | None) -> None:
        """Let uvicorn close what is open; it waits a tenth of a second though nobody is connected any more."""
        closing = asyncio.ensure_future(super().shutdown(sockets))
        done, state = False, self.server_state
        while not done:
            done = bool((await asyncio.wait({closing}, timeout=_TURN))[0])
            if not done and not (state.connections or state.tasks):
                done = closing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closing

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
