"""What single keywords of two schemas allow, and whether all that one allows is allowed by the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.images import ImageRule
from kling_contract.wording import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.verify.diff.difference import Kind

Schema = Mapping[str, Any]

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_FEW = 1000
_ONE_SIGN = re.compile(r"\^\[[^\]\\^]+\]\$")
_ASCII = [chr(code) for code in range(128)]
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def types(schema: Schema) -> frozenset[str]:
    """Return the types that a schema allows; every number type for a number."""
    says = schema.get("type")
    names = {says} if isinstance(says, str) else set(says or ())
    names = names or {type_of(value) for value in listed(schema) or ()} or set(TYPES)
    return frozenset(names | ({"integer"} if "number" in names else set()))


def listed(schema: Schema) -> list[Any] | None:
    """Return the values that `enum` or `const` lists; None where neither does."""
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return None if found is None else list(found)


def values(schema: Schema) -> list[Any] | None:
    """Return all values that a schema accepts, where they are few: listed, booleans, a short range, one sign."""
    found = _candidates(schema)
    return None if found is None else [value for value in found if accepts(schema, value)]


def _candidates(schema: Schema) -> list[Any] | None:
    if (found := listed(schema)) is not None:
        return found
    kind = schema.get("type")
    if kind == "boolean":
        return [False, True]
    if kind == "integer":
        low, high = _limits(schema, "minimum", "exclusiveMinimum"), _limits(schema, "maximum", "exclusiveMaximum")
        if low is not None and high is not None and high - low <= _FEW:
            return list(range(int(low), int(high) + 1))
    if kind == "string" and _ONE_SIGN.fullmatch(pattern := str(schema.get("pattern"))) and pattern.isascii():
        return _ASCII
    return None


def _limits(schema: Schema, *keywords: str) -> Any:
    found = [schema[each] for each in keywords if each in schema]
    return found[0] if found else None


def accepts(schema: Schema, value: Any) -> bool:
    """Whether a schema accepts a value, without what images and rules add."""
    return jsonschema_rs.is_valid(dict(schema), value)


def trades(one: Schema, other: Schema) -> bool:
    """Whether one side writes as a text what the other writes as a whole number."""
    kinds = {str(one.get("type")), str(other.get("type"))}
    return kinds == {"integer", "string"} and "x-image" not in one and "x-image" not in other


def traded(schema: Schema, value: Any) -> Any:
    """Return a whole number as a text, or such a text as a number, where the schema wants that; else the value."""
    kind = schema.get("type")
    if kind == "string" and isinstance(value, int) and not isinstance(value, bool) and "x-image" not in schema:
        return str(value)
    if kind == "integer" and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value


def numbers_lost(one: Schema, other: Schema) -> list[int]:
    """Return whole numbers that `one` accepts and `other` does not, of two sides that trade; smallest first."""
    near = {number + step for schema in (one, other) for number in _numbers(schema) for step in (-1, 0, 1)}
    tried = sorted(near | set(range(-1, 21)), key=abs)
    return [each for each in tried if _takes(one, each) and not _takes(other, each)]


def _takes(schema: Schema, number: int) -> bool:
    return accepts(schema, traded(schema, number))


def _numbers(schema: Schema) -> Iterator[int]:
    for each in [*(values(schema) or ()), *(schema.get(key) for key in ("minimum", "maximum"))]:
        if isinstance(each, int) or (isinstance(each, str) and _WHOLE.fullmatch(each)):
            yield int(each)


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that schemas say of a value: the keywords that say it, and how to compare them.

    `of` returns what a schema says, equal for two that say the same, and None for nothing. `within` is whether all
    that the first says is allowed by the second; both are given whole schemas.
    """

    kind: Kind
    keywords: tuple[str, ...]
    of: Callable[[Schema], Any]
    within: Callable[[Schema, Schema], bool]

    def holds(self, one: Schema, other: Schema) -> bool:
        """Whether every value of `one` keeps what `other` says; where values are few, by trying them."""
        few = values(one)
        if few is None:
            return self.within(one, other)
        part = {key: other[key] for key in self.keywords if key in other and not key.startswith("x-")}
        return all(accepts(part, value) for value in few) and (self.kind != "image" or self.within(one, other))


def _types_of(schema: Schema) -> Any:
    found = types(schema)
    return None if found == set(TYPES) else sorted(found - ({"integer"} if "number" in found else set()))


def _types_within(one: Schema, other: Schema) -> bool:
    return "type" not in other or types(one) <= types(other)


def _listed(schema: Schema) -> Any:
    found = listed(schema)
    return None if found is None else sorted(found, key=str)


