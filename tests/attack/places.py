"""Where the ways out lead, and what they have in common."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import uvloop

NAME = "localhost"  # the host that the document names: every machine knows it, whoever resolves it
FULL_WIDTH = "ｌｏｃａｌｈｏｓｔ"
SCRIPT = "\N{MATHEMATICAL SCRIPT SMALL L}ocalhost"  # UTS 46 maps it, and Python's own codec does not
SIGN = NAME.encode()
ADDRESS = "127.0.0.1"  # which no document names


@dataclass(frozen=True)
class Place:
    """The port of who is not to be reached, or of the proxy, and that of one that greets, as mail servers do."""

    port: int
    greeting: int

    @property
    def named(self) -> str:
        return f"http://{NAME}:{self.port}/x"

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.port}/x"

    @property
    def proxy(self) -> str:
        return f"http://{ADDRESS}:{self.port}"


# What comes before the first `yield` is done before the mock begins.
Go = Callable[[Place], object] | Callable[[Place], Iterator[None]]


@dataclass(frozen=True)
class Way:
    """A way out. It got out if `sign` was heard; without a sign, if anybody connected or sent a datagram.

    `open` is the entry of docs/pytest.md under which it stands if it cannot be closed.
    """

    go: Go
    sign: bytes = b""
    open: str = ""

    @property
    def name(self) -> str:
        return self.go.__name__


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def in_asyncio(main: Coroutine[Any, Any, object]) -> object:
    return asyncio.run(main)


def in_uvloop(main: Coroutine[Any, Any, object]) -> object:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def request(host: str = NAME, path: str = "/x") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
