"""What `kling-contract serve` says to wrong options, wrong environments and broken documents: one line, and exit 2."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kling_contract.cli import main

ROOT = Path(__file__).parents[2]


def complaint(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return the one line that a command of wrong use prints."""
    try:
        code = main(["serve", *options])
    except SystemExit as error:
        code = error.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    return str(line)


def test_a_taken_port_is_one_line_that_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = complaint(capsys, "--port", str(port))
    assert line == f"kling-contract serve: cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "65536"), "accepted: 0 to 65535"),
        (("--port", "-1"), "accepted: 0 to 65535"),
        (("--port", "x"), "accepted: 0 to 65535"),
        (("--speed", "0"), "accepted: a number above 0"),
        (("--speed", "nan"), "accepted: a number above 0"),
        (("--speed", "inf"), "accepted: a number above 0"),
        (("--speed", "fast"), "accepted: a number above 0"),
        (("--seed", "x"), "'x' is no seed; accepted: a whole number"),
        (("--keep-inputs", "lots"), "'lots' is no size; accepted: a whole number of bytes, KB, MB or GB, as 64MB"),
        (("--keep-inputs", "-1"), "is no size"),
        (("--keep-inputs", "1.5MB"), "is no size"),
        (("--log-format", "xml"), "accepted: text, json, none"),
        (("--provider", "nope"), "nope: no such provider; accepted: anyapi, cometapi, kling, or a file"),
        (("--provider", "klin"), "did you mean 'kling'?"),
        (("--provider", "./nope.yaml"), "nope.yaml: No such file or directory"),
        (("--provider", f"{ROOT}/openapi/common.yaml"), "openapi/common.yaml:2: info has no x-provider"),
        (("--open", "createNothing"), "no operation 'createNothing'"),
        (("--api-key", "sk-schlüssel"), "--api-key: character 8 of 12 is not ASCII; accepted: printable ASCII"),
        (("--api-key", "sk 1"), "--api-key: character 3 of 4 is a space"),
        (("--access-key", "a", "--secret-key", "\udcff"), "--access-key or --secret-key is no UTF-8"),
        (("--access-key", "a"), "--access-key and --secret-key go together"),
        (("--public-url", "tunnel"), "accepted: http(s)://host"),
        (("--host", "256.256.256.256", "--port", "0"), "cannot listen on 256.256.256.256:0"),
        (("--host", "a..b", "--port", "0"), "cannot listen on a..b:0"),
        (("--host", "x" * 300, "--port", "0"), "cannot listen on xxx"),
        (("--callback-to", "http://web"), "--callback-to 'http://web': "),
        (("--fetch-from", "10.0.0.1/8"), "--fetch-from '10.0.0.1/8': 10.0.0.1/8 has host bits set; accepted: web, "),
        (("--callback-map", "https://app.example.com"), "as in https://app.example.com=http://web:8000"),
        (("--callback-map", "https://a.example=http://web/x"), "--callback-map: no origin: 'http://web/x'"),
        (("--callback-map", "https://me:pass@a.example=http://web"), "no URL to call: 'https://a.example': "),
        (("--nonsense",), "unrecognized arguments: --nonsense"),
        (("extra",), "unrecognized arguments: extra"),
    ],
)
def test_wrong_use_is_one_line(options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in complaint(capsys, *options)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "seven", "accepted: 0 to 65535"),
        ("SPEED", "0", "accepted: a number above 0"),
        ("SEED", "1.5", "'1.5' is no seed; accepted: a whole number"),
        ("KEEP_INPUTS", "8 TB", "is no size; accepted: a whole number of bytes, KB, MB or GB"),
        ("LENIENT", "maybe", "accepted: 1, true, yes, on, 0, false, no, off"),
        ("FAIL_ON_VIOLATION", "2", "accepted: 1, true, yes, on, 0, false, no, off"),
        ("LOG_FORMAT", "yaml", "accepted: text, json, none"),
        ("PROVIDER", "nope", "no such provider"),
        ("OPEN", "createNothing", "no operation 'createNothing'"),
    ],
)
def test_a_wrong_environment_is_one_line(
    name: str, value: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"KLINGMOCK_{name}", value)
    assert words in complaint(capsys)


def test_a_broken_document_is_one_line_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.yaml"
    for text, line in (("a: 1\nb: [1,\n", 3), ("openapi: 3.1.0\ninfo:\n  title: x\n", 2), ("a: 1\na: 2\n", 2)):
        broken.write_text(text)
        assert f"{broken}:{line}: " in complaint(capsys, "--provider", str(broken))


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("schlüssel", "character 5 of 9 is not ASCII"),
        ("s3cret\n", "character 7 of 7 is a control character"),
        ("\udcff", "character 1 of 1 is not ASCII"),
    ],
)
def test_a_token_that_no_client_could_send_is_one_line_that_does_not_show_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, token: str, why: str
) -> None:
    monkeypatch.setenv("KLINGMOCK_ADMIN_TOKEN", token)
    line = complaint(capsys, "--port", "0")
    accepted = "printable ASCII without spaces at its ends, which every client sends alike"
    assert line == f"kling-contract: serve: KLINGMOCK_ADMIN_TOKEN: {why}; accepted: {accepted}"
