"""The tasks of a session, and their ends by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from mock_server.admin.asking import Wrong, chosen
from mock_server.admin.listing import latest, listing, page
from mock_server.lifecycle import TERMINAL, ended, status_at

if TYPE_CHECKING:
    from mock_server.admin.asking import Ask, Handlers, Steps
    from mock_server.session import Session
    from mock_server.store import Task

_STATUSES = ("submitted", "processing", "succeed", "failed")


class EndBody(Struct, forbid_unknown_fields=True):
    """{"message": a text of at most 2000 characters}, optional."""

    message: Annotated[str, Meta(max_length=2000)] | None = None


def listed(ask: Ask) -> Any:
    """Return the tasks of the session, oldest first; `operation` and `status` choose among them.

    With `limit` the last of these alone, without the `offset` newest.
    """
    query = ask.only("operation", "status", "limit", "offset")
    operation, status = query.get("operation"), query.get("status")
    if operation is not None:
        ask.operation(operation)
    if status is not None:
        chosen(status, _STATUSES, "status")

    def shown(task_id: str) -> dict[str, Any] | None:
        task = ask.session.store.get(task_id)
        if task is None or operation not in (None, task.operation):
            return None
        found = _shown(task, ask)
        return found if status in (None, found["status"]) else None

    return listing("tasks", latest(ask.session.store.ids(), shown, *page(ask)))


def one(ask: Ask) -> Any:
    """Return a task."""
    return _shown(_task(ask), ask)


def succeed(ask: Ask) -> Steps[Any]:
    """End a task well, now."""
    body = ask.body(EndBody)
    return _end(ask, "succeed", body.message or "")


def fail(ask: Ask) -> Steps[Any]:
    """End a task without a result, now; the message is the reason that it gives."""
    body = ask.body(EndBody)
    reasons = (each.reason for each in ask.provider.scenarios.values() if each.ends == "failed")
    return _end(ask, "failed", next(reasons, "") if body.message is None else body.message)


def expire(ask: Ask) -> Any:
    """Let the result URLs of a task expire, now; the message is what they then answer."""
    body, task = ask.body(EndBody), _task(ask)
    status = status_at(task.steps, ask.session.clock.now()).status
    if status != "succeed":
        raise Wrong(f"task {task.id} is {status} and has no results", "a task that succeeded", 409)
    ask.session.expired[task.id] = body.message
    return _shown(task, ask)


def _end(ask: Ask, status: str, reason: str) -> Steps[Any]:
    task, session = _task(ask), ask.session
    now = session.clock.now()
    reached = status_at(task.steps, now).status
    if reached in TERMINAL:
        raise Wrong(f"task {task.id} has ended ({reached}), and what has ended never changes", "a task in flight", 409)
    session.agenda.change(replace(task, steps=ended(task.steps, now, status), reason=reason))
    yield None
    return _shown(_task(ask), ask)


def _task(ask: Ask) -> Task:
    """Return the task of the id in the path; the caller's own id is good too."""
    ask.session.events.settle()
    store = ask.session.store
    task = store.get(ask.value) or _by_external(ask)
    if task is None:
        gone = any(ask.session.forgot(each, ask.value) for each in ask.addresses.every_provider())
        why = "; it was made here, and there was no room for it beside newer ones" if gone else ""
        message = f"session {ask.session.name!r} has no task {ask.value[:200]!r}{why}"
        raise Wrong(message, "an id that GET tasks lists", 404)
    return task


def _by_external(ask: Ask) -> Task | None:
    names = [provider.name for provider in ask.addresses.every_provider()]
    found = (ask.session.store.by_external(name, ask.value) for name in names)
    return next(filter(None, found), None)


def _shown(task: Task, ask: Ask) -> dict[str, Any]:
    session = ask.session
    step = status_at(task.steps, session.clock.now())
    return {
        "id": task.id,
        "external_id": task.external_id,
        "provider": task.provider,
        "operation": task.operation,
        "family": task.family,
        "status": step.status,
        "reason": task.reason if step.status == "failed" else None,
        "scenario": task.scenario,
        "created": task.created,
        "updated": step.at,
        "steps": [{"status": each.status, "at": each.at} for each in task.steps],
        "result": task.result,
        "count": task.count,
        "expires": _expiry(task, session, ask),
    }


def _expiry(task: Task, session: Session, ask: Ask) -> int | None:
    """Return when the results expire (Unix ms); for results that were made to expire, when the task ended."""
    last = task.steps[-1]
    if last.status != "succeed":
        return None
    return last.at if task.id in session.expired else ask.addresses.expiry(task)


ROUTES: Handlers = {
    "tasks": {"GET": listed},
    "tasks/*": {"GET": one},
    "tasks/*/succeed": {"POST": succeed},
    "tasks/*/fail": {"POST": fail},
    "tasks/*/expire": {"POST": expire},
}
