"""The sides that an image may have, and those that break exactly one limit of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

from kling_contract.strategies.files import LONGEST_SIDE
from kling_contract.strategies.integers import between

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from kling_contract.images import ImageRule

Size: TypeAlias = tuple[int, int]

_DENSEST = 128  # pixels that a byte of a file of ours holds at least


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sides in pixels: the shorter from `least` to `most`, the longer at most `aspect` times it."""

    least: int
    most: int
    aspect: Fraction
    pixels: int

    @classmethod
    def of(cls, rule: ImageRule) -> Sizes:
        """Return the sizes that a rule allows, and that a small file can have."""
        pixels = rule.pixels if rule.bytes is None else min(rule.pixels, max(rule.bytes - 1000, 1) * _DENSEST)
        most = min(math.isqrt(pixels), LONGEST_SIDE)
        return cls(min(rule.side or 1, most), most, rule.aspect or Fraction(LONGEST_SIDE), pixels)

    def longest(self, shorter: int) -> int:
        """Return the longest side that a shorter one may have beside it."""
        return min(int(shorter * self.aspect), self.pixels // shorter, LONGEST_SIDE)

    def drawn(self, draw: DrawFn, doubled: int) -> Size:
        """Draw an allowed shorter and longer side, the shorter at most the least one, doubled so many times."""
        shorter = draw(between(self.least, min(self.most, self.least << doubled)))
        return shorter, draw(between(shorter, self.longest(shorter)))

    def too_short(self, draw: DrawFn) -> Size:
        """Draw a size with a side under the least one."""
        shorter = draw(st.integers(1, self.least - 1))
        return turned(draw, shorter, draw(st.integers(shorter, self.longest(shorter))))

    def too_long(self, draw: DrawFn) -> Size:
        """Draw a size whose longer side is too long for its shorter one."""
        shorter = draw(st.integers(self.least, self.slimmest))
        first = int(shorter * self.aspect) + 1
        return turned(draw, shorter, draw(st.integers(first, min(self.pixels // shorter, LONGEST_SIDE))))

    @property
    def slimmest(self) -> int:
        """The largest shorter side beside which a longer one may be too long; under `least` if there is none."""
        bound = min(math.isqrt(int(self.pixels / self.aspect)), int(LONGEST_SIDE / self.aspect)) - 1
        return min(self.most, bound)


def turned(draw: DrawFn, shorter: int, longer: int) -> Size:
    """Draw which of two sides is the width."""
    return (longer, shorter) if draw(st.booleans()) else (shorter, longer)
