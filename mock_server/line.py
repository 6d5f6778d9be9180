"""The connection beneath a request, for faults that HTTP has no words for."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, cast

import anyio

from kling_contract.errors import Portable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from starlette.types import Receive

EXTENSION = "mock_server.line"  # in the `extensions` of an ASGI scope
_NO_LINGERING = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_GOODBYE = 5.0  # seconds that an ended connection may take to be gone


class NoLine(Portable, RuntimeError):
    """An answer was to be cut, reset or closed where nobody has a hold of the connection."""

    def __init__(self, fate: str) -> None:
        super().__init__(
            f"a fault wants the answer to be {fate}, which needs the connection: serve with MockServer or"
            " `kling-contract serve`, and not in process or by another ASGI server"
        )


class Line:
    """One connection. While it is `held`, nobody should wait for the answer to its request."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.held = transport, False

    def close(self) -> None:
        """Send what was written, then end the connection."""
        self._transport.close()

    def reset(self) -> None:
        """End the connection with a TCP reset: lingering for no time discards what was not sent yet."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self._transport.abort()


def line_of(scope: Mapping[str, Any]) -> Line | None:
    """Return the connection of a request; None where the ASGI server is not ours, or is none."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return cast("Line", found["line"]) if found else None


async def given_up(receive: Receive, seconds: float) -> bool:
    """Wait until the client has gone, or for so many seconds of real time; return whether it has."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass
        return True
    return False


async def ended(receive: Receive) -> None:
    """Wait until a connection that was closed or reset is gone."""
    await given_up(receive, _GOODBYE)
