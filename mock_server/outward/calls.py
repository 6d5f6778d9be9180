"""Calls to the world: one request, one reply, within the bytes and seconds that were granted."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import httpcore
import msgspec

from kling_contract.clock import stopwatch
from mock_server.outward.connecting import AsyncConnector, Connector, resolved
from mock_server.outward.errors import Failed, NoRequest
from mock_server.outward.idle import Idle
from mock_server.outward.messages import aexchange, exchange, request
from mock_server.outward.origins import origin_of, target_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

    from mock_server.outward.connecting import Resolve
    from mock_server.outward.origins import Origin
    from mock_server.outward.reach import Reach
    from mock_server.outward.reply import Reply

_KEPT_OPEN = 1.0  # seconds; common servers close idle connections after two or more, and a call should not meet that


class Outward:
    """Makes calls, blocking or on an event loop; `most_connections` of each at a time, the others wait their turn.

    `mapped` changes where a call goes: origin -> origin, as in `https://app.example.com` -> `http://web:8000`. The
    path is kept, and so is the Host header: the receiver routes by it, and checks that it is its public name. A TLS
    certificate has to be that of the host which is connected to. A mapped target is allowed by being mapped.
    `resolve` gives the addresses of a name; `tls` says which certificates are good, the system's and certifi's if not
    given. Raises ValueError for a mapping between other things than origins.

    Redirects are not followed, proxies of the environment not used, cookies not kept, bodies not decompressed, and
    nothing is sent twice: either a connection that the other side has closed is seen to be so before a request is
    written to it, or the call has failed. Connections stay open for a second after their last call. Those of `acall`
    belong to the event loop that runs; any number of loops may use one `Outward`, and each should end by `aclose`.
    """

    def __init__(
        self,
        reach: Reach,
        mapped: Mapping[str, str] | None = None,
        *,
        most_connections: int = 64,
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._mapped = {origin_of(source): origin_of(target) for source, target in (mapped or {}).items()}
        reach = reach.including((target.host, target.port) for target in self._mapped.values())
        self._most, self._given = most_connections, tls
        self._connector, self._aconnector = Connector(reach, resolve), AsyncConnector(reach, resolve)
        self._turns = threading.BoundedSemaphore(most_connections)
        self._idle: Idle[httpcore.HTTPConnection] = Idle(most_connections)
        self._lanes: dict[object, _Lane] = {}

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Send a request and return the reply, with at most `most` bytes of its body; the rest is not read.

        `timeout` is in seconds, and holds for connecting, writing and reading together, from this call's turn on;
        the system's resolver alone does not heed it. Headers that frame the message are left out of `headers`.
        Raises `Refused`, `Failed`, and `NoRequest`.
        """
        origin, asked = self._asked(method, url, headers, body)
        with self._turns, _failing(timeout):
            # Streams of ours take a moment where httpcore means a span: one limit for all that is done until then.
            asked.extensions["timeout"] = dict.fromkeys(("connect", "write", "read"), stopwatch() + timeout)
            connection, ended = self._idle.take(origin)
            _close(ended)
            connection = connection or self._made(origin)
            try:
                return exchange(connection, asked, most)
            finally:
                _close(self._idle.put(origin, connection) if connection.is_idle() else [connection])

    async def acall(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Do what `call` does, on the running event loop. Here `timeout` holds for the resolver too."""
        origin, asked = self._asked(method, url, headers, body)
        lane = self._lane()
        async with lane.turns:
            with _failing(timeout), anyio.fail_after(timeout):
                connection, ended = lane.idle.take(origin)
                await _aclose(ended)
                connection = connection or self._amade(origin)
                try:
                    return await aexchange(connection, asked, most)
                finally:
                    await _aclose(lane.idle.put(origin, connection) if connection.is_idle() else [connection])

    def close(self) -> None:
        """Close the connections that `call` left open."""
        _close(self._idle.clear())

    async def aclose(self) -> None:
        """Close the connections that `acall` left open on the running event loop."""
        lane = self._lanes.pop(anyio.lowlevel.current_token(), None)
        await _aclose(lane.idle.clear() if lane else [])

    def _asked(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[Origin, httpcore.Request]:
        target = target_of(url)
        origin = self._mapped.get(target.origin, target.origin)
        return origin, request(method, target, headers, body, origin)

    def _lane(self) -> _Lane:
        token = anyio.lowlevel.current_token()
        if token not in self._lanes:
            self._lanes[token] = _Lane(Idle(self._most), anyio.Semaphore(self._most, fast_acquire=True))
        return self._lanes[token]

    def _made(self, origin: Origin) -> httpcore.HTTPConnection:
        return httpcore.HTTPConnection(
            _as_httpcore(origin), self._tls(origin), _KEPT_OPEN, network_backend=self._connector
        )

    def _amade(self, origin: Origin) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(
            _as_httpcore(origin), self._tls(origin), _KEPT_OPEN, network_backend=self._aconnector
        )

    def _tls(self, origin: Origin) -> ssl.SSLContext | None:
        return self._trusted if origin.scheme == "https" else None

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        # Loading the certificates takes 40 ms, which httpcore would spend on every connection.
        return self._given or httpcore.default_ssl_context()


class _Lane(msgspec.Struct, frozen=True):
    """What the calls on one event loop share."""

    idle: Idle[httpcore.AsyncHTTPConnection]
    turns: anyio.Semaphore


def _as_httpcore(origin: Origin) -> httpcore.Origin:
    return httpcore.Origin(origin.scheme.encode(), origin.host.encode(), origin.port)


def _close(connections: Iterable[httpcore.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


async def _aclose(connections: list[httpcore.AsyncHTTPConnection]) -> None:
    # Time may run out or the caller leave meanwhile; they are all closed nevertheless.
    if connections:
        with anyio.CancelScope(shield=True):
            for connection in connections:
                await connection.aclose()


@contextmanager
def _failing(timeout: float) -> Iterator[None]:
    """Say of whatever goes wrong in a call what kind of failure it is."""
    try:
        yield
    except (TimeoutError, httpcore.TimeoutException):
        raise Failed("timeout", f"no answer within {timeout:g} s") from None
    except httpcore.LocalProtocolError as error:
        raise NoRequest(f"no request: {error}") from error
    except httpcore.RemoteProtocolError as error:
        raise Failed("protocol", f"no HTTP: {error}") from error
    except (OSError, httpcore.NetworkError) as error:
        raise Failed("reset", str(error) or type(error).__name__) from error
