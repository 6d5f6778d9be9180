"""An empty text that means absent: accepted and noted, by the gate, the mock and the client alike."""

from __future__ import annotations

from typing import Any

import pytest
from gate_bodies import EXPAND, MULTI, PROVIDERS, URL, VIDEO, broken, expansion, load, operation

from kling_contract.client.bodies import build_request
from kling_contract.contract import check_request, notes
from kling_contract.errors import ContractViolation

SUBJECTS = [{"subject_image": URL}, {"subject_image": URL}]
BLANK = [
    (provider, create.id, name)
    for provider in PROVIDERS
    for create in load(provider).operations.values()
    for name in sorted(create.blank)
]


def least(provider: str, name: str) -> dict[str, Any]:
    if name == EXPAND:
        return expansion(provider, (0, 0, 0, 0))
    return {"subject_image_list": SUBJECTS} if name == MULTI else {"image": URL}


def noted(provider: str, name: str, body: dict[str, Any]) -> list[str]:
    return [f"{each.rule} {each.pointer}" for each in notes(operation(provider, name), body)]


@pytest.mark.parametrize(("provider", "name", "field"), BLANK)
def test_a_blank_field_is_as_good_as_none(provider: str, name: str, field: str) -> None:
    body = {"image_tail": URL, "model_name": "kling-v1-6", "mode": "pro"} if field == "image" else least(provider, name)
    own = operation(provider, name)
    empty = own.empties[field]
    assert broken(provider, name, {**body, field: empty}) == broken(provider, name, body) == []
    said = {own.canonical(each): value for each, value in body.items()}
    assert build_request(own, said | {own.canonical(field): empty}) == body


@pytest.mark.parametrize(
    ("provider", "name", "field"),
    [("kling", VIDEO, "image_tail"), ("kling", VIDEO, "static_mask"), ("cometapi", VIDEO, "image_tail"),
     ("cometapi", VIDEO, "static_mask"), ("kling", MULTI, "scene_image"), ("kling", MULTI, "style_image"),
     ("cometapi", MULTI, "scence_image"), ("cometapi", MULTI, "style_image")],
)  # fmt: skip
def test_a_blank_image_is_noted_with_what_is_assumed(provider: str, name: str, field: str) -> None:
    body = {**least(provider, name), field: ""}
    (found,) = (each for each in notes(operation(provider, name), body) if each.rule == "field.blank")
    assert (found.pointer, found.found) == (f"/{field}", "")
    assert found.message == f"{field} is empty, which is taken as absent"
    assert found.source is not None
    assert found.source["source"] == "SENT"
    assert "image_tail" in found.source["assumed"]


def test_what_official_examples_send_empty_needs_no_note() -> None:
    body = {"image": URL, "model_name": "kling-v2-6"}
    blank = dict.fromkeys(("prompt", "negative_prompt", "callback_url", "external_task_id"), "")
    assert noted("kling", VIDEO, {**body, **blank}) == []


@pytest.mark.parametrize("body", [{}, {"image": ""}, {"image_tail": ""}, {"image": "", "image_tail": ""}])
def test_both_frames_blank_are_told_in_the_documented_words(body: dict[str, Any]) -> None:
    (found,) = check_request(operation("kling", VIDEO), body)
    assert (found.pointer, found.rule) == ("", "image-to-video.image")
    assert found.message == "image and image_tail can not be empty"
    assert found.source == {"source": "SEEN"}


