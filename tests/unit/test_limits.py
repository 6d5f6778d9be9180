"""Limits against a model of a few lines, and as a client meets them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from asking import URL, Asked, Core
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mock_server.lifecycle import Step, ended
from mock_server.limits import Limits, Rates
from mock_server.store import MemoryStore, Task

KINDS = ("image", "video")
ENDS = ("succeed", "failed", "")
spans = st.integers(0, 20)
units = st.sampled_from([0.0, 0.1, 0.3, 1.5, 8.0])
most = st.none() | st.integers(0, 6)


def task(number: int, kind: str, slots: int, cost: float, steps: tuple[Step, ...]) -> Task:
    return Task(
        id=str(number),
        provider="p",
        operation="o",
        family="f",
        external_id=None,
        created=steps[0].at,
        steps=steps,
        result=kind,
        count=slots,
        units=cost,
        fields={},
        sides=None,
        result_ids=(),
        seed=0,
        scenario="succeed",
        reason="",
        polls=1,
        slots=slots,
    )


class LimitsAndModel(RuleBasedStateMachine):
    """A task holds its slots and its units until it ends; units of a success are gone, those of a failure are back."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.now = MemoryStore(), 0
        self.balance: int | None = None
        # kind, slots, tenths of units, end, how it ends
        self.model: dict[str, tuple[str, int, int, int | None, str]] = {}

    @initialize(image=most, video=most, balance=st.none() | st.integers(0, 300))
    def limited(self, image: int | None, video: int | None, balance: int | None) -> None:
        self.limits = Limits(Rates(), self.store, lambda: self.now)
        self.set_limits(image, video, balance)

    @rule(image=most, video=most, balance=st.none() | st.integers(0, 300))
    def set_limits(self, image: int | None, video: int | None, balance: int | None) -> None:
        kinds = {kind: number for kind, number in (("image", image), ("video", video)) if number is not None}
        if balance != self.balance:
            self.pay()
        self.tasks, self.balance = kinds, balance
        self.limits.rates = Rates(tasks=kinds or None, balance=None if balance is None else balance / 10)

    @rule()
    def refill(self) -> None:
        self.limits.refill()
        self.pay()

    def pay(self) -> None:
        """Forget what has ended, which is not paid for by a new balance."""
        self.model = {key: each for key, each in self.model.items() if self.in_flight(each)}

    def in_flight(self, each: tuple[str, int, int, int | None, str]) -> bool:
        return each[3] is None or each[3] > self.now

    @rule(kind=st.sampled_from(KINDS), slots=st.integers(1, 4), cost=units, span=spans, ends=st.sampled_from(ENDS))
    def create(self, kind: str, slots: int, cost: float, span: int, ends: str) -> None:
        flying = [each for each in self.model.values() if self.in_flight(each)]
        used = sum(each[1] for each in flying if each[0] == kind)
        spent = sum(each[2] for each in self.model.values() if each in flying or each[4] == "succeed")
        expected = None
        if used + slots > self.tasks.get(kind, 10**9):
            expected = "rate.concurrency"
        elif self.balance is not None and spent + round(cost * 10) > self.balance:
            expected = "account.balance"
        assert self.limits.admit(kind, slots, cost, self.now) == expected
        if expected is None:
            self._add(kind, slots, cost, (self.now + span, ends) if ends else None)

    def _add(self, kind: str, slots: int, cost: float, end: tuple[int, str] | None) -> None:
        steps = (Step("submitted", self.now), *([Step(end[1], end[0])] if end else []))
        made = task(len(self.store), kind, slots, cost, steps)
        self.store.add(made)
        self.limits.add(made)
        self.model[made.id] = (kind, slots, round(cost * 10), end and end[0], end[1] if end else "")

    @rule(span=st.integers(1, 10))
    def pass_time(self, span: int) -> None:
        self.now += span

    @rule(data=st.data(), status=st.sampled_from(["succeed", "failed"]))
    def end_early(self, data: st.DataObject, status: str) -> None:
        flying = [key for key, each in self.model.items() if self.in_flight(each)]
        for key in flying and [data.draw(st.sampled_from(flying))]:
            found = self.store.get(key)
            assert found is not None
            self.store.replace(msgspec.structs.replace(found, steps=ended(found.steps, self.now, status)))
            self.model[key] = (*self.model[key][:3], self.now, status)


TestLimitsAndModel = LimitsAndModel.TestCase


@given(st.lists(st.integers(0, 700), max_size=40), st.integers(0, 5))
def test_no_second_has_more_requests_than_it_may(gaps: list[int], most: int) -> None:
    limits, now, taken = Limits(Rates(per_second=most), MemoryStore(), int), 0, []
    for gap in gaps:
        now += gap
        recent = [each for each in taken if each > now - 1000]
        refused = limits.hit(now)
        assert refused == ("rate.limit" if len(recent) >= most else None)
        taken += [] if refused else [now]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 9), units), max_size=30))
def test_nothing_is_limited_unless_that_is_set(creates: list[tuple[str, int, float]]) -> None:
    store = MemoryStore()
    limits = Limits(Rates(), store, int)
    for number, (kind, slots, cost) in enumerate(creates):
        assert limits.hit(0) is None
        assert limits.admit(kind, slots, cost, 0) is None
        made = task(number, kind, slots, cost, (Step("submitted", 0),))
        store.add(made)
        limits.add(made)


# As a client meets them.

MODEL = {"model_name": "kling-v2-6"}
EXPAND = {"image": URL, "up_expansion_ratio": 0.1, "down_expansion_ratio": 0, "left_expansion_ratio": 0}


