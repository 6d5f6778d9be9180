"""What is due, and when: one queue for each session, and no timer for any task."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.clocks import SessionClock


class Busy(Exception):
    """Time is being advanced already."""


class Events:
    """The due events of a session, in order of due time, and of arrival where that is the same.

    An event is a key; `happen` is called with it at its time, and says whether it meant anything.
    """

    def __init__(self, clock: SessionClock, happen: Callable[[str, int], bool]) -> None:
        self._clock, self._happen = clock, happen
        # Tuples of numbers and texts, which the garbage collector does not walk.
        self._heap: list[tuple[int, int, str]] = []
        self._count = 0
        self.running = False

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def due(self) -> int | None:
        """When the next event is due (Unix ms), or None if there is none."""
        return self._heap[0][0] if self._heap else None

    def at(self, due: int, key: str) -> None:
        """Let the event `key` happen at `due` (Unix ms)."""
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, key))

    def settle(self) -> int:
        """Let everything happen that has become due by itself; return how many events that were."""
        if not self._heap or self.running or self._heap[0][0] > self._clock.now():
            return 0
        return self._run(self._clock.now())

    def advance(self, until: int) -> int:
        """Move time to `until`, letting everything happen that becomes due on the way; return how many events.

        At each event it is the time at which that was due. A real clock may be past `until` by now, and stays so.
        Raises `Busy` while another advance goes on, and `ClockError` for a time that has passed.
        """
        if self.running:
            raise Busy("time is being advanced already")
        if self._clock.mode == "real":
            until = max(until, self._clock.now())
        self._clock.check(until)
        happened = self._run(until)
        self._reach(until)
        return happened

    def _run(self, until: int) -> int:
        happened, reached, self.running = 0, until, True
        try:
            while self._heap and self._heap[0][0] <= until:
                reached, _, key = heapq.heappop(self._heap)
                self._clock.hold(reached)
                happened += self._happen(key, reached)
        finally:
            # Where an event fails, time has come as far as to that one.
            self._clock.hold(None)
            self._reach(reached)
            self.running = False
        return happened

    def _reach(self, until: int) -> None:
        if self._clock.now() < until:
            self._clock.move_to(until)
