"""Commands that read documents, and how the command line speaks."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from kling_contract.cli import main
from kling_contract.documents import bundled, load

GOOD = {"image": "https://example.com/cat.png"}


def call(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_version_names_each_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    first, *documents = capsys.readouterr().out.splitlines()
    assert first.startswith("kling-contract ")
    assert [line.split()[0] for line in documents] == ["anyapi", "cometapi", "kling"]
    assert all(line.split()[1] == load(line.split()[0]).date for line in documents)


@pytest.mark.parametrize("provider", bundled())
def test_operations_as_a_list(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("operations", "--provider", provider, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in listed] == list(load(provider).operations)
    assert call("operations", "--provider", provider) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(listed)


@pytest.mark.parametrize("provider", bundled())
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_spec_stands_alone(provider: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("spec", provider, "--format", form) == 0
    text = capsys.readouterr().out
    validate(yaml.safe_load(text) if form == "yaml" else json.loads(text))
    alone = tmp_path / f"alone.{form}"
    alone.write_text(text, encoding="utf-8")
    copy, original = load(alone), load(provider)
    for name, operation in original.operations.items():
        assert copy.operations[name].request == operation.request
        assert copy.operations[name].envelope.template == operation.envelope.template
    assert list(copy.errors) == list(original.errors)


def test_an_accepted_body_is_fine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    feed(monkeypatch, json.dumps(GOOD).encode())
    assert call("validate", "createImageToVideo", "-") == 0
    assert capsys.readouterr().out.startswith("fine: CometAPI accepts")


def test_a_broken_body_is_told_all_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"image": "data:,", "mode": "best", "prompt": 3, "colour": 1}')
    assert call("validate", "createImageToVideo", str(body), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert {each["rule"] for each in told["violations"]} == {"image.prefix", "schema.enum", "schema.type"}
    assert [(each["rule"], each["pointer"]) for each in told["notes"]] == [("field.unknown", "/colour")]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"image": NaN}', b"[" * 5000, b"9" * 5000])
def test_a_body_that_is_no_json_is_broken_and_not_a_crash(
    data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, data)
    assert call("validate", "createImageToVideo", "-", "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["violations"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("serv",),
        ("operations", "--provider", "comet"),
        ("operations", "--provider", "./missing.yaml"),
        ("spec", "nope"),
        ("validate", "createImageToVide", "-"),
        ("validate", "createImageToVideo", "missing.json"),
        ("validate", "getImageExpansion", "-"),
        ("validate", "listImageExpansions", "-", "--json"),
        ("serve", "--port", "seven"),
        ("serve", "--speed", "0"),
        ("serve", "--access-key", "a"),
        ("serve", "--open", "createNothing", "--port", "0"),
        ("serve", "--log-format", "xml"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "Traceback" not in printed.err


def test_an_operation_without_a_body_names_the_create(capsys: pytest.CaptureFixture[str]) -> None:
    call("validate", "getImageExpansion", "-")
    assert "only a create does; that of its family is createImageExpansion" in capsys.readouterr().err


def test_a_provider_that_is_close_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    call("operations", "--provider", "commetapi")
    assert "did you mean 'cometapi'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "demo", "operations", "spec", "validate"])
def test_each_command_helps_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    text = capsys.readouterr().out
    assert f"\nexamples:\n  kling-contract {command}" in text


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] in ("mock_server", "starlette")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert call("serve", "--port", "0") == 2
    assert "pip install 'kling-contract[mock]'" in capsys.readouterr().err
