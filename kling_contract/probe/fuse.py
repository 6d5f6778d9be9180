"""What ends a connection whose answer is not whole in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from kling_contract.probe.heard import Heard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPENED = (".connect_tcp.complete", ".start_tls.complete")


class Fuse:
    """Cuts the connection of a request that takes longer than it may.

    The timeouts of httpx are for each read alone, so that a header of which a byte comes now and then has none. It
    burns on the real clock, as sockets do. One fuse is for one request at a time; `heard` is what came of its answer.
    """

    def __init__(self) -> None:
        self.blown = False
        self.heard = Heard()
        self._socket: Any = None

    @contextlib.contextmanager
    def lit(self, seconds: float) -> Iterator[None]:
        """Give what is done in the block so much time; `blown` says afterwards that it was not enough."""
        self.blown = False
        self.heard.begin()
        timer = threading.Timer(seconds, self._blow)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn of the connection that is used: the `trace` extension of a request (httpx)."""
        if event.endswith(_OPENED):
            # What a proxy answered before is none of the provider's.
            self.heard.begin()
            self.heard.listen(info["return_value"])
            self._socket = info["return_value"].get_extra_info("socket")
            if self.blown:
                self._blow()

    def _blow(self) -> None:
        self.blown = True
        if self._socket is not None:
            # Past SSLSocket.shutdown, which would take TLS away from whoever is reading.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
