"""The points at which both sides of a rule's comparison are equal, and those a decimal beside them."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from decimal import localcontext
from fractions import Fraction
from itertools import islice, product
from typing import TYPE_CHECKING, Any, TypeAlias

from kling_contract.formulas import EXACT, exact
from kling_contract.strategies.numbers import Number, index
from kling_contract.strategies.regions import Region, ordered, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hypothesis.strategies import DrawFn

    from kling_contract.rules import Rule
    from kling_contract.strategies.regions import Allows, Grid, Numbers

_FEW = 200  # places of a grid that are tried, besides the one that is computed
_MOST_ORDERS = 24
_MOST_TRIED = 2_000
_MOST_CROSSINGS = 64


Point: TypeAlias = dict[str, int]


@dataclass(frozen=True, slots=True)
class Trio:
    """The numbers of three points: on the limit, and one step of one field to either side.

    `at` is None where no number is exactly on the limit; the other two are then beside each other. One of those is None
    where the grids end at the limit.
    """

    below: Numbers | None
    at: Numbers | None
    above: Numbers | None

    @property
    def points(self) -> tuple[Numbers | None, Numbers | None, Numbers | None]:
        """The three."""
        return self.below, self.at, self.above


class Limit:
    """Where the sides of a comparison are equal, within grids, and `allows` is true of the rest.

    All fields but one take one of a few places, and the equation, which is linear in that one, is solved for it. Of a
    chain of comparisons, `pair` says which is meant. Of the three points some keep the whole rule and some do not.
    """

    def __init__(self, grids: Mapping[str, Grid], rule: Rule, allows: Allows, pair: int = 0) -> None:
        self._grids, self._rule, self._allows, self._pair = dict(grids), rule, allows, pair
        self._one_sided = False
        self._few = {name: _places(each) for name, each in grids.items()}
        self._known = self._first()
        if self._known is None:
            # `a < 2` where a is 2 at most: there is no point beyond the limit, and the one on it is refused.
            self._one_sided = True
            self._known = self._first()

    def _first(self) -> Trio | None:
        count = min(math.factorial(len(self._grids)), _MOST_ORDERS)
        orders = (ordered(list(self._grids), number) for number in range(count))
        found = (next(self._trios(order, self._few), None) for order in orders)
        return next((trio for trio in found if trio is not None), None)

    @property
    def exists(self) -> bool:
        """Whether a point on the limit is known."""
        return self._known is not None

    def drawn(self, draw: DrawFn) -> Numbers:
        """Draw a point on the limit; `exists` has to be true."""
        return self.trio(draw).at or {}

    def trio(self, draw: DrawFn) -> Trio:
        """Draw a point on the limit and its neighbours; `exists` has to be true."""
        names = ordered(list(self._grids), draw(index(math.factorial(len(self._grids)))))
        turned = {}
        for name, places in self._few.items():
            first = draw(index(len(places)))
            turned[name] = places[first:] + places[:first]
        found = next(self._trios(names, turned), self._known)
        if found is None:
            raise ValueError(f"no point on the limit of {self._rule.id} is known")
        return found

    def _trios(self, names: list[str], places: Mapping[str, list[int]]) -> Iterator[Trio]:
        """Solve for the last number of `names`, along the one before it, for some places of the others."""
        free = [name for name in names if isinstance(self._grids[name], Number)][-2:]
        rest = [name for name in names if name not in free]
        for combination in islice(product(*(places[name] for name in rest)), _MOST_TRIED):
            fixed = dict(zip(rest, combination, strict=True))
            for point in self._solved(fixed, free, places):
                trio = self._around({name: point[name] for name in self._grids})
                if trio is not None:
                    yield trio

    def _solved(self, fixed: Point, free: list[str], places: Mapping[str, list[int]]) -> Iterator[Point]:
        """Yield the points at which the gap is 0."""
        if not free:
            found: Iterable[Point] = [fixed]
        elif len(free) == 1:
            found = self._along(fixed, free[0])
        else:
            along, last = free
            found = self._across(fixed, along, last, places[along])
        yield from (point for point in found if self._gap(point) == 0)

    def _along(self, fixed: Point, last: str) -> Iterator[Point]:
        least, most = self._grids[last].least, self._grids[last].most
        here, next_ = (self._gap({**fixed, last: place}) for place in (least, least + 1))
        if here is not None and next_ is not None and here != next_:
            moves = here / (here - next_)
            if moves.denominator == 1 and 0 <= moves <= most - least:
                yield {**fixed, last: least + int(moves)}

    def _across(self, fixed: Point, along: str, last: str, places: Iterable[int]) -> Iterator[Point]:
        """Solve for `last` at places of `along`; the gap is linear in each, so four values tell it."""
        start, least, most = self._grids[along].least, self._grids[last].least, self._grids[last].most
        corners = [
            self._gap({**fixed, along: start + up, last: least + right}) for up, right in product((0, 1), repeat=2)
        ]
        known = [Fraction(gap) for gap in corners if gap is not None]
        if len(known) < 4 or self._rule.formula.divides:
            for place in places:
                yield from self._along({**fixed, along: place}, last)
            return
        here, right, up, both = _whole(known)
        for place in places:
            moves = place - start
            gap, slope = here + (up - here) * moves, right - here + (both - up - right + here) * moves
            if slope and gap % slope == 0 and 0 <= -gap // slope <= most - least:
                yield {**fixed, along: place, last: least - gap // slope}

    def _around(self, point: Point) -> Trio | None:
        """Return a point and a neighbour on each side of the limit: of the same field, if one has two."""
        if not self._is_allowed(point):
            return None
        every: dict[bool, Numbers] = {}
        for name, grid in self._grids.items():
            found: dict[bool, Numbers] = {}
            for place in (point[name] - 1, point[name] + 1):
                near = {**point, name: place}
                if grid.least <= place <= grid.most and (gap := self._gap(near)) and self._is_allowed(near):
                    found.setdefault(gap > 0, self._numbers(near))
            every = found if len(found) == 2 else found | every
            if len(found) == 2:
                break
        trio = Trio(every.get(False), self._numbers(point), every.get(True))
        return trio if (len(every) == 2 or self._one_sided) and self._has_two_sides(trio) else None

    def _has_two_sides(self, trio: Trio) -> bool:
        return {self._rule.holds(each) for each in trio.points if each is not None} == {True, False}

    def _is_allowed(self, point: Point) -> bool:
        avoided = any(point[name] in grid.avoid for name, grid in self._grids.items())
        return not avoided and self._allows(self._numbers(point))

    def _numbers(self, point: Point) -> Numbers:
        return {name: grid.at(point[name]) for name, grid in self._grids.items()}

    def _gap(self, point: Point) -> Fraction | None:
        """Return by how much the first side exceeds the second; None where that divides by zero."""
        return exact_gap(self._rule, self._numbers(point), self._pair)


def exact_gap(rule: Rule, numbers: Mapping[str, Any], pair: int = 0) -> Fraction | None:
    """Return by how much the first side of a comparison exceeds the second; None where there is none to compute.

    In a chain, `pair` says which comparison is meant.
    """
    values = exact([numbers.get(name, default) for name, default in rule.inputs])
    if values is None or not rule.formula.sides:
        return None
    with localcontext(EXACT):
        given = [Fraction(value) for value in values] if rule.formula.divides else values
        try:
            left, right = (Fraction(side(*given)) for side in rule.formula.sides[pair : pair + 2])
        except ZeroDivisionError:
            return None
    return left - right


class Flip:
    """Two numbers of one field beside each other of which one keeps a rule, found between two points of a region.

    For rules whose sides no number in reach makes equal, and for those that are no single comparison.
    """

    def __init__(self, grids: Mapping[str, Grid], rule: Rule) -> None:
        self._grids, self._rule = dict(grids), rule
        self._kept = Region(grids, rule.holds, [rule.holds])
        self._broken = Region(grids, lambda numbers: not rule.holds(numbers), [rule.holds])

    @property
    def exists(self) -> bool:
        """Whether the rule is kept somewhere, and broken somewhere else."""
        return self._kept.exists and self._broken.exists

    def trio(self, draw: DrawFn) -> Trio:
        """Draw two neighbours."""
        here, there = self._kept.drawn(draw), self._broken.drawn(draw)
        for name, grid in self._grids.items():
            step = {**here, name: there[name]}
            if not self._rule.holds(step):
                near, far = self._narrowed(here, name, place_of(grid, here[name]), place_of(grid, there[name]))
                return self._trio(name, *((near, far) if near[name] < far[name] else (far, near)))
            here = step
        raise AssertionError("the last step leads to a point that breaks the rule")

    def _trio(self, name: str, low: Numbers, high: Numbers) -> Trio:
        """Return two neighbours with the one beyond, where one of them is exactly on the limit."""
        if exact_gap(self._rule, low) == 0:
            return Trio(self._beyond(name, low, -1), low, high)
        if exact_gap(self._rule, high) == 0:
            return Trio(low, high, self._beyond(name, high, 1))
        return Trio(low, None, high)

    def _beyond(self, name: str, point: Numbers, step: int) -> Numbers | None:
        grid = self._grids[name]
        place = place_of(grid, point[name]) + step
        is_there = grid.least <= place <= grid.most and place not in grid.avoid
        return {**point, name: grid.at(place)} if is_there else None

    def _narrowed(self, point: Numbers, name: str, near: int, far: int) -> tuple[Numbers, Numbers]:
        at = self._grids[name].at
        while abs(far - near) > 1:
            middle = (near + far) // 2
            near, far = (middle, far) if self._rule.holds({**point, name: at(middle)}) else (near, middle)
        return {**point, name: at(near)}, {**point, name: at(far)}


class Crossings:
    """Points beside each other of which one keeps a rule, while all others are kept by both.

    For rules beside others whose sides no number in reach makes equal.
    """

    def __init__(self, grids: Mapping[str, Grid], rule: Rule, allows: Allows) -> None:
        found = Region(grids, allows, [rule.holds]).crossings()
        self._known = list(islice((Trio(low, None, high) for low, high in found), _MOST_CROSSINGS))

    @property
    def exists(self) -> bool:
        """Whether such points are known."""
        return bool(self._known)

    def trio(self, draw: DrawFn) -> Trio:
        """Draw two neighbours."""
        return self._known[draw(index(len(self._known)))]


def _places(grid: Grid) -> list[int]:
    """Return a few places of a grid, evenly apart."""
    step = max(-(-(grid.most - grid.least) // _FEW), 1)
    return list(range(grid.least, grid.most + 1, step))


def _whole(values: list[Fraction]) -> list[int]:
    """Return whole numbers in the same proportion."""
    common = math.lcm(*(value.denominator for value in values))
    return [int(value * common) for value in values]


def is_exact(rule: Rule) -> bool:
    """Whether a rule holds only where its sides are equal."""
    return operator.eq in rule.formula.orders
