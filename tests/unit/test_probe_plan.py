"""What a probe would send: derived from any document, and never a body that the document accepts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probed import connected

from kling_contract import check_request, load
from kling_contract.auth import KeyCredential
from kling_contract.documents import Operation, Provider
from kling_contract.probe import Manner, Target, make_plan, probe
from kling_contract.probe.invalid import NoInvalidBody, invalid_body

TYPES = ["string", "integer", "number", "boolean", "object", "array", "null"]
FIELDS = ["image", "n", "text", "flag", "list", "deep"]
ODD: list[Any] = [None, True, 0, 1.5, "x", [], {}]
NAMES, VALUES = st.sampled_from(FIELDS), st.sampled_from(ODD)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Object schemas of every kind that may stand for a request, the odd ones included."""
    fields = st.dictionaries(NAMES, inner, max_size=4)
    several = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
            "properties": fields,
            "required": st.lists(NAMES, unique=True, max_size=3),
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "not": inner,
            "items": inner,
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "default": VALUES,
            "minProperties": st.integers(0, 2),
            "additionalProperties": st.booleans(),
            "if": inner,
            "then": inner,
        },
    )


ANY_SCHEMA = st.recursive(schemas(st.just({})), schemas, max_leaves=6)


def with_schema(schema: Any, number: int = 0) -> Provider:
    """Return a provider whose only create takes what a schema accepts."""
    provider = load(("kling", "cometapi", "anyapi")[number % 3])
    create = provider.operation("createImageExpansion")
    odd = replace(create, request=schema, memo={})
    return replace(provider, operations={**provider.operations, create.id: odd})


def accepts(operation: Operation, body: bytes) -> bool:
    return bool(jsonschema_rs.validator_for(dict(operation.request or {})).is_valid(json.loads(body)))


def random_schema(chance: random.Random, depth: int = 3) -> Any:
    """Return one of the same schemas, drawn in a tenth of the time."""
    if depth == 0 or (depth < 3 and chance.random() < 0.4):
        return {"type": chance.choice(TYPES)}

    def several() -> list[Any]:
        return [random_schema(chance, depth - 1) for _ in range(chance.randint(1, 2))]

    made = {
        "type": lambda: "object" if depth == 3 else chance.choice([*TYPES, chance.sample(TYPES, 2)]),
        "properties": lambda: {
            name: random_schema(chance, depth - 1) for name in chance.sample(FIELDS, 6 if depth == 3 else 2)
        },
        "required": lambda: chance.sample(FIELDS, chance.randint(0, 3)),
        "anyOf": several,
        "oneOf": several,
        "allOf": several,
        "not": lambda: random_schema(chance, depth - 1),
        "enum": lambda: chance.sample(ODD, 2),
        "const": lambda: chance.choice(ODD),
        "default": lambda: chance.choice(ODD),
        "additionalProperties": lambda: chance.random() < 0.5,
    }
    likely = {"properties": 0.9, "required": 0.8, "type": 0.5}
    return {key: value() for key, value in made.items() if chance.random() < likely.get(key, 0.15)}


