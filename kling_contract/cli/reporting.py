"""What `serve` tells while it runs: lines on standard error, and a journal. None of it keeps a request waiting."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

from kling_contract.cli.streams import spelled
from kling_contract.wording import counted
from mock_server.lines import Lines
from mock_server.log import Log, is_coloured, missing
from mock_server.paper import Descriptor, Paper, Stream, appending
from mock_server.watching import Watcher

if TYPE_CHECKING:
    import contextlib

    from mock_server.callbacks.delivery import Delivery
    from mock_server.journal import Entry

_TORN = "the line was not whole, since who wrote it was killed"


class Reports(Watcher):
    """Tells every log of what happens, and a person at the terminal what a person should know."""

    def __init__(self, terminal: Lines, logs: list[Log], journal: Lines | None) -> None:
        self._terminal, self._logs, self._journal = terminal, logs, journal
        self.verbose = bool(logs)

    def exchange(self, entry: Entry) -> None:
        """Tell of an exchange."""
        for log in self._logs:
            log.exchange(entry)

    def delivery(self, session: str, delivery: Delivery) -> None:
        """Tell of an attempt of a callback."""
        for log in self._logs:
            log.delivery(session, delivery)

    def say(self, line: str) -> None:
        """Tell a person, in its turn: whoever reads standard error slowly, or not at all, keeps nobody waiting."""
        self._terminal.put(line)

    def end(self) -> None:
        """Write what is left, and say how many lines the journal lacks at its end."""
        lacking = self._journal.end() if self._journal is not None else 0
        if lacking:
            self.say(f"the journal lacks {counted(lacking, 'line')} at its end, which could not be written")
        self._terminal.end()


def reports(form: str, journal: str | None, files: contextlib.ExitStack) -> Reports:
    """Return what tells, in `form` on standard error, and as JSON lines in a journal; `files` ends it.

    Raises OSError for a journal that cannot be opened.
    """
    terminal = Lines(_paper(sys.stderr, files), missing(form))
    logs = [] if form == "none" else [Log(terminal, form=form, coloured=is_coloured(sys.stderr))]
    kept = _journal(journal, terminal, files) if journal else None
    if kept is not None:
        logs.append(Log(kept, form="json"))
    told = Reports(terminal, logs, kept)
    files.callback(told.end)
    _listen(told, files)
    return told


def _listen(told: Reports, files: contextlib.ExitStack) -> None:
    """Let what libraries log take the same way: by itself it would be printed, and wait for whoever reads that."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.say(self.format(record))

    handler, root = Told(logging.WARNING), logging.getLogger()
    root.addHandler(handler)
    files.callback(root.removeHandler, handler)


def _journal(path: str, terminal: Lines, files: contextlib.ExitStack) -> Lines:
    paper, is_torn = appending(path)
    files.callback(paper.close)

    def tell(reason: str) -> None:
        what = "requests are answered nevertheless, and a line in it will say how many are missing"
        terminal.put(f"the journal {path} cannot be written: {reason}; {what}")

    lines = Lines(paper, missing("json"), tell)
    if is_torn:
        lines.missed(1, _TORN)
    return lines


def _paper(stream: TextIO, files: contextlib.ExitStack) -> Paper:
    """Return where lines for standard error go: to its file, unless that is a terminal, or something else in its place.

    What other parts of a command print goes through buffers that lose everything once something could not be written.
    """
    encoding = stream.encoding or "utf-8"
    try:
        is_plain = os.name != "nt" and not stream.isatty() and "\n".encode(encoding) == b"\n"
        number = os.dup(stream.fileno()) if is_plain else None
    except (OSError, ValueError, LookupError):
        number = None
    if number is None:
        return Stream(stream)
    paper = Descriptor(number, lambda text: spelled(text, encoding).encode(encoding))
    files.callback(paper.close)
    return paper
