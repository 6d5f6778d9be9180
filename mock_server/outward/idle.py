"""Connections between two calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from mock_server.outward.origins import Origin


class Connection(Protocol):
    """What is asked of a connection, blocking or not."""

    def has_expired(self) -> bool:
        """Whether it stood too long, or the other side closed it."""
        ...


C = TypeVar("C", bound=Connection)


class Idle(Generic[C]):
    """At most `most` connections that wait for their next call. It closes none: it hands back what is to be closed.

    httpcore's own pool looks at every connection once for every other one, several times a call: at 64 connections
    this takes far longer than the call.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[tuple[Origin, C]] = []
        self._lock = threading.Lock()

    def take(self, origin: Origin) -> tuple[C | None, list[C]]:
        """Return the connection that was used last and is still open, and those that turned out not to be."""
        ended: list[C] = []
        while (connection := self._pop(origin)) is not None and connection.has_expired():
            ended.append(connection)
        return connection, ended

    def put(self, origin: Origin, connection: C) -> list[C]:
        """Keep a connection; return the oldest ones, for which there is no more room."""
        with self._lock:
            self._waiting.append((origin, connection))
            surplus, self._waiting = self._waiting[: -self._most], self._waiting[-self._most :]
        return [connection for _, connection in surplus]

    def clear(self) -> list[C]:
        """Forget all connections and return them."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return [connection for _, connection in waiting]

    def _pop(self, origin: Origin) -> C | None:
        with self._lock:
            for index in reversed(range(len(self._waiting))):
                if self._waiting[index][0] == origin:
                    return self._waiting.pop(index)[1]
        return None
