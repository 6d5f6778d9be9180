"""Lines of a log or a journal: whole, in order, and counted where they are missing."""

from __future__ import annotations

import errno
import io
import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import Core, example
from hypothesis import given
from hypothesis import strategies as st

from mock_server import lines as lines_module
from mock_server import paper as paper_module
from mock_server.app import create_app
from mock_server.lines import MOST_LINES, Lines
from mock_server.log import missing
from mock_server.paper import Descriptor, Stream, Written, appending
from mock_server.watching import Watcher


class Sheet:
    """Paper with room for so many lines at a time, as a test says."""

    def __init__(self, room: int = 1000) -> None:
        self.room, self.lines = room, list[str]()

    def write(self, lines: Sequence[str]) -> Written:
        fits = list(lines[: self.room])
        self.lines += fits
        return Written(len(fits), "" if len(fits) == len(lines) else "full")


def quiet(lines: Lines) -> Lines:
    """Let lines be written only when the test says so."""
    lines._timer = threading.Timer(0, bool)
    return lines


def put(lines: Lines, *texts: str) -> None:
    for text in texts:
        quiet(lines).put(text)
    lines.flush()


def test_a_line_stands_where_some_are_missing() -> None:
    sheet, told = Sheet(), list[str]()
    lines = Lines(sheet, missing("text"), told.append)
    put(lines, "1", "2")
    sheet.room = 1
    put(lines, "3", "4", "5")
    sheet.room = 0
    put(lines, "6")
    sheet.room = 1000
    put(lines, "7")
    assert sheet.lines == ["1", "2", "3", "3 lines missing here: full", "7"]
    assert told == ["full"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=20))
def test_every_line_is_written_or_counted_in_its_place(steps: list[tuple[int, int]]) -> None:
    sheet, number = Sheet(), 0
    lines = Lines(sheet, missing("json"))
    for count, sheet.room in steps:
        put(lines, *(str(each) for each in range(number, number + count)))
        number += count
    sheet.room = 1000
    put(lines, str(number))
    at = 0
    for found in map(json.loads, sheet.lines):
        if isinstance(found, dict):
            at += found["lines"]
        else:
            assert found == at
            at += 1
    assert at == number + 1


def test_no_more_than_so_many_lines_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "MOST_CHARACTERS", 100)
    sheet = Sheet()
    lines = Lines(sheet, missing("text"))
    put(lines, "x" * 99, "y", "lost", "lost too")
    put(lines, "z")
    assert sheet.lines == ["x" * 99, "y", "2 lines missing here: more came than could be written", "z"]
    assert MOST_LINES == 10_000


class Stuck:
    """Paper that takes its time until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def write(self, lines: Sequence[str]) -> Written:
        self.begun.set()
        self.let_go.wait()
        return Written(len(lines), "")


def test_the_end_does_not_wait_for_what_is_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "_PATIENCE", 0)
    paper = Stuck()
    lines = Lines(paper, missing("text"))
    lines.put("1")
    paper.begun.wait()
    quiet(lines).put("2")
    assert lines.end() == 2
    paper.let_go.set()
    lines.flush()


def test_where_no_thread_can_be_had_lines_are_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    sheet = Sheet()
    lines = Lines(sheet, missing("text"))
    lines.put("1")
    lines.put("2")
    assert (lines.end(), sheet.lines) == (0, ["1", "2"])


def limited(room: int, most: int) -> Callable[[int, Any], int]:
    """Return what stands for `os.write` on a disk that has room for so many bytes, and takes `most` at once."""
    left, write = [room], os.write

    def written(number: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        done = write(number, bytes(data[: min(most, left[0])]))
        left[0] -= done
        return done

    return written


@given(st.lists(st.text("ab", max_size=9), min_size=1, max_size=9), st.integers(0, 99), st.integers(1, 9))
def test_a_file_that_is_full_holds_whole_lines(texts: list[str], room: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        number = os.memfd_create("journal")
        paper = Descriptor(number)
        patch.setattr(paper_module.os, "write", limited(room, most))
        done = paper.write(texts)
        patch.undo()
        assert os.pread(number, 1000, 0).decode() == "".join(f"{text}\n" for text in texts[: done.lines])
        assert (done.reason == "") is (done.lines == len(texts))
        assert paper.write(["last"]) == Written(1, "")
        kept = [*texts[: done.lines], "last"]
        assert os.pread(number, 1000, 0).decode() == "".join(f"{text}\n" for text in kept)
        paper.close()


@given(st.lists(st.text("ab", max_size=9), min_size=1, max_size=9), st.integers(0, 99), st.integers(1, 9))
def test_what_takes_nothing_back_gets_the_other_half_first(texts: list[str], room: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        reader, number = os.pipe()
        paper = Descriptor(number)
        patch.setattr(paper_module.os, "write", limited(room, most))
        done = paper.write(texts)
        patch.undo()
        assert paper.write(["last"]) == Written(1, "")
        assert os.read(reader, 1000).decode() == "".join(f"{text}\n" for text in [*texts[: done.lines], "last"])
        paper.close()
        os.close(reader)


def test_a_stream_that_somebody_closed_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    done = Stream(stream).write(["x"])
    assert (done.lines, bool(done.reason)) == (0, True)


def test_a_very_long_end_of_a_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_module, "_BLOCK", 10)
    monkeypatch.setattr(paper_module, "_LONGEST", 20)
    for text, half in (("x\n{" + "a" * 15, True), ("x\n{" + "a" * 50, False)):
        file = tmp_path / "journal"
        file.write_text(text)
        paper, is_half = appending(str(file))
        paper.write(["y"])
        paper.close()
        assert (is_half, file.read_text()) == (half, "x\ny\n" if half else f"{text}\ny\n")


class Broken(Watcher):
    """Raises whatever it is told."""

    verbose = True

    def __init__(self) -> None:
        self.asked = 0

    def exchange(self, entry: Any) -> None:
        self._raise()

    def delivery(self, session: str, delivery: Any) -> None:
        self._raise()

    def say(self, line: str) -> None:
        self._raise()

    def _raise(self) -> None:
        self.asked += 1
        raise BrokenPipeError


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_watcher_that_fails_decides_no_answer(anyio_backend: str) -> None:
    watcher = Broken()
    app = create_app(provider="kling", clock="auto", watcher=watcher)
    operation = Core().provider.operation("createImageToVideo")
    body = {**example(operation), "image": "https://example.com/a.png", "callback_url": "http://mock/__inbox/mine"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as client:
        made = await client.post(operation.path, json=body, headers={"authorization": "Bearer test"})
        kept = await client.get("/__admin/deliveries?timeout=10&status=succeed", headers={"host": "localhost"})
    assert made.status_code == 200
    assert [each["state"] for each in kept.json()["deliveries"]] == ["delivered"]
    assert watcher.asked >= 3