@pytest.mark.parametrize("level", range(5))
def test_of_many_documents_none_makes_a_plan_hold_a_body_that_it_accepts(level: int) -> None:
    bodies: list[bool] = []

    @settings(max_examples=5 * settings().max_examples, deadline=None, database=None)
    @given(st.integers(0, 2**63), st.integers(0, 2))
    def hold(seed: int, number: int) -> None:
        bodies.append(holds_nothing_accepted(random_schema(random.Random(seed)), level, number))

    hold()
    assert sum(bodies) > (len(bodies) // 10 if level else -1)


@given(ANY_SCHEMA, st.integers(0, 4), st.integers(0, 2))
def test_no_document_makes_a_plan_hold_a_body_that_it_accepts(schema: Any, level: int, number: int) -> None:
    holds_nothing_accepted(schema, level, number)


def holds_nothing_accepted(schema: Any, level: int, number: int) -> bool:
    """Hold a plan against its document, and return whether there was a body to hold."""
    provider = with_schema(schema, number)
    creates = ("createImageExpansion", "getImageExpansion")
    steps = make_plan(provider, "http://test", level=level, operations=creates).steps
    for step in steps:
        if step.body is not None:
            assert step.operation is not None
            assert step.operation.kind == "create"
            assert not accepts(step.operation, step.body)
        elif step.level:
            assert step.method == "GET"
    return any(step.body is not None for step in steps)


@given(ANY_SCHEMA, st.integers(0, 4))
def test_a_permissive_server_never_sees_a_body_that_its_schema_accepts(schema: Any, level: int) -> None:
    provider = with_schema(schema)
    creates = {each.path: each for each in provider.operations.values() if each.kind == "create"}
    accepted = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and accepts(creates[request.url.path], request.content):
            accepted.append(request)
            return httpx.Response(200, json={"code": 0, "data": {"task_id": "1"}})
        return httpx.Response(400, json={"code": 1201, "message": "refused", "request_id": "x"})

    plan = make_plan(provider, "http://127.0.0.1:9", level=level, operations=tuple(provider.operations))
    run = probe(
        [Target(plan, KeyCredential("sk"))],
        manner=Manner(pause=0),
        transport=httpx.MockTransport(server),
        connect=connected,
    )
    assert accepted == []
    assert run.exit_code != 4


@pytest.mark.parametrize("name", ["kling", "cometapi", "anyapi"])
def test_every_required_field_of_a_real_document_has_a_wrong_type(name: str) -> None:
    for operation in load(name).operations.values():
        if operation.kind == "create":
            body = json.loads(invalid_body(operation))
            wrong = {each.pointer for each in check_request(operation, body) if each.rule == "schema.type"}
            assert wrong == {f"/{field}" for field in body}
            assert set((operation.request or {}).get("required", ())) <= set(body)


def test_fields_of_which_one_is_required_all_have_a_wrong_type() -> None:
    body = json.loads(invalid_body(load("kling").operation("createImageToVideo")))
    assert set(body) == {"image", "image_tail"}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({}, "requires no field"),
        ({"properties": {"image": {"type": "string"}}}, "requires no field"),
        ({"required": ["image"]}, "any type for image"),
        ({"required": ["image", "n"], "properties": {"image": {"type": "string"}}}, "any type for n"),
        ({"required": ["image"], "properties": {"image": {"type": TYPES}}}, "any type for image"),
        ({"anyOf": [{"required": ["image"]}, {}], "properties": {"image": {"type": "string"}}}, "requires no field"),
    ],
)
def test_a_document_that_leaves_room_is_left_out_and_told_why(schema: Any, why: str) -> None:
    provider = with_schema(schema)
    with pytest.raises(NoInvalidBody, match=why):
        invalid_body(provider.operation("createImageExpansion"))
    plan = make_plan(provider, "http://test", level=1, operations=("createImageExpansion",))
    assert [step.name for step in plan.steps] == ["host"]
    assert why in plan.left[0].why


def test_levels_add_up() -> None:
    family, names = ("createImageToVideo", "getImageToVideo", "listImageToVideos"), {}
    for level in range(5):
        plan = make_plan(load("kling"), "http://test", level=level, operations=family)
        names[level] = [f"{step.level} {step.name}" for step in plan.steps]
    assert names[0] == ["0 host"]
    assert names[1] == [*names[0], "1 control", "1 createImageToVideo"]
    assert names[2] == [*names[1], "2 getImageToVideo"]
    assert names[3] == [*names[2], "3 createImageToVideo"]
    assert names[4] == [*names[3], "4 listImageToVideos"]


def test_our_key_goes_along_from_level_2_on_and_never_before() -> None:
    plan = make_plan(load("kling"), "http://test", level=4, operations=tuple(load("kling").operations))
    assert {step.level: step.key for step in plan.steps} == {0: False, 1: False, 2: True, 3: True, 4: True}


def test_creates_are_sent_with_our_key_only_if_they_are_named() -> None:
    plan = make_plan(load("kling"), "http://test", level=3)
    assert not [step for step in plan.steps if step.level == 3]
    assert "--operations" in next(left.why for left in plan.left if left.level == 3)


def test_without_a_key_nothing_that_needs_one_is_in_the_plan() -> None:
    plan = make_plan(
        load("cometapi"),
        "http://test",
        level=4,
        operations=tuple(load("cometapi").operations),
        no_key="no key: X is not set",
    )
    assert not any(step.key for step in plan.steps)
    assert {left.name for left in plan.left if left.why == "no key: X is not set"} >= {
        "getImageToVideo",
        "createImageToVideo",
    }


def test_a_document_without_credentials_has_no_level_1() -> None:
    provider = load("anyapi")
    bare = replace(provider, auth=replace(provider.auth, key=False, hs256=False))
    plan = make_plan(bare, "http://test", level=1)
    assert [step.name for step in plan.steps] == ["host"]
    assert "asks for no credentials" in plan.left[0].why


def test_an_id_that_cannot_exist_is_of_the_documents_kind() -> None:
    (step,) = (
        each
        for each in make_plan(load("cometapi"), "http://test", operations=("getImageToVideo",)).steps
        if each.level == 2
    )
    assert step.never == "0" * 19
    assert step.path.endswith("/" + "0" * 19)


def test_an_operation_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="createCat"):
        make_plan(load("cometapi"), "http://test", operations=("createCat",))


@pytest.mark.parametrize("name", ["kling", "cometapi", "anyapi"])
def test_every_step_says_why_it_is_safe_and_what_it_expects(name: str) -> None:
    plan = make_plan(load(name), "http://test", level=4, operations=tuple(load(name).operations))
    assert all(step.why and step.expects for step in plan.steps)
