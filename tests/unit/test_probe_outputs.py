"""Where a run goes: what cannot be written is said, and keeps nothing else from being written."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest
from probed import finding, run_of

from kling_contract.cli import outputs
from kling_contract.cli.streams import standard
from kling_contract.probe import History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kling_contract.probe import Run

RUN = run_of(finding())
TRIPPED = run_of(finding("probe.created_task"), tripped=("cometapi createImageToVideo: task 42",))
STOPPED = "STOPPED: cometapi createImageToVideo: task 42. Look at the provider's console.\n"


def written(run: Run, *reports: tuple[str, Path | None], history: Path | None = None, to: TextIO | None = None) -> bool:
    """Write a run with a standard output, which is that of the test unless one is given."""
    with contextlib.redirect_stdout(to or sys.stdout), standard():
        return outputs.write(run, History(history), argparse.Namespace(report=reports, evidence=None))


@contextlib.contextmanager
def nobody() -> Iterator[TextIO]:
    """A stream whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield stream


@contextlib.contextmanager
def full() -> Iterator[TextIO]:
    """A stream to a disk that is full."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        yield stream


def is_nowhere(stream: TextIO) -> bool:
    return os.path.samestat(os.fstat(stream.fileno()), Path(os.devnull).stat())


def test_a_reader_who_has_gone_is_no_mistake_and_files_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "probe.json"
    with nobody() as stream:
        assert written(RUN, ("text", None), ("json", file), to=stream)
        assert is_nowhere(stream)
    assert file.read_text(encoding="utf-8").startswith("{")
    assert capsys.readouterr().err == f"wrote {file}\n"


def test_a_full_disk_keeps_no_file_elsewhere_from_being_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "probe.json"
    with full() as stream:
        assert written(RUN, ("text", None), ("json", file), to=stream)
        assert is_nowhere(stream)
    assert file.exists()
    assert capsys.readouterr().err == f"wrote {file}\n"  # that the disk is full, the command says at its end


@pytest.mark.parametrize("place", [nobody, full])
def test_a_task_that_was_created_is_told_though_nobody_reads(
    place: Callable[[], AbstractContextManager[TextIO]], capsys: pytest.CaptureFixture[str]
) -> None:
    with place() as stream:
        written(TRIPPED, ("text", None), to=stream)
    assert STOPPED in capsys.readouterr().err


@pytest.mark.parametrize("report", ["text", "html"])
def test_a_standard_output_that_was_closed_is_no_mistake(report: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.redirect_stdout(None), standard():
        assert outputs.write(TRIPPED, History(), argparse.Namespace(report=[(report, None)], evidence=None))
    assert capsys.readouterr().err == STOPPED


def test_a_task_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(TRIPPED, ("github", None), ("text", None))
    told = capsys.readouterr()
    assert (told.out.count("STOPPED"), told.err) == (1, "")


def test_each_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere, last = tmp_path / "no" / "probe.xml", tmp_path / "probe.md"
    assert not written(RUN, ("junit", nowhere), ("text", None), ("markdown", last), history=tmp_path)
    told = capsys.readouterr()
    assert told.err == (
        f"kling-contract: {tmp_path}: Is a directory\nkling-contract: {nowhere}: No such file or directory\n"
        f"wrote {last}\n"
    )
    assert "1 up" in told.out


@pytest.mark.parametrize("report", ["json", "text"])
def test_a_disk_that_is_full_is_told_with_the_file_that_is_on_it(
    report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    full_disk = Path("/dev/full")
    assert not written(RUN, (report, full_disk), history=full_disk)
    assert capsys.readouterr().err == "kling-contract: /dev/full: No space left on device\n" * 2
