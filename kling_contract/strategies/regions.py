"""Numbers that rules judge together: every step from one allowed point leads to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Any, TypeAlias

from kling_contract.strategies.domains import Values
from kling_contract.strategies.numbers import Number, between, index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn

Numbers: TypeAlias = "dict[str, int | float]"
Allows: TypeAlias = "Callable[[Mapping[str, Any]], bool]"
Gap: TypeAlias = "Callable[[Mapping[str, Any]], tuple[float, float]]"  # and by how much it may be wrong

_MOST_TRIED = 1000
_LINES = 100  # along each field


@dataclass(frozen=True, slots=True)
class Listed:
    """A few numbers in order, as a `Number` is."""

    numbers: tuple[int | float, ...]
    least: int = 0
    avoid: frozenset[int] = frozenset()

    @property
    def most(self) -> int:
        """The last place."""
        return len(self.numbers) - 1

    def at(self, place: int) -> int | float:
        """Return the number of a place."""
        return self.numbers[place]

    def place(self, draw: DrawFn, least: int, most: int) -> int:
        """Draw a place between two of them."""
        return draw(between(least, most))


Grid: TypeAlias = "Number | Listed"


def grid(domain: object) -> Grid | None:
    """Return a domain as numbers in order, or None if it has others than numbers."""
    if isinstance(domain, Number):
        return domain
    if isinstance(domain, Values) and all(type(value) in (int, float) for value in domain.values):
        return Listed(tuple(sorted(domain.values)))
    return None


def place_of(grid: Grid, value: float) -> int:
    """Return the place at which a number stands."""
    return grid.numbers.index(value) if isinstance(grid, Listed) else round(Fraction(str(value)) / grid.step)


class Region:
    """The points of some grids for which `allows` is true of their numbers.

    From an allowed point each field in turn, in an order that is drawn too, takes a place between the outermost ones
    to which the point can move. Where a region has holes on the way, the point stays as it is. There is a draw for each
    field, also where only one place is left: Hypothesis takes fewer draws for something simpler. `rules` are what the
    first allowed point is looked for along, where no corner is one. `gaps` are what may
    change its sign at the border of the region; they only save looking for it. Where `linear` says
    that nothing else is a border, and that they are linear in each field, one that is clearly between two places is
    known without a look. Places of listed numbers are not evenly apart, so these are looked at.
    """

    def __init__(
        self,
        grids: Mapping[str, Grid],
        allows: Allows,
        rules: Sequence[Allows],
        gaps: Sequence[Gap] = (),
        *,
        linear: bool = False,
    ) -> None:
        self._grids, self._allows, self._rules = dict(grids), allows, rules
        self._gaps, self._linear = gaps, linear
        tried = (islice(points, _MOST_TRIED) for points in (self._corners(), self._borders(), self._between()))
        self._start = next(filter(self._holds, chain.from_iterable(tried)), None)

    @property
    def exists(self) -> bool:
        """Whether a point is known."""
        return self._start is not None

    def drawn(self, draw: DrawFn) -> Numbers:
        """Draw the numbers of an allowed point; `exists` has to be true."""
        point = dict(self._start or {})
        numbers = {name: each.at(point[name]) for name, each in self._grids.items()}
        for name in ordered(list(self._grids), draw(index(math.factorial(len(self._grids))))):
            axis = Axis(self._grids[name], name, numbers, self._allows, self._gaps, self._linear)
            here = point[name]
            least, most = axis.reach(here, axis.grid.least), axis.reach(here, axis.grid.most)
            taken = axis.grid.place(draw, least, most)
            known = self._linear or taken in (least, most)
            if taken != here and taken not in axis.grid.avoid and (known or axis.holds(taken)):
                numbers[name] = axis.grid.at(taken)
        return numbers

    def _holds(self, point: Mapping[str, int]) -> bool:
        avoided = any(point[name] in each.avoid for name, each in self._grids.items())
        return not avoided and self._allows(self._numbers(point))

    def _numbers(self, point: Mapping[str, int]) -> Numbers:
        return {name: each.at(point[name]) for name, each in self._grids.items()}

    def _corners(self) -> Iterator[dict[str, int]]:
        """Yield the lowest point, the highest, and all corners."""
        ends = [(each.least, each.most) for each in self._grids.values()]
        for places in chain(zip(*ends, strict=True), product(*ends)):
            yield dict(zip(self._grids, places, strict=True))

    def crossings(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield the numbers on both sides of a border, where both are allowed: the lower of one field first."""
        for low, high in self._crossings():
            if self._holds(low) and self._holds(high):
                yield self._numbers(low), self._numbers(high)

    def _borders(self) -> Iterator[dict[str, int]]:
        return chain.from_iterable(self._crossings())

    def _crossings(self) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
        """Yield the points beside a border, along each field through places of the others that are evenly apart."""
        count = max(int(_LINES ** (1 / max(len(self._grids) - 1, 1))), 2)
        spread = {name: _spread(each, count) for name, each in self._grids.items()}
        for name, grid in self._grids.items():
            others = [each for each in self._grids if each != name]
            for places in islice(product(*(spread[each] for each in others)), _LINES):
                line = dict(zip(others, places, strict=True))
                for low, high in self._crossed(line, name, grid):
                    yield {**line, name: low}, {**line, name: high}

    def _crossed(self, line: Mapping[str, int], name: str, grid: Grid) -> Iterator[tuple[int, int]]:
        """Yield the places of a field on both sides of each one at which a rule begins or ceases to hold."""
        numbers = {other: self._grids[other].at(place) for other, place in line.items()}
        for holds in self._rules:
            low, high = grid.least, grid.most
            last = holds({**numbers, name: grid.at(high)})
            if holds({**numbers, name: grid.at(low)}) is last:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if holds({**numbers, name: grid.at(middle)}) is last else (middle, high)
            yield low, high

    def _between(self) -> Iterator[dict[str, int]]:
        """Yield the points whose places are the first hundred, the middle or the last one."""
        ends = [(each.least, each.most) for each in self._grids.values()]
        few = [sorted({low, high, (low + high) // 2, *range(low, min(high, low + 99) + 1)}) for low, high in ends]
        for places in product(*few):
            yield dict(zip(self._grids, places, strict=True))


@dataclass(frozen=True, slots=True)
class Axis:
    """The line on which one field moves while the others stay."""

    grid: Grid
    name: str
    numbers: Numbers
    allows: Allows
    gaps: Sequence[Gap]
    linear: bool

    def holds(self, place: int) -> bool:
        """Whether a place is allowed."""
        return self.allows({**self.numbers, self.name: self.grid.at(place)})

    def reach(self, near: int, far: int) -> int:
        """Return the last place on the way from an allowed one to which the point can move."""
        if near == far:
            return far
        sign = 1 if far > near else -1
        steps, sure = self._crossing(near, far)
        if sure:
            return far if steps == math.inf else near + sign * int(steps)
        if self.holds(far):
            return far
        guess = near + sign * int(steps + 1e-6) if steps < math.inf else far
        if not self.holds(guess):
            far = guess
        elif not self.holds(guess + sign):
            return guess
        else:
            near = guess
        return self._between(near, far)

    def _between(self, near: int, far: int) -> int:
        while abs(far - near) > 1:
            middle = (near + far) // 2
            near, far = (middle, far) if self.holds(middle) else (near, middle)
        return near

    def _crossing(self, near: int, far: int) -> tuple[float, bool]:
        """Return after how many steps a gap changes its sign first, as if all were linear, and whether that is sure."""
        found, sure = math.inf, self.linear and isinstance(self.grid, Number)
        for gap in self.gaps:
            start, blur = gap({**self.numbers, self.name: self.grid.at(near)})
            end, other = gap({**self.numbers, self.name: self.grid.at(far)})
            blur += other
            if min(start, end) > blur or max(start, end) < -blur:
                continue
            if start == end:
                return found, False
            way = abs(far - near)
            steps = min(max(way * start / (start - end), 0.0), float(way))
            sure = sure and abs(steps - round(steps)) > way * blur / abs(start - end)
            found = min(found, steps)
        return found, sure


def _spread(grid: Grid, count: int) -> list[int]:
    """Return so many places of a grid, or all if it has fewer, evenly apart and with both ends."""
    return sorted({grid.least + (grid.most - grid.least) * at // (count - 1) for at in range(count)})


def ordered(names: list[str], number: int) -> list[str]:
    """Return the permutation of a number; 0 is the order as it is. `names` is used up."""
    found = []
    for left in range(len(names), 0, -1):
        number, at = divmod(number, left)
        found.append(names.pop(at))
    return found
