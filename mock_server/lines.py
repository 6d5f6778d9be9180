"""Lines on their way out, for a log or a journal.

Who has a line to write does not wait, and is told of no error: nothing that is reported decides an answer. Where lines
are missing, a line in their place says how many, as soon as it can be written itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.paper import Paper

MOST_LINES, MOST_CHARACTERS = 10_000, 32 * 1024 * 1024  # that wait to be written

_FLUSH_SECONDS = 0.05
_PATIENCE = 2.0  # seconds that the end waits for what cannot be written
_TOO_MANY = "more came than could be written"


class _Item(NamedTuple):
    """A line, and how many it stands for."""

    text: str
    stands_for: int


class Lines:
    """Writes lines in their order, from threads of its own; what comes at once is gathered into one write.

    `mark` makes the line that stands for a number of missing ones, with the reason. `tell` is told once of each reason
    why something cannot be written.
    """

    def __init__(self, paper: Paper, mark: Callable[[int, str], str], tell: Callable[[str], object] = bool) -> None:
        self._paper, self._mark, self._tell = paper, mark, tell
        self._told: set[str] = set()
        self._waiting: list[str] = []
        self._characters = self._too_many = self._under_way = 0
        self._missing, self._reason = 0, ""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None

    def put(self, line: str) -> None:
        """Take a line, which is written within a twentieth of a second, or as soon as those before it are."""
        with self._lock:
            if len(self._waiting) < MOST_LINES and self._characters < MOST_CHARACTERS:
                self._waiting.append(line)
                self._characters += len(line)
            else:
                self._too_many += 1
            if self._timer is None:
                self._timer = self._started()

    def missed(self, lines: int, reason: str) -> None:
        """Take note of lines that are missing before all that are still to come."""
        self._missing, self._reason = self._missing + lines, reason

    def flush(self) -> None:
        """Write what is left to write; whoever comes second waits for the first."""
        with self._writing:
            items = self._taken()
            if items:
                self._write(items)

    def end(self) -> int:
        """Write what is left, as far as that is done in two seconds; return how many lines are missing at the end."""
        last = threading.Thread(target=self.flush, daemon=True)
        try:
            last.start()
        except RuntimeError:  # no thread can be had
            self.flush()
        else:
            last.join(_PATIENCE)
        return self._missing + self._under_way + self._too_many + len(self._waiting)

    def _started(self) -> threading.Timer | None:
        timer = threading.Timer(_FLUSH_SECONDS, self.flush)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # no thread can be had just now; the next line tries again
            return None
        return timer

    def _taken(self) -> list[_Item]:
        with self._lock:
            lines, self._waiting, self._timer = self._waiting, [], None
            many, self._too_many, self._characters = self._too_many, 0, 0
        items = [_Item(self._mark(self._missing, self._reason), self._missing)] if self._missing else []
        items += [_Item(line, 1) for line in lines]
        return [*items, _Item(self._mark(many, _TOO_MANY), many)] if many else items

    def _write(self, items: list[_Item]) -> None:
        self._missing, self._under_way = 0, sum(item.stands_for for item in items)
        done, reason = self._paper.write([item.text for item in items])
        self._missing, self._under_way = sum(item.stands_for for item in items[done:]), 0
        self._reason = reason
        if reason and reason not in self._told:
            self._told.add(reason)
            self._tell(reason)
