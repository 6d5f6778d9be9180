from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kling_contract.documents import Lifecycle, Transition
from mock_server.lifecycle import TERMINAL, Plan, Step, plan, status_at, transitions_between

times = st.integers(-(10**6), 10**7)
seconds = st.integers(0, 1000) | st.floats(0, 1000)
words = st.sampled_from(["processing", "succeed"])
transitions = st.builds(lambda to, typical: Transition(to, typical, typical, typical), words, seconds)
lifecycles = st.builds(
    lambda steps: Lifecycle("image", 1, 1, None, tuple(steps)), st.lists(transitions, min_size=1, max_size=5)
)
CREATED = 1_000_000


def planned(lifecycle: Lifecycle) -> Plan:
    return plan(lifecycle, CREATED)


plans = lifecycles.map(planned)
PLAN = (Step("submitted", 1000), Step("processing", 3000), Step("succeed", 33_000))


def test_a_plan_adds_up_the_typical_times() -> None:
    steps = (Transition("processing", 2, 1, 10), Transition("succeed", 30.5, 10, 120))
    assert plan(Lifecycle("image", 1, 1, 8, steps), 1000) == (
        Step("submitted", 1000),
        Step("processing", 3000),
        Step("succeed", 33_500),
    )


def test_a_step_is_reached_at_its_very_time() -> None:
    assert [status_at(PLAN, now).status for now in (999, 1000, 2999, 3000, 32_999, 33_000, 10**15)] == [
        "submitted",
        "submitted",
        "submitted",
        "processing",
        "processing",
        "succeed",
        "succeed",
    ]


def test_transitions_between_exclude_the_first_time_and_include_the_last() -> None:
    assert transitions_between(PLAN, 1000, 3000) == (Step("processing", 3000),)
    assert transitions_between(PLAN, 3000, 3000) == ()
    assert transitions_between(PLAN, 0, 10**9) == PLAN


def test_terminal_statuses_are_the_last_two_of_the_canonical_words() -> None:
    assert frozenset({"succeed", "failed"}) == TERMINAL


@given(lifecycles)
def test_a_plan_begins_at_its_creation_and_never_goes_back(lifecycle: Lifecycle) -> None:
    steps = planned(lifecycle)
    assert steps[0] == Step("submitted", CREATED)
    assert [step.status for step in steps[1:]] == [transition.to for transition in lifecycle.transitions]
    assert all(first.at <= second.at for first, second in pairwise(steps))
    spent = [(second.at - first.at) / 1000 for first, second in pairwise(steps)]
    assert all(
        abs(took - each.typical) <= 0.0005 + 1e-9 for took, each in zip(spent, lifecycle.transitions, strict=True)
    )


@given(plans, times, times)
def test_a_status_never_goes_back(steps: Plan, first: int, second: int) -> None:
    before, after = sorted((CREATED + first, CREATED + second))
    assert steps.index(status_at(steps, before)) <= steps.index(status_at(steps, after))


@given(plans, times)
def test_a_status_is_the_last_step_that_is_not_in_the_future(steps: Plan, offset: int) -> None:
    now = CREATED + offset
    reached = [step for step in steps if step.at <= now]
    assert status_at(steps, now) == (reached[-1] if reached else steps[0])
    assert status_at(steps, now) == status_at(steps, now)


@given(plans, st.lists(times, min_size=2, max_size=6))
def test_transitions_between_partition_time(steps: Plan, offsets: list[int]) -> None:
    marks = sorted(CREATED + offset for offset in offsets)
    parts = [transitions_between(steps, first, second) for first, second in pairwise(marks)]
    assert sum(parts, ()) == transitions_between(steps, marks[0], marks[-1])


@given(plans, times, times)
def test_what_was_passed_ends_in_the_status_reached(steps: Plan, first: int, second: int) -> None:
    before, after = sorted((CREATED + first, CREATED + second))
    passed = transitions_between(steps, before, after)
    assert status_at(steps, after) == (passed[-1] if passed else status_at(steps, before))
