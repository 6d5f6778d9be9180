"""The sides that an image may have, and those that break exactly one limit of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from kling_contract.strategies.files import LONGEST_SIDE
from kling_contract.strategies.numbers import between

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from kling_contract.images import ImageRule

Size: TypeAlias = tuple[int, int]  # the shorter side, the longer one

_DENSEST = 128  # pixels that a byte of a file of ours holds at least


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sides in pixels: the shorter from `least` to `most`, the longer at most `aspect` times it."""

    least: int
    most: int
    aspect: Fraction
    pixels: int

    @classmethod
    def of(cls, rule: ImageRule, pixels: int) -> Sizes:
        """Return the sizes that a rule allows, with at most so many pixels if the least size has no more."""
        least = rule.side or 1
        limits = [rule.pixels] if rule.bytes is None else [rule.pixels, max(rule.bytes - 1000, 1) * _DENSEST]
        bound = min(*limits, max(pixels, least * least))
        most = min(math.isqrt(bound), LONGEST_SIDE)
        return cls(min(least, most), most, rule.aspect or Fraction(LONGEST_SIDE), bound)

    def longest(self, shorter: int) -> int:
        """Return the longest side that a shorter one may have beside it."""
        return min(int(shorter * self.aspect), self.pixels // shorter, LONGEST_SIDE)

    def drawn(self, draw: DrawFn, doubled: int, *, slim: bool) -> Size:
        """Draw an allowed size, its shorter side at most the least one, doubled so many times; as slim as it may be."""
        shorter = draw(between(self.least, min(self.most, self.least << doubled)))
        return shorter, self.longest(shorter) if slim else draw(between(shorter, self.longest(shorter)))

    def too_short(self, draw: DrawFn) -> Size:
        """Draw a size with a side under the least one."""
        shorter = draw(between(1, self.least - 1))
        return shorter, draw(between(shorter, self.longest(shorter)))

    def too_long(self, draw: DrawFn) -> Size:
        """Draw a size whose longer side is too long for its shorter one."""
        shorter = draw(between(self.least, self.slimmest))
        return shorter, draw(between(int(shorter * self.aspect) + 1, min(self.pixels // shorter, LONGEST_SIDE)))

    def around_shortest(self, draw: DrawFn) -> list[Size]:
        """Draw three sizes, whose shorter side is one pixel under, at and over the least one."""
        longer = draw(between(self.least + 1, self.longest(self.least - 1)))
        return [(self.least + more, longer) for more in (-1, 0, 1)]

    def around_slimmest(self, draw: DrawFn) -> list[Size]:
        """Draw three sizes around the aspect, with a shorter side of which it makes a whole number of pixels."""
        whole = self.aspect.denominator
        shorter = whole * draw(between(-(-self.least // whole), self.slimmest // whole))
        return [(shorter, int(shorter * self.aspect) + more) for more in (-1, 0, 1)]

    @property
    def slimmest(self) -> int:
        """The largest shorter side beside which a longer one may be too long; under `least` if there is none."""
        bound = min(math.isqrt(int(self.pixels / self.aspect)), int(LONGEST_SIDE / self.aspect)) - 1
        return min(self.most, bound)
