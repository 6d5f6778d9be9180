from __future__ import annotations

import json
import operator
import re
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.formulas import ACCEPTED, Formula
from kling_contract.rules import Broken, Rule, RulesKeyword

if TYPE_CHECKING:
    from kling_contract.errors import Violation

SIDES = ("left_expansion_ratio", "right_expansion_ratio", "up_expansion_ratio", "bottom_expansion_ratio")
AREA = {
    "id": "expansion.area",
    "expression": "(1 + left_expansion_ratio + right_expansion_ratio)"
    " * (1 + up_expansion_ratio + bottom_expansion_ratio) <= 3",
    "message": "area {left} exceeds {right}",
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {side: {"type": "number", "minimum": 0, "maximum": 2, "x-image": {}} for side in SIDES},
    "required": list(SIDES),
    "x-rules": [AREA],
}


def rule(expression: str, message: str = "{left} against {right}", **defaults: Any) -> Rule:
    return Rule.from_document({"id": "a.rule", "expression": expression, "message": message}, defaults)


def expansion(*ratios: Any) -> dict[str, Any]:
    return dict(zip(SIDES, ratios, strict=True))


def problems(schema: dict[str, Any], body: Any) -> list[Violation]:
    validator = jsonschema_rs.validator_for(schema, keywords={"x-rules": RulesKeyword})
    causes = [error.__cause__ for error in validator.iter_errors(body)]
    return [violation for cause in causes if isinstance(cause, Broken) for violation in cause.violations]


area = Rule.from_document(AREA, {})


@pytest.mark.parametrize(
    "ratios",
    [
        ("0", "0", "0", "0"),
        ("0.1", "0.1", "0.1", "0.1"),
        ("2", "0", "0", "0"),
        ("0", "1.5", "0.1", "0.1"),
        ("0.1495", "0.1495", "0.6547", "0.6547"),
        ("0.3660", "0.3660", "0.3660", "0.3660"),
    ],
)
def test_an_area_within_three_is_accepted_however_it_is_written(ratios: tuple[str, ...]) -> None:
    assert area.check(expansion(*map(Decimal, ratios))) is None
    assert area.check(expansion(*map(float, ratios))) is None


def test_three_exactly_is_accepted_where_floats_overshoot() -> None:
    assert (1 + 0 + 1.5) * (1 + 0.1 + 0.1) > 3
    assert area.holds(expansion(0, 1.5, 0.1, 0.1))
    assert not area.holds(expansion(0, 1.5, 0.1, Decimal("0.1000000000000000000000000000000000001")))


@pytest.mark.parametrize(
    ("ratios", "shown"),
    [((2, 0, 2, 0), "9"), ((2, 2, 0, 0), "5"), ((1, 1, 1, 1), "9"), ((0.3661,) * 4, "3.00051684")],
)
def test_a_larger_area_is_refused_and_shown(ratios: tuple[float, ...], shown: str) -> None:
    violation = area.check(expansion(*ratios))
    assert violation is not None
    assert violation.message.startswith(f"area {shown}")
    assert violation.message.endswith(" exceeds 3")
    assert (violation.pointer, violation.rule, violation.found) == ("", "expansion.area", expansion(*ratios))


def test_the_hint_is_the_largest_scale_that_fits() -> None:
    violation = area.check(expansion(1, 1, 1, 1))
    assert violation is not None
    assert violation.hint == "these values scaled by 0.366 fit: " + ", ".join(f"{side}=0.366" for side in SIDES)


def test_every_quadruple_of_a_grid_gets_the_verdict_of_whole_numbers() -> None:
    hundredths = (0, 5, 10, 25, 36, 37, 50, 73, 100, 150, 200)
    for units in product(hundredths, repeat=4):
        left, right, up, bottom = units
        allowed = (100 + left + right) * (100 + up + bottom) <= 30000
        assert area.holds(expansion(*(Decimal(unit).scaleb(-2) for unit in units))) is allowed, units
        assert area.holds(expansion(*(unit / 100 for unit in units))) is allowed, units


