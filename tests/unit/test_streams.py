"""How the command line writes to standard output and error, whatever they are."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast
from xml.etree import ElementTree

import pytest

from kling_contract.cli import main
from kling_contract.cli.streams import Output, escaped, is_read, spelled, standard

if TYPE_CHECKING:
    from collections.abc import Iterator


def encoded(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, write_through=True)


@contextlib.contextmanager
def without(fault: str) -> Iterator[TextIO]:
    """A stream whose reader has gone, or to a disk that is full."""
    if fault == "full":
        with Path("/dev/full").open("w", encoding="utf-8") as stream:
            yield stream
        return
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("a → b ← c", "ascii", "a -> b <- c"),
        ("a → b — é", "cp1252", "a -> b — é"),
        ("✓ ok, ✗ not, “so” it’s – …", "ascii", 'v ok, x not, "so" it\'s - ...'),
        ("█▌ 3 ms", "ascii", "## 3 ms"),
        ("café, ｆｕｌｌ：１", "ascii", "cafe, full:1"),
        ("余额不足。", "ascii", "????."),
        ("余额不足", "gbk", "余额不足"),
        ("😀", "cp1252", "?"),
        ("a → 😀 \ud800", "utf-16", "a → 😀 ?"),
        ("a\ud800b", "utf-8", "a?b"),
        ("≤ 3 · ≥ 2", "latin-1", "<= 3 · >= 2"),
    ],
)
def test_what_an_encoding_does_not_have_has_a_stand_in(text: str, encoding: str, shown: str) -> None:
    assert spelled(text, encoding) == shown
    stream = encoded(encoding)
    Output(stream).write(text)
    assert cast("io.BytesIO", stream.buffer).getvalue().decode(encoding) == shown


def test_what_somebody_chose_in_its_stead_stays() -> None:
    stream = encoded("ascii", "xmlcharrefreplace")
    Output(stream).write("a → b")
    assert cast("io.BytesIO", stream.buffer).getvalue() == b"a &#8594; b"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "utf-16"])
def test_what_is_for_programs_loses_nothing(encoding: str) -> None:
    value = {"é": "余额 😀 \ud800"}
    with contextlib.redirect_stdout(encoded(encoding)):
        told = escaped(json.dumps(value, ensure_ascii=False), "json")
        element = escaped("<a>é 余额 😀</a>", "xml")
        text = escaped("é", None)
    assert json.loads(told) == value
    assert ElementTree.fromstring(element).text == "é 余额 😀"
    assert text == "é"
    assert (told + element).isascii() is (not encoding.startswith("utf"))


@pytest.mark.parametrize("fault", ["gone", "full"])
def test_a_stream_that_cannot_be_written_fails_nothing_and_says_so(fault: str) -> None:
    with without(fault) as stream:
        output = Output(stream)
        for _ in range(3):
            output.write("text")
            output.flush()
        assert isinstance(output.failure, OSError)
        assert not is_read(output)
        assert os.path.samestat(os.fstat(output.fileno()), Path(os.devnull).stat())


def test_streams_that_were_closed_are_there_and_nobody_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with standard() as out:
        print("to nobody")
        print("to nobody", file=sys.stderr)
        assert sys.stdin.read() == ""
        assert not sys.stdout.isatty()
        assert not is_read(sys.stdout)
        assert out.failure is None
    assert (sys.stdin, sys.stdout, sys.stderr) == (None, None, None)


def test_a_body_from_a_standard_input_that_was_closed_is_empty(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["validate", "createImageToVideo", "-"]) == 1
    assert "the body is empty" in capsys.readouterr().out


def test_a_full_disk_is_said_once_and_is_wrong_use_where_all_else_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    with without("full") as stream, contextlib.redirect_stdout(stream):
        assert main(["operations"]) == 2
    assert capsys.readouterr().err == "kling-contract: standard output: No space left on device\n"
    with without("full") as stream, contextlib.redirect_stdout(stream), pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 2


def test_it_goes_without_a_word_when_what_is_beneath_it_is_closed() -> None:
    beneath = io.StringIO()
    out = Output(beneath)
    out.write("a")
    beneath.close()
    out.close()
    assert beneath.closed
