"""The history of runs: one JSON line for each finding, and what two runs in a row agree on."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from kling_contract.probe.tables import Verdict, reasons
from kling_contract.probe.telling import told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kling_contract.probe.findings import Finding


class _Raw(msgspec.Struct):
    reason: str
    detail: str = ""


class _Line(msgspec.Struct):
    key: str
    provider: str
    base_url: str
    level: Annotated[int, msgspec.Meta(ge=0, le=5)]
    reason: str
    raw: _Raw
    at: str
    operation: str | None = None
    detail: str = ""
    ms: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None


_decode = msgspec.json.Decoder(_Line).decode


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding of an earlier run, and the number of its line. `at` is Unix time in seconds."""

    line: int
    key: str
    provider: str
    base_url: str
    level: int
    operation: str | None
    reason: str
    detail: str
    raw_reason: str
    at: float
    ms: int | None

    @property
    def verdict(self) -> Verdict:
        """The verdict that stood after that run."""
        return reasons()[self.reason].verdict

    @property
    def raw_verdict(self) -> Verdict:
        """The verdict of that run alone."""
        return reasons()[self.raw_reason].verdict


@dataclass
class History:
    """The entries of a file, oldest first. `notes` name lines that cannot be read, which are let be."""

    path: Path | None = None
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path | None) -> History:
        """Return the history that a file holds; one that is not there yet is empty.

        Raises `OSError`, for a device or a pipe too, which might be read for ever.
        """
        history = cls(path)
        if path is None or not path.exists():
            return history
        if not (path.is_file() or path.is_dir()):
            raise OSError(errno.EINVAL, "no file that lines can be read from and added to", str(path))
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            entry = _entry(number, line)
            if entry is not None:
                history.entries.append(entry)
            elif line.strip():
                history.notes.append(f"{path}:{number}: no finding that can be read; the line is let be")
        return history

    def settle(self, finding: Finding) -> Finding:
        """Return the finding as two runs agree on it: a flip waits until a run after it says the same.

        A run that could not tell is no voice against one that could: down, unknown, down is two runs that agree.
        """
        before = [each for each in reversed(self.entries) if each.key == finding.key]
        if not before:
            return finding
        finding, last = replace(finding, first=False), before[0]
        # That a task was created is a fact, which no second run has to confirm.
        if last.verdict == finding.raw_verdict or finding.raw_reason == "probe.created_task":
            return finding
        if finding.raw_verdict != "unknown":
            before = [each for each in before if each.raw_verdict != "unknown"]
        if before and before[0].raw_verdict == finding.raw_verdict:
            return replace(finding, changed=True)
        return replace(finding, pending=True, reason=last.reason, detail=last.detail)

    def add(self, findings: Iterable[Finding]) -> None:
        """Write findings to the end of the file, in one piece, so that two runs at once do not mix their lines.

        A line that was cut off is ended first. Raises `OSError`.
        """
        lines = "".join(map(_written, findings))
        if self.path is None or not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b", buffering=0) as file:
            data = (lines if _is_whole(file) else f"\n{lines}").encode("utf-8", "backslashreplace")
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, "the history could not be written whole; is the disk full?", str(self.path))


def _written(finding: Finding) -> str:
    return f"{json.dumps({'key': finding.key, **finding.as_dict()}, ensure_ascii=False)}\n"


def _is_whole(file: Any) -> bool:
    """Whether the last line of a file ends, or there is none."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _entry(number: int, line: bytes) -> Entry | None:
    try:
        says = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    at = _time(says.at)
    if at is None or says.reason not in reasons() or says.raw.reason not in reasons():
        return None
    return Entry(
        line=number,
        key=says.key,
        provider=says.provider,
        base_url=says.base_url,
        level=says.level,
        operation=says.operation,
        reason=says.reason,
        detail=told(says.detail),
        raw_reason=says.raw.reason,
        at=at,
        ms=says.ms,
    )


def _time(text: str) -> float | None:
    """Return ISO text with its zone as Unix time, if it is one since 1970."""
    try:
        found = datetime.fromisoformat(text)
        at = found.timestamp() if found.tzinfo else -1.0
    except (ValueError, OverflowError):
        return None
    return at if at >= 0 else None