def video(core: Core, **headers: Any) -> Asked:
    return core.create("createImageToVideo", {"image": URL, **MODEL}, **headers)


def pictures(core: Core, count: int) -> Asked:
    return core.create("createImageExpansion", {**EXPAND, "right_expansion_ratio": 0, "n": count})


def code(asked: Asked) -> tuple[int, int, str]:
    return asked.status, asked.body["code"], asked.body["message"]


OVER = (429, 1303, "parallel task over resource pack limit")
POOR = (429, 1102, "Account balance not enough")
FAST = (429, 1302, "The request is too frequent and exceeds the platform's rate limit")


def test_a_task_more_than_may_be_in_flight_is_1303_until_one_has_ended_to_the_millisecond() -> None:
    core = Core(clock="frozen", rates=Rates(tasks={"video": 2}))
    session = core.mock.sessions.get("default")
    for delay in (3, 5):
        assert video(core, prefer=f"delay={delay}").status == 200
    assert code(video(core)) == OVER
    session.advance(2.999)
    assert code(video(core)) == OVER
    session.advance(0.001)
    assert video(core, prefer="delay=5").status == 200
    assert code(video(core)) == OVER


def test_an_image_task_takes_as_many_slots_as_it_makes_images_and_videos_are_counted_apart() -> None:
    core = Core(clock="frozen", rates=Rates(tasks={"image": 9}))
    assert pictures(core, 5).status == 200
    assert code(pictures(core, 5)) == OVER
    assert pictures(core, 4).status == 200
    assert code(pictures(core, 1)) == OVER
    assert all(video(core).status == 200 for _ in range(20))


def test_a_task_that_is_ended_early_frees_its_slot() -> None:
    core = Core(clock="frozen", rates=Rates(tasks={"video": 1}))
    session = core.mock.sessions.get("default")
    made = session.store.get(video(core, prefer="scenario=stuck").body["data"]["task_id"])
    session.advance(10**6)
    assert code(video(core)) == OVER
    assert made is not None
    session.agenda.change(msgspec.structs.replace(made, steps=ended(made.steps, session.clock.now(), "failed")))
    assert video(core).status == 200


def test_limits_that_are_set_late_count_what_is_in_flight() -> None:
    core = Core(clock="frozen")
    session = core.mock.sessions.get("default")
    made = [video(core, prefer=f"delay={delay}") for delay in (1, 100)]
    session.advance(2)
    session.limits.rates = Rates(tasks={"video": 2})
    assert [asked.status for asked in made] == [200, 200]
    assert video(core).status == 200
    assert code(video(core)) == OVER


def test_a_balance_is_spent_to_the_last_tenth() -> None:
    store = MemoryStore()
    limits = Limits(Rates(balance=0.3), store, int)
    for number in range(3):
        assert limits.admit("video", 1, 0.1, 0) is None
        made = task(number, "video", 1, 0.1, (Step("submitted", 0),))
        store.add(made)
        limits.add(made)
    assert limits.admit("video", 1, 0.1, 0) == "account.balance"


@pytest.mark.parametrize(("scenario", "left"), [("succeed", 0), ("fail", 1), ("fail-late", 1)])
def test_the_balance_pays_for_what_succeeds(scenario: str, left: int) -> None:
    core = Core(clock="frozen", rates=Rates(balance=3))
    session = core.mock.sessions.get("default")
    assert [video(core, prefer=f"scenario={scenario}, delay=1").status for _ in range(2)] == [200, 200]
    assert code(video(core)) == POOR
    session.advance(1)
    assert (video(core).status == 200) is bool(left)


def test_a_balance_goes_on_while_other_limits_change_and_begins_anew_when_it_is_refilled() -> None:
    core = Core(clock="frozen", rates=Rates(balance=1.5))
    session = core.mock.sessions.get("default")
    assert video(core, prefer="delay=1").status == 200
    session.advance(1)
    session.limits.rates = Rates(balance=1.5, per_second=100)
    assert code(video(core)) == POOR
    session.limits.refill()
    assert video(core).status == 200
    session.limits.rates = Rates(balance=2.5)
    assert code(video(core)) == POOR


def test_requests_a_second_are_counted_on_the_clock_of_the_session() -> None:
    core = Core(clock="frozen", rates=Rates(per_second=3))
    session = core.mock.sessions.get("default")
    made = video(core).body["data"]["task_id"]
    assert core.get("getImageToVideo", made).status == 200
    session.advance(0.5)
    assert core.get("getImageToVideo", made).status == 200
    core.clock.sleep(3600)
    assert code(core.get("getImageToVideo", made)) == code(video(core)) == FAST
    session.advance(0.499)
    assert code(video(core)) == FAST
    session.advance(0.001)
    assert [video(core).status for _ in range(3)] == [200, 200, 429]


def test_what_one_session_uses_is_not_missing_in_another() -> None:
    core = Core(clock="frozen", rates=Rates(tasks={"video": 1}, balance=1.5, per_second=2))
    for name in ("a", "b"):
        first, second, third = (video(core, x_kling_session=name) for _ in range(3))
        assert (first.status, code(second), code(third)) == (200, OVER, FAST)


def test_a_create_that_is_refused_holds_nothing() -> None:
    core = Core(clock="frozen", rates=Rates(tasks={"video": 1}))
    assert core.create("createImageToVideo", {"image": 7, **MODEL}).status == 400
    assert video(core, prefer="scenario=nonsense").status == 400
    assert video(core).status == 200
