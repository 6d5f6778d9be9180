"""Tasks: made from a request, and shown as the values that an envelope is rendered from."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kling_contract.images import is_url, sides
from mock_server.lifecycle import TERMINAL, plan, status_at
from mock_server.media import clip_seconds
from mock_server.store import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kling_contract.documents import Lifecycle, Operation
    from mock_server.exchange import Call
    from mock_server.inputs import Inputs
    from mock_server.settings import Settings

_LONGEST_TEXT = 200
_LARGEST = 2**63 - 1  # the store's encoding has no larger integers
_NUMBERS = frozenset({int, float, bool, Decimal})
_MOST_RESULTS = 16


class Tasks:
    """Makes and shows the tasks of one server."""

    def __init__(self, settings: Settings, inputs: Inputs) -> None:
        self._settings, self._inputs = settings, inputs

    def create(self, call: Call, body: Mapping[str, Any], images: Sequence[str]) -> Task | None:
        """Return the task of an accepted body, kept in its session; None if its external id is taken."""
        lifecycle = call.operation.lifecycle
        if lifecycle is None:
            raise LookupError(f"{call.operation.id} has no x-lifecycle")
        count = _count(lifecycle, body)
        results = range(count if lifecycle.result == "video" else 0)
        files = [image for image in images if not is_url(image)]
        task = Task(
            id=call.session.new_id(call.provider),
            provider=call.provider.name,
            operation=call.operation.id,
            family=call.operation.family,
            external_id=external_id(call.operation, body),
            created=call.entry.at,
            steps=plan(lifecycle, call.entry.at),
            result=lifecycle.result,
            count=count,
            units=None if lifecycle.units is None else lifecycle.units * count,
            fields=_fields(call.operation, body),
            sides=next(filter(None, map(sides, files)), None),
            result_ids=tuple([call.session.new_id(call.provider) for _ in results]),
            seed=call.session.seed,
        )
        if not call.session.store.add(task):
            return None
        if files:
            self._inputs.keep(task.id, files)
        return task

    def find(self, call: Call) -> Task | None:
        """Return the task of the id in the path, if it is one of the operation's family."""
        store, ids = call.session.store, call.operation.ids
        task = store.get(call.value) if "task" in ids else None
        if task is None and "external" in ids:
            task = store.by_external(call.provider.name, call.value)
        if task is None or (task.provider, task.family) != (call.provider.name, call.operation.family):
            return None
        return task

    def values(self, task: Task, call: Call) -> dict[str, Any]:
        """Return what there is to say of a task at the session's time."""
        step = status_at(task.steps, call.entry.at)
        values: dict[str, Any] = {
            "request_id": call.session.request_id(),
            "id": task.id,
            "status": step.status,
            "external_id": task.external_id,
            "created_ms": task.created,
            "updated_ms": step.at,
        }
        if step.status in TERMINAL:
            values["reason"] = task.reason
        if step.status == "succeed":
            values[f"{task.result}s"] = self._results(task, call)
            values["units"] = None if task.units is None else f"{task.units:g}"
        return values

    def _results(self, task: Task, call: Call) -> list[dict[str, Any]]:
        origin = self._settings.public_url or call.exchange.origin
        suffix = "mp4" if task.result == "video" else "png"
        results = [{"index": n, "url": f"{origin}/__media/{task.id}-{n}.{suffix}"} for n in range(task.count)]
        for each, result_id in zip(results, task.result_ids, strict=False):
            each["result_id"], each["duration"] = result_id, str(clip_seconds(task.fields))
        return results


def external_id(operation: Operation, body: Mapping[str, Any]) -> str | None:
    """Return the caller's own id of the task; an empty text means none."""
    found = body.get(operation.external) if operation.external else None
    return found if isinstance(found, str) and found else None


def _count(lifecycle: Lifecycle, body: Mapping[str, Any]) -> int:
    if isinstance(lifecycle.count, int):
        return lifecycle.count
    try:
        return min(max(int(body.get(lifecycle.count) or 1), 1), _MOST_RESULTS)
    except (TypeError, ValueError):
        return 1


def _fields(operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
    known = operation.properties
    return {operation.canonical(name): value for name, value in body.items() if name in known and _is_small(value)}


def _is_small(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= _LONGEST_TEXT
    return kind in _NUMBERS and (kind is not int or abs(value) <= _LARGEST)
