"""Two documents side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kling_contract.verify.diff.answers import answers
from kling_contract.verify.diff.difference import Difference, joined
from kling_contract.verify.diff.fields import Field, Fields, blanks
from kling_contract.verify.diff.routes import Reached, absent, providers, routes
from kling_contract.verify.diff.rows import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kling_contract.documents import Operation, Provider


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two providers, `source` and `target`; `titles` tell them apart in messages.

    `operations` are the ids that were looked at. `tried` is the number of bodies that were tried, None where none
    was to be; `untried` are the operations that bodies could not be drawn for. In a comparison of one way no
    difference says how to move `back`.
    """

    source: Provider
    target: Provider
    titles: tuple[str, str]
    operations: tuple[str, ...]
    differences: tuple[Difference, ...]
    one_way: bool = False
    tried: int | None = None
    untried: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data."""
        sides = zip(("from", "to"), (self.source, self.target), self.titles, strict=True)
        told = {key: {"name": p.name, "title": title, "date": p.date, "digest": p.digest} for key, p, title in sides}
        found = [each.as_dict() for each in self.differences]
        trials = {"tried": self.tried, "untried": list(self.untried)}
        return {**told, "operations": list(self.operations), **trials, "differences": found}

    @property
    def breaks(self) -> bool:
        """Whether anything breaks, in a direction that was asked for."""
        return any(each.breaks for each in self.differences)


def compare(source: Provider, target: Provider, operations: Sequence[str] = (), *, one_way: bool = False) -> Comparison:
    """Return what an application must change to move from `source` to `target`, and, unless `one_way`, back.

    `operations` are the ids to look at, all by default; what holds for the whole provider is told in any case. Raises
    KeyError, with a line that says what there is, for one that neither provider has.
    """
    known = tuple(dict.fromkeys((*source.operations, *target.operations)))
    if strange := [each for each in operations if each not in known]:
        raise KeyError(f"neither provider has an operation {strange[0]!r}; accepted: {', '.join(known)}")
    wanted = tuple(each for each in known if not operations or each in operations)
    sides = (source, target)
    titles = _titles(source, target)
    found = joined(_differences(sides, titles, wanted))
    if one_way:
        found = [replace(each, back=None) for each in found if each.there is not None]
    return Comparison(source, target, titles, wanted, tuple(found), one_way)


def _titles(source: Provider, target: Provider) -> tuple[str, str]:
    """Return what to call two providers; two versions of one go by their dates, else by their files."""
    sides = (source, target)
    found = [(look(sides[0]), look(sides[1])) for look in (_title, _dated, _named, _file)]
    return next((names for names in found if names[0] != names[1]), ("the first", "the second"))


def _title(provider: Provider) -> str:
    return provider.title


def _dated(provider: Provider) -> str:
    return f"{provider.title} of {provider.date}"


def _named(provider: Provider) -> str:
    return provider.file.name


def _file(provider: Provider) -> str:
    return str(provider.file)


def _differences(
    sides: tuple[Provider, Provider], titles: tuple[str, str], wanted: tuple[str, ...]
) -> Iterator[Difference]:
    one, other = (titles[0], sides[0]), (titles[1], sides[1])
    yield from providers(one, other)
    for name in wanted:
        mine, theirs = sides[0].operations.get(name), sides[1].operations.get(name)
        if mine and theirs:
            yield from _operation(Reached(*one, mine), Reached(*other, theirs))
        elif mine:
            yield absent(mine, titles[1])
        elif theirs:
            yield absent(theirs, titles[0]).mirrored()
    yield from rows(one, other)


def _operation(one: Reached, other: Reached) -> Iterator[Difference]:
    mine, theirs = one.operation, other.operation
    yield from routes(one, other)
    bodies = Field(one.title, "", mine.request or {}), Field(other.title, "", theirs.request or {})
    yield from Fields(mine.id).compare(*bodies)
    yield from blanks(mine.id, (bodies[0], _canonical(mine)), (bodies[1], _canonical(theirs)))
    yield from answers((one.title, mine), (other.title, theirs))


def _canonical(operation: Operation) -> frozenset[str]:
    return frozenset(map(operation.canonical, operation.blank))