ratio = st.decimals(0, 2, places=4)


@settings(deadline=None)
@given(st.tuples(ratio, ratio, ratio, ratio))
def test_a_hint_is_true_and_one_step_more_is_too_much(ratios: tuple[Decimal, ...]) -> None:
    violation = area.check(expansion(*ratios))
    allowed = (1 + Fraction(ratios[0]) + Fraction(ratios[1])) * (1 + Fraction(ratios[2]) + Fraction(ratios[3])) <= 3
    assert (violation is None) is allowed
    if violation:
        hint = violation.hint or ""
        shown = {name: Decimal(value) for name, value in re.findall(r"(\w+)=([0-9.]+)", hint)}
        factor = Decimal(re.findall(r"scaled by (0\.[0-9]+)", hint)[0])
        assert tuple(shown) == SIDES
        assert all(
            0 <= ratio * factor - value < Decimal("0.0001") for ratio, value in zip(ratios, shown.values(), strict=True)
        )
        assert area.holds(shown)
        assert not area.holds(
            {side: ratio * (factor + Decimal("0.001")) for side, ratio in zip(SIDES, ratios, strict=True)}
        )


@pytest.mark.parametrize(
    ("expression", "body"),
    [("a >= 1", {"a": 0}), ("a * 100000 <= 3", {"a": 1}), ("a - b == 0", {"a": 1, "b": 2}), ("not a > 1", {"a": 2})],
)
def test_no_hint_where_scaling_does_not_help_or_leaves_nothing(expression: str, body: dict[str, Any]) -> None:
    violation = rule(expression, "no").check(body)
    assert violation is not None
    assert violation.hint is None


# Random conditions, as text and as a verdict reached without the code under test.
FIELDS = ("a", "b", "c")
Tree = tuple[Any, ...]
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
ORDERS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
leaves = st.tuples(st.just("field"), st.sampled_from(FIELDS)) | st.tuples(
    st.just("number"), st.sampled_from(["0", "1", "3", "0.1", "0.2", ".5", "2.", "12.75", "007.50"])
)
numbers = st.recursive(
    leaves,
    lambda inner: st.tuples(st.just("minus"), inner) | st.tuples(st.sampled_from(sorted(ARITHMETIC)), inner, inner),
    max_leaves=6,
)
comparisons = st.tuples(
    st.just("compare"), numbers, st.lists(st.tuples(st.sampled_from(sorted(ORDERS)), numbers), min_size=1, max_size=2)
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=4,
)


def written(tree: Tree) -> str:
    match tree:
        case ("field" | "number", text):
            return str(text)
        case ("minus", inner):
            return f"-({written(inner)})"
        case ("not", inner):
            return f"not ({written(inner)})"
        case ("compare", first, rest):
            return f"({written(first)})" + "".join(f" {sign} ({written(side)})" for sign, side in rest)
    return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"


def meaning(tree: Tree, body: dict[str, Fraction]) -> Any:
    match tree:
        case ("field", name):
            return body[name]
        case ("number", text):
            return Fraction(text + "0" if text.endswith(".") else text)
        case ("minus", inner):
            return -meaning(inner, body)
        case ("not", inner):
            return not meaning(inner, body)
        case ("and", one, two):
            return meaning(one, body) and meaning(two, body)
        case ("or", one, two):
            return meaning(one, body) or meaning(two, body)
        case ("compare", left, rest):
            return chain(meaning(left, body), rest, body)
    return ARITHMETIC[tree[0]](meaning(tree[1], body), meaning(tree[2], body))


def chain(left: Fraction, rest: list[Tree], body: dict[str, Fraction]) -> bool:
    for sign, side in rest:
        right = meaning(side, body)
        if not ORDERS[sign](left, right):
            return False
        left = right
    return True


small = st.sampled_from([0, 1, -1, 3, 0.1, 0.2, 0.3, 1.5, 1e-7, Decimal("0.1"), Decimal("0.30"), Decimal("-2.5e3")])


