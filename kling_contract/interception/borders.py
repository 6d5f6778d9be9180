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

_TO_PROXY = re.compile(rb"(?:CONNECT |[A-Z]+ https?://)([^\s/:]+)")


def patches(named: Named) -> Iterator[Patch]:
    """Yield the patches at name resolution, before TLS, and at what is written to a proxy."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        yield Patch(socket, name, _resolving(named, getattr(socket, name)))
    loops: list[Any] = [asyncio.BaseEventLoop]
    if "uvloop" in sys.modules or _has_uvloop():
        loops.append(import_module("uvloop").Loop)
    for loop in loops:
        yield Patch(loop, "getaddrinfo", _aresolving(named, loop.getaddrinfo))
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
        named.refuse(found[1], LineRefused)
