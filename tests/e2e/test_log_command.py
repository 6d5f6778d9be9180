"""`serve --journal`, `log` and `log --follow`: the journal in a file and in a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import web

from kling_contract.cli import main
from kling_contract.cli.log import Following, events
from kling_contract.documents import load
from mock_server import MockServer

PATH = "/v1/videos/image2video"
SECRET = "sk-very-secret-1234567890"
KEY = {"authorization": f"Bearer {SECRET}", "cookie": f"a={SECRET}", "x-api-key": SECRET}
GOOD = {"image": "https://example.com/cat.png", "model_name": "kling-v2-6", "prompt": SECRET}
BAD = {"image": "https://example.com/cat.png", "model_name": "kling-v2-6", "mode": "best"}


def call(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(provider="kling") as running:
        yield running


def ask(url: str, body: dict[str, Any], **headers: str) -> int:
    asked = f"{url}{PATH}?token={SECRET}"
    return web.post(asked, json=body, headers={**KEY, **headers}).status_code


def test_the_journal_is_printed(server: MockServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert [ask(server.url, GOOD), ask(server.url, BAD)] == [200, 400]
    assert call("log", "--url", server.url) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed[:2]] == [["200", "createImageToVideo"], ["400", "createImageToVideo"]]
    assert "refused schema.enum: /mode" in printed[2]
    assert call("log", "--url", server.url, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == [200, 400]
    assert call("log", "--url", server.url, "--session", "other/one") == 0
    assert capsys.readouterr().out == ""


def test_where_nobody_answers_one_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for follow in ((), ("--follow",)):
        assert call("log", "--url", "http://127.0.0.1:1", *follow) == 5
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.splitlines()) == 1
        assert "nobody answers at http://127.0.0.1:1" in said.err


@pytest.mark.parametrize("follow", [(), ("--follow",)])
def test_what_is_refused_is_said(follow: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with MockServer(admin_token="t0ken") as server:
        assert call("log", "--url", server.url, *follow) == 2
    assert "admin needs the token" in capsys.readouterr().err
    assert call("log", "--url", "localhost:4060", *follow) == 2
    assert "accepted: http://host:port" in capsys.readouterr().err


def test_the_token_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KLINGMOCK_ADMIN_TOKEN", "t0ken")
    with MockServer(admin_token="t0ken") as server:
        assert call("log", "--url", server.url) == 0
    assert capsys.readouterr().err == ""


def test_following_shows_each_exchange_as_it_comes(server: MockServer) -> None:
    seen: list[Any] = []

    def show(shown: Any) -> None:
        seen.append(shown)
        if len(seen) == 3:
            raise StopFollowing

    with httpx.Client() as client, ready(server), pytest.raises(StopFollowing):
        Following(client, f"{server.url}/__admin/events?all=1", show).run()
    assert [each["session"] for each in seen] == ["default", "b", "default"]
    assert [each["status"] for each in seen] == [200, 400, 200]
    assert SECRET not in json.dumps(seen)


class StopFollowing(Exception):
    """The test has seen enough."""


@contextlib.contextmanager
def ready(server: MockServer) -> Iterator[None]:
    """Ask three things once somebody listens."""
    sessions = server.app.state.mock.sessions

    def talk() -> None:
        while not sessions.get("default").is_heard:
            web.get(f"{server.url}/livez")
        ask(server.url, GOOD)
        ask(server.url, BAD, **{"x-kling-session": "b"})
        ask(server.url, GOOD)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        thread.join()


class Patience:
    """A clock that notes how long it was waited for."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


def streams(*turns: Sequence[dict[str, Any]] | Exception) -> httpx.MockTransport:
    """Return a server that streams these events in turn, and is not there in between and afterwards."""
    left = list(turns)

    def answer(request: httpx.Request) -> httpx.Response:
        turn = left.pop(0) if left else httpx.ConnectError("refused")
        if isinstance(turn, Exception):
            raise turn
        text = "".join(f"event: exchange\ndata: {json.dumps(each)}\n\n" for each in turn)
        return httpx.Response(200, text=f"retry: 1000\n: listening\n\nevent: task\ndata: {{}}\n\n{text}")

    return httpx.MockTransport(answer)


