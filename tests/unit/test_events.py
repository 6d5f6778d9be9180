"""What is due happens in order, at its time, once, however time gets there."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import msgspec
import pytest
from asking import URL, Core
from bridge import Moving
from hypothesis import given
from hypothesis import strategies as st

from mock_server.clocks import ClockError, SessionClock
from mock_server.events import Busy, Events
from mock_server.lifecycle import ended, transitions_between
from mock_server.store import Task

START = 1_000_000
dues = st.lists(st.integers(0, 500), max_size=30)
spans = st.lists(st.integers(0, 200), min_size=1, max_size=12)


class Diary:
    """A queue on a clock of its own, and what happened with it: key, due time, and what the clock said."""

    def __init__(self, mode: str = "frozen") -> None:
        self.wall = Moving(START / 1000)
        self.clock = SessionClock(self.wall, mode=mode, epoch=START)
        self.events = Events(self.clock, self._happen)
        self.seen: list[tuple[str, int, int]] = []

    def _happen(self, key: str, due: int) -> bool:
        self.seen.append((key, due, self.clock.now()))
        return not key.startswith("void")


@given(dues, spans)
def test_many_small_advances_are_one_large_one(offsets: list[int], parts: list[int]) -> None:
    large, small = Diary(), Diary()
    for diary in (large, small):
        for number, offset in enumerate(offsets):
            diary.events.at(START + offset, str(number))
    at_once = large.events.advance(START + sum(parts))
    counts = [small.events.advance(START + passed) for passed in accumulate(parts)]
    assert small.seen == large.seen
    assert at_once == len(large.seen) == sum(counts)
    assert small.clock.now() == large.clock.now() == START + sum(parts)


@given(dues, st.integers(0, 600))
def test_events_happen_in_order_of_due_time_then_of_arrival_each_at_its_time(offsets: list[int], span: int) -> None:
    diary = Diary()
    for number, offset in enumerate(offsets):
        diary.events.at(START + offset, str(number))
    happened = diary.events.advance(START + span)
    expected = sorted((offset, number) for number, offset in enumerate(offsets) if offset <= span)
    assert diary.seen == [(str(number), START + offset, START + offset) for offset, number in expected]
    assert happened == len(expected)
    assert len(diary.events) == len(offsets) - len(expected)
    assert diary.clock.now() == START + span


@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=20))
def test_only_events_that_mean_something_are_counted(events: list[tuple[int, bool]]) -> None:
    diary = Diary()
    for offset, void in events:
        diary.events.at(START + offset, "void" if void else "event")
    assert diary.events.advance(START + 500) == sum(not void for _, void in events)
    assert len(diary.seen) == len(events)


def test_an_event_may_bring_another_which_happens_on_the_same_way() -> None:
    diary = Diary()
    clock = diary.clock
    seen: list[tuple[str, int]] = []

    def happen(key: str, due: int) -> bool:
        seen.append((key, clock.now() - START))
        if key[0] == "x" and len(key) < 4:
            events.at(due + 10, key + "x")
        return True

    events = Events(clock, happen)
    events.at(START + 5, "x")
    events.at(START + 20, "b")
    assert events.advance(START + 30) == 4
    assert seen == [("x", 5), ("xx", 15), ("b", 20), ("xxx", 25)]
    assert events.advance(START + 100) == 1


@given(st.integers(1, 10**9))
def test_there_is_no_advancing_into_the_past(milliseconds: int) -> None:
    diary = Diary()
    diary.events.at(START, "due")
    with pytest.raises(ClockError, match="time does not go back"):
        diary.events.advance(START - milliseconds)
    assert (diary.seen, diary.clock.now()) == ([], START)


def test_an_advance_during_an_advance_is_refused_and_does_no_harm() -> None:
    clock = SessionClock(Moving(), mode="frozen", epoch=START)
    refused = []

    def happen(key: str, due: int) -> bool:
        with pytest.raises(Busy, match="time is being advanced already"):
            events.advance(due + 1)
        assert events.settle() == 0
        refused.append(key)
        return True

    events = Events(clock, happen)
    for offset in range(3):
        events.at(START + offset, str(offset))
    assert events.advance(START + 10) == 3
    assert refused == ["0", "1", "2"]
    assert clock.now() == START + 10
    assert events.advance(START + 11) == 0


def test_an_event_that_fails_leaves_the_time_at_itself_and_the_rest_to_come() -> None:
    clock = SessionClock(Moving(), mode="frozen", epoch=START)

    def happen(key: str, due: int) -> bool:
        if key == "bad":
            raise ValueError(key)
        return True

    events = Events(clock, happen)
    for offset, key in ((10, "good"), (20, "bad"), (30, "good")):
        events.at(START + offset, key)
    with pytest.raises(ValueError, match="bad"):
        events.advance(START + 100)
    assert (clock.now(), len(events), events.running) == (START + 20, 1, False)
    assert events.advance(START + 100) == 1


@given(dues, st.lists(st.floats(0, 0.2), max_size=10))
def test_on_a_real_clock_what_is_due_happens_when_someone_looks(offsets: list[int], waits: list[float]) -> None:
    diary = Diary("real")
    for number, offset in enumerate(offsets):
        diary.events.at(START + offset, str(number))
    happened = diary.events.settle()
    for seconds in waits:
        diary.wall.sleep(seconds)
        happened += diary.events.settle()
        now = diary.clock.now()
        assert len(diary.events) == sum(START + offset > now for offset in offsets)
    assert happened == len(diary.seen)
    assert [due for _, due, _ in diary.seen] == sorted(due for _, due, _ in diary.seen)
    assert all(due == now for _, due, now in diary.seen)


def test_a_real_clock_goes_on_while_it_is_advanced() -> None:
    wall = Moving(START / 1000)
    clock = SessionClock(wall)

    def happen(key: str, due: int) -> bool:
        wall.sleep(60)
        return True

    events = Events(clock, happen)
    events.at(START + 1000, "slow")
    assert events.advance(START + 2000) == 1
    assert clock.now() == START + 60_000
    assert events.advance(START + 2000) == 0
    assert clock.now() == START + 60_000


# The queue of a session: its events are the transitions of its tasks.

delays = st.sampled_from(["0", "0/0", "1", "0/3", "2/0", "2/5", "7"])


def told(core: Core) -> list[tuple[str, str, int]]:
    """Return the list to which each event of the default session is added: task, status, due time."""
    heard: list[tuple[str, str, int]] = []
    session = core.mock.sessions.get("default")

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "task":
            heard.append((event["task"], event["status"], event["at"]))

    session.listeners.append(hear)
    session.agenda.watch()
    return heard


def create(core: Core, delay: str) -> str:
    made = core.create("createImageToVideo", {"image": URL, "model_name": "kling-v2-6"}, prefer=f"delay={delay}")
    return str(made.body["data"]["task_id"])


@given(st.lists(delays, min_size=1, max_size=6), st.lists(st.integers(0, 4000), min_size=1, max_size=6))
def test_every_transition_of_a_task_is_told_once_in_order(wanted: list[str], parts: list[int]) -> None:
    core = Core(clock="frozen")
    heard, session = told(core), core.mock.sessions.get("default")
    made = [create(core, delay) for delay in wanted]
    begin = session.clock.now()
    counted = len(heard) + sum(session.advance(part / 1000) for part in parts)
    plans = [task.steps for task in map(session.store.get, made) if task]
    passed = [transitions_between(steps[1:], begin - 1, session.clock.now()) for steps in plans]
    assert sorted(heard) == sorted((made[n], *step) for n, steps in enumerate(passed) for step in steps)
    assert [at for *_, at in heard] == sorted(at for *_, at in heard)
    assert [[status for task, status, _ in heard if task == each] for each in made] == [
        [step.status for step in steps] for steps in passed
    ]
    assert counted == len(heard)


def finished(task: Task, now: int, status: str) -> Task:
    return msgspec.structs.replace(task, steps=ended(task.steps, now, status))


def test_a_task_that_is_ended_by_hand_is_told_once_and_never_again() -> None:
    core = Core(clock="frozen")
    heard, session = told(core), core.mock.sessions.get("default")
    task = session.store.get(create(core, "4/6"))
    assert task is not None
    session.advance(5)
    session.agenda.change(finished(task, session.clock.now(), "failed"))
    assert session.advance(100) == 0
    assert [status for _, status, _ in heard] == ["processing", "failed"]


def test_a_task_that_is_ended_at_once_is_told_as_it_ended() -> None:
    core = Core(clock="frozen")
    heard, session = told(core), core.mock.sessions.get("default")
    task = session.store.get(create(core, "4/6"))
    assert task is not None
    session.agenda.change(finished(task, session.clock.now(), "succeed"))
    assert heard == [(task.id, "succeed", task.created)]
    assert session.advance(100) == 0


def test_a_session_that_is_watched_late_tells_of_what_is_to_come() -> None:
    core = Core()
    made = create(core, "4/6")
    core.clock.sleep(5)
    heard = told(core)
    core.clock.sleep(100)
    core.ask("GET", "/livez")
    assert [(task, status) for task, status, _ in heard] == [(made, "succeed")]
