"""Values on both sides of a limit, and exactly at it."""

from __future__ import annotations

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
    """Three values that differ in one place: one decimal, character, item or pixel below a limit, at it, and above it.

    For a rule, `below` is where its left side is the smaller one. `at` is None where no number of the decimals that
    are drawn meets the limit. The `allowed` ones keep the contract; the `refused` ones break the rule, and no other.
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
            for rule in rules:
                judges = {path: partial(Edge, rule, rules)}
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
        kept = [sample for sample, answer in zip(threes.samples, threes.allowed, strict=True) if answer]
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
        found = _threes_of(domain, keyword, argument, _ALLOWED[keyword])
        if found is not None and all(each.is_valid(sample) for each in others for sample in found.samples):
            yield f"schema.{keyword}", found


def _threes_of(domain: Domain, keyword: str, limit: Any, allowed: tuple[bool, bool, bool]) -> Threes | None:
    match domain:
        case Number(step=step) if keyword.endswith("imum"):
            place = Fraction(str(limit)) / step
            numbers = tuple(domain.at(int(place) + more) for more in (-1, 0, 1))
            return Threes(numbers, allowed, lambda draw: numbers) if place.denominator == 1 else None
        case Text(pattern=None) if keyword.endswith("Length") and limit > 0:
            longest = Text(limit + 1, limit + 1)
            return Threes(_cut("0" * (limit + 1)), allowed, lambda draw: _cut(longest.drawn(draw)))
        case Items(space=space) if keyword.endswith("Items") and limit > 0:
            lists = space.lists(limit + 1, limit + 1)
            return Threes(_cut([None] * (limit + 1)), allowed, lambda draw: _cut(draw(lists)))
    return None


def _cut(longest: Any) -> tuple[Any, Any, Any]:
    """Return a text or list without its last two parts, without the last one, and whole."""
    return longest[:-2], longest[:-1], longest


@st.composite
def _boundaries(draw: DrawFn, edges: Edges, rule: str, at: int | None, texts: SearchStrategy[str]) -> Boundary:
    value = edges.drawn(rule, draw, at)
    three = three_in(value)
    if three is None:
        raise AssertionError(f"nothing in the value is at a limit of {rule}")
    below, at, above = (resolved(value, which) for which in range(3))
    told = [pair for pair in zip((below, at, above), three.allowed, strict=True) if three.exact or pair[0] is not at]
    allowed, refused = (tuple(each for each, answer in told if answer is wanted) for wanted in (True, False))
    return Boundary(below, at if three.exact else None, above, allowed, refused)
