"""Limits of an account, off unless set: tasks in flight, balance, requests a second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.lifecycle import TERMINAL, status_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.store import Task


@dataclass(frozen=True, slots=True)
class Rates:
    """What a session is limited to; None and missing kinds are not limited.

    tasks       result kind (`image`, `video`) -> slots in flight; a task of n images takes n
    balance     billing units for all that succeeds
    per_second  requests in any second of the session's time
    """

    tasks: Mapping[str, int] | None = None
    balance: float | None = None
    per_second: int | None = None


class Limits:
    """Counts what a session uses, as far as it is limited. A task is looked up, so one that was ended early is free."""

    def __init__(self, rates: Rates, find: Callable[[str], Task | None]) -> None:
        self.rates, self._find = rates, find
        self._open: list[tuple[str, str, int, float]] = []
        self._spent = 0.0
        self._recent: deque[int] = deque()

    def hit(self, now: int) -> str | None:
        """Count a request at `now` (Unix ms); return the situation that it is in if there were too many."""
        if self.rates.per_second is None:
            return None
        while self._recent and self._recent[0] <= now - 1000:
            self._recent.popleft()
        if len(self._recent) >= self.rates.per_second:
            return "rate.limit"
        self._recent.append(now)
        return None

    def admit(self, kind: str, slots: int, units: float, now: int) -> str | None:
        """Return the situation that a create is in, or None if there is room and money for it."""
        if not self.rates.tasks and self.rates.balance is None:
            return None
        self._settle(now)
        most = (self.rates.tasks or {}).get(kind)
        if most is not None and slots + sum(each[2] for each in self._open if each[1] == kind) > most:
            return "rate.concurrency"
        pending = sum(each[3] for each in self._open)
        if self.rates.balance is not None and self._spent + pending + units > self.rates.balance:
            return "account.balance"
        return None

    def add(self, task: Task, slots: int) -> None:
        """Count a task that was admitted."""
        if self.rates.tasks or self.rates.balance is not None:
            self._open.append((task.id, task.result, slots, task.units or 0.0))

    def _settle(self, now: int) -> None:
        """Free what has ended; units are spent by tasks that succeed."""
        still = []
        for each in self._open:
            task = self._find(each[0])
            status = status_at(task.steps, now).status if task else "failed"
            if status not in TERMINAL:
                still.append(each)
            elif status == "succeed":
                self._spent += each[3]
        self._open = still
