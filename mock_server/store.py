"""Where tasks are kept."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from mock_server.lifecycle import Plan  # noqa: TC001 - msgspec reads the annotations below


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

    def __len__(self) -> int: ...


class MemoryStore:
    """Tasks in memory, each as encoded bytes.

    The garbage collector does not walk bytes, so a store of a million tasks costs no pauses.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, bytes] = {}
        self._external: dict[tuple[str, str | None], str] = {}
        self._families: dict[tuple[str, str], list[str]] = {}

    def add(self, task: Task) -> bool:
        """Keep a task; False, and nothing kept, if its external id is taken."""
        data, external = _encode(task), (task.provider, task.external_id)
        if task.external_id is not None and self._external.setdefault(external, task.id) != task.id:
            return False
        self._tasks[task.id] = data
        self._families.setdefault((task.provider, task.family), []).append(task.id)
        return True

    def get(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        data = self._tasks.get(task_id)
        return None if data is None else _decode(data)

    def replace(self, task: Task) -> None:
        """Keep a task in place of the one that has its id."""
        self._tasks[task.id] = _encode(task)

    def clear(self) -> None:
        """Forget every task."""
        for held in (self._tasks, self._external, self._families):
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

    def __len__(self) -> int:
        return len(self._tasks)
