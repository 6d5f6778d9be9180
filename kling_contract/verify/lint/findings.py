"""What lint tells: a finding, and the kinds of finding there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kling_contract.documents.references import Pointer

Severity = Literal["note", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding: how bad it is, what it means, why it matters, and what to do."""

    severity: Severity
    means: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a check saw: the id of a kind, the pointer into the document without references, and the words.

    The last step of the pointer is the keyword that the finding is about; it need not be there.
    """

    id: str
    pointer: Pointer
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, with its place in a file.

    `line` is counted from 1, and `pointer` is a JSON pointer into that file. `operation` is the operationId under which
    the place was met first. `recorded` is what the document itself says of the defect; None means that nobody knew.
    """

    id: str
    kind: Kind
    file: str
    line: int
    pointer: str
    operation: str | None
    message: str
    recorded: str | None = None

    def reaches(self, severity: Severity) -> bool:
        """Whether the finding is at least as bad as `severity`."""
        return SEVERITIES.index(self.kind.severity) >= SEVERITIES.index(severity)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data, with every key present."""
        return {
            "id": self.id,
            "severity": self.kind.severity,
            "file": self.file,
            "line": self.line,
            "operation": self.operation,
            "pointer": self.pointer,
            "message": self.message,
            "why": self.kind.why,
            "hint": self.kind.hint,
            "recorded": self.recorded,
        }
