"""Fields that need or exclude each other: each named rule, broken alone, is found alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from gate_bodies import URL, VIDEO, broken, operation

from kling_contract.checker import _fill
from kling_contract.contract import check_request

LEGAL: dict[str, Any] = {"image": URL, "model_name": "kling-v1-5", "mode": "pro", "duration": "5"}
CAMERA = {"type": "simple", "config": {"zoom": 5}}
MASKS = [{"mask": URL, "trajectories": [{"x": 279, "y": 219}, {"x": 417, "y": 65}]}]
V3 = {"image": URL, "model_name": "kling-v3", "prompt": "the cat runs"}
BODIES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("an image alone", {"image": URL}, []),
    ("a last frame alone", {"image_tail": URL, "model_name": "kling-v1-6", "mode": "pro"}, []),
    ("no image", {}, ["image-to-video.image"]),
    ("tail and static mask", LEGAL | {"image_tail": URL, "static_mask": URL}, ["image-to-video.exclusive"]),
    ("tail and dynamic masks", LEGAL | {"image_tail": URL, "dynamic_masks": MASKS}, ["image-to-video.exclusive"]),
    ("tail and camera", LEGAL | {"image_tail": URL, "camera_control": CAMERA}, ["image-to-video.exclusive"]),
    ("static mask and camera", LEGAL | {"static_mask": URL, "camera_control": CAMERA}, ["image-to-video.exclusive"]),
    ("dynamic masks and camera", LEGAL | {"dynamic_masks": MASKS, "camera_control": CAMERA},
     ["image-to-video.exclusive"]),
    ("all three at once", LEGAL | {"image_tail": URL, "static_mask": URL, "camera_control": CAMERA},
     ["image-to-video.exclusive"]),
    ("both masks", LEGAL | {"static_mask": URL, "dynamic_masks": MASKS}, []),
    ("elements and voices", V3 | {"element_list": [{"element_id": 1}], "voice_list": [{"voice_id": "a"}]},
     ["image-to-video.elements"]),
    ("elements alone", V3 | {"element_list": [{"element_id": 1}]}, []),
    ("many shots without their type", V3 | {"multi_shot": True}, ["image-to-video.shot-type"]),
    ("shots of one's own without prompts", V3 | {"multi_shot": True, "shot_type": "customize"},
     ["image-to-video.multi-prompt"]),
    ("shots of one's own", {"image": URL, "model_name": "kling-v3", "multi_shot": True, "shot_type": "customize",
                            "multi_prompt": [{"index": 1, "prompt": "a", "duration": "5"}]}, []),
    ("shots by intelligence", V3 | {"multi_shot": True, "shot_type": "intelligence"}, []),
    ("kling-v3 without a prompt", {"image": URL, "model_name": "kling-v3"}, ["image-to-video.prompt"]),
    ("kling-v3 with an empty prompt", V3 | {"prompt": ""}, ["image-to-video.prompt"]),
    ("shots by intelligence without a prompt", {"image": URL, "model_name": "kling-v3", "multi_shot": True,
                                                "shot_type": "intelligence"}, ["image-to-video.prompt"]),
    ("an older model without a prompt", {"image": URL, "model_name": "kling-v2-6"}, []),
    ("7 seconds with the default model", {"image": URL, "duration": "7"}, ["image-to-video.duration"]),
    ("7 seconds with kling-v3", V3 | {"duration": "7"}, []),
    ("10 seconds with any model", {"image": URL, "duration": "10", "model_name": "kling-v2-6"}, []),
    ("4k with the default model", {"image": URL, "mode": "4k"}, ["image-to-video.mode"]),
    ("4k with kling-v3", V3 | {"mode": "4k"}, []),
    ("sound with kling-v2-5-turbo", {"image": URL, "model_name": "kling-v2-5-turbo", "sound": "on"},
     ["image-to-video.sound"]),
    ("sound with kling-v2-6 in std", {"image": URL, "model_name": "kling-v2-6", "sound": "on"},
     ["image-to-video.sound"]),
    ("sound with kling-v2-6 in pro", {"image": URL, "model_name": "kling-v2-6", "mode": "pro", "sound": "on"}, []),
    ("sound with kling-v3", V3 | {"sound": "on"}, []),
    ("no sound with any model", {"image": URL, "sound": "off"}, []),
    ("two frames, kling-v1 for 5 s", {"image": URL, "image_tail": URL}, []),
    ("two frames, kling-v1 for 10 s", {"image": URL, "image_tail": URL, "duration": "10"}, ["capability.image-tail"]),
    ("two frames, std", LEGAL | {"image_tail": URL, "mode": "std"}, ["capability.image-tail"]),
    ("two frames, a model without them", LEGAL | {"image_tail": URL, "model_name": "kling-v2-master"},
     ["capability.image-tail"]),
    ("two frames, kling-v2-6 silent", LEGAL | {"image_tail": URL, "model_name": "kling-v2-6"}, []),
    ("two frames, kling-v2-6 with sound", LEGAL | {"image_tail": URL, "model_name": "kling-v2-6", "sound": "on"},
     ["capability.image-tail"]),
    ("two frames, kling-v3", V3 | {"image_tail": URL}, []),
    ("a last frame alone, kling-v2-1", {"image_tail": URL, "model_name": "kling-v2-1", "mode": "pro"},
     ["capability.tail-only"]),
    ("a last frame alone, std", {"image_tail": URL, "model_name": "kling-v1-6"}, ["capability.tail-only"]),
    ("masks with kling-v1", {"image": URL, "static_mask": URL}, []),
    ("masks with kling-v1 for 10 s", {"image": URL, "static_mask": URL, "duration": "10"}, ["capability.motion-brush"]),
    ("masks with kling-v1-5 in std", LEGAL | {"dynamic_masks": MASKS, "mode": "std"}, ["capability.motion-brush"]),
    ("masks with kling-v2-6", LEGAL | {"dynamic_masks": MASKS, "model_name": "kling-v2-6"},
     ["capability.motion-brush"]),
    ("a camera", LEGAL | {"camera_control": CAMERA}, []),
    ("a camera for 10 s", LEGAL | {"camera_control": CAMERA, "duration": "10"}, ["capability.camera"]),
    ("a camera with kling-v1", {"image": URL, "camera_control": CAMERA}, ["capability.camera"]),
    ("a camera that is not simple", LEGAL | {"camera_control": {"type": "down_back"}}, ["capability.camera"]),
    ("a simple camera without config", LEGAL | {"camera_control": {"type": "simple"}},
     ["camera.config /camera_control"]),
    ("two axes", LEGAL | {"camera_control": {"type": "simple", "config": {"zoom": 5, "pan": 1}}},
     ["camera.one-axis /camera_control/config"]),
    ("no axis", LEGAL | {"camera_control": {"type": "simple", "config": {"zoom": 0, "pan": Decimal("0.0")}}},
     ["camera.one-axis /camera_control/config"]),
    ("one axis and five zeros", LEGAL | {"camera_control": {"type": "simple", "config": {
        "horizontal": 0, "vertical": 0, "pan": Decimal("-10"), "tilt": 0.0, "roll": 0, "zoom": 0}}}, []),
    ("an axis too far", LEGAL | {"camera_control": {"type": "simple", "config": {"zoom": 11}}},
     ["schema.maximum /camera_control/config/zoom"]),
    ("77 points", LEGAL | {"dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": 1}] * 77}]}, []),
    ("78 points", LEGAL | {"dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": 1}] * 78}]},
     ["schema.maxItems /dynamic_masks/0/trajectories"]),
    ("one point", LEGAL | {"dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": 1}]}]},
     ["schema.minItems /dynamic_masks/0/trajectories"]),
    ("6 groups", LEGAL | {"dynamic_masks": MASKS * 6}, []),
    ("7 groups", LEGAL | {"dynamic_masks": MASKS * 7}, ["schema.maxItems /dynamic_masks"]),
    ("empty texts", {"image": URL, "prompt": "", "callback_url": "", "external_task_id": ""}, []),
    ("a duration that no model has", {"image": URL, "duration": "16"}, ["schema.enum /duration"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
def test_a_rule_broken_alone_is_found_alone(body: dict[str, Any], expected: list[str]) -> None:
    assert broken("kling", VIDEO, body) == expected


def test_every_named_rule_is_broken_alone_somewhere() -> None:
    def named(node: Any) -> set[str]:
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        says = node.get("x-violation", {}) if isinstance(node, dict) else {}
        return {says[key] for key in says if key == "rule"}.union(*map(named, inner))

    tried = {rule.split()[0] for _, _, rules in BODIES for rule in rules}
    assert named(operation("kling", VIDEO).request) - tried == set()


@pytest.mark.parametrize("field", ["static_mask", "dynamic_masks"])
def test_tail_and_masks_exclude_each_other_at_cometapi_too(field: str) -> None:
    body = {"image": URL, "image_tail": URL, field: URL if field == "static_mask" else MASKS}
    assert broken("cometapi", VIDEO, body) == ["image-to-video.exclusive"]


def test_a_named_rule_fills_its_message_and_names_its_source() -> None:
    (found,) = check_request(operation("kling", VIDEO), LEGAL | {"image_tail": URL, "mode": "std"})
    assert found.message == "model/mode/duration(kling-v1-5/std/5) is not supported with image_tail"
    assert found.source == {"source": "CAPABILITY"}
    (found,) = check_request(operation("kling", VIDEO), {"image": URL, "image_tail": URL, "duration": "10"})
    assert found.message == "model/mode/duration(kling-v1/std/10) is not supported with image_tail"


def test_a_message_says_values_that_are_no_texts_as_json_has_them() -> None:
    values = {"model_name": None, "mode": True, "duration": 5}
    assert _fill("model/mode/duration({model_name}/{mode}/{duration})", values) == "model/mode/duration(null/true/5)"
