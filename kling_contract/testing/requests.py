"""What the code under test asked, as a list that reads as English in an assertion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kling_contract.errors import Violation
    from mock_server.journal import Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, and what it was answered. `body` is its JSON, with images described instead of repeated."""

    method: str
    path: str
    operation: str | None
    body: Any
    status: int
    task: str | None
    error: str | None
    violations: Sequence[Violation]

    @classmethod
    def of(cls, entry: Entry) -> Seen:
        """Return what an entry of the journal shows."""
        return cls(
            method=entry.method,
            path=entry.path,
            operation=entry.operation,
            body=entry.as_dict()["body"],
            status=entry.status,
            task=entry.task,
            error=entry.row,
            violations=tuple(entry.violations),
        )


class Requests(list[Seen]):
    """Requests, oldest first."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        super().__init__(map(Seen.of, entries))

    @property
    def called(self) -> bool:
        """Whether there was any."""
        return bool(self)

    @property
    def call_count(self) -> int:
        """How many there were."""
        return len(self)

    @property
    def last(self) -> Seen:
        """The last one. Raises IndexError if there was none."""
        return self[-1]
