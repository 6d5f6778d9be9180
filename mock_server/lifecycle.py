"""A task's life: a plan made once, and its status at any time as a pure function of that plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kling_contract.documents import Lifecycle

TERMINAL = frozenset({"succeed", "failed"})


class Step(NamedTuple):
    """A status, and the Unix time in milliseconds from which the task has it."""

    status: str
    at: int


Plan = tuple[Step, ...]


def plan(lifecycle: Lifecycle, created: int) -> Plan:
    """Return the plan of a task created at `created` (Unix ms) that takes the document's typical times."""
    steps, at = [Step("submitted", created)], created
    for transition in lifecycle.transitions:
        at += round(transition.typical * 1000)
        steps.append(Step(transition.to, at))
    return tuple(steps)


def status_at(steps: Plan, now: int) -> Step:
    """Return the last step reached at `now` (Unix ms); the first one for a time before the plan."""
    reached = steps[0]
    for step in steps[1:]:
        if step.at > now:
            break
        reached = step
    return reached


def transitions_between(steps: Plan, after: int, until: int) -> Plan:
    """Return the steps with `after < at <= until`, in order."""
    return tuple(step for step in steps if after < step.at <= until)
