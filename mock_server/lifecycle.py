"""A task's life: a plan made once, and its status at any time as a pure function of that plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from kling_contract.documents import Lifecycle, Scenario, Transition

TERMINAL = frozenset({"succeed", "failed"})


class Step(NamedTuple):
    """A status, and the Unix time in milliseconds from which the task has it."""

    status: str
    at: int


Plan = tuple[Step, ...]


def plan(lifecycle: Lifecycle, scenario: Scenario, created: int, seconds: Sequence[float]) -> Plan:
    """Return the plan of a task created at `created` (Unix ms); `seconds` are those that each transition takes."""
    steps, passed = [Step("submitted", created)], 0.0
    for transition, each in zip(lifecycle.transitions, seconds, strict=True):
        # Rounded once, so that the steps end when their sum says.
        passed += each
        at = created + round(passed * 1000)
        if transition.to != "succeed" or scenario.ends == "succeed":
            steps.append(Step(transition.to, at))
        elif scenario.ends == "failed":
            steps.append(Step("failed", at))
    return tuple(steps)


def durations(lifecycle: Lifecycle, pace: str, chance: random.Random) -> tuple[float, ...]:
    """Return the seconds of each transition at a pace; `spread` draws each from its documented range."""
    return tuple(_seconds(transition, pace, chance) for transition in lifecycle.transitions)


def _seconds(transition: Transition, pace: str, chance: random.Random) -> float:
    if pace != "spread":
        return float(getattr(transition, pace))
    return chance.triangular(transition.least, transition.most, transition.typical)


def spread_over(total: float, seconds: Sequence[float]) -> tuple[float, ...]:
    """Return `seconds` in proportion, adding up to `total`."""
    whole = sum(seconds)
    return tuple(total * (each / whole) if whole else total / len(seconds) for each in seconds)


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


def ended(steps: Plan, now: int, status: str) -> Plan:
    """Return the plan of a task that ends with `status` at `now`; what it had not reached is dropped.

    A task that has ended already stays as it is.
    """
    if status_at(steps, now).status in TERMINAL:
        return steps
    return (*(step for step in steps if step.at <= now), Step(status, now))
