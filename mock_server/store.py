"""Where tasks are kept."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from mock_server.lifecycle import TERMINAL, Plan

if TYPE_CHECKING:
    from collections.abc import Collection


class Task(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One task of a provider.

    `fields` are the scalar fields of its request by their canonical names; `sides` those of its first image, in px;
    `polls` how many end it on an auto clock; `slots` what it takes of the tasks in flight; `callback` is where its
    callbacks go, `callbacks` how they come, and `origin` what the URLs in them begin with; `inputs` is what
    `Inputs.kind` says of its images.
    """

    id: str
    provider: str
    operation: str
    family: str
    external_id: str | None
    created: int
    steps: Plan
    result: str
    count: int
    units: float | None
    fields: dict[str, Any]
    sides: tuple[int, int] | None
    result_ids: tuple[str, ...]
    seed: int
    scenario: str
    reason: str
    polls: int
    slots: int = 1
    callback: str = ""
    callbacks: str = ""
    origin: str = ""
    inputs: str = ""


_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode = msgspec.msgpack.Decoder(Task).decode


_SPARE = 1000  # ends of tasks that are not kept any more


class TaskStore(Protocol):
    """What a session needs of a store."""

    def add(self, task: Task) -> bool:
        """Keep a task; False, and nothing kept, if its external id is taken."""
        ...

    def get(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        ...

    def replace(self, task: Task) -> None:
        """Keep a task in place of the one that has its id."""
        ...

    def clear(self) -> None:
        """Forget every task."""
        ...

    def ids(self) -> list[str]:
        """Return the id of every task, oldest first."""
        ...

    def by_external(self, provider: str, external_id: str) -> Task | None:
        """Return a task by the caller's own id of it."""
        ...

    def page(self, provider: str, family: str, number: int, size: int) -> list[Task]:
        """Return a page of a family's tasks at a provider, newest first; pages count from 1."""
        ...

    def ended(self, now: int, most: int) -> list[str]:
        """Return the ids of tasks that have ended by `now` (Unix ms), so many at most, those first that ended first.

        Each is told once: whoever asks has it dropped.
        """
        ...

    def drop(self, task_ids: Collection[str]) -> None:
        """Forget these tasks."""
        ...

    def __len__(self) -> int: ...


class MemoryStore:
    """Tasks in memory, each as encoded bytes.

    The garbage collector does not walk bytes, so a store of a million tasks costs no pauses.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, bytes] = {}
        self._external: dict[tuple[str, str | None], str] = {}
        self._families: dict[tuple[str, str], list[str]] = {}
        # Tuples of a number and a text, which the garbage collector does not walk either.
        self._ends: list[tuple[int, str]] = []

    def add(self, task: Task) -> bool:
        """Keep a task; False, and nothing kept, if its external id is taken."""
        data, external = _encode(task), (task.provider, task.external_id)
        if task.external_id is not None and self._external.setdefault(external, task.id) != task.id:
            return False
        self._tasks[task.id] = data
        self._families.setdefault((task.provider, task.family), []).append(task.id)
        self._expect(task)
        return True

    def get(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        data = self._tasks.get(task_id)
        return None if data is None else _decode(data)

    def replace(self, task: Task) -> None:
        """Keep a task in place of the one that has its id."""
        self._tasks[task.id] = _encode(task)
        self._expect(task)

    def clear(self) -> None:
        """Forget every task."""
        for held in (self._tasks, self._external, self._families, self._ends):
            held.clear()

    def ids(self) -> list[str]:
        """Return the id of every task, oldest first."""
        return list(self._tasks)

    def by_external(self, provider: str, external_id: str) -> Task | None:
        """Return a task by the caller's own id of it."""
        found = self._external.get((provider, external_id))
        return None if found is None else self.get(found)

    def page(self, provider: str, family: str, number: int, size: int) -> list[Task]:
        """Return a page of a family's tasks at a provider, newest first; pages count from 1."""
        ids = self._families.get((provider, family), [])
        end = len(ids) - (number - 1) * size
        chosen = ids[max(end - size, 0) : max(end, 0)]
        return [_decode(self._tasks[task_id]) for task_id in reversed(chosen)]

    def ended(self, now: int, most: int) -> list[str]:
        """Return the ids of tasks that have ended by `now` (Unix ms), so many at most, those first that ended first.

        Each is told once: whoever asks has it dropped.
        """
        found: list[str] = []
        while self._ends and self._ends[0][0] <= now and len(found) < most:
            at, task_id = heapq.heappop(self._ends)
            task = self.get(task_id)
            # One that was ended by hand stands here twice, and ended when its plan says now.
            if task is not None and task.steps[-1].at == at and task_id not in found[-1:]:
                found.append(task_id)
        return found

    def drop(self, task_ids: Collection[str]) -> None:
        """Forget these tasks."""
        going, families = set(task_ids), set[tuple[str, str]]()
        for task in filter(None, map(self.get, going)):
            del self._tasks[task.id]
            families.add((task.provider, task.family))
            if task.external_id is not None:
                self._external.pop((task.provider, task.external_id), None)
        for family in families:
            self._families[family] = [each for each in self._families[family] if each not in going]
        if len(self._ends) > _SPARE + 2 * len(self._tasks):
            self._ends = [each for each in self._ends if each[1] in self._tasks]
            heapq.heapify(self._ends)

    def _expect(self, task: Task) -> None:
        """Take note of when a task ends, if it does."""
        last = task.steps[-1]
        if last.status in TERMINAL:
            heapq.heappush(self._ends, (last.at, task.id))

    def __len__(self) -> int:
        return len(self._tasks)
