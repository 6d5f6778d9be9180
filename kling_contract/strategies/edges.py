"""Values on both sides of a limit, and exactly at it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from hypothesis import strategies as st

from kling_contract.strategies.domains import Items, Threes, resolved, three_in
from kling_contract.strategies.judges import Edge, keeping
from kling_contract.strategies.logic import has
from kling_contract.strategies.numbers import Number
from kling_contract.strategies.partition import limits
from kling_contract.strategies.pictures import Picture, edges
from kling_contract.strategies.texts import Text, ready
from kling_contract.strategies.values import Space, Ways, possible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.strategies.domains import Domain
    from kling_contract.strategies.logic import Path
    from kling_contract.strategies.values import Way

_MOST_DECIMALS = 13
# Whether what is below, at and above the limit of a keyword keeps it.
_UPPER, _LOWER = (True, True, False), (False, True, True)
_ALLOWED = {
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "image.aspect"), _UPPER),
    **dict.fromkeys(("minimum", "minLength", "minItems", "image.sides"), _LOWER),
    "exclusiveMaximum": (True, False, False),
    "exclusiveMinimum": (False, False, True),
}


@dataclass(frozen=True, slots=True)
class Boundary:
    """Three values that differ in one place: one step, character, item or pixel below a limit, at it, and above it.

    The step of a number is 1 for an integer, its `multipleOf` where it has one, and else 0.0001, or one of the last
    decimal of its own limit where that has more than four. For a rule, `below` is where its left side is the smaller
    one. `at` is None where no number of that step meets the limit, and for a rule that is no comparison: then the other
    two are beside each other. `below` or `above` is None where the rest of the contract lets nothing stand there, as in
    `a < 2` of a field whose maximum is 2: what is at the limit of `<` and `>` is refused. The `allowed` ones keep the
    contract; the `refused` ones break the rule, and no other. There is one of each at least.
    """

    below: Any
    at: Any
    above: Any
    allowed: tuple[Any, ...]
    refused: tuple[Any, ...]


class Edges(Ways):
    """The limits of a schema, by the rule that is reported beyond them."""

    def __init__(self, space: Space) -> None:
        self._space = space
        super().__init__((*self._of_rules(), *self._of_fields()))

    def values(self, rule: str, at: int | None = None) -> SearchStrategy[Boundary]:
        """Return the boundaries of one of `rules`; by one of its plans, if `at` says which."""
        return _boundaries(self, rule, at, ready())

    def _of_rules(self) -> Iterator[tuple[str, Way]]:
        for path, rules in self._space.demands.rules.items():
            pairs = [(rule, pair) for rule in rules for pair in range(max(len(rule.formula.orders), 1))]
            for rule, pair in pairs:
                judges = {path: partial(Edge, rule, pair, rules)}
                yield rule.id, partial(possible, self._space, [*self._space.statements, has(path)], judges=judges)

    def _of_fields(self) -> Iterator[tuple[str, Way]]:
        for path, schemas in self._space.demands.shapes.items():
            for domain in self._space.domains[path]:
                for rule, threes in (*_measured(domain, schemas), *_within(domain), *_pictured(domain)):
                    judges = self._beside(path, threes) if isinstance(domain, Number) else {}
                    changes = {"instead": {path: [threes]}, "judges": judges}
                    yield rule, partial(possible, self._space, self._space.statements, **changes)

    def _beside(self, path: Path, threes: Any) -> dict[Path, Any]:
        """Judge the other numbers of an object beside each one that is allowed at the limit of a field."""
        rules = self._space.demands.rules.get(path[:-1])
        if not path or not rules:
            return {}
        told = zip(threes.samples, threes.allowed, threes.present, strict=True)
        kept = [sample for sample, answer, here in told if answer and here]
        return {path[:-1]: partial(keeping, rules, fixed=[{path[-1]: sample} for sample in kept])}


def _within(domain: Domain) -> Iterator[tuple[str, Domain]]:
    if isinstance(domain, Items) and isinstance(domain.space, Space) and domain.most != 0:
        inner = Edges(domain.space)
        for rule in inner.rules:
            yield rule, replace(domain, least=max(domain.least, 1), within=partial(inner.drawn, rule))


def _pictured(domain: Domain) -> Iterator[tuple[str, Domain]]:
    if isinstance(domain, Picture):
        for rule, files in edges(domain.rule).items():
            yield rule, Threes(("x", "x", "x"), _ALLOWED[rule], partial(_drawn, files))


def _drawn(values: SearchStrategy[Any], draw: DrawFn) -> Any:
    return draw(values)


def _measured(domain: Domain, schemas: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Domain]]:
    """Yield the limits of a field whose neighbours keep, or break, nothing else."""
    for keyword, argument in limits(schemas):
        if keyword not in _ALLOWED:
            continue
        rest = [{key: value for key, value in each.items() if key not in (keyword, "items")} for each in schemas]
        others = [jsonschema_rs.validator_for(each) for each in rest]
        threes = (_without_others(each, others) for each in _threes_of(domain, keyword, argument, _ALLOWED[keyword]))
        found = next((each for each in threes if each.has_two_sides), None)
        if found is not None:
            yield f"schema.{keyword}", found


def _without_others(threes: Threes, others: Sequence[jsonschema_rs.Validator]) -> Threes:
    """Return threes without the samples that another keyword refuses."""
    below, at, above = (
        here and all(each.is_valid(sample) for each in others)
        for sample, here in zip(threes.samples, threes.present, strict=True)
    )
    return replace(threes, present=(below, at, above))


def _threes_of(domain: Domain, keyword: str, limit: Any, allowed: tuple[bool, bool, bool]) -> Iterator[Threes]:
    """Yield values at a limit and beside it, the best first."""
    match domain:
        case Number() if keyword.endswith("imum"):
            yield from _numbers_at(domain, Fraction(str(limit)), allowed)
        case Text(pattern=None) if keyword.endswith("Length") and limit > 0:
            longest = Text(limit + 1, limit + 1)
            yield Threes(_cut("0" * (limit + 1)), allowed, lambda draw: _cut(longest.drawn(draw)))
        case Items(space=space) if keyword.endswith("Items") and limit > 0:
            lists = space.lists(limit + 1, limit + 1)
            yield Threes(_cut([None] * (limit + 1)), allowed, lambda draw: _cut(draw(lists)))


def _numbers_at(domain: Number, limit: Fraction, allowed: tuple[bool, bool, bool]) -> Iterator[Threes]:
    """Yield the number at a limit with its neighbours; where none is there, the two that it lies between."""
    finer = min(domain.step, *(Fraction(1, 10**places) for places in _decimals(limit)))
    for step in dict.fromkeys((domain.step, finer)):
        if (place := limit / step).denominator == 1:
            numbers = tuple(replace(domain, step=step).at(int(place) + more) for more in (-1, 0, 1))
            yield Threes(numbers, allowed, partial(_fixed, numbers))
    below = math.floor(limit / domain.step)
    if below * domain.step != limit:
        near = (domain.at(below), domain.at(below), domain.at(below + 1))
        yield Threes(near, allowed, partial(_fixed, near), (True, False, True))


def _decimals(limit: Fraction) -> list[int]:
    """Return how many decimals a limit has, unless a float does not tell as many apart."""
    return [places for places in range(_MOST_DECIMALS) if (limit * 10**places).denominator == 1][:1] or [0]


def _fixed(values: tuple[Any, ...], draw: DrawFn) -> tuple[Any, ...]:
    return values


def _cut(longest: Any) -> tuple[Any, Any, Any]:
    """Return a text or list without its last two parts, without the last one, and whole."""
    return longest[:-2], longest[:-1], longest


@st.composite
def _boundaries(draw: DrawFn, edges: Edges, rule: str, at: int | None, texts: SearchStrategy[str]) -> Boundary:
    value = edges.drawn(rule, draw, at)
    three = three_in(value)
    if three is None:
        raise AssertionError(f"nothing in the value is at a limit of {rule}")
    values = [resolved(value, which) for which in range(3)]
    told = [(each, answer) for each, answer, here in zip(values, three.allowed, three.present, strict=True) if here]
    allowed, refused = (tuple(each for each, answer in told if answer is wanted) for wanted in (True, False))
    below, at, above = (each if here else None for each, here in zip(values, three.present, strict=True))
    return Boundary(below, at, above, allowed, refused)
