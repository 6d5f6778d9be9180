"""A task as the values that an envelope is rendered from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.lifecycle import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.lifecycle import Step
    from mock_server.store import Task


def values_of(task: Task, step: Step, origin: str) -> dict[str, Any]:
    """Return what there is to say of a task that has reached a step; the URLs of its results begin with `origin`."""
    values: dict[str, Any] = {
        "id": task.id,
        "status": step.status,
        "external_id": task.external_id,
        "created_ms": task.created,
        "updated_ms": step.at,
    }
    if step.status in TERMINAL:
        values["reason"] = task.reason if step.status == "failed" else ""
    if step.status == "succeed":
        values[f"{task.result}s"] = _results(task, origin)
        values["units"] = None if task.units is None else f"{task.units:g}"
    return values


def clip_seconds(fields: Mapping[str, Any]) -> int:
    """Return the length of a request's video, 1 to 15 whole seconds; the documented default is 5."""
    text = str(fields.get("duration", ""))
    return min(max(int(text), 1), 15) if text.isdecimal() and len(text) < 4 else 5


def _results(task: Task, origin: str) -> list[dict[str, Any]]:
    suffix = "mp4" if task.result == "video" else "png"
    results: list[dict[str, Any]] = [
        {"index": n, "url": f"{origin}/__media/{task.id}-{n}.{suffix}"} for n in range(task.count)
    ]
    for each, result_id in zip(results, task.result_ids, strict=False):
        each["result_id"], each["duration"] = result_id, str(clip_seconds(task.fields))
    return results
