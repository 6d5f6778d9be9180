"""Expansion ratios and pixels: the canvas of an expansion, the nearest allowed ratios, ratios for a wanted size.

A ratio is a multiple of the original's height (up, down) or width (left, right). Names are the official ones; a
provider's own names are the documents' business. Everything is computed on the decimals that were written.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Number: TypeAlias = "int | float | str | Decimal | Fraction"
Anchor: TypeAlias = tuple[Literal["left", "center", "right"], Literal["top", "center", "bottom"]]

_UNITS = 10_000
_HALF = Fraction(1, 2)
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Ratios:
    """How far the canvas reaches beyond the original on each side; not checked against the provider's range."""

    up: Decimal
    down: Decimal
    left: Decimal
    right: Decimal

    @classmethod
    def of(cls, up: Number = 0, down: Number = 0, left: Number = 0, right: Number = 0) -> Ratios:
        """Read ratios as written (the float 0.1 is 1/10).

        Raises ValueError for booleans, anything else that is no finite number, and numbers of more than 40 digits
        or with an exponent beyond 40.
        """
        return cls(_decimal(up), _decimal(down), _decimal(left), _decimal(right))

    @property
    def area(self) -> Fraction:
        """The area of the canvas as an exact multiple of the original's."""
        across = 1 + Fraction(self.left) + Fraction(self.right)
        return across * (1 + Fraction(self.up) + Fraction(self.down))


@dataclass(frozen=True, slots=True)
class Canvas:
    """A canvas in pixels, and where the unscaled original's top left corner lies in it."""

    width: int
    height: int
    x: int
    y: int


def canvas(width: int, height: int, ratios: Ratios) -> Canvas:
    """Return the canvas that ratios make of an original of width x height pixels.

    Each side grows by ratio times the original's side, rounded half up, which is decided here alone; the documents
    record it (the fact of `result` in `x-lifecycle`). The official page only gives whole results: height 20 and 0.1 is
    2 pixels, width 30 and 0.3 is 9.
    """
    _positive(width, height)
    left, right = _pixels(ratios.left, width), _pixels(ratios.right, width)
    up, down = _pixels(ratios.up, height), _pixels(ratios.down, height)
    return Canvas(width + left + right, height + up + down, left, up)


def _positive(*lengths: int | Fraction) -> None:
    if min(lengths) <= 0:
        raise ValueError(f"a side is greater than 0: {', '.join(map(str, lengths))}")


def _pixels(ratio: Decimal, side: int) -> int:
    return math.floor(Fraction(ratio) * side + _HALF)


def fit(
    width: int, height: int, target_width: int, target_height: int, anchor: Anchor = ("center", "center")
) -> Ratios:
    """Return ratios with which `canvas` makes exactly the target size.

    `anchor` is where the original lies; of an odd number of pixels to share, right and bottom get one more. Ratios
    are cut to 4 decimals, or to as many more as the size needs, so their area never exceeds that of the pixels.
    The area may be over the provider's limit: ask `.area`. Raises ValueError for a target smaller than the original.
    """
    _positive(width, height)
    across = _shared(target_width - width, anchor[0], ("left", "center", "right"))
    along = _shared(target_height - height, anchor[1], ("top", "center", "bottom"))
    left, right = (_ratio(pixels, width) for pixels in across)
    up, down = (_ratio(pixels, height) for pixels in along)
    return Ratios(up=up, down=down, left=left, right=right)


