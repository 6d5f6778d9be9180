"""A document of another version is told as what it is by every command that takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_contract.cli import main

COMMANDS = [
    ["operations", "--provider", "FILE"],
    ["scenarios", "--provider", "FILE"],
    ["spec", "FILE"],
    ["validate", "createImageToVideo", "-", "--provider", "FILE"],
    ["serve", "--provider", "FILE"],
    ["probe", "--provider", "FILE"],
    ["verify", "--provider", "FILE"],
    ["check-traffic", "a.har", "--provider", "FILE"],
    ["lint", "FILE"],
    ["diff", "FILE", "kling"],
    ["diff", "kling", "FILE"],
]
VERSIONS = {
    "openapi: 3.0.3\ninfo: {}\n": "this is OpenAPI 3.0.3; 3.1 is read here",
    "swagger: '2.0'\ninfo: {}\n": "this is Swagger 2.0; OpenAPI 3.1 is read here",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
@pytest.mark.parametrize("text", VERSIONS)
def test_every_command_tells_the_version_of_a_document(
    text: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    code = main([str(file) if word == "FILE" else word for word in command])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert f"{file}:1: {VERSIONS[text]}" in told.err
    assert len(told.err.splitlines()) == 1
