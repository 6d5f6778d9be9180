"""The README is run as it is printed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from kling_contract.cli import main
from mock_server import MockServer

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.S | re.M)
PYTHON = [block for kind, block in BLOCKS if kind == "python"]
CURLS = [block for kind, block in BLOCKS if kind == "sh" and "curl" in block]


def run(block: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    return printed.getvalue()


def test_the_client_makes_a_video_and_saves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (400, 300)).save("cat.png")
    assert run(PYTHON[0]).startswith("succeed 5.0 [")
    assert [path.suffix for path in Path("out").iterdir()] == [".mp4"]


def test_a_broken_request_prints_what_the_readme_shows() -> None:
    shown = next(block for kind, block in BLOCKS if kind == "text")
    assert run(PYTHON[1]) == shown


def test_the_gate_finds_what_is_wrong() -> None:
    rules = [line.split()[0] for line in run(PYTHON[2]).splitlines()]
    assert rules.count("schema.required") == 4
    assert "image.prefix" in rules


def test_the_curl_lines_work_as_printed() -> None:
    assert len(CURLS) == 2
    with MockServer(speed=60) as server:
        printed = [_shell(block.replace("http://127.0.0.1:4060", server.url)) for block in CURLS]
    created, first = (json.loads(line) for line in printed[0].strip().replace("}{", "}\n{").splitlines())
    assert created["data"]["task_status"] == "submitted"
    assert first["data"]["task_id"] == created["data"]["task_id"]
    assert printed[1] == next(block for kind, block in BLOCKS if kind == "json").strip()


def _shell(script: str) -> str:
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_every_command_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^    (\w[\w-]*)\s{2,}", capsys.readouterr().out, re.M)
    assert {"serve", "demo", "operations", "spec", "validate"} <= set(commands)
    for command in commands:
        assert f"`kling-contract {command}" in TEXT, command


def test_every_file_that_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / target).is_file(), target
