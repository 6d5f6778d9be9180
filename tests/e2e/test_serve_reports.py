"""`serve` where what it reports cannot be written: requests are answered as ever, and a journal holds whole lines."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import URL
from serving import ROOT, STUCK, Serve
from wire import wire

VIDEOS = "/v1/videos/image2video"
KLING = ("--provider", "kling")


@contextmanager
def serving(error: Any, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server whose standard error is what the test says; it has to end by itself when told to, and be content."""
    command = [sys.executable, "-m", "kling_contract", "serve", "--port", "0", *KLING, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=error, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[1], process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=STUCK) == 0
    finally:
        process.kill()
        process.communicate()


def create(url: str, image: str = URL, **fields: Any) -> int:
    headers = {"authorization": "Bearer test"}
    return httpx.post(url + VIDEOS, headers=headers, json={"image": image, **fields}, trust_env=False).status_code


def test_a_full_disk_beneath_standard_error_decides_no_answer() -> None:
    with open("/dev/full", "w") as full, serving(full) as (url, _):
        assert [create(url) for _ in range(3)] == [200] * 3


def test_a_reader_of_standard_error_who_has_gone_decides_no_answer() -> None:
    reader, writer = os.pipe()
    with serving(writer) as (url, _):
        os.close(writer)
        told = b""
        while b"TASK_ID" not in told:
            told += os.read(reader, 65536)
        os.close(reader)
        assert [create(url, callback_url="http://192.0.2.1/") for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("form", ["text", "json", "none"])
def test_a_reader_of_standard_error_who_reads_no_more_decides_no_answer(form: str) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with serving(writer, "--log-format", form) as (url, _):
        os.close(writer)
        told = b""
        while b"TASK_ID" not in told:
            told += os.read(reader, 65536)
        assert [create(url, f"https://{'x' * 60}.{number}.example/a.png") for number in range(100)] == [200] * 100
        os.close(reader)


def test_what_a_library_has_to_say_waits_for_no_reader_either() -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    with serving(writer) as (url, _):
        os.close(writer)
        for _ in range(300):
            with wire(url) as connection:
                connection.send("no HTTP")
                assert connection.reply().status == 400
        assert create(url) == 200
        os.close(reader)


def test_a_journal_on_a_full_disk_decides_no_answer_and_is_told_of_once() -> None:
    with Serve(*KLING, "--journal", "/dev/full") as server:
        assert server.process.stderr is not None
        assert create(server.url) == 200
        while "the journal" not in (line := server.process.stderr.readline()):
            assert line
        assert [create(server.url) for _ in range(2)] == [200] * 2
    assert "the journal /dev/full cannot be written: No space left on device; requests are answered" in line
    assert "Traceback" not in server.err
    assert "cannot be written:" not in server.err
    assert server.err.endswith("the journal lacks 3 lines at its end, which could not be written\n")
    assert server.code == 0


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal, all of which are to be whole."""
    text = file.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def until(server: Serve, file: Path, lines: int) -> None:
    """Ask until so many lines are written."""
    while not file.exists() or file.read_bytes().count(b"\n") < lines:
        assert server.ask("GET", "/livez").status_code == 200


def test_a_journal_goes_on_once_there_is_room_again_and_says_how_many_lines_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with Serve(*KLING, "--journal", str(file)) as server:
        assert server.process.stderr is not None
        until_limited = [create(server.url) for _ in range(2)]
        until(server, file, 2)
        known, (_, hard) = lines_of(file), resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (file.stat().st_size + 100, hard))
        while_full = [create(server.url) for _ in range(3)]
        while "the journal" not in server.process.stderr.readline():
            pass
        assert lines_of(file) == known
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        after = create(server.url)
    assert [*until_limited, *while_full, after] == [200] * 6
    found = lines_of(file)
    missing = [each for each in found if each.get("event") == "missing"]
    assert sum(each["lines"] for each in missing) + len(found) - len(missing) == 6
    assert missing[0] == found[2]
    assert missing[0]["reason"] == os.strerror(27)  # EFBIG, as this limit says it
    assert found[-1]["id"] == 6
    assert "Traceback" not in server.err


def test_a_kill_costs_what_was_not_written_yet_and_no_line_before(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with Serve(*KLING, "--journal", str(file)) as server:
        assert [create(server.url) for _ in range(20)] == [200] * 20
        until(server, file, 20)
        assert create(server.url) == 200
        server.end(signal.SIGKILL)
    found = lines_of(file)
    assert [each["id"] for each in found] in ([*range(1, 21)], [*range(1, 22)])


def test_half_a_line_of_a_killed_server_is_taken_out_of_its_journal(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text('{"id": 1}\n{"id": 2, "path": "/v1/vid')
    with Serve(*KLING, "--journal", str(file)) as server:
        assert create(server.url) == 200
    assert [(each.get("event"), each.get("lines"), each.get("id")) for each in lines_of(file)] == [
        (None, None, 1),
        ("missing", 1, None),
        (None, None, 1),
    ]


@pytest.mark.parametrize("end", ["a note of mine", '{"id": 2}', "{}", ""])
def test_what_stands_in_a_file_already_is_no_line_of_the_journal(tmp_path: Path, end: str) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text(f"first\n{end}")
    with Serve(*KLING, "--journal", str(file)) as server:
        assert create(server.url) == 200
    kept, last = file.read_text().rsplit("\n", 2)[:2]
    assert kept == (f"first\n{end}" if end else "first")
    assert json.loads(last)["operation"] == "createImageToVideo"
