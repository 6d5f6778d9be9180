"""Applications of this process that a server on a port calls back."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from mock_server.inprocess import Application
from mock_server.outward import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping


class ThreadedApplication(Application):
    """Calls a WSGI application in a thread, as servers do: it may block, and ask the server that calls it.

    What an application raises is a 500 to the server, and kept for the test.
    """

    async def acall(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Ask the application, an ASGI one in the event loop of the server."""
        try:
            if self._is_asgi:
                return await super().acall(method, url, headers, body, timeout=timeout, most=most)
            return await asyncio.to_thread(partial(self.call, method, url, headers, body, timeout=timeout, most=most))
        except Exception:
            return Reply(500, {}, b"")

    @property
    def unheard(self) -> list[str]:
        """What the application raised since it was last checked, in words, each once."""
        return list(dict.fromkeys(f"{type(error).__name__}: {error}" for error in self.raised))

    def check(self) -> None:
        """Raise what the application was the first to raise since it was last checked."""
        raised, self.raised = self.raised, []
        if raised:
            raise raised[0]
