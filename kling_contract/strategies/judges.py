"""The numbers of an object that its rules judge: which of them there are to draw."""

from __future__ import annotations

import operator
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from kling_contract.strategies.domains import Three
from kling_contract.strategies.limits import Crossings, Flip, Limit, exact_gap, is_exact
from kling_contract.strategies.regions import Region, grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn

    from kling_contract.rules import Rule
    from kling_contract.strategies.domains import Domain
    from kling_contract.strategies.limits import Trio
    from kling_contract.strategies.regions import Allows, Gap, Grid

_EVEN = ((operator.eq,), (operator.ne,))
_SIDED = (operator.le, operator.lt, operator.ge, operator.gt)


class Judged(Protocol):
    """Numbers that can be drawn, if any exist."""

    @property
    def exists(self) -> bool:
        """Whether there are any."""
        ...

    def drawn(self, draw: DrawFn) -> Mapping[str, Any]:
        """Draw the numbers of the fields that the rules judge."""
        ...


def keeping(rules: Sequence[Rule], chosen: Mapping[str, Domain], fixed: Sequence[Mapping[str, Any]] = ({},)) -> Judged:
    """Return the numbers with which every rule holds, beside each of some fixed ones."""
    given = {name for each in fixed for name in each}
    judged = [rule for rule in rules if _applies(rule, chosen, given)]
    grids, exact = _grids(judged, chosen), next(filter(is_exact, judged), None)
    if exact is not None and len(fixed) == 1:
        limit = Limit(grids, exact, _kept([rule for rule in judged if rule is not exact]))
        if limit.exists or given:
            return limit
    if given:
        beside = [partial(_beside, rule, fixed) for rule in judged]
        return Region(grids, lambda numbers: all(holds(numbers) for holds in beside), beside)
    return _region(grids, _kept(judged), judged)


def breaking(broken: Rule, rules: Sequence[Rule], chosen: Mapping[str, Domain]) -> Judged:
    """Return the numbers with which one rule fails, and every other one holds."""
    judged = [rule for rule in rules if _applies(rule, chosen)]
    others = _kept([rule for rule in judged if rule is not broken])
    grids = _grids(judged, chosen)
    return _region(grids, lambda numbers: not broken.holds(numbers) and others(numbers), judged)


def _region(grids: Mapping[str, Grid], allows: Allows, judged: Sequence[Rule]) -> Region:
    looked = [_exceeds(rule) if rule.formula.orders[:1] in _EVEN else rule.holds for rule in judged]
    return Region(grids, allows, looked, _gaps(judged), linear=all(map(_is_linear, judged)))


def _exceeds(rule: Rule) -> Allows:
    """Return whether the first side exceeds the second, which changes where only equal sides keep, or break, a rule."""

    def exceeds(numbers: Mapping[str, Any]) -> bool:
        gap = exact_gap(rule, numbers)
        return gap is not None and gap > 0

    return exceeds


def _beside(rule: Rule, fixed: Sequence[Mapping[str, Any]], numbers: Mapping[str, Any]) -> bool:
    return all(rule.holds({**numbers, **each}) for each in fixed)


class Edge:
    """Three numbers for each field: those at the limit of a rule, and those of its neighbours on both sides.

    Of a chain of comparisons, `pair` says at which limit.
    """

    def __init__(self, rule: Rule, pair: int, rules: Sequence[Rule], chosen: Mapping[str, Domain]) -> None:
        self._rule = rule
        self._found = _limit(rule, pair, [each for each in rules if _applies(each, chosen)], chosen)

    @property
    def exists(self) -> bool:
        """Whether numbers at the limit are known."""
        return self._found is not None and self._found.exists

    def drawn(self, draw: DrawFn) -> Mapping[str, Any]:
        """Draw three numbers for each field."""
        return {} if self._found is None else _threes(self._found.trio(draw), self._rule.holds)


def _limit(
    rule: Rule, pair: int, judged: Sequence[Rule], chosen: Mapping[str, Domain]
) -> Limit | Flip | Crossings | None:
    if rule not in judged:
        return None
    grids, others = _grids(judged, chosen), _kept([each for each in judged if each is not rule])
    limit = Limit(grids, rule, others, pair)
    if limit.exists or pair:
        return limit
    return Flip(grids, rule) if len(judged) == 1 else Crossings(grids, rule, others)


def _threes(trio: Trio, holds: Allows) -> dict[str, Three]:
    below, at, above = trio.points
    known = next(each for each in trio.points if each is not None)  # in the place of a point that there is not
    points = (below or known, at or known, above or known)
    allowed = (holds(points[0]), holds(points[1]), holds(points[2]))
    present = (below is not None, at is not None, above is not None)
    return {name: Three(tuple(point[name] for point in points), allowed, present) for name in known}


def _applies(rule: Rule, chosen: Mapping[str, Domain], given: set[str] | frozenset[str] = frozenset()) -> bool:
    """Whether all fields of a rule are numbers, or are absent and have a default."""
    for name, default in rule.inputs:
        absent = name not in chosen and name not in given
        if (absent and default is None) or (name in chosen and grid(chosen[name]) is None):
            return False
    return True


def _grids(rules: Sequence[Rule], chosen: Mapping[str, Domain]) -> dict[str, Grid]:
    names = {name for rule in rules for name in rule.fields}
    found = {name: grid(domain) for name, domain in chosen.items() if name in names}
    return {name: each for name, each in found.items() if each is not None}


def _kept(rules: Sequence[Rule]) -> Allows:
    if len(rules) == 1:
        return rules[0].holds
    return lambda numbers: all(rule.holds(numbers) for rule in rules)


def _gaps(rules: Sequence[Rule]) -> list[Gap]:
    return [gap_of(rule) for rule in rules if len(rule.formula.floats) == 2]


def gap_of(rule: Rule) -> Gap:
    """Return by how much the first side of a comparison of sums and products exceeds the second, and how surely."""
    left, right = rule.formula.floats

    def gap(numbers: Mapping[str, Any]) -> tuple[float, float]:
        values = [numbers.get(name, default) for name, default in rule.inputs]
        first, second = left(*values), right(*values)
        return first - second, 1e-9 * (abs(first) + abs(second))

    return gap


def _is_linear(rule: Rule) -> bool:
    """Whether a rule is one comparison of sums and products, one-sided, and linear in each field."""
    names = re.findall(r"[A-Za-z_]\w*", rule.expression)
    return len(rule.formula.floats) == 2 and rule.formula.orders[0] in _SIDED and len(names) == len(set(names))