def _enum_within(one: Schema, other: Schema) -> bool:
    return listed(other) is None


def _pair(low: str, high: str) -> Callable[[Schema], Any]:
    def of(schema: Schema) -> Any:
        found = (schema.get(low) or None, schema.get(high))
        return None if found == (None, None) else list(found)

    return of


def _pair_within(low: str, high: str) -> Callable[[Schema, Schema], bool]:
    def within(one: Schema, other: Schema) -> bool:
        least = one.get(low, 0) >= other.get(low, 0)
        return least and (high not in other or one.get(high, float("inf")) <= other[high])

    return within


def _range(schema: Schema) -> Any:
    """Return [least, greatest], where one that may not be reached is [number]; None for no limits."""
    low, high = _bound(schema, "minimum", "exclusiveMinimum", 1), _bound(schema, "maximum", "exclusiveMaximum", -1)
    return None if low is None and high is None else [low, high]


def _bound(schema: Schema, closed: str, opened: str, step: int) -> Any:
    whole = schema.get("type") == "integer"
    limits = [(schema[closed], False)] if closed in schema else []
    if opened in schema:
        limits.append((schema[opened] + step, False) if whole else (schema[opened], True))
    if not limits:
        return None
    value, is_open = max(limits, key=lambda limit: (limit[0] * step, limit[1]))
    return [value] if is_open else value


def _range_within(one: Schema, other: Schema) -> bool:
    (low, high), (least, most) = _range(one) or (None, None), _range(other) or (None, None)
    return _inside(low, least, 1) and _inside(high, most, -1)


def _inside(limit: Any, outer: Any, step: int) -> bool:
    if outer is None or limit is None:
        return outer is None
    (value, is_open), (wide, wide_open) = _split(limit), _split(outer)
    return (value - wide) * step > 0 or (value == wide and (is_open or not wide_open))


def _split(limit: Any) -> tuple[Any, bool]:
    return (limit[0], True) if isinstance(limit, list) else (limit, False)


def _same(keyword: str) -> Callable[[Schema, Schema], bool]:
    return lambda one, other: keyword not in other or one.get(keyword) == other[keyword]


def _image_within(one: Schema, other: Schema) -> bool:
    """Whether every image of `one` is one of `other`; a text that is no image at all is none of an image field."""
    if "x-image" not in other or "x-image" not in one:
        return "x-image" not in other
    has, wants = ImageRule.from_document(one["x-image"]), ImageRule.from_document(other["x-image"])
    sides = wants.side is None or (has.side is not None and has.side >= wants.side)
    upper = ((has.bytes, wants.bytes), (has.aspect, wants.aspect), (has.pixels, wants.pixels))
    below = all(limit is None or (mine is not None and mine <= limit) for mine, limit in upper)
    return sides and below and set(has.formats) <= set(wants.formats) and set(has.accepts) <= set(wants.accepts)


def _image(schema: Schema) -> Any:
    if "x-image" not in schema:
        return None
    says = {key: value for key, value in schema["x-image"].items() if key != "x-facts"}
    return {key: sorted(value) if isinstance(value, list) else value for key, value in sorted(says.items())}


_REST = (
    "multipleOf", "uniqueItems", "minProperties", "maxProperties", "additionalProperties", "patternProperties",
    "propertyNames", "unevaluatedProperties", "unevaluatedItems", "prefixItems", "contains", "minContains",
    "maxContains",
)  # fmt: skip


def _rest(schema: Schema) -> Any:
    """Return the other keywords, without those that say nothing: `uniqueItems: false`, and `true` for a schema."""
    return {key: schema[key] for key in _REST if key in schema and schema[key] is not (key != "uniqueItems")} or None


def _rest_within(one: Schema, other: Schema) -> bool:
    has, wants = _rest(one) or {}, _rest(other) or {}
    return all(has.get(key) == value for key, value in wants.items())


def _lengths(low: str, high: str) -> Trait:
    return Trait("length", (low, high), _pair(low, high), _pair_within(low, high))


TYPE = Trait("type", ("type",), _types_of, _types_within)
TRAITS = (
    TYPE,
    Trait("enum", ("enum", "const"), _listed, _enum_within),
    Trait("range", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _range, _range_within),
    _lengths("minLength", "maxLength"),
    _lengths("minItems", "maxItems"),
    Trait("pattern", ("pattern",), lambda schema: schema.get("pattern"), _same("pattern")),
    Trait("image", ("x-image",), _image, _image_within),
    Trait("keyword", _REST, _rest, _rest_within),
)
