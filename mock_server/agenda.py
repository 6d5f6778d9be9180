"""What is to happen in a session, and what happens then: transitions of its tasks, and their callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from mock_server.callbacks.delivery import Delivery
from mock_server.callbacks.modes import Due, callbacks_of
from mock_server.events import Events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mock_server.callbacks.deliveries import Deliveries
    from mock_server.callbacks.delivery import Attempt
    from mock_server.clocks import SessionClock
    from mock_server.store import Task, TaskStore


_SPARE, _MOST_EVENTS = 1000, 8  # events of tasks that are not kept, and of each one that is


class Audience(Protocol):
    """Whom to tell of what happens."""

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        ...

    def tell(self, event: dict[str, Any], /) -> None:
        """Tell everyone who listens."""
        ...


class Agenda:
    """The events of one session.

    Every callback is one. Transitions are events only if anyone watches, since on a real clock the status of a task
    follows from its plan, and nothing need happen for it.
    """

    def __init__(
        self, session: str, clock: SessionClock, store: TaskStore, deliveries: Deliveries, audience: Audience
    ) -> None:
        self._session, self._clock, self._store = session, clock, store
        self._deliveries, self._audience = deliveries, audience
        self.events = Events(clock, self._happen)
        self._watched = clock.mode != "real"

    def watch(self) -> None:
        """From now on let every transition be an event, those of the tasks that there are included."""
        if self._watched:
            return
        self._watched, now = True, self._clock.now()
        for task in filter(None, map(self._store.get, self._store.ids())):
            self._expect(task, [index for index, step in enumerate(task.steps) if step.at > now])

    def expect(self, task: Task) -> None:
        """Let every transition of a new task be an event, if anyone watches, and every callback."""
        if self._watched:
            self._expect(task, range(1, len(task.steps)))
        if task.callback:
            self._call_back(task, callbacks_of(task.steps, task.callbacks))

    def change(self, task: Task) -> None:
        """Keep a changed task, and tell of the steps that it did not have; those of the past and present at once."""
        before = self._store.get(task.id)
        known = before.steps if before else ()
        self._store.replace(task)
        self._expect(task, [n for n, step in enumerate(task.steps) if n >= len(known) or known[n].at != step.at])
        if task.callback:
            expected = callbacks_of(known, task.callbacks) if known else []
            self._call_back(task, [due for due in callbacks_of(task.steps, task.callbacks) if due not in expected])
        self.events.settle()

    def forget(self) -> None:
        """Let nothing wait any longer that was to happen to tasks which are not kept, once there is much of it."""
        if len(self.events) > _SPARE + _MOST_EVENTS * len(self._store):
            self.events.keep(lambda key: key[0] == "r" or self._store.get(key.partition("/")[2]) is not None)

    def _expect(self, task: Task, steps: Iterable[int]) -> None:
        for index in steps:
            self.events.at(task.steps[index].at, f"{index}/{task.id}")

    def _call_back(self, task: Task, callbacks: Iterable[Due]) -> None:
        """Let callbacks be events. On an auto clock nobody needs to poll for them; an early one is at once."""
        for at, index in callbacks:
            if task.callbacks == "early" and index == 0:
                self._deliveries.urgent = self._deliver(f"0/{task.id}", at)
                continue
            self.events.at(at, f"c{index}/{task.id}")
            if self._clock.mode == "auto":
                self.events.want(at)

    def settle(self, delivery: Delivery, attempt: Attempt, retries: Sequence[float]) -> None:
        """Take note of an attempt of a delivery; another one is an event. An auto clock goes on to it."""
        delivery.settle(attempt, retries)
        if delivery.next is None:
            self._deliveries.done(delivery)
        else:
            self.events.at(delivery.next, f"r{delivery.id}")
            if self._clock.mode == "auto":
                self.events.want(delivery.next)
        if self._audience.is_heard:
            self._audience.tell({"event": "delivery", "session": self._session, **delivery.as_dict()})

    def _happen(self, key: str, due: int) -> bool:
        """Let an event happen; False if it is no part of any plan any more."""
        if key[0] == "c":
            return self._deliver(key[1:], due)
        return self._retry(key[1:], due) if key[0] == "r" else self._reach(key, due)

    def _reach(self, key: str, due: int) -> bool:
        index, _, task_id = key.partition("/")
        task = self._store.get(task_id)
        step = task.steps[int(index)] if task and int(index) < len(task.steps) else None
        if task is None or step is None or step.at != due:
            return False
        about = {"session": self._session, "task": task.id, "operation": task.operation, "status": step.status}
        self._audience.tell({"event": "task", "at": due, **about})
        return True

    def _deliver(self, key: str, due: int) -> bool:
        """Let a callback be sent."""
        number, _, task_id = key.partition("/")
        task, index = self._store.get(task_id), int(number)
        if task is None or Due(due, index) not in callbacks_of(task.steps, task.callbacks):
            return False
        status = task.steps[index].status
        delivery = Delivery(
            f"{task.id}{index}", task.id, task.operation, index, status, task.callback, task.callbacks, due
        )
        self._deliveries.add(delivery)
        if task.callbacks == "lost":
            delivery.state = "lost"
            self._deliveries.done(delivery)
        else:
            self._deliveries.out.append(delivery)
        return True

    def _retry(self, name: str, due: int) -> bool:
        delivery = self._deliveries.get(name)
        if delivery is None or delivery.next != due:
            return False
        self._deliveries.out.append(delivery)
        return True
