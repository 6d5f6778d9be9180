"""The record of what was exchanged: bounded, and without a single secret."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract.images import describe

if TYPE_CHECKING:
    from kling_contract.errors import Violation


def in_words(image: str) -> str:
    """Return what an image field holds in a few words: type, sides, bytes and digest, or where a URL points."""
    about = describe(image)
    if "sha256" in about:
        return "{type} {width}x{height} {bytes} bytes {sha256}".format_map(about)
    return str(about.get("url", f"{about.get('text', 0)} characters that are no image"))


class Entry(msgspec.Struct):
    """One exchange. `at` is the session's time in Unix ms; `images` describes the image fields of a create."""

    id: int
    at: int
    session: str
    method: str
    path: str
    operation: str | None = None
    status: int = 0
    task: str | None = None
    task_status: str | None = None
    milliseconds: float = 0.0
    row: str | None = None
    images: tuple[str, ...] = ()
    violations: list[Violation] = []
    notes: list[Violation] = []

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-ready data."""
        return {
            "id": self.id,
            "at": self.at,
            "session": self.session,
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "status": self.status,
            "task": self.task,
            "task_status": self.task_status,
            "milliseconds": round(self.milliseconds, 3),
            "error": self.row,
            "images": list(self.images),
            "violations": [violation.as_dict() for violation in self.violations],
            "notes": [note.as_dict() for note in self.notes],
        }


class Journal:
    """The last exchanges of a session, and the sums of all."""

    def __init__(self, most: int = 1000) -> None:
        self.entries: deque[Entry] = deque(maxlen=most)
        self.total = 0
        self.creates = 0
        self.refused: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Keep an exchange that has been answered."""
        self.entries.append(entry)
        self.total += 1
        if entry.violations:
            self.refused.update(violation.rule for violation in entry.violations)
        if entry.notes:
            self.noted.update(note.rule for note in entry.notes)
