"""What a person at the terminal sees: a line for each exchange, what was wrong beneath it, and a summary at the end."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TextIO

from kling_contract.wording import counted
from mock_server.sessions import DEFAULT
from mock_server.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.callbacks.delivery import Delivery
    from mock_server.journal import Entry
    from mock_server.lines import Lines
    from mock_server.session import Session

_GREEN, _YELLOW, _RED, _DIM = "32", "33", "31", "2"
_LONGEST_LINE = 400


class Log(Watcher):
    """Writes exchanges as text, or with everything that may be shown of them as JSON lines."""

    verbose = True

    def __init__(self, lines: Lines, *, form: str = "text", coloured: bool = False) -> None:
        self._lines, self._form, self._coloured = lines, form, coloured

    def exchange(self, entry: Entry) -> None:
        """Take note of an exchange; it is written within a twentieth of a second."""
        self._lines.put(
            text(entry.brief(), coloured=self._coloured) if self._form == "text" else _json(entry.as_dict())
        )

    def delivery(self, session: str, delivery: Delivery) -> None:
        """Take note of an attempt of a callback."""
        shown = {"event": "delivery", "session": session, **delivery.as_dict()}
        # Why one was not sent at all has been said, once, to the person who sees this.
        reason = shown["attempts"][-1]["outcome"] != "refused"
        line = delivery_text(shown, coloured=self._coloured, reason=reason) if self._form == "text" else _json(shown)
        self._lines.put(line)


def missing(form: str) -> Callable[[int, str], str]:
    """Return what makes the line that stands in the place of missing ones, as text or as JSON."""
    if form == "text":
        return lambda lines, reason: f"{counted(lines, 'line')} missing here: {reason}"
    return lambda lines, reason: _json({"event": "missing", "lines": lines, "reason": reason})


def _json(shown: Mapping[str, Any]) -> str:
    return json.dumps(shown, default=str)


def is_coloured(stream: TextIO) -> bool:
    """Whether what is written to a stream is for a person at a terminal who wants colours."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def text(shown: Mapping[str, Any], *, coloured: bool = False) -> str:
    """Return the line of an exchange (`Entry.brief`, `Entry.as_dict`), with violations and notes beneath."""
    what = _clean(shown["operation"] or f"{shown['method']} {shown['path'][:200]}")
    place = "" if shown["session"] == DEFAULT else f"  [{_clean(shown['session'][:80])}]"
    task = f"  task {_clean(shown['task'])} {shown['task_status']}" if shown["task"] else ""
    row = f"  {_clean(shown['error'])}" if shown["error"] else ""
    fault = f"  fault {_clean(shown['fault'])}" if shown["fault"] else ""
    head = f"{_status(shown, coloured)}  {what:<24}  {shown['milliseconds']:6.1f} ms{task}{row}{fault}{place}"
    beneath = [
        *(_clean(f"       image {image}") for image in shown["images"]),
        *(_painted(_RED, f"       refused {_said(each)}", coloured) for each in shown["violations"]),
        *(_painted(_DIM, f"       note {_said(each)}", coloured) for each in shown["notes"]),
    ]
    return "\n".join([head, *beneath])


def delivery_text(shown: Mapping[str, Any], *, coloured: bool = False, reason: bool = True) -> str:
    """Return the line of the last attempt of a callback, and beneath it the reason why it failed."""
    attempt = shown["attempts"][-1]
    what = f"callback {_clean(shown['status'])}"
    number = f"  attempt {len(shown['attempts'])}" if len(shown["attempts"]) > 1 else ""
    again = "" if shown["next"] is None else f"  again in {(shown['next'] - attempt['at']) / 1000:g} s"
    place = "" if shown["session"] == DEFAULT else f"  [{_clean(shown['session'][:80])}]"
    about = f"task {_clean(shown['task'])}  to {_clean(shown['url'][:200])}{number}{again}{place}"
    status = _status({"status": attempt["status"], "outcome": attempt["outcome"]}, coloured)
    head = f"{status}  {what:<24}  {attempt['milliseconds']:6.1f} ms  {about}"
    why = [_painted(_RED, f"       {attempt['error']}", coloured)] if attempt["error"] and reason else []
    return "\n".join([head, *why])


def _status(shown: Mapping[str, Any], coloured: bool) -> str:
    status = shown["status"]
    colour = _RED if not status or status >= 500 else _YELLOW if status >= 300 else _GREEN
    return _painted(colour, str(status or shown["outcome"]), coloured)


def _said(violation: Mapping[str, Any]) -> str:
    place = f"{violation['pointer']}: " if violation["pointer"] else ""
    hint = f" ({violation['hint']})" if violation["hint"] else ""
    return f"{violation['rule']}: {place}{violation['message']}{hint}"


def _painted(code: str, line: str, coloured: bool) -> str:
    line = _clean(line)
    return f"\x1b[{code}m{line}\x1b[0m" if coloured else line


def summary(sessions: Iterable[Session]) -> list[str]:
    """Return a few lines on everything that the sessions were asked."""
    found = list(sessions)
    total = sum(session.journal.total for session in found)
    tasks = sum(len(session.store) for session in found)
    lines = [f"{counted(total, 'exchange')}, {counted(tasks, 'task')}"]
    for title, name in (("refused", "refused"), ("noted", "noted")):
        rules: dict[str, int] = {}
        for session in found:
            for rule, number in getattr(session.journal, name).items():
                rules[rule] = rules.get(rule, 0) + number
        if rules:
            most = sorted(rules.items(), key=lambda item: -item[1])
            lines.append(f"{title}: " + ", ".join(f"{rule} {number}" for rule, number in most[:8]))
    return lines


def _clean(text: str) -> str:
    """Return the text as one line of bounded length, without the control characters that a client may have put in."""
    return "".join(char if char.isprintable() else "?" for char in text[:_LONGEST_LINE])
