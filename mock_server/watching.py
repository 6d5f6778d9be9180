"""Who looks on while a mock works: nobody, unless somebody says so."""

from __future__ import annotations

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
