"""What all sessions together keep: tasks, and bytes of journals, the oldest gone first, and one line about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from asking import URL, example
from desk import Desk
from hypothesis import given
from hypothesis import strategies as st

from mock_server.bounds import Bound, Journals
from mock_server.exchange import Exchange
from mock_server.journal import Entry, Journal
from mock_server.watching import Watcher
from tests.counting import calls_of

if TYPE_CHECKING:
    from mock_server.session import Session

CREATE, GET = "createImageToVideo", "getImageToVideo"


class Hearing(Watcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def desk(**settings: Any) -> tuple[Desk, list[str]]:
    made, heard = Desk(**settings), Hearing()
    made.mock.sessions.say = heard.say
    return made, heard.lines


def kept(made: Desk) -> dict[str, list[str]]:
    return {each.name: each.store.ids() for each in made.mock.sessions if len(each.store)}


def health(made: Desk, what: str) -> dict[str, Any]:
    return dict(made.admin("GET", "health").body["kept"][what])


def test_the_oldest_task_of_all_sessions_goes_and_a_line_says_so_once() -> None:
    made, lines = desk(kept_tasks=3)
    first = made.video(x_kling_session="a")
    rest = [made.video(x_kling_session=name) for name in "bcd"]
    assert kept(made) == {name: [task] for name, task in zip("bcd", rest, strict=True)}
    more = [made.video(x_kling_session="d") for _ in range(2)]
    assert kept(made) == {"d": [rest[2], *more]}
    assert first not in str(kept(made))
    assert len(lines) == 1
    assert lines[0].startswith("all sessions together have 3 tasks, and no more are kept (--keep-tasks)")
    assert health(made, "tasks") == {"kept": 3, "most": 3, "forgotten": 3, "reached": True}


def test_what_has_ended_goes_before_what_goes_on_however_old_that_is() -> None:
    made, _ = desk(kept_tasks=4)
    running = made.video(prefer="scenario=stuck", x_kling_session="a")
    ended = [made.video(x_kling_session="b") for _ in range(3)]
    made.admin("POST", "clock/advance", {"seconds": 10_000}, session="b")
    new = [made.video(x_kling_session="b") for _ in range(3)]
    assert kept(made) == {"a": [running], "b": new}
    assert not set(ended) & set(new)
    last = made.video(x_kling_session="b")
    assert kept(made) == {"b": [*new, last]}, "where nothing has ended, the oldest goes"


def test_one_that_was_ended_by_hand_has_ended() -> None:
    made, _ = desk(kept_tasks=2)
    one, other = made.video(), made.video()
    made.admin("POST", f"tasks/{other}/succeed")
    assert kept(made) == {"default": [one, other]}
    third = made.video()
    assert kept(made) == {"default": [one, third]}


def test_the_line_comes_again_only_after_there_was_room() -> None:
    made, lines = desk(kept_tasks=10)
    for _ in range(15):
        made.video()
    assert len(lines) == 1
    made.admin("POST", "reset")
    assert health(made, "tasks") == {"kept": 0, "most": 10, "forgotten": 5, "reached": False}
    for _ in range(15):
        made.video()
    assert len(lines) == 2


@pytest.mark.parametrize("ends", ["reset", "reset?only=tasks", "sessions/default"])
def test_what_is_forgotten_for_another_reason_is_not_counted(ends: str) -> None:
    made, lines = desk(kept_tasks=5)
    for _ in range(4):
        for _ in range(5):
            made.video()
        made.admin("DELETE" if ends.startswith("sessions") else "POST", ends)
    assert lines == []
    assert health(made, "tasks")["kept"] == 0


def test_a_poll_of_a_task_that_went_says_so() -> None:
    made, _ = desk(kept_tasks=1)
    gone, here = made.video(), made.video()
    answer = made.get(GET, gone)
    assert (answer.status, answer.entry.row) == (400, "task.missing")
    assert [each.rule for each in answer.entry.notes] == ["task.forgotten"]
    assert gone in answer.entry.notes[0].message
    assert "task.forgotten" in answer.headers["x-kling-mock-notes"]
    assert made.get(GET, here).status == 200
    assert "there was no room for it" in made.admin("GET", f"tasks/{gone}").error
    assert "there was no room for it" not in made.admin("GET", f"tasks/{'9' * len(gone)}").error


@pytest.mark.parametrize("asked", ["1", "a" * 18, "9" * 18, "٣" * 18, ""])
def test_a_task_that_never_was_is_only_missing(asked: str) -> None:
    made, _ = desk(kept_tasks=1)
    never = made.video()[:9] + "0" * 9
    made.video()
    for each in (asked, never):
        assert "task.forgotten" not in [note.rule for note in made.get(GET, each).entry.notes]


def test_the_money_of_a_task_that_went_is_spent_and_its_place_is_free() -> None:
    made, _ = desk(kept_tasks=1)
    made.admin("POST", "limits", {"tasks": {"video": 1}, "balance": 1000})
    made.video()
    made.admin("POST", "clock/advance", {"seconds": 10_000})
    made.video()
    spent = made.mock.sessions.get("default").limits
    assert spent._spent > 0


def test_lists_and_callbacks_live_on_without_it() -> None:
    made, _ = desk(kept_tasks=2)
    body = {**example(made.provider.operation(CREATE)), "callback_url": "http://mock.test/__inbox/mine"}
    for number in range(5):
        assert made.create(CREATE, {**body, "external_task_id": f"n{number}"}).status == 200
    made.admin("POST", "clock/advance", {"seconds": 10_000})
    assert {each["task"] for each in made.admin("GET", "deliveries").body["deliveries"]} == set(kept(made)["default"])
    assert len(made.admin("GET", "tasks").body["tasks"]) == 2
    assert made.create(CREATE, {**body, "external_task_id": "n0"}).status == 200


@pytest.mark.parametrize("clock", ["frozen", "real"])
def test_a_flood_leaves_nothing_behind_of_the_tasks_that_went(clock: str) -> None:
    made, _ = desk(kept_tasks=50, clock=clock, verify_answers=False)
    body = {**example(made.provider.operation(CREATE)), "callback_url": "http://mock.test/__inbox/mine"}
    for _ in range(3000):
        made.create(CREATE, body)
    session = made.mock.sessions.get("default")
    assert len(session.store) == 50
    assert len(session.events) < 2000
    assert len(session.store._ends) < 2000  # type: ignore[attr-defined]


def test_a_create_beyond_the_bound_is_as_little_work_as_one_before() -> None:
    made, _ = desk(kept_tasks=4000, verify_answers=False, clock="real")
    before = calls_of(lambda: [made.video() for _ in range(500)])
    for _ in range(3600):
        made.video()
    after = calls_of(lambda: [made.video() for _ in range(500)])
    assert after < 1.5 * before


def exchange(number: int, size: int) -> Entry:
    return Entry(number, 0, "default", "GET", "a" * size, started=float(number))


def test_the_oldest_exchange_of_all_journals_goes_and_a_line_says_so_once() -> None:
    made, lines = desk(kept_journals=40_000)
    for number in range(60):
        made.create(CREATE, {"image": URL, "prompt": "a " * 500}, x_kling_session=f"s{number % 6}")
    shown = health(made, "journals")
    assert 35_000 < shown["kept"] <= 40_000
    assert shown["reached"]
    left = {
        each.name: [entry.id for entry in each.journal.entries] for each in made.mock.sessions if each.name[0] == "s"
    }
    assert all(ids[-1] == 10 for ids in left.values() if ids)
    assert sum(map(len, left.values())) + shown["forgotten"] == 60
    assert len(lines) == 1
    assert lines[0].startswith("all journals together have 40,000 bytes, and no more are kept (--keep-journals)")


def test_the_names_of_headers_and_what_was_remarked_count() -> None:
    made, _ = desk()
    before = health(made, "journals")["kept"]
    headers = {"a" * 30_000: "b", "authorization": "Bearer test"}
    made.mock.answer(Exchange("GET", "/none", "", headers, b"", "http://mock.test"))
    assert health(made, "journals")["kept"] > before + 30_000
    made.create(CREATE, {"image": URL, **{f"unknown_{number}": 1 for number in range(40)}})
    assert health(made, "journals")["kept"] > before + 30_000 + 40 * 50


sizes = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3000), st.sampled_from(["close", "clear", "end"])))


@given(sizes, st.integers(0, 20_000))
def test_what_is_counted_is_what_journals_hold(steps: list[tuple[int, int, str]], most: int) -> None:
    bound = Bound(most, "", lambda line: None)
    everyone = Journals(bound)
    journals = [Journal(3, 8000, everyone) for _ in range(5)]
    for number, (which, size, step) in enumerate(steps, 1):
        journal = journals[which]
        if step == "close":
            entry = exchange(journal.next_id(), size)
            entry.started = float(number)
            journal.open(entry)
            journal.close(entry)
        elif step == "clear":
            journal.clear()
        else:
            journal.end()
            journals[which] = Journal(3, 8000, everyone)
        held = [entry for each in journals for entry in each.entries]
        assert bound.kept == sum(entry.size for entry in held) <= max(most, 0)


def test_journals_that_have_ended_are_not_held() -> None:
    everyone = Journals(Bound(10**9, "", lambda line: None))
    for number in range(1000):
        journal = Journal(among=everyone)
        journal.open(exchange(number + 1, 10))
        journal.end()
    assert len(everyone._heap) < 100


def test_a_session_that_ended_while_it_was_asked_is_not_counted() -> None:
    made, _ = desk()
    ended: Session = made.mock.sessions.get("a")
    made.mock.sessions.end("a")
    entry = exchange(1, 1000)
    ended.journal.open(entry)
    ended.journal.close(entry)
    assert json.dumps(health(made, "tasks")["kept"]) == "0"
    assert health(made, "journals")["kept"] == 0
