"""When the callbacks of a task come: as its status changes, or as a receiver that is to be tested needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mock_server.lifecycle import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.lifecycle import Plan

ORDERED = "ordered"
LATE = 60_000  # ms of the session's time
LATE_ANSWER = "the receiver's answer counts as too late (callbacks=slow)"
MARK = "x-kling-mock-delivery"  # the header by which a callback of this server is known

MODES: Mapping[str, str] = {
    ORDERED: "each change of the status at once, in order",
    "duplicated": "each twice, with the same webhook-id",
    "reordered": "all at the end: the last one first",
    "late": f"each {LATE // 1000} s after its change",
    "lost": "none ever arrives",
    "terminal": "only the end",
    "early": "the first one before the answer to the create",
    "slow": "the first answer of the receiver counts as too late, so each comes again by the retry schedule",
}


class Due(NamedTuple):
    """The callback of a step of a plan, and when it is due (Unix ms)."""

    at: int
    step: int


def callbacks_of(steps: Plan, mode: str) -> list[Due]:
    """Return the callbacks of a plan, in the order in which they are due; the first is that the task was submitted.

    A status that the task has for no time at all, as no poll could see it, is told to nobody.
    """
    last = len(steps) - 1
    seen = [n for n, step in enumerate(steps) if n == last or steps[n + 1].at > step.at]
    if mode == "terminal":
        seen = [n for n in seen if steps[n].status in TERMINAL]
    if mode == "reordered":
        return [Due(steps[last].at, n) for n in reversed(seen)]
    return [Due(steps[n].at + (LATE if mode == "late" else 0), n) for n in seen]
