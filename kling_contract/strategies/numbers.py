"""Numbers to draw: whole ones, and those of a few decimals, each strategy made once."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from fractions import Fraction

    from hypothesis.strategies import DrawFn, SearchStrategy

PLACES = 4  # decimals of a number that its schema does not limit
UNBOUNDED = 2**53  # the whole numbers that every JSON reader knows exactly

_SLOTS = 128


def index(count: int) -> SearchStrategy[int]:
    """Return the strategy of a place in a list of so many, the first being the simplest."""
    return between(0, count - 1)


@functools.cache
def between(least: int, most: int) -> SearchStrategy[int]:
    """Return the whole numbers from `least` to `most`."""
    return st.integers(least, most)


@functools.cache
def picks(count: int) -> SearchStrategy[bytes]:
    """Return so many bytes, each for one choice: drawing all of them takes as long as drawing one number."""
    return st.binary(min_size=count, max_size=count)


def chosen(draw: DrawFn, pick: int, count: int) -> int:
    """Return the place in a list of so many that a byte picks; if it has too many for a byte, draw one."""
    return pick * count >> 8 if count <= 256 else draw(index(count))


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
