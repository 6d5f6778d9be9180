"""Named hosts at the audit events of the interpreter, which functions raise that were taken before a patch, and C code.

A hook cannot be removed, so there is one in the process, from the first mock on, which refuses nothing without one.
"""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.interception.named import Named

# By event, the place of the host, or of the address it is the first item of. A reverse lookup is none of these: servers
# look their own address up.
_HOSTS = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_ADDRESSES = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


@contextmanager
def heard(named: Named) -> Iterator[None]:
    """Refuse named hosts at the events; of nested ones the inner one is the first to."""
    guards = _guards()
    guards.append(named)
    try:
        yield
    finally:
        guards.remove(named)


@functools.cache
def _guards() -> list[Named]:
    """Return those whom the one hook of the process asks; it is added by the first call."""
    guards: list[Named] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if guards and event.startswith("socket."):
            _hear(guards, event, arguments)

    sys.addaudithook(hook)
    return guards


def _hear(guards: list[Named], event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ADDRESSES:
        address = arguments[_ADDRESSES[event]]
        host = address[0] if isinstance(address, tuple) and address else None
    else:
        host = arguments[_HOSTS[event]] if event in _HOSTS else None
    for named in reversed(guards) if host is not None else ():
        named.refuse(host)
