"""One difference between two documents, and what it asks of an application that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal[
    "renamed", "missing", "extra", "required", "type", "enum", "range", "length", "pattern", "image", "keyword",
    "default", "blank", "rule", "route", "availability", "base-url", "auth", "ids", "expiry", "lifecycle",
    "envelope", "status", "answer", "callback", "error", "unexplained",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

Request = Literal["refused", "ignored", "kept"]
Response = Literal["unreadable", "lost", "kept"]

_MIRRORED: dict[Kind, Kind] = {"missing": "extra", "extra": "missing"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Move:
    """What a difference asks of an application in one direction.

    `request` is what becomes of an unchanged request: `refused`, `ignored` (taken, and a part of it without effect) or
    `kept`. `response` is what the unchanged reader makes of the new answers: `unreadable`, `lost` (a value of it) or
    `kept`. `counterexample` is a body by the names of the side that is left, which that side takes and the other
    refuses; or an answer that the old reader cannot take.
    """

    message: str
    request: Request = "kept"
    response: Response = "kept"
    counterexample: Any = None

    @property
    def breaks_requests(self) -> bool:
        """Whether a body that one side takes is refused by the other."""
        return self.request == "refused"

    @property
    def breaks_responses(self) -> bool:
        """Whether an answer of the new side is one that the old reader does not take."""
        return self.response == "unreadable"

    @property
    def breaks(self) -> bool:
        """Whether anything breaks."""
        return self.breaks_requests or self.breaks_responses

    def as_dict(self) -> dict[str, Any]:
        """Return the move as JSON-ready data, with every key present."""
        return {
            "message": self.message,
            "request": self.request,
            "response": self.response,
            "breaking": self.breaks,
            "counterexample": self.counterexample,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; `before` is what the first document says, and `after` what the second does (None: nothing).

    `operation` is an operationId, or "" for what holds for the whole provider. `place` is a JSON pointer by canonical
    names (`*` for any item), a rule's id, `answer.id` for a value of an answer, or the name of an error row. `there`
    is the move from the first to the second, `back` the other way; None where it was not asked for.
    """

    operation: str
    place: str
    kind: Kind
    before: Any
    after: Any
    there: Move | None
    back: Move | None = None

    @property
    def breaks(self) -> bool:
        """Whether it breaks anything in a direction that was asked for."""
        return any(move.breaks for move in (self.there, self.back) if move is not None)

    def mirrored(self) -> Difference:
        """Return the same difference, told from the other side."""
        kind = _MIRRORED.get(self.kind, self.kind)
        return replace(self, kind=kind, before=self.after, after=self.before, there=self.back, back=self.there)

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-ready data, with every key present."""
        return {
            "operation": self.operation,
            "place": self.place,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "there": self.there.as_dict() if self.there else None,
            "back": self.back.as_dict() if self.back else None,
        }


def between(
    operation: str, place: str, kind: Kind, shown: tuple[Any, Any], sides: tuple[_T, _T], say: Callable[[_T, _T], Move]
) -> Difference:
    """Return the difference of two sides; `say` tells the move from the one it is given first to the other."""
    one, other = sides
    return Difference(operation, place, kind, *shown, there=say(one, other), back=say(other, one))


def joined(differences: Iterable[Difference]) -> list[Difference]:
    """Return the differences, those that were told from both sides as one, in the order in which they first come."""
    found: dict[tuple[str, ...], Difference] = {}
    for each in differences:
        key = (each.operation, each.place, each.kind, repr(each.before), repr(each.after))
        known = found.get(key, each)
        found[key] = replace(known, there=known.there or each.there, back=known.back or each.back)
    return list(found.values())
