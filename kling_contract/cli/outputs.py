"""Where a run of the probe goes: its history, standard output and files."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kling_contract.cli.arguments import is_done, say
from kling_contract.cli.streams import LANGUAGES, escaped, is_coloured, is_read
from kling_contract.probe.reports import FORMATS, evidence, github, text
from kling_contract.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kling_contract.probe import History, Run


def write(run: Run, history: History, options: argparse.Namespace) -> bool:
    """Write the history, then standard output, then files; whether all of it could be written.

    What cannot be written is said, and keeps nothing else from being written.
    """
    failed = [place for place, output in _outputs(run, history, options) if not is_done(place, output)]
    return not failed


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
    say(f"wrote {counted(len(evidence.write(run, directory)), 'file')} to {directory}")


def _print(run: Run, history: History, names: Sequence[str]) -> None:
    """Print reports to standard output. A task that was created is told in any case."""
    for name in names:
        print(_shown(name, run, history), end="", flush=True)
    if "text" not in names or not is_read(sys.stdout):
        say_trips(run.tripped)


def _shown(name: str, run: Run, history: History) -> str:
    if name == "text":
        return text.render(run, coloured=is_coloured())
    return escaped(FORMATS[name].render(run, history), LANGUAGES.get(name))


def say_trips(trips: Iterable[str]) -> None:
    """Name to standard error the tasks that were created although none should have been."""
    for each in trips:
        say(f"STOPPED: {each}. Look at the provider's console.")