def _shared(extra: int, anchor: str, words: tuple[str, str, str]) -> tuple[int, int]:
    if extra < 0:
        raise ValueError(f"the target is {-extra} pixels smaller than the original; an expansion only adds")
    if anchor not in words:
        raise ValueError(f"{anchor!r} is no anchor; accepted: {', '.join(words)}")
    before = (0, extra // 2, extra)[words.index(anchor)]
    return before, extra - before


def _ratio(pixels: int, side: int) -> Decimal:
    decimals = 4
    while _pixels(ratio := _cut(Fraction(pixels, side), decimals), side) != pixels:
        decimals += 1
    return ratio


def for_aspect(width: int, height: int, aspect_w: Number, aspect_h: Number, area: Number = 3) -> Ratios:
    """Return ratios of the largest canvas of an aspect within an area limit, with the original in its centre.

    They are cut to 4 decimals, as the official helper prints them: 100 x 100, 16:9 and area 3 give up and down
    0.1495, left and right 0.6547. Raises ValueError if no canvas of that aspect holds the original within the area.
    """
    limit, wide, tall = _fraction(area), _fraction(aspect_w), _fraction(aspect_h)
    _positive(width, height, wide, tall)
    stretch = wide / tall * Fraction(height, width)
    least = max(stretch, 1 / stretch)
    if least > limit:
        raise ValueError(f"{aspect_w}:{aspect_h} around {width} x {height} takes area {float(least):.4g}, over {area}")
    across, along = _margin(limit * stretch), _margin(limit / stretch)
    return Ratios(up=along, down=along, left=across, right=across)


def _margin(square: Fraction) -> Decimal:
    """Return half of what the root of `square` exceeds 1 by, cut to 4 decimals."""
    return _cut(Fraction(math.isqrt(math.floor(square * _UNITS**2)) - _UNITS, 2 * _UNITS), 4)


def nearest(ratios: Ratios, limit: Number = 3, most: Number = 2) -> Ratios:
    """Return the allowed ratios nearest to these: each in [0, most], the area at most `limit`.

    Distance is Euclidean over the four ratios. Allowed ratios come back unchanged, others cut to 4 decimals so that
    they are exactly allowed. Raises ValueError if nothing is allowed (limit under 1, most under 0).
    """
    bound, side = _fraction(limit), _fraction(most)
    if bound < 1 or side < 0:
        raise ValueError(f"no ratios have an area of at most {limit} and lie in [0, {most}]")
    wanted = [Fraction(ratio) for ratio in astuple(ratios)]
    clamped = [min(max(ratio, Fraction(0)), side) for ratio in wanted]
    if _area(clamped) <= bound:
        return ratios if clamped == wanted else _down(clamped)
    found = map(_down, _touching(wanted, clamped, bound, side))
    return min(found, key=lambda point: _distance(point, wanted))


def _area(point: Sequence[Fraction]) -> Fraction:
    up, down, left, right = point
    return (1 + up + down) * (1 + left + right)


def _distance(point: Ratios, wanted: Sequence[Fraction]) -> Fraction:
    gaps = (Fraction(ratio) - aim for ratio, aim in zip(astuple(point), wanted, strict=True))
    return sum((gap * gap for gap in gaps), Fraction(0))


def _down(point: Sequence[Fraction]) -> Ratios:
    return Ratios(*(_cut(ratio, 4) for ratio in point))


def _touching(
    wanted: Sequence[Fraction], clamped: Sequence[Fraction], limit: Fraction, most: Fraction
) -> Iterator[list[Fraction]]:
    """Yield points of exactly this area, among them the nearest one.

    Area depends on the two sums alone. For a given sum the nearest pair is known, and its squared distance is a
    parabola in the sum between a few breaks; so along the curve of area `limit` the distance is smallest at a break
    or where its derivative, a polynomial of degree 4, is zero.
    """
    tall, wide = _Pair(wanted[0], wanted[1], most), _Pair(wanted[2], wanted[3], most)
    high = min(clamped[0] + clamped[1], limit - 1)
    low = max(Fraction(0), limit / (1 + clamped[2] + clamped[3]) - 1)
    breaks = {low, high, *tall.breaks(), *(limit / (1 + sum_) - 1 for sum_ in wide.breaks() if sum_ > -1)}
    ordered = sorted(sum_ for sum_ in breaks if low <= sum_ <= high)
    sums = list(ordered)
    for start, end in pairwise(ordered):
        middle = (start + end) / 2
        curve = _slope(tall.parabola(middle), wide.parabola(limit / (1 + middle) - 1), limit)
        roots = _roots(curve, float(1 + start), float(1 + end))
        # Snapping a root to a short fraction finds 1 behind 0.9999999999999998, which would be cut to 0.9999.
        sums += (min(max(Fraction(root).limit_denominator(10**9) - 1, start), end) for root in roots)
    for sum_ in sums:
        yield [*tall.nearest(sum_), *wide.nearest(limit / (1 + sum_) - 1)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two opposite ratios, each to stay in [0, most]."""

    one: Fraction
    two: Fraction
    most: Fraction

    def nearest(self, total: Fraction) -> tuple[Fraction, Fraction]:
        """Return the nearest pair with this sum, which lies in [0, 2 most]."""
        free = (self.one - self.two + total) / 2
        first = min(max(free, Fraction(0), total - self.most), self.most, total)
        return first, total - first

    def breaks(self) -> tuple[Fraction, ...]:
        """Return the sums at which one of the pair reaches or leaves a bound."""
        gap = abs(self.one - self.two)
        return gap, 2 * self.most - gap, self.most

    def parabola(self, total: Fraction) -> tuple[float, float]:
        """Return (weight, centre): near this sum the squared distance is weight x (sum - centre)^2 + constant."""
        first, second = self.nearest(total)
        if first - second == self.one - self.two:
            return 0.5, float(self.one + self.two)
        moves_first = first not in (0, self.most)
        return 1.0, float(self.one + second if moves_first else self.two + first)


def _slope(tall: tuple[float, float], wide: tuple[float, float], limit: Fraction) -> list[float]:
    """Return the derivative of the squared distance along the curve, times s^3 / 2, as a polynomial in s = 1 + sum.

    The leading term comes first, here and below.
    """
    (tall_weight, tall_centre), (wide_weight, wide_centre) = tall, wide
    area = float(limit)
    return [
        tall_weight,
        -tall_weight * (1 + tall_centre),
        0.0,
        wide_weight * area * (1 + wide_centre),
        -wide_weight * area * area,
    ]


def _roots(polynomial: Sequence[float], low: float, high: float) -> list[float]:
    """Return the roots in [low, high]; between two roots of its derivative a polynomial has at most one."""
    degree = len(polynomial) - 1
    if degree == 0:
        return []
    derivative = [term * (degree - place) for place, term in enumerate(polynomial[:-1])]
    turns = [low, *_roots(derivative, low, high), high]
    return [_crossing(polynomial, start, end) for start, end in pairwise(turns) if _changes(polynomial, start, end)]


def _changes(polynomial: Sequence[float], start: float, end: float) -> bool:
    return (_value(polynomial, start) < 0) != (_value(polynomial, end) < 0)


def _crossing(polynomial: Sequence[float], low: float, high: float) -> float:
    rises = _value(polynomial, low) < 0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if (_value(polynomial, middle) < 0) == rises else (low, middle)
    return high


def _value(polynomial: Sequence[float], at: float) -> float:
    total = 0.0
    for term in polynomial:
        total = total * at + term
    return total


def _cut(value: Fraction, decimals: int) -> Decimal:
    """Round a number that is not negative down to so many decimals; no trailing zeros."""
    units = math.floor(value * 10**decimals)
    exact = Context(prec=_LONGEST * 4)
    return exact.normalize(exact.scaleb(Decimal(units), -decimals))


def _fraction(value: Number) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(_decimal(value))


def _decimal(value: Number) -> Decimal:
    """Read a number as written; ValueError for what is no finite decimal of at most 40 digits and exponent 40."""
    try:
        number = _parsed(value)
    except (DecimalException, TypeError):
        raise ValueError(f"{value!r} is not a decimal number of at most {_LONGEST} digits") from None
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST:
        raise ValueError(f"{value!r} is not a finite number with an exponent of at most {_LONGEST}")
    return number


def _parsed(value: Number) -> Decimal:
    exact = Context(prec=_LONGEST, traps=[Inexact, InvalidOperation])
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise TypeError
    if isinstance(value, Fraction):
        return exact.divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.create_decimal(repr(float(value)) if isinstance(value, float) else value)