def test_a_blank_image_that_is_required_is_as_one_that_is_not_there() -> None:
    (found,) = check_request(operation("cometapi", VIDEO), {"image": ""})
    assert found == check_request(operation("cometapi", VIDEO), {})[0]
    assert (found.pointer, found.rule, found.message) == ("/image", "schema.required", "image is required")
    assert broken("cometapi", EXPAND, {**expansion("cometapi", (0, 0, 0, 0)), "image": ""}) == [
        "schema.required /image"
    ]
    assert broken("kling", MULTI, {"subject_image_list": [{"subject_image": ""}]}) == [
        "image.base64 /subject_image_list/0/subject_image"
    ]


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("kling", {"image": URL, "element_list": [], "voice_list": []}),
        ("kling", {"image": URL, "element_list": [], "voice_list": [{"voice_id": "a"}]}),
        ("kling", {"image": URL, "element_list": [{"element_id": 1}], "voice_list": []}),
        ("kling", {"image": URL, "image_tail": URL, "model_name": "kling-v1-6", "mode": "pro", "dynamic_masks": []}),
        ("kling", {"image": URL, "model_name": "kling-v2-6", "dynamic_masks": []}),
        ("cometapi", {"image": URL, "image_tail": URL, "dynamic_masks": []}),
    ],
)
def test_an_empty_list_excludes_and_needs_nothing(provider: str, body: dict[str, Any]) -> None:
    assert broken(provider, VIDEO, body) == []
    own = operation(provider, VIDEO)
    assert not {"element_list", "voice_list", "dynamic_masks"} & {
        name for name, value in build_request(own, body).items() if value == []
    }


def test_an_empty_text_is_no_empty_list_and_no_other_list_is_taken_as_absent() -> None:
    assert broken("kling", VIDEO, {"image": URL, "element_list": ""}) == ["schema.type /element_list"]
    assert broken("kling", VIDEO, {"image": URL, "prompt": []}) == ["schema.type /prompt"]
    assert broken("kling", VIDEO, {"image": URL, "multi_prompt": []}) == ["schema.minItems /multi_prompt"]
    assert broken("kling", MULTI, {"subject_image_list": []}) == ["schema.minItems /subject_image_list"]


CAMERA = {"type": "simple", "config": {"zoom": 1}}
V15 = {"image": URL, "model_name": "kling-v1-5", "mode": "pro"}


@pytest.mark.parametrize(
    "body",
    [
        {**V15, "image_tail": "", "camera_control": CAMERA},
        {**V15, "image_tail": "", "static_mask": URL},
        {**V15, "image_tail": URL, "static_mask": ""},
        {**V15, "static_mask": "", "camera_control": CAMERA},
        {"image": URL, "image_tail": "", "model_name": "kling-v2-5-turbo", "mode": "std"},
        {"image": "", "image_tail": URL, "model_name": "kling-v1-6", "mode": "pro"},
        {"image": URL, "static_mask": "", "model_name": "kling-v3", "prompt": "a"},
    ],
)
def test_a_blank_field_excludes_and_needs_nothing(body: dict[str, Any]) -> None:
    assert broken("kling", VIDEO, body) == []


def test_a_blank_prompt_is_none_where_one_is_needed() -> None:
    body = {"image": URL, "model_name": "kling-v3", "prompt": ""}
    assert broken("kling", VIDEO, body) == ["image-to-video.prompt"]


def test_a_number_that_nobody_computes_with_is_told_beside_a_blank_field() -> None:
    assert broken("kling", VIDEO, {"image": URL, "image_tail": "", "cfg_scale": 10**50}) == [
        "number.precision /cfg_scale"
    ]


def test_the_client_says_the_same_of_two_blank_frames() -> None:
    with pytest.raises(ContractViolation) as caught:
        build_request(operation("kling", VIDEO), {"image": "", "image_tail": ""})
    assert [each.message for each in caught.value.violations] == ["image and image_tail can not be empty"]


def test_the_images_of_a_body_leave_a_blank_one_out() -> None:
    body = {"image": URL, "image_tail": "", "static_mask": URL}
    assert operation("kling", VIDEO).pictures(body) == [("image", URL), ("static_mask", URL)]


def test_a_body_without_a_blank_field_is_not_copied() -> None:
    body = {"image": URL, "prompt": "a"}
    assert operation("kling", VIDEO).given(body) is body
