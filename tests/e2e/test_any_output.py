"""Every command on every kind of standard output: any encoding, closed, a reader who has gone, a full disk."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from serving import ROOT, STUCK, TINY

from kling_contract import demo_photo
from kling_contract.cli import _parser, demo, main
from mock_server import MockServer

TITLE = "Acmé → 极小 ✓ 😀"


def commands() -> list[str]:
    """The commands that there are, also those that this file does not know yet."""
    parts = (each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    return list(next(parts).choices)


@dataclass
class Place:
    """A document and a body with signs that few encodings have, and a mock that serves it."""

    folder: Path
    document: str
    url: str

    def call(self, command: str) -> list[str]:
        """Return how a command is called; one that is new is asked for its help."""
        provider, here = ["--provider", self.document], ["--base-url", self.url]
        operations = ["--operations", "listImageToVideos"]
        calls = {
            "serve": [*provider, "--open", "→"],
            "demo": ["--into", str(self.folder / "démo → 极")],
            "operations": provider,
            "spec": [self.document],
            "validate": ["createPoster", str(self.folder / "body.json"), *provider],
            "scenarios": provider,
            "log": ["--url", self.url, "--session", "one"],
            "probe": [*provider, *here, "--report", f"text,{self.files}"],
            "verify": [*provider, *here, *operations, "--examples", "1", "--no-schemathesis", "--no-callbacks",
                       "--report", f"text,{self.files}"],
            "check-traffic": [str(self.folder / "some.har"), *provider],
            "lint": [self.document],
            "diff": [self.document, "anyapi", "--examples", "0"],
        }  # fmt: skip
        return [command, *calls.get(command, ["--help"])]

    @property
    def files(self) -> str:
        return f"json={self.folder / 'é.json'},junit={self.folder / 'é.xml'}"

    def run(self, command: str) -> int:
        for name in ("é.json", "é.xml"):
            (self.folder / name).unlink(missing_ok=True)
        try:
            code = main(self.call(command))
        except SystemExit as end:
            code = int(end.code or 0)
        if command in ("probe", "verify"):
            assert json.loads((self.folder / "é.json").read_text(encoding="utf-8"))
            assert (self.folder / "é.xml").read_text(encoding="utf-8").startswith("<?xml")
        return code


def entry(url: str) -> dict[str, Any]:
    body = json.dumps({"columns": 90, "title": "→ 极"}, ensure_ascii=False)
    request = {"method": "POST", "url": f"{url}/make/poster", "headers": [], "postData": {"text": body}}
    response = {"status": 422, "headers": [], "content": {"text": "→ 极"}}
    return {"startedDateTime": "2026-01-02T00:00:00Z", "time": 1, "request": request, "response": response}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("any output → 极")
    text = Path(TINY).read_text(encoding="utf-8")
    assert "title: Acme\n" in text
    document = folder / "acmé.yaml"
    document.write_text(text.replace("title: Acme\n", f"title: {TITLE}\n"), encoding="utf-8")
    (folder / "body.json").write_text('{"→ 极": 1, "columns": "→ 极"}', encoding="utf-8")
    with MockServer(provider=document, clock="auto") as server:
        (folder / "some.har").write_text(json.dumps({"log": {"entries": [entry(server.url)]}}), encoding="utf-8")
        httpx.post(f"{server.url}/s/one/make/poster", json={"→ 极": 1}, headers={"authorization": "Bearer k"})
        yield Place(folder, str(document), server.url)


@pytest.fixture(scope="module")
def usual(place: Place) -> dict[str, tuple[int, str]]:
    """What each command answers and prints where all is well."""
    found = {}
    for command in commands():
        with quickly(), contextlib.redirect_stdout(io.StringIO()) as out:
            found[command] = place.run(command), out.getvalue()
    return found


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Let the demo tell a short story."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_photo, "photo", lambda: b"a picture")
        patch.setattr(demo._Story, "tell", lambda story: demo._chapter("The lake → breathes"))
        yield


@contextlib.contextmanager
def broken(fault: str) -> Iterator[Any]:
    """Standard output that was closed, whose reader has gone, or on a disk that is full."""
    if fault == "closed":
        yield None
    elif fault == "full":
        with Path("/dev/full").open("w", encoding="utf-8") as stream:
            yield stream
    else:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as stream:
            yield stream


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
@pytest.mark.parametrize("command", commands())
def test_any_encoding_does(place: Place, usual: dict[str, tuple[int, str]], command: str, encoding: str) -> None:
    out, error = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2))
    with quickly(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = place.run(command)
    printed, said = (cast("io.BytesIO", each.buffer).getvalue().decode(encoding) for each in (out, error))
    assert code == usual[command][0]
    assert len(printed.splitlines()) == len(usual[command][1].splitlines())
    assert "Traceback" not in said


@pytest.mark.parametrize("fault", ["closed", "gone", "full"])
@pytest.mark.parametrize("command", commands())
def test_an_output_that_takes_nothing_hides_no_verdict(
    place: Place, usual: dict[str, tuple[int, str]], command: str, fault: str
) -> None:
    code = usual[command][0]
    with contextlib.ExitStack() as streams:
        streams.enter_context(quickly())
        streams.enter_context(contextlib.redirect_stdout(streams.enter_context(broken(fault))))
        streams.enter_context(contextlib.redirect_stderr(streams.enter_context(broken(fault))))
        found = place.run(command)
    assert found == (code or 2 if fault == "full" and usual[command][1] else code)


def test_the_commands_of_this_file_say_what_they_find(usual: dict[str, tuple[int, str]]) -> None:
    codes = {command: code for command, (code, _) in usual.items()}
    assert codes | {"validate": 1, "serve": 2, "verify": 0, "probe": 3, "log": 0, "operations": 0, "demo": 0} == codes
    shown = [command for command, (_, text) in usual.items() if not text.isascii()]
    assert {"demo", "diff", "log", "probe", "spec", "validate", "verify", "check-traffic"} <= set(shown)


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHON": sys.executable, **variables}
    return subprocess.run(["bash", "-c", line], env=env, cwd=ROOT, capture_output=True, check=False)


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_shell_that_closes_the_streams_gets_the_exit_code(place: Place, closed: str) -> None:
    words = 'exec "$PYTHON" -m kling_contract validate createPoster "$BODY" --provider "$DOCUMENT"'
    done = shell(f"{words} {closed}", BODY=str(place.folder / "body.json"), DOCUMENT=place.document)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_reader_who_takes_one_line_gets_it_and_nothing_is_said() -> None:
    done = shell('set -o pipefail; "$PYTHON" -m kling_contract spec kling | head -1')
    assert (done.returncode, done.stdout, done.stderr) == (0, b"openapi: 3.1.0\n", b"")


def test_a_server_without_standard_output_serves() -> None:
    line = 'exec "$PYTHON" -m kling_contract serve --port 0 >&-'
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(["bash", "-c", line], env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = next(each for each in process.stderr if "curl" in each)
            url = said.split("http://")[1].split("/")[0]
            assert httpx.get(f"http://{url}/livez", trust_env=False).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(STUCK) == 0
        finally:
            process.kill()


def test_no_command_prints_what_only_python_would_say(usual: dict[str, tuple[int, str]]) -> None:
    python = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\{'|\['|object at 0x|Decimal\(|Fraction\(")
    assert {command: python.findall(text) for command, (_, text) in usual.items() if python.search(text)} == {}
