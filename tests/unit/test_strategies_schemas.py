"""Whatever a document may say in JSON Schema and in rules, the strategies keep it, and break it in one place."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_contract.checker import Checker
from kling_contract.reading import unreadable
from kling_contract.rules import Rule
from kling_contract.strategies.demands import Unsupported
from kling_contract.strategies.edges import Edges
from kling_contract.strategies.faults import Faults
from kling_contract.strategies.judges import gap_of
from kling_contract.strategies.numbers import Number
from kling_contract.strategies.regions import Axis
from kling_contract.strategies.values import Space

patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=10)

WHOLE = {"type": "integer", "minimum": 0, "maximum": 12}
RATIO = {"type": "number", "minimum": 0, "maximum": 2}
SIDE = {"type": "integer", "minimum": 64, "maximum": 4096, "multipleOf": 2}
TEXT = {"type": "string", "maxLength": 8}
NAMED = {"rule": "a.condition", "message": "{c} is not so"}


def ruled(*expressions: str, **fields: Any) -> dict[str, Any]:
    rules = [{"id": f"a.rule{at}", "expression": each, "message": "no"} for at, each in enumerate(expressions)]
    return {"type": "object", "properties": fields, "x-rules": rules}


def required(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "required": list(schema["properties"])}


def conditioned(**keywords: Any) -> dict[str, Any]:
    fields = {"a": TEXT, "b": TEXT, "c": {"type": "string", "enum": ["x", "y", "z"]}, "d": WHOLE}
    return {"type": "object", "properties": fields, **keywords}


def listed(items: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"l": {"type": "array", "items": items, **keywords}}}


def field(**keywords: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["a"], "properties": {"a": keywords}}


SCHEMAS: dict[str, dict[str, Any]] = {
    "at most": required(ruled("a + b <= 3", a=RATIO, b=RATIO)),
    "at least": required(ruled("a + b >= 3", a=RATIO, b=RATIO)),
    "less": required(ruled("a * b < 1", a=RATIO, b=RATIO)),
    "more than the other": required(ruled("a > b", a=RATIO, b=RATIO)),
    "less than it can ever be": required(ruled("a + b < 4", a=RATIO, b=RATIO)),
    "more than the least": required(ruled("a > 0", a=RATIO)),
    "a chain": required(ruled("a < b < c", a=RATIO, b=RATIO, c=RATIO)),
    "a chain with both kinds": required(ruled("1 <= a + b < 2", a=RATIO, b=RATIO)),
    "less, beside another, and never equal": required(ruled("a + b < 5.5", "a < b", a=WHOLE, b=WHOLE)),
    "less than a square": required(ruled("a * a < 9", a=WHOLE)),
    "an exclusive limit between two steps": {"type": "object", "properties": {"a": {**WHOLE, "exclusiveMaximum": 7.5}}},
    "an exclusive limit at another": {"type": "object", "properties": {"a": {**RATIO, "exclusiveMinimum": 0}}},
    "equal": required(ruled("a + b == 1.5", a=RATIO, b=RATIO)),
    "equal whole numbers": required(ruled("a * b == 12", a=WHOLE, b=WHOLE)),
    "equal at the end of all": required(
        ruled("c - a - b == 4", a=SIDE, b=SIDE, c={**SIDE, "minimum": 132, "maximum": 132})
    ),
    "equal beside another": required(ruled("a * b == 10", "a + b <= 7", a={**WHOLE, "minimum": 2}, b=WHOLE)),
    "unequal beside another": required(ruled("a * b != 22", "a <= b", a=WHOLE, b={**WHOLE, "minimum": 3})),
    "unequal": required(ruled("a != b", a=WHOLE, b=WHOLE)),
    "a quotient": required(ruled("a / b <= 3", a=RATIO, b=RATIO)),
    "a quotient with its exception": required(ruled("b == 0 or a / b <= 3", a=WHOLE, b=WHOLE)),
    "a difference": required(ruled("a - b <= 0.25", a=RATIO, b=RATIO)),
    "both sides of a range": required(ruled("1 <= a + b <= 2", a=RATIO, b=RATIO)),
    "a hole": required(ruled("not (a > 0.5 and a < 1.5)", a=RATIO)),
    "two rules": required(ruled("a + b >= 1", "a + b <= 2", a=RATIO, b=RATIO)),
    "two rules that pull": required(ruled("a * b <= 0.5", "a + b >= 1.5", a=RATIO, b=RATIO)),
    "a slice that no corner touches": required(
        ruled("a * b <= 2000000", "a * b * c <= 55000000", a=SIDE, b=SIDE, c={**SIDE, "minimum": 26, "maximum": 500})
    ),
    "defaults": ruled("a + b <= 3", a={**WHOLE, "default": 2}, b={**WHOLE, "default": 1}),
    "a default that does not do": ruled("a + b >= 5", a={**WHOLE, "default": 0}, b=WHOLE),
    "no defaults": ruled("a + b <= 3", a=RATIO, b=RATIO),
    "numbers by name": ruled("a * b <= 6", a={"enum": [1, 2, 3, 4]}, b={"type": "integer", "minimum": 1, "maximum": 9}),
    "numbers far apart by name": required(ruled("a + b <= 500.5", a=RATIO, b={"enum": [1, 900, 950, 1000]})),
    "steps": required(ruled("a + b <= 3", a={**RATIO, "multipleOf": 0.25}, b={**RATIO, "exclusiveMinimum": 0.5})),
    "a rule of an object within": {"type": "object", "properties": {"o": required(ruled("a <= b", a=RATIO, b=RATIO))}},
    "a rule of an item": listed(required(ruled("a <= b", a=RATIO, b=RATIO)), maxItems=3),
    "limits beside a rule": ruled("a + b <= 2", a={"type": "number", "exclusiveMaximum": 1, "minimum": 0.5}, b=RATIO),
    "exclusive": conditioned(**{"not": {"required": ["a", "b"]}, "x-violation": NAMED}),
    "unnamed": conditioned(**{"not": {"required": ["a", "b"]}}),
    "one of two": conditioned(oneOf=[{"required": ["a"]}, {"required": ["b"]}]),
    "any of two": conditioned(anyOf=[{"required": ["a"]}, {"required": ["b"]}], **{"x-violation": NAMED}),
    "needs": conditioned(dependentRequired={"a": ["b", "d"]}),
    "needs more": conditioned(dependentSchemas={"a": {"properties": {"d": {"minimum": 5}}, "required": ["d"]}}),
    "if then else": conditioned(
        **{
            "if": {"properties": {"c": {"const": "x"}}, "required": ["c"]},
            "then": {"required": ["a"], "properties": {"d": {"maximum": 3}}},
            "else": {"required": ["b"]},
        }
    ),
    "deep": conditioned(
        allOf=[
            {"if": {"properties": {"d": {"minimum": 6}}, "required": ["d"]}, "then": {"required": ["a", "c"]}},
            {"not": {"properties": {"c": {"enum": ["x", "y"]}, "a": {"minLength": 3}}, "required": ["a", "c"]}},
        ]
    ),
    "a text that is not": conditioned(properties={"a": {"type": "string", "not": {"const": "x"}, "maxLength": 2}}),
    "an alternative of types": {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}},
    },
    "an object of one kind or another": field(
        oneOf=[
            {"type": "object", "required": ["x"], "properties": {"x": TEXT}},
            {"type": "object", "required": ["y"], "properties": {"y": WHOLE, "z": {"type": "boolean"}}},
        ]
    ),
    "an object told by a word in it": field(
        type="object",
        required=["kind"],
        oneOf=[
            {"properties": {"kind": {"const": "x"}, "x": TEXT}, "required": ["x"]},
            {
                "properties": {"kind": {"const": "y"}, "y": {**field(**WHOLE), "required": ["a"]}},
            },
        ],
    ),
    "objects with nothing else": field(
        oneOf=[
            {"type": "object", "additionalProperties": False, "required": ["x"], "properties": {"x": TEXT, "s": TEXT}},
            {"type": "object", "additionalProperties": False, "required": ["y"], "properties": {"y": WHOLE, "s": TEXT}},
        ]
    ),
    "an object or nothing": field(
        anyOf=[{"type": "null"}, {"allOf": [{"type": "object", "required": ["x"], "properties": {"x": WHOLE}}]}]
    ),
    "an object or a number": field(
        oneOf=[{"type": "object", "required": ["x"], "properties": {"x": {"oneOf": [WHOLE, TEXT]}}}, WHOLE]
    ),
    "an object with more where another is so": {
        **required(conditioned(properties={"a": {"type": "object"}, "c": {"enum": ["x", "y"]}})),
        "if": {"properties": {"c": {"const": "x"}}},
        "then": {"properties": {"a": {"required": ["z"], "properties": {"z": WHOLE}}}},
    },
    "types in a list": {"type": "object", "properties": {"a": {"type": ["integer", "string", "null"], "maxLength": 3}}},
    "nothing else": {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
    "patterns": {
        "type": "object",
        "properties": {
            "few": {"type": "string", "pattern": "^([1-9]|1[0-5])$"},
            "many": {"type": "string", "pattern": "^[a-z]+-[0-9]{2}$"},
            "short": {"type": "string", "pattern": "^[a-z]*$", "maxLength": 3},
        },
    },
    "lists": listed({"type": "array", "maxItems": 2, "items": {"type": "boolean"}}, minItems=2),
    "a constant": {"type": "object", "properties": {"a": {"const": "x"}, "b": {"type": "number", "enum": [0.5, 3]}}},
}


def rules_broken(schema: dict[str, Any], value: Any) -> list[str]:
    found = [each.rule for each in unreadable(value).values()]
    return found or [each.rule for each in Checker(schema, "Acme").check(value)]


each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)


@each_schema
def test_what_keeps_a_schema_is_accepted(schema: dict[str, Any]) -> None:
    @settings(patient, max_examples=15)
    @given(Space(schema).values)
    def accepted(value: Any) -> None:
        assert rules_broken(schema, value) == []

    accepted()


@each_schema
def test_each_rule_is_broken_alone(schema: dict[str, Any]) -> None:
    faults = Faults(Space(schema))
    assert {each["id"] for each in schema.get("x-rules", ())} <= set(faults.rules)

    @settings(patient, max_examples=15)
    @given(st.sampled_from(faults.rules).flatmap(lambda rule: st.tuples(st.just(rule), faults.values(rule))))
    def alone(drawn: tuple[str, Any]) -> None:
        rule, value = drawn
        assert rules_broken(schema, value) == [rule]

    alone()


LIMITED = {name: schema for name, schema in SCHEMAS.items() if Edges(Space(schema)).rules}


@pytest.mark.parametrize("schema", LIMITED.values(), ids=LIMITED)
def test_each_limit_has_two_sides(schema: dict[str, Any]) -> None:
    edges = Edges(Space(schema))

    @patient
    @given(st.data())
    def two_sides(data: st.DataObject) -> None:
        rule = data.draw(st.sampled_from(edges.rules))
        found = data.draw(edges.values(rule))
        assert found.allowed
        assert found.refused
        assert {tuple(rules_broken(schema, value)) for value in found.allowed} == {()}
        assert {tuple(rules_broken(schema, value)) for value in found.refused} == {(rule,)}

    two_sides()


def test_every_comparison_of_numbers_has_a_limit_that_has_neighbours() -> None:
    without = {name for name, schema in SCHEMAS.items() if "x-rules" in schema} - LIMITED.keys()
    assert without == set()


places = st.integers(0, 20_000)


@patient
@given(st.tuples(*[places] * 4), st.integers(0, 3), st.booleans())
def test_a_border_that_is_known_is_where_a_look_finds_it(point: tuple[int, ...], side: int, up: bool) -> None:
    item = {"id": "a.area", "expression": "(1 + a + b) * (1 + c + d) <= 3", "message": "no"}
    rule, grid = Rule.from_document(item, {}), Number(0, 20_000, Fraction(1, 10_000))
    numbers = dict(zip("abcd", map(grid.at, point), strict=True))
    if not rule.holds(numbers):
        point, numbers = (0, 0, 0, 0), dict.fromkeys("abcd", 0)
    known, looked = (Axis(grid, "abcd"[side], numbers, rule.holds, [gap_of(rule)], linear) for linear in (True, False))
    far = 20_000 if up else 0
    assert known.reach(point[side], far) == looked.reach(point[side], far)


@pytest.mark.parametrize("keyword", ["uniqueItems", "minProperties", "contains"])
def test_a_keyword_that_nothing_is_built_for_is_named(keyword: str) -> None:
    with pytest.raises(Unsupported, match=f"cannot build values for '{keyword}' at l"):
        Space({"type": "object", "properties": {"l": {"type": "array", keyword: 1}}})


def test_a_schema_that_contradicts_itself_is_refused() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": TEXT}, "not": {"required": ["a"]}}
    with pytest.raises(ValueError, match="no value is known that keeps all that the schema demands"):
        Space(schema).values  # noqa: B018 - asking for them is the test
