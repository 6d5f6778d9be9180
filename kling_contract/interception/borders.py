"""The borders at which a named host is refused to whatever is not intercepted."""

from __future__ import annotations

import asyncio
import functools
import re
import socket
import ssl
import sys
from asyncio import selector_events
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kling_contract.interception.named import LineRefused
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.interception.named import Named

_LONGEST = 300  # bytes of a method, or of a host with its user and port
# What stands before the last colon of a CONNECT is the host, with or without brackets around an IPv6 address.
_TO_PROXY = re.compile(
    rb"CONNECT (?P<tunnel>\S{1,%d}):[0-9]{1,5} |[A-Z]{1,%d} https?://(?:[^\s/?#@]{0,%d}@)?(?P<plain>[^\s/?#@]{1,%d})"
    % (_LONGEST, _LONGEST, _LONGEST, _LONGEST)
)


def patches(named: Named) -> Iterator[Patch]:
    """Yield the patches at name resolution, before TLS, and at what is written to a proxy."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        yield Patch(socket, name, _resolving(named, getattr(socket, name)))
    for name in ("connect", "connect_ex"):
        yield Patch(socket.socket, name, _connecting(named, getattr(socket.socket, name)))
    loops: list[Any] = [asyncio.BaseEventLoop]
    if "uvloop" in sys.modules or _has_uvloop():
        loops.append(import_module("uvloop").Loop)
    for loop in loops:
        yield Patch(loop, "getaddrinfo", _aresolving(named, loop.getaddrinfo))
        # A loop looks no address up, and one that is not written in Python connects past `socket.connect`.
        yield Patch(loop, "create_connection", _opening(named, loop.create_connection))
    for name in ("wrap_socket", "wrap_bio"):
        yield Patch(ssl.SSLContext, name, _encrypting(named, getattr(ssl.SSLContext, name)))
    # What a transport of asyncio's loop fails to send, it logs, and who asked hears only that the connection is lost.
    if (transport := getattr(selector_events, "_SelectorSocketTransport", None)) is not None:
        yield Patch(transport, "write", _sending(named, transport.write))
    for name in ("send", "sendall"):
        yield Patch(socket.socket, name, _sending(named, getattr(socket.socket, name)))
    if hasattr(socket.socket, "sendmsg"):
        yield Patch(socket.socket, "sendmsg", _sending_several(named, socket.socket.sendmsg))


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
    async def opening(loop: Any, factory: Any, host: Any = None, *arguments: Any, **options: Any) -> Any:
        named.refuse(host)
        return await open_(loop, factory, host, *arguments, **options)

    return opening


def _encrypting(named: Named, wrap: Any) -> Any:
    @functools.wraps(wrap)
    def encrypting(context: ssl.SSLContext, *arguments: Any, **options: Any) -> Any:
        named.refuse(options.get("server_hostname"))
        return wrap(context, *arguments, **options)

    return encrypting


def _sending(named: Named, send: Any) -> Any:
    @functools.wraps(send)
    def sending(connection: Any, data: Any, *flags: Any) -> Any:
        _look(named, data)
        return send(connection, data, *flags)

    return sending


def _sending_several(named: Named, send: Any) -> Any:
    @functools.wraps(send)
    def sending(connection: socket.socket, buffers: Any, *about: Any) -> Any:
        buffers = list(buffers)
        for data in buffers[:1]:
            _look(named, data)
        return send(connection, buffers, *about)

    return sending


def _look(named: Named, data: Any) -> None:
    if isinstance(data, (bytes, bytearray, memoryview)) and (found := _TO_PROXY.match(data)):
        named.refuse(found["tunnel"] or found["plain"], LineRefused)
