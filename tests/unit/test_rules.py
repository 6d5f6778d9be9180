from __future__ import annotations

import operator
import re
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kling_contract.formulas import Formula, exact
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


@pytest.mark.parametrize(
    ("expression", "piece"), [("wide * high", "wide * high"), ("not a", "a"), ("a < b and 1", "1"), ("-a", "-a")]
)
def test_what_is_compared_with_nothing_is_told_so(expression: str, piece: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{piece!r} is compared with nothing, as in {piece} <= 1")):
        Formula.read(expression)


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
sums = st.recursive(
    st.sampled_from(["a", "b", "0", "0.001", "0.7", "1", "3", "1000"]),
    lambda inner: st.tuples(st.just("("), inner, st.sampled_from("+*"), inner, st.just(")")).map(" ".join),
    max_leaves=8,
)
comparisons = st.tuples(sums, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), sums).map(" ".join)
ratios = st.sampled_from([0, 1, 1000, 0.1, 0.2, 0.3, 1.5, 0.001]) | st.floats(0, 1000) | st.integers(0, 1000)


@given(comparisons, ratios, ratios)
@example("a + b <= 0.3", 0.1, 0.2)
@example("a * 3 > 0.3", 0.1, 0)
@example("a + b != b + a", 0.1, 0.2)
@settings(deadline=None)
def test_what_holds_plainly_holds_exactly(expression: str, a: float, b: float) -> None:
    formula = Formula.read(expression)
    values = [a if name == "a" else b for name in formula.names]
    decimals = exact(values)
    assert not formula.holds_plainly(values) or (decimals is not None and formula.satisfied(decimals))


@pytest.mark.parametrize(
    ("expression", "values", "plainly"),
    [
        ("a + b <= 3", (0.5, 1), True),
        ("a + b <= 3", (1.5, 1.5), False),
        ("a + b <= 3", (2.5, 1.5), False),
        ("a + b <= 3", (0.5, 0.0001), False),
        ("a + b <= 3", (0.5, -1.0), False),
        ("a + b <= 3", (0.5, Decimal(1)), False),
        ("a + b <= 3", (0.5, True), False),
        ("a + b <= 3", (0.5, float("nan")), False),
        ("a + b <= 3", (0.5, None), False),
        ("a - b <= 3", (0.5, 1), False),
        ("a / b <= 3", (0.5, 1), False),
        ("-a < b", (0.5, 1), False),
        ("a * b < 100000", (0.5, 1), False),
        ("a < 3 and b < 3", (0.5, 1), False),
        ("a" + " + b" * 50 + " < 99", (0.5, 1), False),
    ],
)
def test_only_plain_sums_and_products_are_left_to_floats(
    expression: str, values: tuple[Any, ...], plainly: bool
) -> None:
    assert Formula.read(expression).holds_plainly(values) is plainly
