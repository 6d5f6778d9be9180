"""Tasks: made from a request, found, and moved on by polls."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kling_contract.images import is_url, sides
from mock_server.exchange import Refusal
from mock_server.lifecycle import TERMINAL, Step, status_at
from mock_server.outcomes import outcome_of
from mock_server.showing import values_of
from mock_server.store import Task
from mock_server.wishes import NOTHING, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Operation
    from kling_contract.errors import Violation
    from mock_server.exchange import Call
    from mock_server.inputs import Inputs
    from mock_server.settings import Settings

_LONGEST_TEXT = 40  # characters: what decides how a result is drawn is a number, a length, an aspect, a mode or a model
_LARGEST = 2**63 - 1  # the store's encoding has no larger integers
_NUMBERS = frozenset({int, float, bool, Decimal})
_MOST_RESULTS = 16


class Tasks:
    """Makes and shows the tasks of one server."""

    def __init__(self, settings: Settings, inputs: Inputs) -> None:
        self._settings, self._inputs = settings, inputs
        self._wish = NOTHING if settings.scenario is None else Wish(settings.scenario)

    def create(self, call: Call, body: Mapping[str, Any]) -> Task | None:
        """Return the task of an accepted body, kept in its session; None if its external id is taken."""
        lifecycle = call.operation.lifecycle
        if lifecycle is None:
            raise LookupError(f"{call.operation.id} has no x-lifecycle")
        external = external_id(call.operation, body)
        if external and call.session.store.by_external(call.provider.name, external):
            return None
        count, slots = _number(lifecycle.count, body), _number(lifecycle.slots, body)
        units = None if lifecycle.units is None else lifecycle.units * count
        situation = call.session.limits.admit(lifecycle.result, slots, units or 0.0, call.entry.at)
        if situation is not None:
            raise Refusal(situation)
        outcome = outcome_of(call, body, lifecycle, self._wish)
        results = range(count if lifecycle.result == "video" else 0)
        pictures = call.operation.pictures(body)
        inputs = self._inputs.kind(pictures)
        task = Task(
            id=call.session.new_id(call.provider),
            provider=call.provider.name,
            operation=call.operation.id,
            family=call.operation.family,
            external_id=external,
            created=call.entry.at,
            steps=outcome.steps,
            result=lifecycle.result,
            count=count,
            units=units,
            fields=_fields(call.operation, body),
            sides=next(filter(None, (sides(text) for _, text in pictures if not is_url(text))), None),
            result_ids=tuple([call.session.new_id(call.provider) for _ in results]),
            # A seed may be any integer; those that the store can hold are kept as they are.
            seed=(call.session.seed + _LARGEST + 1) % 2**64 - _LARGEST - 1,
            scenario=outcome.scenario.name,
            reason=outcome.scenario.reason if outcome.scenario.ends == "failed" else "",
            polls=outcome.polls,
            slots=slots,
            inputs=inputs,
            **self._calls_back(call, body, outcome.callbacks),
        )
        if not call.session.store.add(task):
            return None
        call.session.limits.add(task)
        call.session.took(task)
        call.session.agenda.expect(task)
        if inputs == "url":
            self._inputs.pass_by(pictures[0][1])
        elif inputs:
            self._inputs.keep(call.session.key(task.id), pictures, (call.exchange.origin, self._origin(call)))
        return task

    def _calls_back(self, call: Call, body: Mapping[str, Any], mode: str) -> dict[str, str]:
        """Return what a task keeps that is to call back."""
        field = call.operation.callback_field
        url = body.get(field) if field else None
        if not isinstance(url, str) or not url:
            return {}
        return {"callback": url, "callbacks": mode, "origin": self._origin(call)}

    def _origin(self, call: Call) -> str:
        return self._settings.public_url or call.exchange.origin

    def find(self, call: Call) -> Task | None:
        """Return the task of the id in the path, if it is one of the operation's family."""
        store, ids = call.session.store, call.operation.ids
        task = store.get(call.value) if "task" in ids else None
        if task is None and "external" in ids:
            task = store.by_external(call.provider.name, call.value)
        if task is None or (task.provider, task.family) != (call.provider.name, call.operation.family):
            return None
        return task

    def poll(self, task: Task, call: Call) -> None:
        """On an auto clock, let a poll of a task that goes on bring its next transition; `polls` of them end it."""
        session = call.session
        # Whoever asks while time is being advanced, as a callback's receiver may, sees the time of that event.
        # And where time is to go on for callbacks, it does so by itself.
        if session.clock.mode != "auto" or session.events.running or session.events.wanted:
            return
        if status_at(task.steps, session.clock.now()).status in TERMINAL:
            session.polls.pop(task.id, None)
            return
        count = session.polls[task.id] = session.polls.get(task.id, 0) + 1
        reached = min(count * (len(task.steps) - 1) // task.polls, len(task.steps) - 1)
        due: Step = task.steps[reached]
        if due.at > session.clock.now():
            session.events.advance(due.at)
        if reached == len(task.steps) - 1:
            session.polls.pop(task.id, None)

    def unseen(self, task: Task, call: Call) -> tuple[Violation, ...]:
        """Return notes of what the results of a task do not show of its request, for a task that succeeded."""
        return self._inputs.notes(call.session.key(task.id), task.inputs)

    def values(self, task: Task, call: Call) -> dict[str, Any]:
        """Return what an answer says of a task at the session's time."""
        step, origin = status_at(task.steps, call.entry.at), self._origin(call)
        return {"request_id": call.session.request_id(), **values_of(task, step, origin)}


def external_id(operation: Operation, body: Mapping[str, Any]) -> str | None:
    """Return the caller's own id of the task; an empty text means none."""
    found = body.get(operation.external) if operation.external else None
    return found if isinstance(found, str) and found else None


def _number(says: int | str, body: Mapping[str, Any]) -> int:
    """Return a number of the lifecycle: itself, or what the field of this name holds."""
    if isinstance(says, int):
        return says
    try:
        return min(max(int(body.get(says) or 1), 1), _MOST_RESULTS)
    except (TypeError, ValueError):
        return 1


def _fields(operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
    names = operation.canonicals
    return {names[name]: value for name, value in body.items() if name in names and _is_small(value)}


def _is_small(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= _LONGEST_TEXT
    return kind in _NUMBERS and (kind is not int or abs(value) <= _LARGEST)
