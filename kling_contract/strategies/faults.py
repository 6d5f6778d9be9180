"""All ways to break exactly one promise of a schema."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from hypothesis import strategies as st

from kling_contract.strategies.demands import Unsupported
from kling_contract.strategies.domains import Imprecise, Items, Record, Values
from kling_contract.strategies.judges import breaking
from kling_contract.strategies.logic import has, negated
from kling_contract.strategies.numbers import Number
from kling_contract.strategies.partition import limits, split, whole
from kling_contract.strategies.pictures import Picture, broken_texts
from kling_contract.strategies.texts import ready
from kling_contract.strategies.values import Space, Ways, possible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kling_contract.strategies.domains import Domain
    from kling_contract.strategies.logic import Path
    from kling_contract.strategies.values import Way

# A value of another type, by the type.
_WRONG = {"string": 0, "integer": 0.5, "number": "0", "boolean": "true", "array": "x", "object": "x", "null": 0}
_OTHERS: tuple[Any, ...] = ({}, [], True, None)
_TOO_LONG = (10**40, -(10**40), 10**60)
_NEAR = ("", "0", "x", "-1", "10", "99", "x y", "\n", "0" * 50)
_EXTRA = "no_such_field"


class Faults(Ways):
    """The values that break one promise of a schema, by the rule that is reported for it."""

    def __init__(self, space: Space, *, mistyped: bool = True) -> None:
        """`mistyped` says whether a value of another type is one of them."""
        self._space = space
        super().__init__((*self._by_conditions(), *self._by_rules(), *self._by_fields(mistyped)))

    def values(self, rule: str, at: int | None = None) -> SearchStrategy[Any]:
        """Return the values that break one of `rules`, once, and no other; by one of its plans, if `at` says which."""
        return _broken(self, rule, at, ready())

    def _by_conditions(self) -> Iterator[tuple[str, Way]]:
        """Turn one statement round, and keep the others."""
        for at, condition in enumerate(self._space.demands.conditions):
            others = [each for place, each in enumerate(self._space.statements) if place != at]
            yield condition.rule, partial(possible, self._space, [negated(condition.statement), *others])

    def _by_rules(self) -> Iterator[tuple[str, Way]]:
        for path, rules in self._space.demands.rules.items():
            for rule in rules:
                judges = {path: partial(breaking, rule, rules)}
                yield rule.id, partial(possible, self._space, [*self._space.statements, has(path)], judges=judges)

    def _by_fields(self, mistyped: bool) -> Iterator[tuple[str, Way]]:
        for path, schemas in self._space.demands.shapes.items():
            for rule, domains in (*_outside(path, schemas), *self._special(path, schemas)):
                if path or mistyped or rule != "schema.type":
                    yield rule, partial(possible, self._space, self._space.statements, instead={path: domains})

    def _special(self, path: Path, schemas: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Domain]]]:
        for domain in self._space.domains[path]:
            match domain:
                case Picture(allowed):
                    for rule in broken_texts(allowed):
                        yield rule, [Picture(allowed, rule)]
                case Number():
                    yield "number.precision", [Imprecise(_TOO_LONG)]
                case Items(least, most, Space() as space) if most is None or most > 0:
                    inner = Faults(space)
                    for rule in inner.rules:
                        yield rule, [Items(max(least, 1), most, space, partial(inner.drawn, rule))]
                case Record() if any(schema.get("additionalProperties") is False for schema in schemas):
                    yield "schema.additionalProperties", [Record(_EXTRA)]


@st.composite
def _broken(draw: DrawFn, faults: Faults, rule: str, at: int | None, texts: SearchStrategy[str]) -> Any:
    return faults.drawn(rule, draw, at)


def _outside(path: Path, schemas: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Domain]]]:
    """Yield what breaks a keyword and none of the others."""
    for keyword, argument in limits(schemas):
        rest = [{key: value for key, value in schema.items() if key != keyword} for schema in schemas]
        if keyword == "type":
            found = _mistyped(argument)
        elif keyword in ("enum", "const", "pattern"):
            found = _missed(rest, keyword, argument)
        else:
            found = _beyond(path, rest, keyword, argument)
        if found:
            yield f"schema.{keyword}", found


def _mistyped(argument: str | Sequence[str]) -> list[Domain]:
    kinds = [argument] if isinstance(argument, str) else argument
    accepted = jsonschema_rs.validator_for({"type": argument})
    wrong = [value for value in (*map(_WRONG.get, kinds), *_OTHERS) if not accepted.is_valid(value)]
    return [Values(tuple(wrong))] if wrong else []


def _beyond(path: Path, rest: Sequence[Mapping[str, Any]], keyword: str, argument: Any) -> list[Domain]:
    try:
        found = [split(domain, keyword, argument, path)[1] for domain in whole(rest, path, Space)]
    except Unsupported:
        return []
    return [part for part in found if part is not None]


def _missed(rest: Sequence[Mapping[str, Any]], keyword: str, argument: Any) -> list[Domain]:
    """Return near misses of the values that a keyword names, and a few texts that may miss a pattern."""
    named = argument if keyword == "enum" else [argument]
    texts = [value for value in named if isinstance(value, str)]
    numbers = [value for value in named if type(value) in (int, float)]
    tried = [*(f"{text}x" for text in texts), *(text.swapcase() for text in texts), *_NEAR]
    tried += [max(numbers) + more for more in (1, 0.5) if numbers]
    others = [jsonschema_rs.validator_for(dict(schema)) for schema in rest]
    right = jsonschema_rs.validator_for({keyword: argument})
    wrong = [value for value in tried if not right.is_valid(value) and all(each.is_valid(value) for each in others)]
    return [Values(tuple(dict.fromkeys(wrong)))] if wrong else []
