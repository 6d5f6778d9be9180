"""Breaking a run off: nothing is sent that is told as not asked."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from probed import plan

from kling_contract.probe import Step
from kling_contract.probe.interruption import Interrupted, carried_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.probe import Plan
    from kling_contract.probe.probing import Outcome


class Begun(list["tuple[Plan, Step]"]):
    """The steps that were taken, which are looked at once nothing more can be sent."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.stop = stop

    def __iter__(self) -> Iterator[tuple[Plan, Step]]:
        assert self.stop.is_set()
        return super().__iter__()


def probing(raised: BaseException | None) -> Any:
    def run(outcome: Outcome) -> None:
        if raised is not None:
            raise raised

    return SimpleNamespace(plan=plan(level=1), run=run)


def test_nothing_more_is_sent_once_it_is_told_what_was_asked() -> None:
    stop = threading.Event()
    with pytest.raises(Interrupted, match="asked: nothing; not asked: cometapi control"):
        carried_out([probing(KeyboardInterrupt())], stop, Begun(stop))


@pytest.mark.parametrize(("steps", "ends"), [(1, "and billed"), (2, "and billed: GET /tasks/42")])
def test_a_real_task_is_told_with_the_place_where_it_can_be_looked_at(steps: int, ends: str) -> None:
    real = [Step(5, None, "POST", "/tasks", "", ""), Step(5, None, "GET", "/tasks/42", "", "")]
    begun = [(plan(), step) for step in real[:steps]]
    with pytest.raises(Interrupted, match=f"a real task may have been made, {ends}$"):
        carried_out([probing(KeyboardInterrupt())], threading.Event(), begun)


def test_what_breaks_one_provider_is_raised_and_stops_the_others() -> None:
    stop = threading.Event()
    with pytest.raises(RuntimeError, match="broken"):
        carried_out([probing(None), probing(RuntimeError("broken"))], stop, [])
    assert stop.is_set()
