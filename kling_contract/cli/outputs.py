"""Where a run of the probe goes: its history, standard output and files."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kling_contract.cli.arguments import say
from kling_contract.probe.reports import FORMATS, evidence, github, text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TextIO, TypeGuard

    from kling_contract.probe import History, Run


def write(run: Run, history: History, options: argparse.Namespace) -> bool:
    """Write the history, then standard output, then files; whether all of it could be written.

    What cannot be written is said, and keeps nothing else from being written.
    """
    failed = [place for place, output in _outputs(run, history, options) if not _is_done(place, output)]
    return not failed


def _is_done(place: str, output: Callable[[], None]) -> bool:
    try:
        output()
    except OSError as error:
        say(f"kling-contract: {error.filename or place}: {error.strerror or error}")
        return False
    return True


def _outputs(run: Run, history: History, options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield every place with what writes it."""
    alone = len(options.report) == 1
    places = [(name, file or (None if alone else FORMATS[name].file)) for name, file in options.report]
    yield str(history.path), partial(history.add, run.findings)
    yield "standard output", partial(_print, run, history, [name for name, file in places if file is None])
    for name, file in places:
        if file is not None:
            yield str(file), partial(_write, name, run, history, Path(file))
    if options.evidence:
        yield str(options.evidence), partial(_write_evidence, run, options.evidence)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and any(name == "github" for name, _ in options.report):
        yield summary, partial(github.append_summary, run, Path(summary))


def _write(name: str, run: Run, history: History, file: Path) -> None:
    file.write_text(FORMATS[name].render(run, history), encoding="utf-8", errors="backslashreplace")
    say(f"wrote {file}")


def _write_evidence(run: Run, directory: Path) -> None:
    say(f"wrote {len(evidence.write(run, directory))} files to {directory}")


def _print(run: Run, history: History, names: Sequence[str]) -> None:
    """Print reports to standard output. A task that was created is told in any case."""
    told, is_open = False, _is_open(sys.stdout)
    try:
        for name in names:
            print(_shown(name, run, history), end="", flush=True)
            told = told or (name == "text" and is_open)
    except OSError as error:
        # What is left in the buffer has nowhere to go, and would be an error once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A reader who has gone (`| head`) is no mistake.
        if not isinstance(error, BrokenPipeError):
            raise
    finally:
        if not told:
            say_trips(run.tripped)


def _shown(name: str, run: Run, history: History) -> str:
    if name == "text":
        return text.render(run, coloured=is_terminal(sys.stdout) and "NO_COLOR" not in os.environ)
    return FORMATS[name].render(run, history)


def say_trips(trips: Iterable[str]) -> None:
    """Name to standard error the tasks that were created although none should have been."""
    for each in trips:
        say(f"STOPPED: {each}. Look at the provider's console.")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be looking."""
    return _is_open(stream) and stream.isatty()


def _is_open(stream: TextIO | None) -> TypeGuard[TextIO]:
    """Whether there is a stream; Python has None for one that was closed before it began."""
    return stream is not None
