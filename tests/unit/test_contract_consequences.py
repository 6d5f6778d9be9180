"""What follows from a value that is wrong by itself is not told besides; what does not follow from it is."""

from __future__ import annotations

from typing import Any

import pytest
from gate_bodies import URL, VIDEO, broken, operation

from kling_contract.checker import Checker
from kling_contract.contract import check_request

CAMERA = {"type": "simple", "config": {"zoom": 1}}
V15 = {"image": URL, "model_name": "kling-v1-5", "mode": "pro"}
SHOTS = [{"index": 1, "prompt": "a", "duration": "2"}, {"index": 2, "prompt": "b", "duration": "3"}]
OFFICIAL: dict[str, Any] = {
    "model_name": "kling-v3", "image": URL, "prompt": "", "multi_shot": "true", "shot_type": "customize",
    "multi_prompt": SHOTS, "negative_prompt": "", "duration": "5", "mode": "pro", "sound": "on", "callback_url": "",
    "external_task_id": "",
}  # fmt: skip


def test_the_official_multi_shot_example_has_one_fault() -> None:
    (found,) = check_request(operation("kling", VIDEO), OFFICIAL)
    assert (found.pointer, found.rule) == ("/multi_shot", "schema.type")
    assert found.message == "multi_shot is a string and must be a boolean"
    assert found.hint == "send true without quotes"
    assert found.source is not None
    assert found.source["findings"] == ["page.example"]
    assert broken("kling", VIDEO, {**OFFICIAL, "multi_shot": True}) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"image": URL, "multi_shot": "yes", "model_name": "kling-v3"}, ["schema.type /multi_shot"]),
        ({"image": URL, "multi_shot": True, "shot_type": "both", "model_name": "kling-v3"},
         ["schema.enum /shot_type"]),
        ({"image": URL, "multi_shot": True, "shot_type": 1, "model_name": "kling-v3"}, ["schema.type /shot_type"]),
        ({**V15, "image_tail": 5, "camera_control": CAMERA}, ["schema.type /image_tail"]),
        ({**V15, "image_tail": False, "static_mask": URL}, ["schema.type /image_tail"]),
        ({**V15, "image_tail": [], "mode": "std"}, ["schema.type /image_tail"]),
        ({**V15, "camera_control": "simple", "static_mask": URL}, ["schema.type /camera_control"]),
        ({**V15, "camera_control": {}, "mode": "std"}, ["schema.required /camera_control/type"]),
        ({**V15, "camera_control": {"type": "spiral"}}, ["schema.enum /camera_control/type"]),
        ({**V15, "camera_control": {"type": "simple", "config": {"zoom": "1"}}},
         ["schema.type /camera_control/config/zoom"]),
        ({**V15, "camera_control": {"type": "simple", "config": {"zoom": 11, "pan": 1}}},
         ["schema.maximum /camera_control/config/zoom"]),
        ({"image": URL, "duration": 7}, ["schema.type /duration"]),
        ({"image": URL, "duration": "99", "image_tail": URL}, ["schema.enum /duration"]),
        ({"image": URL, "duration": 5, "image_tail": URL, "model_name": "kling-v2-6", "mode": "pro", "sound": "on"},
         ["schema.type /duration"]),
        ({"image": URL, "mode": "4K", "model_name": "kling-v2-6"}, ["schema.enum /mode"]),
        ({"image": URL, "mode": "8k", "sound": "on", "model_name": "kling-v2-6"}, ["schema.enum /mode"]),
        ({"image": URL, "model_name": "kling-v9", "duration": "3", "sound": "on", "mode": "4k"},
         ["schema.enum /model_name"]),
        ({"image": URL, "model_name": None, "image_tail": URL, "mode": "pro"}, ["schema.type /model_name"]),
        ({"image": URL, "element_list": {}, "voice_list": [{"voice_id": "a"}]}, ["schema.type /element_list"]),
        ({"image": 5, "image_tail": URL}, ["schema.type /image"]),
    ],
)  # fmt: skip
def test_what_follows_from_a_wrong_value_is_not_told(body: dict[str, Any], expected: list[str]) -> None:
    assert sorted(broken("kling", VIDEO, body)) == sorted(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Masks and camera exclude each other, whatever the last frame is.
        ({**V15, "image_tail": 5, "static_mask": URL, "camera_control": CAMERA},
         ["schema.type /image_tail", "image-to-video.exclusive"]),
        # The prompt is no part of what kling-v2-6 cannot do.
        ({"image": URL, "prompt": 5, "model_name": "kling-v2-6", "duration": "7"},
         ["schema.type /prompt", "image-to-video.duration"]),
        # Which camera it is has nothing to do with how far it goes.
        ({"image": URL, "camera_control": {"type": "simple", "config": {"zoom": 99}}},
         ["schema.maximum /camera_control/config/zoom", "capability.camera"]),
        ({"image": URL, "element_list": [{"element_id": "1"}], "voice_list": [{"voice_id": "a"}]},
         ["schema.type /element_list/0/element_id", "image-to-video.elements"]),
        ({"cfg_scale": 2}, ["schema.maximum /cfg_scale", "image-to-video.image"]),
    ],
)  # fmt: skip
def test_what_is_wrong_besides_is_told(body: dict[str, Any], expected: list[str]) -> None:
    assert sorted(broken("kling", VIDEO, body)) == sorted(expected)


