"""What one field may hold, in kinds that values can be drawn from without a second try."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from kling_contract.strategies.numbers import Number, index
from kling_contract.strategies.pictures import Picture
from kling_contract.strategies.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

_MANY = 6  # more items than the least, where the schema names no limit
_FEW = 2  # more items than the least in most lists
_MOST_SINGLE = 16


@dataclass(frozen=True, slots=True)
class Values:
    """A few values, the simplest first."""

    values: tuple[Any, ...]

    def drawn(self, draw: DrawFn) -> Any:
        """Draw one of them."""
        return self.values[draw(index(len(self.values))) if len(self.values) > 1 else 0]


@dataclass(frozen=True, slots=True)
class Imprecise(Values):
    """Numbers that the contract refuses to compute with; the rest of the schema sees null in their place."""


class Listable(Protocol):
    """What the items of a list are drawn from."""

    def lists(self, least: int, most: int) -> SearchStrategy[list[Any]]:
        """Return lists of so many items."""
        ...


@dataclass(frozen=True, slots=True)
class Items:
    """Lists of `space`, from `least` to `most` items; None is no limit. `within` draws one of them, if it is given."""

    least: int
    most: int | None
    space: Listable
    within: Callable[[DrawFn], Any] | None = None

    def drawn(self, draw: DrawFn) -> list[Any]:
        """Draw a list."""
        items = draw(self.space.lists(self.least, self.least + _MANY if self.most is None else self.most))
        if self.within is not None:
            items[draw(index(len(items)))] = self.within(draw)
        return items

    def parts(self) -> list[Items]:
        """Return the short lists, which are taken more often, and all."""
        if self.most is not None and self.most <= self.least + _FEW:
            return [self]
        return [*[replace(self, most=self.least + _FEW)] * 3, self]


@dataclass(frozen=True, slots=True)
class Record:
    """An object, whose fields have paths of their own, besides one that no schema knows if it has an `extra` one."""

    extra: str | None = None

    def drawn(self, draw: DrawFn) -> dict[str, Any]:
        """Return what an object has besides its fields."""
        return {} if self.extra is None else {self.extra: None}


@dataclass(frozen=True, slots=True, eq=False)
class Three:
    """What stands in a value for three others: below a limit, at it, and above it.

    `allowed` says which of them keep the limit, and `present` which there are: where no value is exactly at the limit,
    or none lies on one side of it, another one stands in its place.
    """

    values: tuple[Any, ...]
    allowed: tuple[bool, bool, bool]
    present: tuple[bool, bool, bool] = (True, True, True)


@dataclass(frozen=True, slots=True, eq=False)
class Threes:
    """The domain of such values; what is asked of it is answered by `samples`, if they agree."""

    samples: tuple[Any, ...]
    allowed: tuple[bool, bool, bool]
    values: Callable[[DrawFn], tuple[Any, ...]]
    present: tuple[bool, bool, bool] = (True, True, True)

    @property
    def has_two_sides(self) -> bool:
        """Whether one of those that there are keeps the limit, and one does not."""
        return {allowed for allowed, here in zip(self.allowed, self.present, strict=True) if here} == {True, False}

    def drawn(self, draw: DrawFn) -> Three:
        """Draw three values at once."""
        return Three(self.values(draw), self.allowed, self.present)


def three_in(value: Any) -> Three | None:
    """Return the first three that stand somewhere in a value."""
    if isinstance(value, Three):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(three_in, parts)), None)


def resolved(value: Any, which: int) -> Any:
    """Return a copy of a value with one of each three in its place."""
    if isinstance(value, Three):
        return value.values[which]
    if isinstance(value, dict):
        return {key: resolved(part, which) for key, part in value.items()}
    return [resolved(part, which) for part in value] if isinstance(value, list) else value


Domain: TypeAlias = Values | Number | Text | Picture | Items | Record | Threes


def apart(domain: Domain) -> Sequence[Domain]:
    """Return the parts of a domain that are to be drawn as often as each other: of a few values, each one."""
    match domain:
        case Text() | Items():
            return domain.parts()
        case Values(values) if 1 < len(values) <= _MOST_SINGLE:
            return [replace(domain, values=(value,)) for value in values]
    return [domain]
