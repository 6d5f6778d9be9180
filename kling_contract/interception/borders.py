"""The borders at which a named host is refused to whatever is not intercepted."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import sys
from asyncio import selector_events, sslproto
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kling_contract.interception.named import HostRefused
from kling_contract.interception.patches import Patch
from kling_contract.interception.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.interception.named import Named


def patches(named: Named) -> Iterator[Patch]:
    """Yield the patches at name resolution, before TLS, and at what is written to a proxy."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        yield Patch(socket, name, _resolving(named, getattr(socket, name)))
    for name in ("connect", "connect_ex"):
        yield Patch(socket.socket, name, _connecting(named, getattr(socket.socket, name)))
    yield from _patches_of_loops(named)
    for name, place in {"wrap_socket": 4, "wrap_bio": 3, "_wrap_socket": 2, "_wrap_bio": 3}.items():
        if hasattr(ssl.SSLContext, name):
            yield Patch(ssl.SSLContext, name, _encrypting(named, getattr(ssl.SSLContext, name), place))
    yield from _patches_of_writing(Told(named))


def _patches_of_loops(named: Named) -> Iterator[Patch]:
    loops: list[Any] = [asyncio.BaseEventLoop]
    if "uvloop" in sys.modules or _has_uvloop():
        loops.append(import_module("uvloop").Loop)
    for loop in loops:
        yield Patch(loop, "getaddrinfo", _aresolving(named, loop.getaddrinfo))
        # A loop looks no address up, and one that is not written in Python connects past `socket.connect`.
        yield Patch(loop, "create_connection", _opening(named, loop.create_connection))
        yield Patch(loop, "create_datagram_endpoint", _opening_datagrams(named, loop.create_datagram_endpoint))


def _patches_of_writing(told: Told) -> Iterator[Patch]:
    """Yield those at what is written, to TLS objects too: a proxy may be asked by TLS, and TLS may be told no name."""
    # What a transport of asyncio's loop fails to send, it logs, and who asked hears only that the connection is lost.
    transports = (
        getattr(selector_events, "_SelectorSocketTransport", None),
        getattr(sslproto, "_SSLProtocolTransport", None),
    )
    for transport in filter(None, transports):
        yield Patch(transport, "write", _writing(told, transport.write))
    for owner, names in (
        (socket.socket, ("send", "sendall", "sendto")),
        (ssl.SSLSocket, ("send", "write")),
        (ssl.SSLObject, ("write",)),
    ):
        for name in names:
            yield Patch(owner, name, _writing(told, getattr(owner, name)))
    if hasattr(socket.socket, "sendmsg"):
        yield Patch(socket.socket, "sendmsg", _writing_several(told, socket.socket.sendmsg))


@functools.cache
def _has_uvloop() -> bool:
    return find_spec("uvloop") is not None


def _resolving(named: Named, resolve: Any) -> Any:
    @functools.wraps(resolve)
    def resolving(host: Any, *arguments: Any, **options: Any) -> Any:
        named.refuse(host)
        return resolve(host, *arguments, **options)

    return resolving


def _aresolving(named: Named, resolve: Any) -> Any:
    @functools.wraps(resolve)
    async def resolving(loop: Any, host: Any, *arguments: Any, **options: Any) -> Any:
        named.refuse(host)
        return await resolve(loop, host, *arguments, **options)

    return resolving


def _connecting(named: Named, connect: Any) -> Any:
    def connecting(connection: Any, address: Any, *more: Any) -> Any:
        if isinstance(address, tuple) and address:
            named.refuse(address[0])
        return connect(connection, address, *more)

    return connecting


def _opening(named: Named, open_: Any) -> Any:
    @functools.wraps(open_)
    async def opening(loop: Any, protocol_factory: Any, host: Any = None, *arguments: Any, **options: Any) -> Any:
        named.refuse(host)
        _refuse_tls(named, options.get("server_hostname"), options.get("sock"))
        return await open_(loop, protocol_factory, host, *arguments, **options)

    return opening


def _refuse_tls(named: Named, host: Any, given: socket.socket | None) -> None:
    """Raise `HostRefused` before TLS begins, where a loop may leave a socket open that it was given."""
    try:
        named.refuse(host)
    except HostRefused:
        if given is not None:
            given.close()
        raise


def _opening_datagrams(named: Named, open_: Any) -> Any:
    @functools.wraps(open_)
    async def opening(
        loop: Any, protocol_factory: Any, local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> Any:
        if isinstance(remote_addr, tuple) and remote_addr:
            named.refuse(remote_addr[0])
        return await open_(loop, protocol_factory, local_addr, remote_addr, **options)

    return opening


def _encrypting(named: Named, wrap: Any, place: int) -> Any:
    """Return how TLS begins, with the server's name by its own name, or at a place after the context."""

    @functools.wraps(wrap)
    def encrypting(context: ssl.SSLContext, *arguments: Any, **options: Any) -> Any:
        named.refuse(options.get("server_hostname") if len(arguments) <= place else arguments[place])
        return wrap(context, *arguments, **options)

    return encrypting


def _writing(told: Told, write: Any) -> Any:
    @functools.wraps(write)
    def writing(connection: Any, data: Any, *more: Any) -> Any:
        told.refuse(connection, data)
        return write(connection, data, *more)

    return writing


def _writing_several(told: Told, write: Any) -> Any:
    @functools.wraps(write)
    def writing(connection: socket.socket, buffers: Any, *about: Any) -> Any:
        buffers = list(buffers)
        told.refuse(connection, *buffers)
        return write(connection, buffers, *about)

    return writing
