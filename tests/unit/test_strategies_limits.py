"""What lies exactly at a limit, and one step to either side of it: `<` and `>` refuse what is at it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_contract.checker import Checker
from kling_contract.strategies.edges import Boundary, Edges
from kling_contract.strategies.values import Space

NUMBER, WHOLE = {"type": "number"}, {"type": "integer"}
RATIO, COUNT = {**NUMBER, "minimum": 0, "maximum": 2}, {**WHOLE, "minimum": 0, "maximum": 12}
patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=10)


def ruled(expression: str, **fields: Any) -> dict[str, Any]:
    rules = [{"id": "a.rule", "expression": expression, "message": "no"}]
    return {"type": "object", "properties": fields, "x-rules": rules, "required": list(fields)}


def limited(**keywords: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": keywords}, "required": ["a"]}


def drawn(schema: dict[str, Any], rule: str) -> list[Boundary]:
    """Return some boundaries of each plan; each keeps what it says of the contract."""
    edges, found = Edges(Space(schema)), []
    checker = Checker(schema, "Acme")
    for at in range(len(edges.plans(rule))):

        @patient
        @given(edges.values(rule, at))
        def keep(boundary: Boundary) -> None:
            assert boundary.allowed
            assert boundary.refused
            assert all(checker.check(each) == [] for each in boundary.allowed)
            assert all([flaw.rule for flaw in checker.check(each)] == [rule] for each in boundary.refused)
            found.append(boundary)

        keep()
    return found


def three(schema: dict[str, Any], rule: str) -> tuple[Any, ...]:
    """Return the only field below the limit, at it and above, and which of them are allowed."""
    found = drawn(schema, rule)[0]
    points = (found.below, found.at, found.above)
    said = "".join("." if each is None else "+" if each in found.allowed else "-" for each in points)
    return (*(None if each is None else each["a"] for each in points), said)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (ruled("a < 1.5", a=RATIO), (1.4999, 1.5, 1.5001, "+--")),
        (ruled("a <= 1.5", a=RATIO), (1.4999, 1.5, 1.5001, "++-")),
        (ruled("a > 1.5", a=RATIO), (1.4999, 1.5, 1.5001, "--+")),
        (ruled("a >= 1.5", a=RATIO), (1.4999, 1.5, 1.5001, "-++")),
        (ruled("a < 3", a=COUNT), (2, 3, 4, "+--")),
        (ruled("a > -1", a={**WHOLE, "minimum": -2, "maximum": 2}), (-2, -1, 0, "--+")),
        (ruled("a < 2.5", a=COUNT), (2, None, 3, "+.-")),
        (ruled("a < 2", a=RATIO), (1.9999, 2, None, "+-.")),
        (ruled("a > 0", a=RATIO), (None, 0, 0.0001, ".-+")),
        (ruled("a > 0", a=COUNT), (None, 0, 1, ".-+")),
        (ruled("a * a < 9", a=COUNT), (2, 3, 4, "+--")),
        (ruled("a < 3", a={"enum": [1, 2, 3, 4]}), (2, 3, 4, "+--")),
        (ruled("a < 2.5", a={"enum": [1, 2, 3, 4]}), (2, None, 3, "+.-")),
    ],
    ids=lambda value: value["x-rules"][0]["expression"] if isinstance(value, dict) else "",
)
def test_a_rule(schema: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert three(schema, "a.rule") == expected


@pytest.mark.parametrize(
    ("keyword", "keywords", "expected"),
    [
        ("exclusiveMinimum", {**NUMBER, "exclusiveMinimum": 0}, (-0.0001, 0, 0.0001, "--+")),
        ("exclusiveMaximum", {**NUMBER, "exclusiveMaximum": 1}, (0.9999, 1, 1.0001, "+--")),
        ("exclusiveMinimum", {**WHOLE, "exclusiveMinimum": 0}, (-1, 0, 1, "--+")),
        ("exclusiveMaximum", {**NUMBER, "exclusiveMaximum": 1, "multipleOf": 0.01}, (0.99, 1, 1.01, "+--")),
        ("exclusiveMaximum", {**WHOLE, "exclusiveMaximum": 10, "multipleOf": 3}, (9, None, 12, "+.-")),
        ("exclusiveMaximum", {**WHOLE, "exclusiveMaximum": 10.5}, (10, None, 11, "+.-")),
        ("maximum", {**WHOLE, "maximum": 10.5}, (10, None, 11, "+.-")),
        ("exclusiveMinimum", {**NUMBER, "exclusiveMinimum": 0.00001}, (0, 0.00001, 0.00002, "--+")),
        ("minimum", {**NUMBER, "minimum": 0.000015}, (0.000014, 0.000015, 0.000016, "-++")),
        ("exclusiveMinimum", {**NUMBER, "minimum": 0, "exclusiveMinimum": 0}, (None, 0, 0.0001, ".-+")),
        ("exclusiveMaximum", {**WHOLE, "maximum": 9, "exclusiveMaximum": 9}, (8, 9, None, "+-.")),
    ],
)
def test_a_keyword(keyword: str, keywords: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert three(limited(**keywords), f"schema.{keyword}") == expected


def test_each_comparison_of_a_chain_has_its_limit() -> None:
    schema = ruled("1 <= a + b < 2", a=RATIO, b=RATIO)
    sums = {round(each.at["a"] + each.at["b"], 6) for each in drawn(schema, "a.rule")}
    assert sums == {1, 2}
    drawn(ruled("a < b < c", a=RATIO, b=RATIO, c=RATIO), "a.rule")


def test_rules_that_are_never_equal_beside_others_have_neighbours() -> None:
    schema = ruled("a + b < 5.5", a=COUNT, b=COUNT)
    schema["x-rules"].append({"id": "a.order", "expression": "a < b", "message": "no"})
    for each in drawn(schema, "a.rule"):
        assert each.at is None
        assert {sum(body.values()) for body in (each.below, each.above)} == {5, 6}


def test_a_quotient_is_met() -> None:
    for each in drawn(ruled("a / b < 3", a=RATIO, b=RATIO), "a.rule"):
        assert each.at is None or each.at["a"] == pytest.approx(3 * each.at["b"])
    assert any(each.at for each in drawn(ruled("a / b < 3", a=RATIO, b=RATIO), "a.rule"))


@patient
@given(st.decimals("0.0001", "1.9999", places=4), st.sampled_from(["<", "<=", ">", ">="]))
def test_what_is_at_a_limit_is_exactly_at_it(limit: Any, order: str) -> None:
    below, at, above, said = three(ruled(f"a {order} {limit}", a=RATIO), "a.rule")
    assert str(at) in (str(limit), str(limit.normalize()))
    assert round((at - below) * 10_000) == round((above - at) * 10_000) == 1
    assert said == {"<": "+--", "<=": "++-", ">": "--+", ">=": "-++"}[order]
