"""A session's time never goes back, whatever is done to it and to the wall clock."""

from __future__ import annotations

import contextlib

import pytest
from bridge import Moving
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mock_server.clocks import MODES, ClockError, SessionClock

DAY = 86_400_000
STILL = ("frozen", "auto")
speeds = st.floats(0.001, 1e6)
jumps = st.floats(-1e6, 1e6)
instants = st.floats(0, 4e9)


class ClockMachine(RuleBasedStateMachine):
    """Time moves on by the wall clock or by hand, and never back."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = Moving()
        self.clock = SessionClock(self.wall)
        self.last = self.clock.now()

    @rule(seconds=jumps)
    def let_the_wall_clock_jump(self, seconds: float) -> None:
        self.wall.sleep(seconds)

    @rule(mode=st.none() | st.sampled_from(MODES), speed=st.none() | speeds)
    def set_mode_and_speed(self, mode: str | None, speed: float | None) -> None:
        before = self.clock.now()
        self.clock.set(mode=mode, speed=speed)
        assert self.clock.now() == before
        assert self.clock.mode == (mode or self.clock.mode)
        assert self.clock.speed == (speed or self.clock.speed)

    @rule(milliseconds=st.integers(0, 10 * DAY), by_setting=st.booleans())
    def move_on(self, milliseconds: int, by_setting: bool) -> None:
        until = self.clock.now() + milliseconds
        if by_setting:
            self.clock.set(now=until)
        else:
            self.clock.move_to(until)
        assert self.clock.now() == until

    @rule(milliseconds=st.integers(1, 10 * DAY), mode=st.sampled_from(MODES))
    def try_to_go_back(self, milliseconds: int, mode: str) -> None:
        before = (self.clock.now(), self.clock.mode, self.clock.speed)
        with pytest.raises(ClockError, match=f"time does not go back: it is {before[0]}, {milliseconds} ms after"):
            self.clock.move_to(before[0] - milliseconds)
        with pytest.raises(ClockError):
            self.clock.set(mode=mode, now=before[0] - milliseconds, speed=2)
        assert (self.clock.now(), self.clock.mode, self.clock.speed) == before

    @precondition(lambda self: self.clock.mode in STILL)
    @rule(seconds=jumps)
    def read_a_clock_that_stands_still(self, seconds: float) -> None:
        before = self.clock.now()
        self.wall.sleep(seconds)
        assert self.clock.now() == before

    @precondition(lambda self: self.clock.mode == "real")
    @rule(seconds=st.floats(0, 1e5))
    def let_real_time_pass(self, seconds: float) -> None:
        before, wall = self.clock.now(), self.wall.time
        self.wall.sleep(seconds)
        passed = (self.wall.time - wall) * self.clock.speed * 1000
        assert self.clock.now() - before == pytest.approx(passed, rel=1e-6, abs=1 + self.clock.speed * 0.01)

    @invariant()
    def never_goes_back(self) -> None:
        now = self.clock.now()
        assert now >= self.last
        self.last = now


TestClockMachine = ClockMachine.TestCase


@given(st.sampled_from(STILL), instants)
def test_a_clock_that_stands_still_starts_at_the_last_midnight(mode: str, wall: float) -> None:
    now = SessionClock(Moving(wall), mode=mode).now()
    assert now % DAY == 0
    assert now <= int(wall * 1000) < now + DAY


@given(st.sampled_from(MODES), instants, st.integers(0, 10**13))
def test_any_clock_starts_at_the_epoch_that_is_given(mode: str, wall: float, epoch: int) -> None:
    assert SessionClock(Moving(wall), mode=mode, epoch=epoch).now() == epoch


@given(instants)
def test_a_real_clock_starts_at_the_wall_clock(wall: float) -> None:
    assert SessionClock(Moving(wall)).now() == int(wall * 1000)


@given(st.lists(st.floats(0, 1e6), max_size=10), st.floats(0.001, 1e6))
def test_a_real_clock_runs_so_many_times_as_fast(steps: list[float], speed: float) -> None:
    wall = Moving(1000.0)
    clock = SessionClock(wall, speed=speed)
    for step in steps:
        wall.sleep(step)
        assert clock.now() == pytest.approx((1000 + (wall.time - 1000) * speed) * 1000, rel=1e-9, abs=1)


def test_a_wall_clock_that_is_set_back_does_not_stop_the_time() -> None:
    wall = Moving(10_000.0)
    clock = SessionClock(wall)
    wall.sleep(5)
    assert clock.now() == 10_005_000
    wall.sleep(-3600)
    assert clock.now() == 10_005_000
    wall.sleep(7)
    assert clock.now() == 10_012_000


def test_a_real_clock_that_moves_while_it_is_set_is_no_mistake() -> None:
    """A wall clock of which no two readings are the same, at a speed that makes much of that."""

    class Restless(Moving):
        def now(self) -> float:
            self.time += 0.001
            return self.time

    clock, read = SessionClock(Restless(), speed=1e6), []
    for mode in (None, "frozen", "real", "auto"):
        clock.set(mode=mode)
        read.append(clock.now())
    assert read == sorted(read)


@given(st.text().filter(lambda text: text not in MODES))
def test_there_are_three_clocks(mode: str) -> None:
    clock = SessionClock(Moving())
    with pytest.raises(ClockError, match="accepted: real, frozen, auto"):
        SessionClock(Moving(), mode=mode)
    with pytest.raises(ClockError, match="accepted: real, frozen, auto"):
        clock.set(mode=mode)
    assert clock.mode == "real"


@pytest.mark.parametrize("speed", [0, -1, 1e7, float("nan"), float("inf")])
def test_a_speed_is_above_0_and_at_most_a_million(speed: float) -> None:
    clock = SessionClock(Moving())
    with pytest.raises(ClockError, match="accepted: above 0, at most 1000000"):
        clock.set(mode="frozen", speed=speed)
    assert (clock.mode, clock.speed) == ("real", 1.0)


@given(st.sampled_from(MODES), st.integers(0, 10**13))
def test_a_clock_that_is_held_shows_one_time_and_cannot_be_set(mode: str, due: int) -> None:
    wall = Moving()
    clock = SessionClock(wall, mode=mode)
    before = clock.now()
    clock.hold(due)
    wall.sleep(10)
    assert clock.now() == due
    with pytest.raises(ClockError, match="time is being advanced"):
        clock.set(now=due + 1)
    clock.hold(None)
    assert clock.now() == before + (10_000 if mode == "real" else 0)


@given(st.integers(-(10**13), 10**13), st.integers(-(10**13), 10**13))
def test_a_time_is_checked_without_moving(start: int, other: int) -> None:
    clock = SessionClock(Moving(), mode="frozen", epoch=start)
    with contextlib.nullcontext() if other >= start else pytest.raises(ClockError):
        clock.check(other)
    assert clock.now() == start
