"""What was not judged, and why: whole entries, and bodies of entries that were."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kling_contract.redaction import visible
from kling_contract.verify.traffic.body import REASONS
from kling_contract.wording import counted, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Part = Literal["entry", "request", "answer"]

MOST = 10_000  # different groups that are kept apart
_SHOWN = 8  # entries, and details, that a line names
_LONGEST = 60  # characters of a detail

ENTRY_REASONS = {
    "host": "no document names its host (--provider P takes any)",
    "path": "no operation has such a path",
    "preflight": "a browser asks whether it may send a request (OPTIONS)",
    "result": "it fetches a result, of which only the time is judged",
    "unreadable": "it cannot be read",
    "unanswered": "none came, or none was recorded",
}


@dataclass(slots=True)
class Unjudged:
    """Parts of a recording that were not judged for one reason. `detail` is the host, or what is wrong with a body."""

    file: str
    part: Part
    reason: str
    detail: str
    entries: array[int] = field(default_factory=lambda: array("Q"))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        about = {"file": self.file, "part": self.part, "reason": self.reason, "message": words(self.part, self.reason)}
        return {**about, "detail": self.detail or None, "count": len(self.entries), "entries": list(self.entries)}


class Ledger:
    """Counts what was not judged, by file, part, reason and detail, in memory that does not grow with the details."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, str, str, str], Unjudged] = {}

    def add(self, file: str, part: Part, reason: str, entry: int, detail: str = "") -> None:
        """Take note of a part of an entry."""
        key = (file, part, reason, detail)
        if key not in self.groups and len(self.groups) >= MOST:
            detail = ""
            key = (file, part, reason, detail)
        self.groups.setdefault(key, Unjudged(file, part, reason, detail)).entries.append(entry)

    @property
    def entries(self) -> int:
        """How many entries were not judged at all."""
        return sum(len(each.entries) for each in self.groups.values() if each.part == "entry")

    def by_reason(self) -> list[list[Unjudged]]:
        """Return the groups, those of one file and part and reason together."""
        found: dict[tuple[str, str, str], list[Unjudged]] = {}
        for (file, part, reason, _), group in self.groups.items():
            found.setdefault((file, part, reason), []).append(group)
        return list(found.values())


def words(part: str, reason: str) -> str:
    """Return a reason in words."""
    return ENTRY_REASONS.get(reason) or REASONS[reason]


def lines(ledger: Ledger, *, named: bool) -> Iterator[str]:
    """Yield one line for each reason, however many entries it has; `named` says that there are several files."""
    for groups in ledger.by_reason():
        yield line(groups, named=named)


def line(groups: list[Unjudged], *, named: bool) -> str:
    """Return what is told of groups of one file, part and reason."""
    first = groups[0]
    entries = sorted(entry for group in groups for entry in group.entries)
    place = f"{first.file} " if named else ""
    details = [
        cut(group.detail, _LONGEST) for group in sorted(groups, key=lambda each: -len(each.entries)) if group.detail
    ]
    told = f": {_some(details, '; ')}" if details else ""
    count = counted(len(entries), first.part, "entries" if first.part == "entry" else "")
    return visible(f"{place}{count} ({numbers(entries)}): {words(first.part, first.reason)}{told}")


def numbers(entries: Iterable[int]) -> str:
    """Return the first entries by their numbers, and how many more there are."""
    return _some([f"#{entry}" for entry in entries])


def _some(texts: list[str], between: str = ", ") -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{between.join(texts[:_SHOWN])}{more}"
