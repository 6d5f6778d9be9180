from __future__ import annotations

import random
from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kling_contract.documents import Lifecycle, Scenario, Transition
from mock_server.lifecycle import (
    TERMINAL,
    Plan,
    Step,
    durations,
    ended,
    plan,
    spread_over,
    status_at,
    transitions_between,
)

times = st.integers(-(10**6), 10**7)
seconds = st.integers(0, 1000) | st.floats(0, 1000)
words = st.sampled_from(["processing", "succeed"])
transitions = st.builds(lambda to, typical: Transition(to, typical, typical, typical), words, seconds)
lifecycles = st.builds(
    lambda steps: Lifecycle("image", 1, 1, None, tuple(steps)), st.lists(transitions, min_size=1, max_size=5)
)
CREATED = 1_000_000
ENDS = ("succeed", "failed", "never")
scenarios = st.sampled_from([Scenario(ends, "", ends, "typical") for ends in ENDS])
GOOD, BAD, STUCK = (Scenario(ends, "", ends, "typical") for ends in ENDS)
IMAGES = Lifecycle("image", 1, 1, 8, (Transition("processing", 2, 1, 10), Transition("succeed", 30.5, 10, 120)))


def typical(lifecycle: Lifecycle) -> tuple[float, ...]:
    return durations(lifecycle, "typical", random.Random(0))


def planned(lifecycle: Lifecycle, scenario: Scenario = GOOD) -> Plan:
    return plan(lifecycle, scenario, CREATED, typical(lifecycle))


plans = st.builds(planned, lifecycles, scenarios)
PLAN = (Step("submitted", 1000), Step("processing", 3000), Step("succeed", 33_000))


def test_a_plan_adds_up_the_typical_times() -> None:
    assert plan(IMAGES, GOOD, 1000, typical(IMAGES)) == (
        Step("submitted", 1000),
        Step("processing", 3000),
        Step("succeed", 33_500),
    )


def test_a_task_that_fails_does_so_when_it_would_have_succeeded() -> None:
    assert plan(IMAGES, BAD, 1000, typical(IMAGES))[1:] == (Step("processing", 3000), Step("failed", 33_500))


def test_a_task_that_is_stuck_has_no_end() -> None:
    assert plan(IMAGES, STUCK, 1000, typical(IMAGES)) == (Step("submitted", 1000), Step("processing", 3000))


@pytest.mark.parametrize(("pace", "seconds"), [("least", (1, 10)), ("typical", (2, 30.5)), ("most", (10, 120))])
def test_a_pace_takes_the_documented_times(pace: str, seconds: tuple[float, ...]) -> None:
    assert durations(IMAGES, pace, random.Random(0)) == seconds


@given(st.integers())
def test_spread_stays_between_the_documented_times_and_repeats_with_its_seed(seed: int) -> None:
    first, second = (durations(IMAGES, "spread", random.Random(seed)) for _ in range(2))
    assert first == second
    assert all(each.least <= took <= each.most for each, took in zip(IMAGES.transitions, first, strict=True))


def test_spread_differs_with_the_seed() -> None:
    assert len({durations(IMAGES, "spread", random.Random(seed)) for seed in range(20)}) == 20


@example(Lifecycle("image", 1, 1, None, (Transition("processing", 5e-324, 5e-324, 5e-324),)), 1)
@given(lifecycles, st.integers(0, 10**9))
def test_a_given_time_is_the_sum_of_all_steps(lifecycle: Lifecycle, milliseconds: int) -> None:
    seconds = spread_over(milliseconds / 1000, typical(lifecycle))
    steps = plan(lifecycle, BAD, CREATED, seconds)
    assert steps[-1].at == CREATED + milliseconds


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
    sums = accumulate(transition.typical for transition in lifecycle.transitions)
    assert all(
        abs((step.at - CREATED) / 1000 - passed) <= 0.0005 + 1e-9 for step, passed in zip(steps[1:], sums, strict=True)
    )


@given(lifecycles, times, st.sampled_from(sorted(TERMINAL)))
def test_a_task_that_is_ended_keeps_what_it_had_and_drops_the_rest(
    lifecycle: Lifecycle, offset: int, status: str
) -> None:
    steps, now = planned(lifecycle), CREATED + max(offset, 0)
    after = ended(steps, now, status)
    if status_at(steps, now).status in TERMINAL:
        assert after == steps
    else:
        assert after[:-1] == tuple(step for step in steps if step.at <= now)
        assert after[-1] == Step(status, now)
        assert status_at(after, now) == status_at(after, now + 10**9) == Step(status, now)


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
