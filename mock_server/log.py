"""What a person at the terminal sees: a line for each exchange, what was wrong beneath it, and a summary at the end."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, TextIO

from mock_server.sessions import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.journal import Entry
    from mock_server.sessions import Session

_GREEN, _YELLOW, _RED, _DIM = "32", "33", "31", "2"
_FLUSH_SECONDS = 0.05
_LONGEST_LINE = 400


class Log:
    """Writes exchanges to a stream, as text or as JSON lines; gathers what comes at once into one write."""

    def __init__(self, stream: TextIO, *, form: str = "text") -> None:
        self._stream, self._form = stream, form
        self._colour = stream.isatty() and "NO_COLOR" not in os.environ
        self._lines: list[str] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._timer: threading.Timer | None = None

    def __call__(self, entry: Entry) -> None:
        """Take note of an exchange; it is written within a twentieth of a second."""
        line = json.dumps(entry.as_dict(), default=str) if self._form == "json" else self.text(entry)
        with self._lock:
            self._lines.append(line)
            if self._timer is None:
                self._timer = threading.Timer(_FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what is left to write; whoever comes second waits for the first."""
        with self._writing:
            with self._lock:
                lines, self._lines, self._timer = self._lines, [], None
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()

    def text(self, entry: Entry) -> str:
        """Return the line of an exchange, with its violations and notes beneath."""
        what = entry.operation or _clean(f"{entry.method} {entry.path[:200]}")
        place = "" if entry.session == DEFAULT else f"  [{_clean(entry.session[:80])}]"
        task = f"  task {entry.task} {entry.task_status}" if entry.task else ""
        row = f"  {entry.row}" if entry.row else ""
        head = f"{self._status(entry.status)}  {what:<24}  {entry.milliseconds:6.1f} ms{task}{row}{place}"
        beneath = [
            *(_clean(f"       image {image}") for image in entry.images),
            *(self._paint(_RED, _clean(f"       refused {each.rule}: {each}")) for each in entry.violations),
            *(self._paint(_DIM, _clean(f"       note {each.rule}: {each}")) for each in entry.notes),
        ]
        return "\n".join([head, *beneath])

    def _status(self, status: int) -> str:
        return self._paint(_GREEN if status < 300 else _YELLOW if status < 500 else _RED, str(status))

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def summary(sessions: Iterable[Session]) -> list[str]:
    """Return a few lines on everything that the sessions were asked."""
    found = list(sessions)
    total = sum(session.journal.total for session in found)
    tasks = sum(len(session.store) for session in found)
    lines = [f"{_count(total, 'exchange')}, {_count(tasks, 'task')}"]
    for title, name in (("refused", "refused"), ("noted", "noted")):
        rules: dict[str, int] = {}
        for session in found:
            for rule, number in getattr(session.journal, name).items():
                rules[rule] = rules.get(rule, 0) + number
        if rules:
            most = sorted(rules.items(), key=lambda item: -item[1])
            lines.append(f"{title}: " + ", ".join(f"{rule} {number}" for rule, number in most[:8]))
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _clean(text: str) -> str:
    """Return the text as one line of bounded length, without the control characters that a client may have put in."""
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_LINE])