@settings(deadline=None, max_examples=300)
@given(conditions, st.fixed_dictionaries(dict.fromkeys(FIELDS, small)))
def test_any_condition_means_what_fractions_say(tree: Tree, body: dict[str, Any]) -> None:
    try:
        expected = meaning(tree, {name: Fraction(str(value)) for name, value in body.items()})
    except ZeroDivisionError:
        expected = False
    checked = rule(written(tree), "broken")
    assert checked.holds(body) is expected
    assert (checked.check(body) is None) is expected


@pytest.mark.parametrize(
    ("expression", "piece", "column"),
    [
        ("a.b <= 3", "a.b", 1),
        ("1 < f(a)", "f(a)", 5),
        ("a ** 2 < 3", "a ** 2", 1),
        ("a // 2 < 3", "a // 2", 1),
        ("a + b", "a + b", 1),
        ("(a < b) + 1 < 3", "a < b", 2),
        ("a <= 3 and b", "b", 12),
        ("a[0] < 3", "[", 2),
        ("a == 'x'", "'", 6),
        ("a <= 3 # or so", "#", 8),
        ("a <= 1e5", "1e5", 6),
        ("a <= 0x10", "0x10", 6),
        ("a <= 1_000", "1_000", 6),
        ("a <= 2j", "2j", 6),
        ("+a < 3", "+a", 1),
        ("a in b", "a in b", 1),
        ("a is b", "a is b", 1),
        ("a if b else c", "a if b else c", 1),
        ("True", "True", 1),
        ("ä < 3", "ä", 1),
    ],
)
def test_anything_else_is_refused_by_name_and_column(expression: str, piece: str, column: int) -> None:
    with pytest.raises(ValueError, match=re.escape(ACCEPTED)) as refusal:
        rule(expression)
    assert f"{piece!r} at column {column} " in str(refusal.value)
    assert "rule a.rule" in str(refusal.value)


@pytest.mark.parametrize("expression", ["", "a <", "a < < 3", "(" * 300 + "a" + ")" * 300 + " < 3", "a b < 3"])
def test_what_does_not_parse_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=re.escape(ACCEPTED)):
        Formula.read(expression)


