"""What all sessions together may keep: so many tasks, and so many bytes of journals. The oldest goes first."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mock_server.session import Session

_RELEASED = 0.9  # of what may be kept; below, it is told again when it is reached
_SPARE = 64  # journals that have left, and stand in the heap
_BATCH = 1000  # parts of all tasks, of which one goes at a time: to go through the sessions for each would be slow


class Bound:
    """How much is kept of one thing, and how much was let go; `told` is called once when the bound is reached."""

    def __init__(self, most: int, line: str, told: Callable[[str], object]) -> None:
        self.most, self._line, self._told = most, line, told
        self.kept = self.forgotten = 0
        self.reached = False

    @property
    def over(self) -> int:
        """How much is kept that may not."""
        return max(self.kept - self.most, 0)

    def change(self, more: int) -> None:
        """Take note that so much more is kept, or less."""
        self.kept += more
        if self.reached and self.kept < self.most * _RELEASED:
            self.reached = False

    def let_go(self, number: int) -> None:
        """Take note that things had to go."""
        self.forgotten += number
        if not self.reached:
            self.reached = True
            self._told(self._line)

    def as_dict(self) -> dict[str, Any]:
        """Return the bound as JSON-ready data."""
        return {"kept": self.kept, "most": self.most, "forgotten": self.forgotten, "reached": self.reached}


class Aged(Protocol):
    """A journal: whether it is among those that are counted, when its oldest exchange came in, how to let that go."""

    counted: bool

    @property
    def oldest(self) -> float | None:
        """When the oldest exchange came in, on a clock that all have in common; None if there is none."""
        ...

    def drop(self) -> None:
        """Let the oldest exchange go."""
        ...


class Journals:
    """The bytes of all journals. Each stands once in a heap, by an age that its oldest exchange has or had."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self._heap: list[tuple[float, int, Aged]] = []
        self._number = self._live = 0

    def join(self, journal: Aged, at: float) -> None:
        """Count a journal, which has begun at this time."""
        self._number += 1
        self._live += 1
        journal.counted = True
        heapq.heappush(self._heap, (at, self._number, journal))

    def leave(self, journal: Aged) -> None:
        """Count a journal no more."""
        journal.counted = False
        self._live -= 1
        if len(self._heap) > _SPARE + 2 * self._live:
            self._heap = [each for each in self._heap if each[2].counted]
            heapq.heapify(self._heap)

    def change(self, more: int) -> None:
        """Take note that journals are so many bytes longer, and let the oldest exchanges go that are too many."""
        self.bound.change(more)
        while self.bound.over and self._heap:
            at, number, journal = self._heap[0]
            oldest = journal.oldest
            if oldest is None or not journal.counted:
                heapq.heappop(self._heap)
                self._live -= journal.counted
                journal.counted = False
            elif oldest > at:
                heapq.heapreplace(self._heap, (oldest, number, journal))
            else:
                journal.drop()
                self.bound.let_go(1)


class Room:
    """The number of tasks. Those that have ended go before those that go on, and in each session the oldest first.

    Of the sessions, the one that nobody used for longest comes first.
    """

    def __init__(self, bound: Bound, sessions: Callable[[], Iterable[Session]]) -> None:
        self.bound, self._sessions = bound, sessions

    def take(self, session: Session, task_id: str) -> None:
        """Take note of a new task, and let others go where there is no room for it."""
        self.bound.change(1)
        if self.bound.over:
            self._make(session, task_id)

    def _make(self, session: Session, task_id: str) -> None:
        left = max(self.bound.over, self.bound.most // _BATCH)
        for ended in (True, False):
            if not self.bound.over:
                return
            for each in self._sessions():
                found = each.oldest(left, ended=ended)
                going = [one for one in found if one != task_id] if each is session else found
                self._forget(each, going)
                left -= len(going)
                if left <= 0:
                    return

    def _forget(self, session: Session, going: Sequence[str]) -> None:
        if going:
            session.drop(going)
            self.bound.change(-len(going))
            self.bound.let_go(len(going))
