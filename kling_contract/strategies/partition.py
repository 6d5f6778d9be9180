"""What one keyword of JSON Schema lets through of a domain, and what it holds back."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.images import ImageRule
from kling_contract.strategies.branches import DEFAULT, HINTS
from kling_contract.strategies.demands import TESTS, Unsupported
from kling_contract.strategies.domains import Imprecise, Items, Record, Threes, Values
from kling_contract.strategies.numbers import PLACES, UNBOUNDED, Number
from kling_contract.strategies.pictures import Picture
from kling_contract.strategies.texts import Text, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kling_contract.strategies.domains import Domain, Listable
    from kling_contract.strategies.logic import Fact, Path

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_FIRST = ("enum", "const", "multipleOf")


def accepts(keyword: str, argument: Any, value: Any) -> bool:
    """Whether a value satisfies one keyword."""
    return _validator(json.dumps({keyword: argument})).is_valid(value)


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(schema))


def whole(schemas: Sequence[Mapping[str, Any]], path: Path, space: Callable[[Any], Listable]) -> list[Domain]:
    """Return what all of some schemas together let stand at a path, a domain for each type."""
    found = [_of_type(kind, schemas, space) for kind in _types(schemas)]
    for keyword, argument in limits(schemas):
        found = [inside for each in found if (inside := split(each, keyword, argument, path)[0]) is not None]
    return found


def limits(schemas: Iterable[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Return the keywords that judge a value by itself, those first that leave the fewest values."""
    pairs = [(key, schema[key]) for schema in schemas for key in schema if key in TESTS]
    return sorted(pairs, key=lambda pair: _FIRST.index(pair[0]) if pair[0] in _FIRST else len(_FIRST))


def _types(schemas: Sequence[Mapping[str, Any]]) -> list[str]:
    told = next((schema["type"] for schema in schemas if "type" in schema), None)
    if told is None:
        hinted = [kind for key, kind in HINTS.items() if any(key in schema for schema in schemas)]
        return hinted[:1] or list(DEFAULT)
    kinds = [told] if isinstance(told, str) else list(told)
    return [kind for kind in kinds if not ("integer" in kinds and kind == "number")]


def _of_type(kind: str, schemas: Sequence[Mapping[str, Any]], space: Callable[[Any], Listable]) -> Domain:
    match kind:
        case "string":
            rule = next((schema["x-image"] for schema in schemas if "x-image" in schema), None)
            return Text() if rule is None else Picture(ImageRule.from_document(rule))
        case "integer":
            return Number(-UNBOUNDED, UNBOUNDED, Fraction(1))
        case "number":
            return Number(-UNBOUNDED, UNBOUNDED, Fraction(1, 10**PLACES))
        case "array":
            return Items(0, None, space(next((schema["items"] for schema in schemas if "items" in schema), {})))
        case "object":
            return Record()
    return Values((False, True) if kind == "boolean" else (None,))


_Parts = tuple["Domain | None", "Domain | None"]


def parts(domain: Domain, fact: Fact) -> list[tuple[Domain, bool]]:
    """Return the parts of a domain whose values answer a question with yes or with no."""
    if fact[0] == "has":
        return [(domain, True)]
    _, path, keyword, argument = fact
    inside, outside = split(domain, keyword, json.loads(argument), path)
    return [(part, answer) for part, answer in ((inside, True), (outside, False)) if part is not None]


def split(domain: Domain, keyword: str, argument: Any, path: Path) -> _Parts:
    """Return the part of a domain that satisfies a keyword, and the part that does not; None for an empty one.

    Raises `Unsupported` where the parts are no domains.
    """
    match domain:
        case Imprecise():
            return (domain, None) if accepts(keyword, argument, None) else (None, domain)
        case Values(values):
            good = tuple(value for value in values if accepts(keyword, argument, value))
            bad = tuple(value for value in values if not accepts(keyword, argument, value))
            return Values(good) if good else None, Values(bad) if bad else None
    if isinstance(domain, Threes):
        answers = {accepts(keyword, argument, sample) for sample in domain.samples}
        if len(answers) > 1:
            raise Unsupported(keyword, path)
        return (domain, None) if answers == {True} else (None, domain)
    if keyword == "type":
        return (domain, None) if _is_of(domain, argument) else (None, domain)
    if keyword in ("enum", "const"):
        return _chosen(domain, argument if keyword == "enum" else [argument])
    parts = _measured(domain, keyword, argument)
    if parts is None:
        raise Unsupported(keyword, path)
    return parts


