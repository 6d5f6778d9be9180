"""What the README shows of checks is what they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kling_contract.cli import main
from mock_server import MockServer

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```text\n(.*?)^```$", TEXT, re.S | re.M)[1:]
PROPERTY = re.findall(r"^```python\n(.*?)^```$", TEXT, re.S | re.M)[-1]

# What differs from run to run: bars and times, ports, digests, request ids, lines of files.
VARYING = re.compile(
    r"[▏▎▍▌▋▊▉█]+ +|\d+ ms|\d+ (?:requests|answers)|:\d{4,5}\b|:\d+(?= create)|request id: [\w-]+|\b[0-9a-f]{12}\b"
)


def plain(text: str) -> list[str]:
    return [" ".join(VARYING.sub("", line).split()) for line in text.splitlines() if line.strip()]


def shown(beginning: str) -> list[str]:
    (block,) = (each for each in SHOWN if each.startswith(beginning))
    return plain(block)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main(arguments)
    return plain(capsys.readouterr().out)


def test_the_probe_prints_what_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_KEY", "test")
    operations = re.findall(r"--operations (\S+)", TEXT)[0]
    with MockServer() as server:
        found = printed(capsys, "probe", "--base-url", server.url, "--operations", operations)
    assert found == shown("CometAPI")


def test_verify_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "verify", "--provider", "anyapi", "--no-schemathesis")
    told, expected = (
        [line for line in lines if not line.startswith("Schemathesis")] for lines in (found, shown("http://127.0.0.1"))
    )
    assert told == expected


def test_lint_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(shown("default.rule")) <= set(printed(capsys, "lint", "cometapi"))


def test_diff_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(shown("createImageExpansion")) <= set(printed(capsys, "diff", "cometapi", "anyapi", "--examples", "0"))


def test_the_property_that_is_shown_holds() -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(PROPERTY, "<README.md>", "exec"), names)
    names["test_the_area_ends_where_the_page_says"]()