@pytest.mark.parametrize(
    "expression", ["-" * 1900 + "a < 3", "a" + "+a" * 900 + " < 3", "not " * 400 + "a < 3", "a < " + "1" * 2000]
)
def test_expressions_are_bounded(expression: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        Formula.read(expression)


@settings(deadline=None)
@given(st.text(alphabet="ab1.0 +-*/<>=!()\n\"'[]{}#:,andort\x00é", max_size=30))
def test_any_text_is_a_formula_or_a_value_error(expression: str) -> None:
    try:
        names = Formula.read(expression).names
    except ValueError:
        names = ()
    assert all(name in expression for name in names)


def test_lines_and_chains_are_read() -> None:
    checked = rule(" 1 <=\n n\n + m <= 9\n", "{left} is not before {right}")
    assert checked.fields == {"n", "m"}
    assert [getattr(checked.check({"n": n, "m": 0}), "message", None) for n in (1, 9, 0, 12)] == [
        None,
        None,
        "1 is not before 0",
        "12 is not before 9",
    ]


def test_defaults_stand_in_for_absent_fields_and_without_one_the_rule_is_silent() -> None:
    assert rule("a + b <= 3").check({"a": 5}) is None
    violation = rule("a + b <= 3", "{a} and {b} make {left}", b=0.25).check({"a": 5})
    assert violation is not None
    assert violation.message == "5 and 0.25 make 5.25"
    assert violation.found == {"a": 5}


@pytest.mark.parametrize("skip", [{"a"}, {"b", "z"}])
def test_a_rule_with_a_skipped_field_does_not_apply(skip: set[str]) -> None:
    checked = rule("a + b <= 3")
    assert checked.check({"a": 5, "b": 5}, {"c"}) is not None
    assert checked.check({"a": 5, "b": 5}, skip) is None


@pytest.mark.parametrize(
    "value",
    [
        *(True, None, "5", [5], {}, b"5", object(), float("nan"), float("inf"), 10**210),
        *(Decimal(text) for text in ("NaN", "sNaN", "Infinity", "1e-5000000", "1e5000000", "1e201", "1e-201")),
        Decimal("5." + "1" * 500),
    ],
)
@pytest.mark.parametrize("expression", ["a <= 3", "1 + a == 1", "1 / a < 0", "not a * a * a < 1"])
def test_a_value_that_is_no_usable_number_makes_the_rule_silent(value: Any, expression: str) -> None:
    assert rule(expression, "broken").check({"a": value}) is None


def test_an_integer_of_any_length_is_harmless() -> None:
    vast = 10**5000
    assert rule("a <= 3").check({"a": vast}) is None
    violation = rule("a <= 3", "{a} {vast} {flag}").check({"a": 4, "vast": vast, "flag": True})
    assert violation is not None
    assert violation.message == "4 int True"


def test_numbers_far_apart_are_still_added_exactly() -> None:
    assert rule("a + b > a").holds({"a": Decimal("1e40"), "b": Decimal("1e-40")})
    assert rule("a + b - a == b").holds({"a": Decimal("1e200"), "b": Decimal("1e-200")})


def test_division_is_exact_and_a_division_by_zero_breaks_the_rule() -> None:
    checked = rule("a / b * b == a", "{left} is not {right}")
    assert checked.holds({"a": 1, "b": 3})
    violation = checked.check({"a": 1, "b": 0})
    assert violation is not None
    assert violation.message == "a / b * b == a divides by zero"
    assert rule("b == 0 or a / b <= 3", "too steep").check({"a": 1, "b": 0}) is None


@pytest.mark.parametrize(
    ("expression", "value", "message"),
    [
        ("a <= 3", "3.0000000001", "3.0000000001 against 3"),
        ("a <= 3", "3.00000000000000000001", "just above 3 against 3"),
        ("a >= 3", "2.99999999999999999999", "just below 3 against 3"),
        ("3 >= a", "3.00000000000000000001", "3 against just above 3"),
        ("3 <= a", "2.99999999999999999999", "3 against just below 3"),
        ("a < a", "1.00000000000000000001", "1.00000 against 1.00000"),
        ("a <= 3", "1234567.8901234567", "1.23457E+6 against 3"),
        ("a / 3 > 1", "1", "0.333333 against 1"),
        ("a <= 3", "100", "100 against 3"),
        ("a <= 3", "1e40", "1E+40 against 3"),
        ("a < 0", "0.000000123", "1.23E-7 against 0"),
    ],
)
def test_sides_are_short_and_never_look_equal_when_they_differ(expression: str, value: str, message: str) -> None:
    violation = rule(expression).check({"a": Decimal(value)})
    assert violation is not None
    assert violation.message == message


def test_a_message_shows_other_fields_shortly_and_leaves_other_braces_alone() -> None:
    checked = rule("a <= 3", "{a} {text} {missing} {} {a.b}")
    violation = checked.check({"a": Decimal("4.50"), "text": "x" * 1000})
    assert violation is not None
    assert violation.message == "4.5 'xxxxxxxxxxxx...xxxxxxxxxxxxx' nothing {} {a.b}"


def test_the_fact_of_the_expression_becomes_the_source() -> None:
    fact = {"source": "https://example.com", "assumed": True}
    violation = Rule.from_document({**AREA, "x-facts": {"expression": fact}}, {}).check(expansion(1, 1, 1, 1))
    assert violation is not None
    assert violation.source == fact


def test_what_was_found_is_ready_for_json() -> None:
    exactly, beyond = Decimal("1.5"), Decimal("1.5000000000000000000000000000000000001")
    violation = area.check(expansion(exactly, beyond, 2, 0.5))
    assert violation is not None
    assert violation.found == expansion(1.5, str(beyond), 2, 0.5)
    assert json.loads(json.dumps(violation.found)) == violation.found


@pytest.mark.parametrize(
    "item", [{}, {"id": "a", "expression": "a < 3"}, {"id": 1, "expression": "", "message": ""}, 3]
)
def test_a_rule_without_its_texts_is_refused(item: Any) -> None:
    with pytest.raises(ValueError, match="id, expression and message"):
        Rule.from_document(item, {})


def test_sides_in_a_message_need_a_comparison() -> None:
    with pytest.raises(ValueError, match="sides of a comparison"):
        rule("a < 1 or b < 1", "{left} is too much")
    assert rule("left < 1 or b < 1", "{left} is too much").holds({"left": 0, "b": 1})


def test_the_keyword_reports_through_the_validator_with_decimals_kept() -> None:
    assert problems(SCHEMA, expansion(*map(Decimal, ("0", "1.5", "0.1", "0.1")))) == []
    tiny = Decimal("0.10000000000000000000000000000000001")
    assert [found.message for found in problems(SCHEMA, expansion(0, Decimal("1.5"), tiny, tiny))] == [
        "area just above 3 exceeds 3"
    ]


def test_the_keyword_raises_all_violations_at_once() -> None:
    second = {"id": "expansion.any", "expression": f"{SIDES[0]} > 1", "message": "too narrow"}
    third = {"id": "expansion.kept", "expression": f"{SIDES[0]} >= 0", "message": "never seen"}
    schema = {**SCHEMA, "x-rules": [second, third, AREA]}
    assert [found.rule for found in problems(schema, expansion(1, 1, 1, 1))] == ["expansion.any", "expansion.area"]


@pytest.mark.parametrize("ratios", [(3, 1, 1, 1), (1, "1", 1, 1), (-5, -5, 0, 0), (1, 1, 1, None)])
def test_a_field_that_breaks_its_own_schema_silences_the_rule(ratios: tuple[Any, ...]) -> None:
    body = expansion(*ratios)
    assert problems(SCHEMA, body) == []
    assert not jsonschema_rs.is_valid(SCHEMA, body)


def test_the_keyword_takes_documented_defaults() -> None:
    narrow = {"type": "object", "properties": {"a": {"default": 0.1}, "b": True}}
    schema = {**narrow, "x-rules": [{"id": "sum", "expression": "a + b <= 0.3", "message": "{left}"}]}
    assert problems(schema, {"b": 0.2}) == []
    assert [found.message for found in problems(schema, {"b": 0.3})] == ["0.4"]


def test_a_hint_that_the_fields_would_refuse_is_not_given() -> None:
    rules = [{"id": "sum", "expression": "n + m <= 9", "message": "{left}"}]
    for kind, hint in (("integer", None), ("number", "these values scaled by 0.75 fit: n=3.75, m=5.25")):
        schema = {"properties": {"n": {"type": kind}, "m": {"type": kind}}, "x-rules": rules}
        assert [found.hint for found in problems(schema, {"n": 5, "m": 7})] == [hint]


@pytest.mark.parametrize("instance", [None, 3, "text", [1, 1, 1, 1], True])
def test_the_keyword_ignores_what_is_no_object(instance: Any) -> None:
    assert problems({"properties": SCHEMA["properties"], "x-rules": [AREA]}, instance) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"properties": {}}, "no such property"),
        ({"x-rules": {}}, "list of rules"),
        ({"x-rules": [{**AREA, "message": "{lefft}"}]}, "lefft"),
        ({"x-rules": [{**AREA, "expression": "1 +"}]}, "rule expansion.area"),
    ],
)
def test_a_broken_document_is_seen_when_it_is_loaded(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jsonschema_rs.validator_for({**SCHEMA, **changes}, keywords={"x-rules": RulesKeyword})


weird = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*SIDES, "other"]), weird))
def test_no_body_makes_the_rule_fail_itself(body: dict[str, Any]) -> None:
    violation = area.check(body)
    assert area.holds(body) is (violation is None)
    assert violation is None or violation.rule == "expansion.area"
