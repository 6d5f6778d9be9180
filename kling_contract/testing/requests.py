"""What the code under test asked, as a list that reads as English in an assertion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kling_contract.errors import Violation
    from mock_server.journal import Entry


_OF_RESULTS = "result."


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, and what it was answered. `body` is its JSON, with images described instead of repeated.

    `violations` broke the contract; `notes` are remarks besides, on a field that no document knows, say.
    """

    method: str
    path: str
    operation: str | None
    body: Any
    status: int
    task: str | None
    error: str | None
    violations: Sequence[Violation]
    notes: Sequence[Violation]

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
            notes=tuple(of_request(entry.notes)),
        )


def of_request(notes: Iterable[Violation]) -> list[Violation]:
    """Return the notes that are about a request, and not about what its result shows."""
    return [note for note in notes if is_of_request(note.rule)]


def is_of_request(rule: str) -> bool:
    """Whether a rule is about a request."""
    return not rule.startswith(_OF_RESULTS)


class Requests(list[Seen]):
    """Requests, oldest first. Called with an operation's name, which `check` knows, it returns those of that one."""

    def __init__(self, seen: Iterable[Seen], check: Callable[[str], object]) -> None:
        super().__init__(seen)
        self._check = check

    def __call__(self, operation: str | None = None) -> Requests:
        """Return those of one operation, or all. Raises ValueError for an operation there is not."""
        __tracebackhide__ = True
        if operation is None:
            return self
        self._check(operation)
        return Requests((each for each in self if each.operation == operation), self._check)

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
        if not self:
            raise IndexError("there was no such request")
        return self[-1]