def test_a_server_that_comes_back_is_followed_on(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Any] = []
    clock = Patience()
    gone = httpx.ConnectError("refused")
    with httpx.Client(transport=streams([{"id": 1}], gone, gone, [{"id": 2}, {"id": 3}])) as client:
        code = Following(client, "http://mock/__admin/events", seen.append, clock).run()
    assert (code, [each["id"] for each in seen]) == (5, [1, 2, 3])
    assert clock.slept[:5] == [0.5, 1.0, 2.0, 0.5, 1.0]
    assert max(clock.slept) == 10.0
    said = [line.partition(": ")[2].split(" (")[0] for line in capsys.readouterr().err.splitlines()]
    waiting = "the server has gone; waiting for it to come back"
    assert said == [waiting, "the server is back", waiting, "nobody answers at http://mock"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["event: a", "data: 1", ""], [("a", "1")]),
        (["data: 1", "data: 2", "", "data:3", ""], [("message", "1\n2"), ("message", "3")]),
        ([": still here", "", "event: a", "", "data: 1"], []),
        (["id: 4", "event: a", "data: x: y", "", ": c", ""], [("a", "x: y")]),
    ],
)
def test_events_are_read_as_they_are_defined(lines: list[str], found: list[tuple[str, str]]) -> None:
    assert list(events(lines)) == found


@contextlib.contextmanager
def served(*options: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `serve` as people do; yield its URL."""
    command = [sys.executable, "-m", "kling_contract", "serve", "--port", "0", "--provider", "kling", *options]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **environment}, **pipes) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1], process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def test_a_journal_is_appended_to_a_file_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "journal.ndjson"
    file.write_text('{"id": 0}\n', encoding="utf-8")
    options = ("--journal", str(file), "--clock", "frozen", "--epoch", "2026-01-31", "--scenario", "fail-late")
    with served(*options, "--limit", "video=1,per-second=9") as (url, process):
        assert [ask(url, GOOD), ask(url, GOOD), ask(url, BAD)] == [200, 429, 400]
        clock = web.get(f"{url}/__admin/clock").json()
        limits = web.get(f"{url}/__admin/limits").json()
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        logged = process.stderr.read()
    text = file.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["id"] for line in lines] == [0, 1, 2, 3]
    assert (lines[1]["scenario"], lines[1]["body"]["image"]) == ("fail-late", GOOD["image"])
    assert lines[2]["answer"]["row"] == "rate.concurrency"
    assert SECRET not in text + logged
    assert "time stands still until admin lets it pass" in logged
    assert (clock["mode"], clock["now"]) == ("frozen", 1_769_817_600_000)
    assert limits == {"tasks": {"video": 1}, "balance": None, "per_second": 9}


def test_serving_beyond_this_machine_says_that_a_token_is_needed() -> None:
    for token, said in ((None, "answers 403 while KLINGMOCK_ADMIN_TOKEN is not set"), ("t0ken", "with the token of")):
        environment = {} if token is None else {"KLINGMOCK_ADMIN_TOKEN": token}
        with served("--host", "0.0.0.0", **environment) as (url, process):
            answer = web.get(f"{url}/__admin/health", headers={"x-kling-admin-token": "t0ken"})
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            logged = process.stderr.read()
        assert answer.status_code == (200 if token else 403)
        assert said in logged
        assert "t0ken" not in logged


@pytest.mark.parametrize(
    "options",
    [
        ("--clock", "fast"),
        ("--epoch", "yesterday"),
        ("--scenario", "fial"),
        ("--session-by", "header"),
        ("--limit", "audio=1"),
        ("--limit", "video=many"),
        ("--journal", "/nowhere/journal.ndjson"),
    ],
)
def test_wrong_options_are_one_line_and_exit_2(options: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("serve", "--port", "0", *options) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_scenarios_are_listed(form: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert call("scenarios", "--provider", "kling", *form) == 0
    printed = capsys.readouterr().out
    names = list(load("kling").scenarios)
    found = (
        [each["name"] for each in json.loads(printed)]
        if form
        else [line.split()[0] for line in printed.splitlines()[:5]]
    )
    assert found == names == ["succeed", "fail", "fail-late", "slow", "stuck"]
    assert "Failure to pass the risk control system" in printed


@pytest.mark.parametrize("command", ["log", "scenarios"])
def test_each_command_helps_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    assert f"\nexamples:\n  kling-contract {command}" in capsys.readouterr().out
