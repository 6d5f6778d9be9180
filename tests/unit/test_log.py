from __future__ import annotations

import io
import json
import threading

import pytest
from asking import URL, Core
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.errors import Violation
from mock_server.journal import Entry, Journal
from mock_server.lines import Lines
from mock_server.log import Log, is_coloured, missing, summary
from mock_server.paper import Stream

HOSTILE = "\x1b[2J\r\n\0\x7f\x85\x9b31m\u2028\u2029\u202e\ufeff"
hostile = st.text(alphabet=st.sampled_from([*HOSTILE, "a", " ", "é", "作"]) | st.characters(), max_size=50)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def entry(**values: object) -> Entry:
    made = Entry(1, 1000, "default", "GET", "/v1/x", milliseconds=12.34, status=200)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def written(*entries: Entry, form: str = "text", stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    lines = Lines(Stream(stream), missing(form))
    log = Log(lines, form=form, coloured=is_coloured(stream))
    for each in entries:
        log.exchange(each)
    lines.flush()
    return stream.getvalue()


def test_a_line_names_operation_status_milliseconds_and_task() -> None:
    made = entry(operation="createImageToVideo", task="872248823022106361", task_status="submitted")
    assert written(made) == "200  createImageToVideo          12.3 ms  task 872248823022106361 submitted\n"


def test_what_was_wrong_stands_beneath() -> None:
    wrong = Violation("/n", "schema.maximum", "n is 10, above the maximum of 9", 10, "the nearest is 9")
    note = Violation("/x", "field.unknown", "x is not in Kling's document")
    made = entry(status=400, row="request.invalid", violations=[wrong], notes=[note], images=("png 1x1 68 bytes abc",))
    assert written(made).splitlines() == [
        "400  GET /v1/x                   12.3 ms  request.invalid",
        "       image png 1x1 68 bytes abc",
        "       refused schema.maximum: /n: n is 10, above the maximum of 9 (the nearest is 9)",
        "       note field.unknown: /x: x is not in Kling's document",
    ]


def test_a_session_is_named_unless_it_is_the_default_one() -> None:
    assert written(entry(session="tests")).endswith("ms  [tests]\n")
    assert "[" not in written(entry())


@given(hostile, hostile, hostile)
def test_a_client_cannot_write_control_characters(path: str, session: str, found: str) -> None:
    wrong = Violation(f"/{found}", "route.unknown", f"no route {path}", found, found)
    made = entry(path=f"/{path}", session=session, violations=[wrong], notes=[wrong], images=(found,))
    lines = written(made).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)


@given(hostile, hostile, hostile)
def test_a_json_line_is_one_line_of_ascii_and_says_everything(path: str, session: str, found: str) -> None:
    wrong = Violation(f"/{found}", "route.unknown", f"no route {path}", found, found)
    made = entry(path=f"/{path}", session=session, violations=[wrong], images=(found,))
    line = written(made, form="json")
    assert line.removesuffix("\n").isascii()
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line) == made.as_dict()


def test_a_line_is_not_longer_than_a_person_reads() -> None:
    wrong = Violation("/" + "x" * 1_000_000, "field.unknown", "y" * 1_000_000)
    made = entry(path="/" + "z" * 1_000_000, session="s" * 1_000_000, violations=[wrong], images=("w" * 10**6,))
    assert max(map(len, written(made).split("\n"))) <= 400


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = {status: written(entry(status=status), stream=Terminal())[:5] for status in (200, 404, 500)}
    assert shown == {200: "\x1b[32m", 404: "\x1b[33m", 500: "\x1b[31m"}
    assert "\x1b" not in written(entry())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(entry(), stream=Terminal())


def test_lines_of_many_threads_stay_whole() -> None:
    stream = io.StringIO()
    lines = Lines(Stream(stream), missing("json"))
    log = Log(lines, form="json")

    def write() -> None:
        for _ in range(50):
            log.exchange(entry(path="/" + "x" * 500))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.flush()
    assert [json.loads(line)["id"] for line in stream.getvalue().splitlines()] == [1] * 400


class Slow(io.StringIO):
    """A stream whose write begins, and ends only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.begun.set()
        self.let_go.wait()
        return super().write(text)


def test_flush_returns_when_everything_is_written() -> None:
    """What a timer is writing is not lost when the process ends after `flush`."""
    stream = Slow()
    lines = Lines(Stream(stream), missing("text"))
    log = Log(lines)
    log.exchange(entry())
    stream.begun.wait()
    last = threading.Thread(target=lines.flush)
    last.start()
    log.exchange(entry(status=404))
    assert last.is_alive()
    stream.let_go.set()
    last.join()
    lines.flush()
    assert [line[:3] for line in stream.getvalue().splitlines()] == ["200", "404"]


def test_the_summary_counts_all_sessions() -> None:
    core = Core()
    core.create("createImageToVideo", {"image": URL, "x": 1}, x_kling_session="a")
    core.create("createImageToVideo", {"image": URL, "mode": "turbo", "cfg_scale": 2}, x_kling_session="b")
    assert summary(core.mock.sessions) == [
        "2 exchanges, 1 task",
        "refused: schema.enum 1, schema.maximum 1",
        "noted: model.retired 2, field.unknown 1",
    ]


def test_the_summary_of_nothing_is_one_line() -> None:
    assert summary([]) == ["0 exchanges, 0 tasks"]


def test_a_journal_that_was_cut_still_counts() -> None:
    journal = Journal(most=1)
    for _ in range(3):
        one = entry()
        journal.open(one)
        journal.close(one)
    assert (journal.total, len(journal.entries)) == (3, 1)
