"""Properties across providers: a body that one accepts, another accepts too, translated through the official names.

Where it does not, the documents differ. These differences are listed, and none of them is listed in vain.
"""

from __future__ import annotations

from typing import Any

import pytest
from asking import URL, operations
from bridge import loaded
from hypothesis import given, settings
from hypothesis import strategies as st
from translating import fields_of, without_blanks

from kling_contract import strategies
from kling_contract.client.bodies import build_request
from kling_contract.documents import Operation
from kling_contract.errors import ContractViolation

CREATES = operations("create")
PAIRS = [(source, target, create) for source, create in CREATES for target, each in CREATES if each == create]
ACROSS = [(source, target, create) for source, target, create in PAIRS if source != target]
some = settings(max_examples=30)

# For each create, the least that every provider accepts.
LEAST: dict[str, dict[str, Any]] = {
    "createImageExpansion": {
        "image": URL,
        "n": 1,
        **dict.fromkeys([f"{side}_expansion_ratio" for side in ("up", "down", "left", "right")], 0),
    },
    "createMultiImageToImage": {"subject_image_list": [{"subject_image": URL}] * 2},
    "createImageToVideo": {"image": URL},
}

# What the second provider refuses of what the first one accepts: the rule, its field, and a call that shows it. In a
# call None leaves a field out.
DIFFERENCES: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {
    ("kling", "anyapi", "createImageExpansion"): {
        "field.unknown /watermark_info": {"watermark_info": {}},
        "schema.required /n": {"n": None},
    },
    ("kling", "cometapi", "createImageExpansion"): {"field.unknown /watermark_info": {"watermark_info": {}}},
    ("cometapi", "anyapi", "createImageExpansion"): {"schema.required /n": {"n": None}},
    ("kling", "cometapi", "createMultiImageToImage"): {
        "field.unknown /watermark_info": {"watermark_info": {}},
        "schema.enum /model_name": {"model_name": "kling-v2-1"},
        "schema.minItems /subject_image_list": {"subject_image_list": [{"subject_image": URL}]},
    },
    ("kling", "cometapi", "createImageToVideo"): {
        "field.unknown /camera_control": {
            "camera_control": {"type": "simple", "config": {"zoom": 1}},
            "model_name": "kling-v1-5",
            "mode": "pro",
        },
        "field.unknown /element_list": {"element_list": [{"element_id": 1}]},
        "field.unknown /multi_prompt": {"multi_prompt": [{"index": 1, "prompt": "a", "duration": "5"}]},
        "field.unknown /multi_shot": {"multi_shot": False},
        "field.unknown /shot_type": {"shot_type": "intelligence"},
        "field.unknown /sound": {"sound": "off"},
        "field.unknown /voice_list": {"voice_list": [{"voice_id": "a"}]},
        "field.unknown /watermark_info": {"watermark_info": {}},
        "schema.enum /duration": {"duration": "7", "model_name": "kling-v3", "prompt": "a"},
        "schema.enum /mode": {"mode": "4k", "model_name": "kling-v3", "prompt": "a"},
        "schema.maxLength /negative_prompt": {"negative_prompt": "a" * 201},
        "schema.maxLength /prompt": {"prompt": "a" * 501},
        "schema.required /image": {"image": None, "image_tail": URL, "model_name": "kling-v1-6", "mode": "pro"},
    },
    ("cometapi", "kling", "createImageToVideo"): {
        "capability.image-tail": {"image_tail": URL, "duration": "10"},
        "capability.motion-brush": {"static_mask": URL, "duration": "10"},
        "image-to-video.prompt": {"model_name": "kling-v3"},
        "schema.enum /model_name": {"model_name": "kling-v9"},
    },
}
LISTED = [(*pair, difference) for pair, found in DIFFERENCES.items() for difference in found]


def operation(provider: str, create: str) -> Operation:
    return loaded(provider).operation(create)


def refused(source: str, target: str, create: str, body: dict[str, Any]) -> set[str]:
    """Return the rules that a body of one provider breaks at another, each with its field."""
    try:
        build_request(operation(target, create), fields_of(operation(source, create), body))
    except ContractViolation as error:
        return {f"{each.rule} {each.pointer}".strip() for each in error.violations}
    return set()


def accepted(provider: str, create: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return any bodies that a provider accepts, and those that are just within one of its limits."""
    known = loaded(provider)
    rules = strategies.limits(create, provider=known)
    threes = (strategies.on_boundary(create, rule, provider=known) for rule in rules)
    within = [each.map(lambda three: three.allowed[-1]) for each in threes]
    return st.one_of(strategies.valid(create, provider=known), *within)


@st.composite
def bodies(draw: st.DrawFn, source: str, target: str, create: str) -> dict[str, Any]:
    """Draw a body that the source accepts; where it takes any text, the target's own words are likely ones."""
    body = dict(draw(accepted(source, create)))
    theirs = operation(target, create).properties
    for name, schema in operation(source, create).properties.items():
        words = theirs.get(name, {}).get("enum")
        if name in body and words and schema["type"] == "string" and "enum" not in schema:
            body[name] = draw(st.none() | st.sampled_from(words)) or body[name]
    return body


@pytest.mark.parametrize(("provider", "create"), CREATES)
@some
@given(data=st.data())
def test_a_call_by_official_names_is_the_providers_body(provider: str, create: str, data: st.DataObject) -> None:
    body, own = data.draw(accepted(provider, create)), operation(provider, create)
    assert build_request(own, fields_of(own, body)) == without_blanks(own, body)


@pytest.mark.parametrize(("source", "target", "create"), ACROSS)
@some
@given(data=st.data())
def test_a_body_is_accepted_elsewhere_but_for_the_listed_differences(
    source: str, target: str, create: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(source, target, create))
    assert refused(source, target, create, body) <= DIFFERENCES.get((source, target, create), {}).keys()


@pytest.mark.parametrize(("source", "target", "create"), ACROSS)
@some
@given(data=st.data())
def test_nothing_is_lost_on_the_way_there_and_back(source: str, target: str, create: str, data: st.DataObject) -> None:
    body = data.draw(bodies(source, target, create))
    if not refused(source, target, create, body):
        one, other = operation(source, create), operation(target, create)
        there = build_request(other, fields_of(one, body))
        assert fields_of(other, there) == fields_of(one, without_blanks(one, body))


@pytest.mark.parametrize(("source", "target", "create", "difference"), LISTED)
def test_each_listed_difference_is_met(source: str, target: str, create: str, difference: str) -> None:
    call = LEAST[create] | DIFFERENCES[source, target, create][difference]
    body = build_request(operation(source, create), call)
    assert refused(source, target, create, body) == {difference}


@pytest.mark.parametrize(("source", "target", "create", "difference"), LISTED)
def test_each_listed_difference_is_in_the_documents(source: str, target: str, create: str, difference: str) -> None:
    rule, _, field = difference.partition(" /")
    one, other = operation(source, create), operation(target, create)
    kind, _, keyword = rule.partition(".")
    if rule == "field.unknown":
        assert field in one.properties.keys() - other.properties.keys()
    elif rule == "schema.required":
        assert field in set((other.request or {})["required"]) - set((one.request or {}).get("required", ()))
    elif kind == "schema":
        assert one.properties[field].get(keyword) != other.properties[field][keyword]
    else:
        assert rule in str(other.request)
        assert rule not in str(one.request)
