"""Who looks on while a mock works: nobody, unless somebody says so."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.callbacks.delivery import Delivery
    from mock_server.journal import Entry


class Watcher:
    """Is told of what happens, and does nothing about it. `verbose` asks for what costs something to tell."""

    verbose = False

    def exchange(self, entry: Entry) -> None:
        """Take note of an exchange that has been answered."""

    def delivery(self, session: str, delivery: Delivery) -> None:
        """Take note of an attempt of a callback, the last one that it has."""

    def say(self, line: str) -> None:
        """Take note of what a person should know."""


class Careful(Watcher):
    """Tells another watcher, whose own trouble is its own: whatever it raises, what goes on goes on.

    It is told once of each kind of error that it raised, by `say`.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher, self.verbose = watcher, watcher.verbose
        self._told: set[type[Exception]] = set()

    def exchange(self, entry: Entry) -> None:
        """Pass on an exchange."""
        try:
            self._watcher.exchange(entry)
        except Exception as error:
            self._failed(error)

    def delivery(self, session: str, delivery: Delivery) -> None:
        """Pass on an attempt."""
        try:
            self._watcher.delivery(session, delivery)
        except Exception as error:
            self._failed(error)

    def say(self, line: str) -> None:
        """Pass on a line."""
        with suppress(Exception):
            self._watcher.say(line)

    def _failed(self, error: Exception) -> None:
        if type(error) not in self._told:
            self._told.add(type(error))
            self.say(f"who watches the mock failed, and is told nothing of this one: {type(error).__name__}: {error}")
