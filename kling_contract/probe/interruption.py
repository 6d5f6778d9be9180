"""Carrying plans out side by side, in a way that a person can break off."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from kling_contract.errors import Portable
from kling_contract.probe.plan import REAL
from kling_contract.probe.probing import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kling_contract.probe.plan import Plan, Step
    from kling_contract.probe.probing import Probing

_MOST = 5  # steps that are named, of those that were asked and of those that were not


class Interrupted(Portable, KeyboardInterrupt):
    """A run was broken off; the text says in one line what was asked, and what was not.

    `tripped` names the tasks that had been created by then, as that of a run does.
    """

    def __init__(self, text: str, tripped: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.tripped = tuple(tripped)


def carried_out(
    probings: Sequence[Probing], stop: threading.Event, begun: Sequence[tuple[Plan, Step]]
) -> list[Outcome]:
    """Carry out every plan in a thread of its own. Raises what one of them raises, without waiting for the others.

    A thread that waits for an answer cannot be interrupted: it is left behind, and sends nothing once `stop` is set.
    Raises `Interrupted` for Ctrl-C; `begun` are the steps that were taken by then.
    """
    outcomes = [Outcome.of(each.plan) for each in probings]
    ends: list[Future[None]] = [Future() for _ in probings]
    try:
        for each in zip(probings, outcomes, ends, strict=True):
            threading.Thread(target=_run, args=each, daemon=True).start()
        for end in ends:
            end.result()
    except KeyboardInterrupt:
        # First of all, so that nothing is sent which is then told as not asked.
        stop.set()
        raise Interrupted(_told([each.plan for each in probings], begun), trips(outcomes)) from None
    finally:
        stop.set()
    return outcomes


def trips(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the tasks that were created, by provider."""
    return tuple(f"{each.plan.provider.name} {each.tripped}" for each in outcomes if each.tripped)


def _run(probing: Probing, outcome: Outcome, end: Future[None]) -> None:
    try:
        probing.run(outcome)
    except BaseException as error:
        end.set_exception(error)
    else:
        end.set_result(None)


def _told(plans: Iterable[Plan], begun: Sequence[tuple[Plan, Step]]) -> str:
    """Return what was asked of plans, of which the last may have no answer yet, and what was not."""
    taken = {id(step) for _, step in begun}
    asked = [(plan, step) for plan, step in begun if step.level]
    rest = [(plan, step) for plan in plans for step in plan.steps if step.level and id(step) not in taken]
    return f"interrupted; asked: {_names(asked)}; not asked: {_names(rest)}{_bill([step for _, step in asked])}"


def _bill(asked: Iterable[Step]) -> str:
    """Return what is to be known of a real task: that there may be one, and where it is looked at, if it was."""
    real = [step for step in asked if step.level == REAL]
    looked = "".join(f": GET {step.path}" for step in real if step.method == "GET")
    return f"; a real task may have been made, and billed{looked}" if real else ""


def _names(steps: Sequence[tuple[Plan, Step]]) -> str:
    more = f" and {len(steps) - _MOST} more" if len(steps) > _MOST else ""
    return ", ".join(f"{plan.provider.name} {step.name}" for plan, step in steps[:_MOST]) + more or "nothing"