def _is_of(domain: Domain, argument: str | Sequence[str]) -> bool:
    samples: dict[type, Any] = {Text: "", Picture: "", Items: [], Record: {}}
    sample = (0 if domain.step.denominator == 1 else 0.5) if isinstance(domain, Number) else samples[type(domain)]
    return accepts("type", argument, sample)


def _chosen(domain: Domain, values: Sequence[Any]) -> _Parts:
    found = [value for value in values if _contains(domain, value)]
    inside = Values(tuple(found)) if found else None
    if isinstance(domain, Number):
        places = {Fraction(str(value)) / domain.step for value in found}
        return inside, replace(domain, avoid=domain.avoid | {int(each) for each in places if each.denominator == 1})
    return inside, replace(domain, avoid=domain.avoid | set(found)) if isinstance(domain, Text) else domain


def _contains(domain: Domain, value: Any) -> bool:
    match domain:
        case Number(least, most, step, avoid):
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            place = Fraction(str(value)) / step
            return least <= place <= most and place not in avoid and (step < 1 or place.denominator == 1)
        case Text(least, most, pattern, avoid):
            fits = isinstance(value, str) and least <= len(value) and (most is None or len(value) <= most)
            return fits and value not in avoid and (pattern is None or accepts("pattern", pattern, value))
    return isinstance(domain, Picture) and isinstance(value, str)


def _measured(domain: Domain, keyword: str, argument: Any) -> _Parts | None:
    """Split by a keyword that measures; one for another type of value lets the whole domain through."""
    match domain, keyword:
        case Number(), "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _ranged(domain, keyword, Fraction(str(argument)) / domain.step)
        case Number(), "multipleOf":
            return _multiples(domain, Fraction(str(argument)))
        case Text(pattern=None), "pattern":
            return _matching(domain, argument), None
        case Text(), "pattern":
            return (domain, None) if domain.pattern == argument else None
        case Text() | Items(), "minLength" | "maxLength" | "minItems" | "maxItems":
            if keyword.endswith("Items") is isinstance(domain, Items):
                return _cut(domain, keyword, argument)
        case Picture(), "minLength":
            return (domain, None) if argument <= 1 else None
    return None if isinstance(domain, Picture) else (domain, None)


def _ranged(domain: Number, keyword: str, limit: Fraction) -> _Parts:
    first = math.floor(limit) + 1 if keyword in ("exclusiveMinimum", "maximum") else math.ceil(limit)
    below, above = _number(domain, domain.least, first - 1), _number(domain, first, domain.most)
    return (above, below) if keyword in ("minimum", "exclusiveMinimum") else (below, above)


def _number(domain: Number, least: int, most: int) -> Domain | None:
    low, high = max(domain.least, least), min(domain.most, most)
    avoid = frozenset(place for place in domain.avoid if low <= place <= high)
    if high - low + 1 <= len(avoid):
        return None
    return replace(domain, least=low, most=high, avoid=avoid)


def _multiples(domain: Number, factor: Fraction) -> _Parts:
    """Take the multiples of both steps; of what is no multiple, a few examples."""
    both = math.lcm(domain.step.numerator, factor.numerator), math.gcd(domain.step.denominator, factor.denominator)
    step = Fraction(*both) if domain.step.denominator == 1 else factor
    scale = domain.step / step
    inside = Number(math.ceil(domain.least * scale), math.floor(domain.most * scale), step)
    near = (domain.at(place) for place in range(domain.least, min(domain.most, domain.least + 100) + 1))
    other = tuple(value for value in near if not accepts("multipleOf", float(factor), value))
    return inside, Values(other) if other else None


def _matching(domain: Text, pattern: str) -> Domain | None:
    texts = listed(pattern)
    if texts is None:
        return replace(domain, pattern=pattern)
    good = tuple(text for text in texts if _contains(domain, text))
    return Values(good) if good else None


def _cut(domain: Text | Items, keyword: str, limit: int) -> _Parts:
    """Return the lengths that a limit lets through, and the others."""
    first = limit if keyword.startswith("min") else limit + 1
    ends = [each for each in (first - 1, domain.most) if each is not None]
    low = replace(domain, most=min(ends)) if domain.least <= min(ends) else None
    high = replace(domain, least=max(first, domain.least)) if domain.most is None or first <= domain.most else None
    return (high, low) if keyword.startswith("min") else (low, high)
