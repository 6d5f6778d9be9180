"""Limits of an account, off unless set: tasks in flight, balance, requests a second."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from mock_server.lifecycle import TERMINAL, status_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.store import Task, TaskStore

_DIGITS = 6  # of billing units, so that ten times 0.1 is 1


class Rates(msgspec.Struct, frozen=True):
    """What a session is limited to; None and missing kinds are not limited.

    tasks       result kind (`image`, `video`) -> slots in flight; a task of n images takes n
    balance     billing units for all that succeeds from now on; those of tasks in flight are set aside
    per_second  requests in any second of the session's time
    """

    tasks: Mapping[str, int] | None = None
    balance: float | None = None
    per_second: int | None = None

    @property
    def count_tasks(self) -> bool:
        """Whether tasks are limited in any way."""
        return bool(self.tasks) or self.balance is not None


class Limits:
    """Counts what a session uses, as far as it is limited. A task is looked up, so one that was ended early is free."""

    def __init__(self, rates: Rates, store: TaskStore, now: Callable[[], int]) -> None:
        self._store, self._now = store, now
        self._recent: deque[int] = deque()
        self._open: list[str] = []
        self._spent = 0.0
        self._rates = Rates()
        self.rates = rates

    @property
    def rates(self) -> Rates:
        """What is limited now. Tasks in flight count from the start; another balance is spent from when it is set."""
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        now, before, self._rates = self._now(), self._rates, rates
        if not before.count_tasks:
            self._open = self._store.ids() if rates.count_tasks else []
        self._settle(now)
        if rates.balance != before.balance:
            self._spent = 0.0

    def refill(self) -> None:
        """Begin the balance anew; what has ended by now is paid for."""
        self._settle(self._now())
        self._spent = 0.0

    def settle(self) -> None:
        """Let what has ended by now be paid for, before anything of it is forgotten."""
        if self._rates.count_tasks:
            self._settle(self._now())

    def hit(self, now: int) -> str | None:
        """Count a request at `now` (Unix ms); return the situation that it is in if there were too many."""
        if self._rates.per_second is None:
            return None
        while self._recent and self._recent[0] <= now - 1000:
            self._recent.popleft()
        if len(self._recent) >= self._rates.per_second:
            return "rate.limit"
        self._recent.append(now)
        return None

    def admit(self, kind: str, slots: int, units: float, now: int) -> str | None:
        """Return the situation that a create is in, or None if there is room and money for it."""
        if not self._rates.count_tasks:
            return None
        pending = self._settle(now)
        most = (self._rates.tasks or {}).get(kind)
        if most is not None and slots + sum(each.slots for each in pending if each.result == kind) > most:
            return "rate.concurrency"
        cost = self._spent + sum(each.units or 0.0 for each in pending) + units
        if self._rates.balance is not None and round(cost, _DIGITS) > self._rates.balance:
            return "account.balance"
        return None

    def add(self, task: Task) -> None:
        """Count a task that was admitted."""
        if self._rates.count_tasks:
            self._open.append(task.id)

    def _settle(self, now: int) -> list[Task]:
        """Free what has ended, and return what has not; units are spent by tasks that succeed."""
        pending = []
        for task in filter(None, map(self._store.get, self._open)):
            status = status_at(task.steps, now).status
            if status not in TERMINAL:
                pending.append(task)
            elif status == "succeed":
                self._spent += task.units or 0.0
        self._open = [task.id for task in pending]
        return pending
