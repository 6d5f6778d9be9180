"""Connections to hosts that may be called, and to no others.

A name is resolved once, its addresses are held against the reach, and one of those is connected to: a name that has
another address a moment later (DNS rebinding) gains nothing. TLS still verifies the name.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpcore

from mock_server.outward.errors import Failed
from mock_server.outward.streams import AsyncStream, Stream, left

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.outward.reach import Reach

Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a name as the system knows them; none for a name that it does not know."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Connector(httpcore.NetworkBackend):
    """Blocking connections. What httpcore hands on as a timeout is here a moment on the stopwatch."""

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach, self._resolve = reach, resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        """Connect to the first allowed address that answers; each has its share of the time that is left.

        Raises `Refused`, `Failed` and TimeoutError.
        """
        known = [host] if _is_address(host) else self._resolve(host, port)
        failure: OSError | None = None
        addresses = self._reach.choose(host, port, known)
        for tried, address in enumerate(addresses):
            try:
                sock = socket.create_connection((address, port), left(timeout) / (len(addresses) - tried))
            except OSError as error:
                failure = error
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Stream(sock)
        raise _unreached(host, port, failure)


class AsyncConnector(httpcore.AsyncNetworkBackend):
    """Connections on the running event loop, within the time limit of the cancel scope around them."""

    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach, self._resolve = reach, resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncStream:
        """Do what `Connector` does; the system's resolver, which blocks, has a worker thread."""
        known = [host] if _is_address(host) else await _in_thread(self._resolve, host, port)
        failure: OSError | None = None
        addresses = self._reach.choose(host, port, known)
        for tried, address in enumerate(addresses):
            seconds = anyio.current_effective_deadline() - anyio.current_time()
            try:
                with anyio.fail_after(seconds / (len(addresses) - tried)):
                    return AsyncStream(await anyio.connect_tcp(address, port))
            except OSError as error:
                failure = error
        raise _unreached(host, port, failure)


async def _in_thread(resolve: Resolve, host: str, port: int) -> Sequence[str]:
    return await anyio.to_thread.run_sync(resolve, host, port, abandon_on_cancel=True)


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _unreached(host: str, port: int, failure: OSError | None) -> Exception:
    """Return what to raise when no address took a connection: the last failure, in words."""
    if failure is None:
        return Failed("name", f"{host} has no address here")
    if isinstance(failure, TimeoutError):
        return failure
    cause = failure.__cause__ if isinstance(failure.__cause__, OSError) else failure
    return Failed("refused", f"{host} port {port}: {os.strerror(cause.errno) if cause.errno else cause}")