PAY = {
    "type": "object",
    "properties": {"card": {"type": "string"}, "till": {"type": "string"}, "name": {"type": "string"},
                   "if": {"type": "integer"}, "list": {"type": "array", "items": {"type": "string"}}},
    "dependentRequired": {"card": ["till"]},
    "dependentSchemas": {"name": {"required": ["till"]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        (PAY, {"card": "1"}, ["schema.required /till"]),
        (PAY, {"card": 1}, ["schema.type /card"]),
        (PAY, {"name": "a"}, ["schema.required /till"]),
        (PAY, {"name": 1}, ["schema.type /name"]),
        (PAY, {"if": "1", "card": "1"}, ["schema.type /if", "schema.required /till"]),
        (PAY, {"list": [1], "card": "1"}, ["schema.type /list/0", "schema.required /till"]),
        ({**PAY, "anyOf": [{"required": ["till"]}, {"properties": {"card": {"const": "0"}}, "required": ["card"]}]},
         {"card": 1}, ["schema.type /card"]),
        ({**PAY, "oneOf": [{"properties": {"list": {"maxItems": 0}}}, {"required": ["till"]}]},
         {"list": ["a", "b"]}, ["schema.oneOf"]),
        ({**PAY, "oneOf": [{"properties": {"list": {"maxItems": 0}}}, {"required": ["till"]}]},
         {"list": "a", "till": "b"}, ["schema.type /list"]),
        ({**PAY, "not": {"properties": {"name": {"const": "a"}}, "required": ["name"]}}, {"name": "a", "till": "b"},
         ["schema.not"]),
        ({**PAY, "additionalProperties": {"type": "string"}}, {"other": 1, "card": "1"},
         ["schema.type /other", "schema.required /till"]),
    ],
)  # fmt: skip
def test_each_kind_of_condition_waits_for_the_fields_that_it_looks_at(
    schema: dict[str, Any], body: Any, expected: list[str]
) -> None:
    found = Checker(schema, "Acme").check(body)
    told = {f"{'schema.required' if each.rule == 'schema.dependentRequired' else each.rule} {each.pointer}".strip()
            for each in found}  # fmt: skip
    assert told == set(expected)


def test_a_condition_inside_of_an_item_looks_at_that_item_alone() -> None:
    item = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "if": {"required": ["a"]}, "then": {"required": ["b"]}}  # fmt: skip
    found = Checker({"type": "object", "properties": {"list": {"type": "array", "items": item}}}, "Acme").check(
        {"list": [{"a": 1}, {"a": "x"}]}
    )
    assert [f"{each.rule} {each.pointer}" for each in found] == ["schema.type /list/0/a", "schema.required /list/1/b"]


def test_many_flaws_hide_no_condition_that_looks_elsewhere() -> None:
    body = {"cfg_scale": 2, "element_list": [5] * 2_000, "voice_list": [5] * 2_000, "mode": "4k"}
    found = check_request(operation("kling", VIDEO), body)
    assert len(found) + sum(each.found for each in found if each.rule == "remarks.more") > 4_000
    assert {"image-to-video.image", "image-to-video.mode"} <= {each.rule for each in found}
    assert "image-to-video.elements" not in {each.rule for each in found}
