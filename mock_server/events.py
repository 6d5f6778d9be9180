"""What is due, and when: one queue for each session, and no timer for any task."""

from __future__ import annotations

import heapq
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.clocks import SessionClock

# Time on its way: it pauses after each instant at which something happened, and comes to how many events that were.
Passing: TypeAlias = Generator[None, Any, int]


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
        self._goal = 0
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

    def last(self, kinds: str) -> int | None:
        """Return when the last event is due (Unix ms) whose key begins with one of these letters, or None."""
        return max((due for due, _, key in self._heap if key[0] in kinds), default=None)

    def keep(self, known: Callable[[str], bool]) -> None:
        """Let nothing happen of which the key is not `known`."""
        self._heap = [each for each in self._heap if known(each[2])]
        heapq.heapify(self._heap)

    def clear(self) -> None:
        """Let nothing happen of what is due, nor be wanted."""
        self._heap.clear()
        self._goal = 0

    def want(self, until: int | None) -> None:
        """Let time go on to the last event that is due by `until`, in the advance that goes on or in `catching_up`.

        None takes back what was wanted.
        """
        self._goal = 0 if until is None else max(self._goal, until)

    @property
    def wanted(self) -> bool:
        """Whether there is an event that somebody wants to happen, and that no advance will reach."""
        return bool(self._heap) and not self.running and self._heap[0][0] <= self._goal

    def settle(self) -> int:
        """Let everything happen that has become due by itself; return how many events that were."""
        if not self._heap or self.running or self._heap[0][0] > self._clock.now():
            return 0
        return exhausted(self._passing(self._clock.now(), goes_on=False))

    def advance(self, until: int) -> int:
        """Do what `advancing` does, without a pause."""
        return exhausted(self.advancing(until))

    def advancing(self, until: int) -> Passing:
        """Move time to `until`, letting everything happen that becomes due on the way; return how many events.

        The first pause is before anything happens. At each event it is the time at which that was due. A real clock may
        be past `until` by now, and stays so; what is due there already happens before the first pause.
        Raises `Busy` while another advance goes on, and `ClockError` for a time that has passed.
        """
        if self.running:
            raise Busy("time is being advanced already")
        happened = 0
        if self._clock.mode == "real":
            happened, until = self.settle(), max(until, self._clock.now())
        else:
            self._clock.check(until)
        happened += yield from self._passing(until)
        self._clock.reach(until)
        return happened

    def catching_up(self) -> Passing:
        """Move time to the last event that is wanted."""
        return self._passing(0)

    def _passing(self, until: int, *, goes_on: bool = True) -> Passing:
        happened, reached, self.running = 0, self._clock.now(), True
        try:
            if goes_on:
                self._clock.hold(self._clock.now())
                yield
            while self._heap and self._heap[0][0] <= (max(until, self._goal) if goes_on else until):
                reached, _, key = heapq.heappop(self._heap)
                self._clock.hold(reached)
                happened += self._happen(key, reached)
                if not self._heap or self._heap[0][0] != reached:
                    yield
        finally:
            # Where an event fails, or nobody goes on after a pause, time has come as far as to that one.
            self._clock.hold(None)
            self._clock.reach(reached)
            self.running = False
        return happened


def exhausted(passing: Passing, between: Callable[[], None] = lambda: None) -> int:
    """Let time go all its way, calling `between` at each pause; return how many events happened."""
    try:
        while True:
            next(passing)
            between()
    except StopIteration as end:
        return int(end.value)
    finally:
        passing.close()
