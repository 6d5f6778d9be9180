"""What one field may hold, in kinds that values can be drawn from without a second try."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st

from kling_contract.strategies.fields import texts
from kling_contract.strategies.integers import between, index
from kling_contract.strategies.patterns import matching
from kling_contract.strategies.threes import Threes

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.images import ImageRule
    from kling_contract.strategies.values import Space

PLACES = 4  # decimals of a number that its schema does not limit
UNBOUNDED = 2**53  # the whole numbers that every JSON reader knows exactly

_SHORT = 20  # characters
_SPAN = 5000  # more characters than the least, and
_MANY = 6  # more items than the least, where the schema names no limit
_FEW = 2  # more items than the least in most lists
_MOST_SINGLE = 16
_SLOTS = 128


@dataclass(frozen=True, slots=True)
class Values:
    """A few values, the simplest first."""

    values: tuple[Any, ...]

    def drawn(self, draw: DrawFn) -> Any:
        """Draw one of them."""
        return self.values[draw(index(len(self.values))) if len(self.values) > 1 else 0]

    def singles(self) -> list[Domain]:
        """Return the values one by one, if they are few."""
        if not 1 < len(self.values) <= _MOST_SINGLE:
            return [self]
        return [replace(self, values=(value,)) for value in self.values]


@dataclass(frozen=True, slots=True)
class Imprecise(Values):
    """Numbers that the contract refuses to compute with; the rest of the schema sees null in their place."""


@dataclass(frozen=True, slots=True)
class Number:
    """The multiples of `step` from `least` to `most` times it, without those to `avoid`."""

    least: int
    most: int
    step: Fraction
    avoid: frozenset[int] = frozenset()

    def at(self, place: int) -> int | float:
        """Return the number of a place; a float is the one nearest to it, which JSON writes as it is meant."""
        over, under = place * self.step.numerator, self.step.denominator
        return over / under if over % under else over // under

    def drawn(self, draw: DrawFn) -> int | float:
        """Draw a number; shrinks to few decimals first, and then to what is nearest to 0."""
        return self.at(self.place(draw, self.least, self.most))

    def place(self, draw: DrawFn, least: int, most: int) -> int:
        """Draw a place between two of them, one of which is not to be avoided."""
        found, apart = _rounded(draw, self.step, least, most) if self.step < 1 else (draw(between(least, most)), 1)
        if found not in self.avoid:
            return found
        near = (
            found + sign * far * step for step in (apart, 1) for far in range(1, most - least + 1) for sign in (1, -1)
        )
        return next(place for place in near if least <= place <= most and place not in self.avoid)

    def singles(self) -> list[Domain]:
        """Return the domain itself."""
        return [self]


def _rounded(draw: DrawFn, step: Fraction, least: int, most: int) -> tuple[int, int]:
    """Draw a place, and tell how far its likes are apart: whole numbers, those of one decimal at most, ... and any.

    The simplest place and each kind are about as likely. One number tells the kind and, in its lower bits, how far up
    the place is: without its higher bits it is the next place of a rounder kind, and there Hypothesis looks for a
    simpler example. Only a place of the last kind takes a second number, since Hypothesis prefers the lower end of
    long ranges.
    """
    kinds = _kinds(step, least, most)
    slots = min(1 << (kinds[-1][2] - 1).bit_length(), _SLOTS)
    kind, slot = divmod(draw(index(slots * (len(kinds) + 1))), slots)
    apart, up, count = kinds[kind - 1 if kind else 0]
    rank = -(-slot * (count - 1) // max(slots - 1, 1)) if kind else 0
    if kind == len(kinds) and count > slots:
        fine = -(-count // slots)
        rank = min(slot * fine + draw(index(fine)), count - 1)
    first = -(-max(least, 0) // apart)
    return (first + rank if rank < up else min(most, -1) // apart - rank + up) * apart, apart


@functools.lru_cache(1024)
def _kinds(step: Fraction, least: int, most: int) -> tuple[tuple[int, int, int], ...]:
    """Return how far the places of each kind are apart, how many there are from 0 on, and how many in all."""
    counts = [(apart, *_count(apart, least, most)) for apart in _coarse(step)]
    return tuple((apart, up, up + down) for apart, up, down in counts if up + down)


def _count(apart: int, least: int, most: int) -> tuple[int, int]:
    """Return how many multiples there are from 0 on, and below 0."""
    up = most // apart - -(-max(least, 0) // apart) + 1
    down = min(most, -1) // apart - -(-least // apart) + 1
    return max(up, 0), max(down, 0)


@functools.cache
def _coarse(step: Fraction) -> tuple[int, ...]:
    """Return how many steps a whole number, a tenth, a hundredth, ... have, as far as they have a whole number of."""
    decimals = (1 / step / 10**places for places in range(PLACES + 1))
    return (*(int(count) for count in decimals if count.denominator == 1 and count > 1), 1)


@dataclass(frozen=True, slots=True)
class Text:
    """Texts by length (`most` is None without a limit), or those that match a pattern."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    avoid: frozenset[str] = frozenset()

    def drawn(self, draw: DrawFn) -> str:
        """Draw a text; shrinks to a short one."""
        if self.pattern is not None:
            return draw(matching(self.pattern, self.least, self.most))
        text = self._written(draw)
        return text if text not in self.avoid else self._other(text)

    def _written(self, draw: DrawFn) -> str:
        """Draw a short text, or one of any length that repeats itself."""
        if self.most is not None and self.most <= _SHORT:
            return draw(_short(self.least, self.most))
        length = draw(between(self.least, self.least + _SPAN if self.most is None else self.most))
        unit = draw(_short(1, _SHORT))
        return (unit * (length // len(unit) + 1))[:length]

    def _other(self, text: str) -> str:
        """Return another text of a length that is allowed; there are more letters than texts to avoid."""
        stem = (text if self.most is None else text[: self.most - 1]).ljust(self.least - 1, "0")
        return next(other for letter in range(0x61, 0x10000) if (other := stem + chr(letter)) not in self.avoid)

    def singles(self) -> list[Domain]:
        """Return the short texts, which are taken more often, and the long ones."""
        if self.pattern is not None or self.least >= _SHORT or (self.most is not None and self.most <= _SHORT):
            return [self]
        return [*[replace(self, most=_SHORT)] * 3, replace(self, least=_SHORT)]


@functools.cache
def _short(least: int, most: int) -> SearchStrategy[str]:
    return st.text(min_size=least, max_size=most)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image field: texts that keep its rule, or break exactly one promise of it (`breaks`)."""

    rule: ImageRule
    breaks: str | None = None

    def drawn(self, draw: DrawFn) -> str:
        """Draw a URL or raw base64; shrinks to a URL where that is accepted, else to the smallest image."""
        return draw(texts(self.rule, self.breaks))

    def singles(self) -> list[Domain]:
        """Return the domain itself."""
        return [self]


@dataclass(frozen=True, slots=True)
class Items:
    """Lists of `space`, from `least` to `most` items; None is no limit. `within` draws one of them, if it is given."""

    least: int
    most: int | None
    space: Space
    within: Callable[[DrawFn], Any] | None = None

    def drawn(self, draw: DrawFn) -> list[Any]:
        """Draw a list."""
        items = draw(self.space.lists(self.least, self.least + _MANY if self.most is None else self.most))
        if self.within is not None:
            items[draw(index(len(items)))] = self.within(draw)
        return items

    def singles(self) -> list[Domain]:
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

    def singles(self) -> list[Domain]:
        """Return the domain itself."""
        return [self]


Domain: TypeAlias = Values | Number | Text | Picture | Items | Record | Threes
