"""The README is run as it is printed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from PIL import Image

from kling_contract import Kling, RemoteClock, TaskFailed
from kling_contract.cli import main
from kling_contract.signatures import signed
from mock_server import MockServer
from tests.e2e.suites import OTHERS

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
    with MockServer(speed=60) as server:
        printed = [_shell(block.replace("http://127.0.0.1:4060", server.url)) for block in CURLS[:2]]
    created, first = (json.loads(line) for line in printed[0].strip().replace("}{", "}\n{").splitlines())
    assert created["data"]["task_status"] == "submitted"
    assert first["data"]["task_id"] == created["data"]["task_id"]
    assert printed[1] == next(block for kind, block in BLOCKS if kind == "json").strip()


@pytest.mark.parametrize(
    ("block", "reason"), [(2, "Failure to pass the risk control system"), (3, "Image pixel is invalid")]
)
def test_a_job_fails_as_the_lines_to_paste_say(block: int, reason: str) -> None:
    assert len(CURLS) == 5
    with MockServer(clock="frozen") as server:
        _shell(CURLS[block].replace("http://127.0.0.1:4060", server.url))
        admin = f"{server.url}/__admin"
        httpx.post(f"{admin}/clock/advance", json={"seconds": 600})
        (task,) = httpx.get(f"{admin}/tasks").json()["tasks"]
    assert (task["status"], task["reason"]) == ("failed", reason)


def test_a_callback_is_in_the_inbox_as_the_lines_to_paste_say() -> None:
    with MockServer(speed=600) as server:
        printed = _shell(CURLS[4].replace("http://127.0.0.1:4060", server.url))
    _, delivered, letters = (json.loads(line) for line in printed.replace("}{", "}\n{").splitlines())
    assert [each["state"] for each in delivered["deliveries"]] == ["delivered"]
    assert [each["body"]["task_status"] for each in letters["letters"]] == ["submitted", "processing", "succeed"]


def test_the_receiving_side_verifies() -> None:
    secret = re.findall(r"whsec_\w+=", PYTHON[4])
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(PYTHON[4], "README.md", "exec"), names)
    body = b'{"task_id": "1", "task_status": "processing", "created_at": 1, "updated_at": 2}'
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert names["hook"](signed(secret, "1", int(time.time()), body), body) == 204
        assert names["hook"]({}, body) == 401
    assert printed.getvalue() == "1 processing []\n"


def test_an_application_of_the_test_is_called_back() -> None:
    assert run(PYTHON[5]) == "/hook\n" * 3


def test_the_tests_of_the_readme_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PYTHON[6])
    absent = [f"-pno:{name}" for name in OTHERS]
    pytester.runpytest_subprocess("-p", "no:cacheprovider", *absent).assert_outcomes(passed=2)


def test_a_job_fails_by_its_prompt() -> None:
    assert run(PYTHON[3]) == "Failure to pass the risk control system\n"


def test_a_job_fails_by_the_option_of_the_server() -> None:
    (line,) = (line for _, block in BLOCKS for line in block.splitlines() if "--scenario" in line)
    with (
        MockServer(clock="frozen", scenario=line.split()[-1]) as server,
        RemoteClock(server.url) as clock,
        Kling(base_url=server.url, api_key="test", clock=clock) as kling,
        pytest.raises(TaskFailed),
    ):
        kling.videos.image_to_video(image="https://example.com/cat.png").wait()


def test_every_path_of_admin_is_in_the_table() -> None:
    for path in yaml.safe_load((ROOT / "openapi" / "admin.yaml").read_text(encoding="utf-8"))["paths"]:
        parts = path.strip("/").split("/")
        assert any(all(part in line for part in parts) for line in TEXT.splitlines() if line.startswith("| `")), path


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


def test_every_file_that_it_links_to_or_shows_is_there() -> None:
    assert TEXT.count("src=") == len(list((ROOT / "docs" / "pictures").iterdir()))
    for target in re.findall(r'(?:\]\(|src=")([^)"]+)', TEXT):
        assert target.startswith("https://") or (ROOT / target).is_file(), target
