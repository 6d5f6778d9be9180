"""Properties of every rule of every create, whichever document states it: nothing here knows what the rules say.

A body that keeps the contract does so however it is written; one that breaks a rule breaks nothing else, says where,
and is mended there; and a limit lies exactly where the document has it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from asking import operations
from bridge import loaded
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract import check_request, strategies
from kling_contract.documents import Operation
from kling_contract.images import sides
from kling_contract.reading import parse

CREATES = operations("create")
RULES = [(*each, rule) for each in CREATES for rule in strategies.rules(each[1], provider=loaded(each[0]))]
LIMITS = [(*each, rule) for each in CREATES for rule in strategies.limits(each[1], provider=loaded(each[0]))]
Samples = dict[tuple[str, str], dict[str, Any]]
few = settings(max_examples=3)


def valid(provider: str, operation: str) -> st.SearchStrategy[dict[str, Any]]:
    return strategies.valid(operation, provider=loaded(provider))


def broken(provider: str, operation: str, rule: str) -> st.SearchStrategy[dict[str, Any]]:
    return strategies.broken(operation, rule, provider=loaded(provider))


def said(operation: Operation, body: Any) -> list[tuple[str, str]]:
    return sorted((each.rule, each.pointer) for each in check_request(operation, body))


def spellings(body: dict[str, Any]) -> Iterator[Any]:
    """Yield the same body written otherwise: in another order, as JSON, and with a field that nobody documents."""
    yield dict(reversed(body.items()))
    yield parse(json.dumps(body).encode())[0]
    yield parse(json.dumps(body, ensure_ascii=False, indent=2).encode())[0]
    yield body | {"no_such_field": {"at": ["all"]}}


@pytest.mark.parametrize(("provider", "create"), CREATES)
@settings(max_examples=30)
@given(data=st.data())
def test_a_valid_body_is_accepted_however_it_is_written(provider: str, create: str, data: st.DataObject) -> None:
    operation, body = loaded(provider).operation(create), data.draw(valid(provider, create))
    assert [said(operation, each) for each in (body, *spellings(body))] == [[]] * 5


@pytest.mark.parametrize(("provider", "create", "rule"), RULES)
@few
@given(data=st.data())
def test_a_broken_rule_is_told_alone_and_mended_where_the_gate_points(
    samples: Samples, provider: str, create: str, rule: str, data: st.DataObject
) -> None:
    operation, body = loaded(provider).operation(create), data.draw(broken(provider, create, rule))
    (violation,) = check_request(operation, body)
    assert violation.rule == rule
    assert len(str(violation).splitlines()) == 1
    assert stands(body, violation.pointer) is (rule != "schema.required")
    if rule not in HEAVY:
        assert [said(operation, each) for each in spellings(body)] == [[(rule, violation.pointer)]] * 4
    if rule not in computed(operation):
        # Arithmetic does not apply to a number that breaks its own bounds, and may once it is mended.
        mended = repairs(operation, body, violation.pointer, samples[provider, create])
        assert any({each for each, _ in said(operation, one)} <= computed(operation) for one in mended)


# The bodies of these are larger than 10 MB.
HEAVY = ("image.bytes",)


def stands(body: Any, pointer: str) -> bool:
    """Whether a pointer leads to something in a body."""
    for step in pointer.split("/")[1:]:
        if isinstance(body, dict) and step not in body:
            return False
        body = body[int(step) if isinstance(body, list) else step]
    return True


def repairs(
    operation: Operation, body: dict[str, Any], pointer: str, samples: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Leave out or replace the field that a violation names; where it is about the whole body, any three at most."""
    named = pointer.split("/")[1:2]
    for name in named:
        yield from (body | {name: value} for value in operation.properties.get(name, {}).get("enum", ()))
    for count in (1,) if named else (1, 2, 3):
        for names in itertools.combinations(named or sorted({*body, *samples}), count):
            rest = {name: value for name, value in body.items() if name not in names}
            for choice in itertools.product((samples, {}), repeat=count):
                yield rest | {name: values[name] for name, values in zip(names, choice, strict=True) if name in values}


def computed(operation: Operation) -> set[str]:
    """Return the rules that an operation computes; the tests of expansions say how these are mended."""
    return {rule["id"] for rule in (operation.request or {}).get("x-rules", ())}


def collected(provider: str, create: str) -> dict[str, Any]:
    """Return the shortest legal value of every field that is not empty."""
    found: dict[str, Any] = {}

    @settings(max_examples=300, derandomize=True, database=None)
    @given(valid(provider, create))
    def collect(body: dict[str, Any]) -> None:
        found.update({name: min(found.get(name, value), value, key=shortness) for name, value in body.items()})

    collect()
    return found


def shortness(value: Any) -> tuple[bool, int, str]:
    return value in ("", [], {}), len(str(value)), str(value)


@pytest.fixture(scope="module")
def samples() -> Samples:
    return {each: collected(*each) for each in CREATES}


def test_every_field_of_every_create_is_drawn(samples: Samples) -> None:
    for provider, create in CREATES:
        assert samples[provider, create].keys() == loaded(provider).operation(create).properties.keys()


@pytest.mark.parametrize(("provider", "create", "rule"), LIMITS)
@few
@given(data=st.data())
def test_a_limit_lies_where_the_document_has_it(provider: str, create: str, rule: str, data: st.DataObject) -> None:
    operation = loaded(provider).operation(create)
    three = data.draw(strategies.on_boundary(create, rule, provider=loaded(provider)))
    assert [said(operation, body) for body in three.allowed] == [[]] * len(three.allowed)
    found = [violation for body in three.refused for violation in check_request(operation, body)]
    assert {violation.rule for violation in found} == {rule}
    if rule in computed(operation):
        return
    (pointer,) = {violation.pointer for violation in found}
    below, at, above = (measured(rule, value_at(body, pointer)) for body in (three.below, three.at, three.above))
    assert below < at == limit_of(operation, pointer, rule) < above


def measured(rule: str, value: Any) -> Fraction:
    """Return by how much a value keeps or breaks a rule: a number, how many, or how long the sides of an image are."""
    if rule.startswith("schema."):
        return Fraction(str(len(value) if isinstance(value, str | list) else value))
    width, height = sides(value) or (0, 0)
    shorter, longer = sorted((width, height))
    return Fraction(shorter) if rule == "image.sides" else Fraction(longer, shorter)


def limit_of(operation: Operation, pointer: str, rule: str) -> Fraction:
    schema: Any = operation.request
    for step in pointer.split("/")[1:]:
        schema = schema["items"] if step.isdecimal() else schema["properties"][step]
    kind, _, name = rule.partition(".")
    return Fraction(str(schema["x-image"][{"sides": "side"}.get(name, name)] if kind == "image" else schema[name]))


def value_at(body: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        body = body[int(step) if isinstance(body, list) else step]
    return body
