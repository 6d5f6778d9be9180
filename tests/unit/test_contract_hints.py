"""What a hint knows of the names and values that people write instead: earlier ones, and those of other providers."""

from __future__ import annotations

from typing import Any

import pytest
from gate_bodies import EXPAND, MULTI, PROVIDERS, URL, VIDEO, expansion, load, operation

from kling_contract.client.bodies import build_request
from kling_contract.contract import check_request, notes
from kling_contract.errors import ContractViolation
from kling_contract.names import known_as, meant
from kling_contract.wording import did_you_mean

FIELDS = [
    ("model", "model_name"), ("modelName", "model_name"), ("model-name", "model_name"),
    ("image_url", "image"), ("imageUrl", "image"), ("start_image", "image"), ("startImageUrl", "image"),
    ("first_frame", "image"), ("firstFrameImage", "image"),
    ("tail_image_url", "image_tail"), ("end_image", "image_tail"), ("endImageUrl", "image_tail"),
    ("last_frame", "image_tail"), ("imageTail", "image_tail"), ("image_tail_url", "image_tail"),
    ("negativePrompt", "negative_prompt"), ("NEGATIVE_PROMPT", "negative_prompt"),
    ("callBackUrl", "callback_url"), ("webhook_url", "callback_url"), ("webhook", "callback_url"),
    ("notify_hook", "callback_url"), ("external_id", "external_task_id"), ("externalTaskId", "external_task_id"),
    ("generate_audio", "sound"), ("audio", "sound"), ("cfgScale", "cfg_scale"), ("multiShots", "multi_shot"),
    ("elements", "element_list"), ("voice_ids", "voice_list"), ("resolution", "mode"),
    ("cameraControl", "camera_control"), ("dynamicMasks", "dynamic_masks"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_name_of_others_or_of_an_earlier_era_is_known(name: str, field: str) -> None:
    (found,) = (each for each in noted("kling", VIDEO, {name: "x"}) if each.pointer == f"/{name}")
    assert (found.rule, found.hint) == ("field.unknown", f"Kling calls it {field}")


@pytest.mark.parametrize(
    ("provider", "create", "name", "field"),
    [
        ("kling", EXPAND, "image_url", "image"),
        ("kling", EXPAND, "num_images", "n"),
        ("anyapi", EXPAND, "numImages", "n"),
        ("cometapi", EXPAND, "num_images", "n"),
        ("cometapi", EXPAND, "upExpansionRatio", "up_expansion_ratio"),
        ("kling", MULTI, "aspectRatio", "aspect_ratio"),
        ("kling", MULTI, "ratio", "aspect_ratio"),
        ("kling", MULTI, "image_list", "subject_image_list"),
        ("cometapi", MULTI, "model", "model_name"),
        ("cometapi", VIDEO, "model", "model_name"),
        ("cometapi", VIDEO, "image_url", "image"),
        ("cometapi", VIDEO, "end_image_url", "image_tail"),
    ],
)
def test_so_it_is_in_each_document_and_family(provider: str, create: str, name: str, field: str) -> None:
    (found,) = (each for each in noted(provider, create, {name: "x"}) if each.pointer == f"/{name}")
    assert found.hint == f"{operation(provider, create).title} calls it {field}"


def noted(provider: str, create: str, body: dict[str, Any]) -> list[Any]:
    return notes(operation(provider, create), body, map(load, PROVIDERS))


def test_only_then_comes_spelling() -> None:
    hints = {each.pointer: each.hint for each in noted("kling", VIDEO, {"promt": "a", "modle": "std", "seed": 1})}
    assert hints["/promt"] == "did you mean 'prompt'?"
    assert hints["/modle"] == "did you mean 'mode'?"
    assert hints["/seed"] is None


@pytest.mark.parametrize(
    ("name", "field"),
    [("img_url", "image"), ("imag_url", "image"), ("end_img", "image_tail"), ("web_hook", "callback_url")],
)
def test_a_slip_in_what_others_call_a_field_leads_to_the_field(name: str, field: str) -> None:
    (found,) = (each for each in noted("cometapi", VIDEO, {name: "x"}) if each.pointer == f"/{name}")
    assert found.hint
    assert field in found.hint


def test_a_required_field_under_another_name_is_to_be_renamed() -> None:
    (found,) = check_request(operation("cometapi", VIDEO), {"image_url": URL})
    assert (found.rule, found.hint) == ("schema.required", "rename image_url to image")
    (found,) = check_request(operation("kling", MULTI), {"subject_image_list": [{"image": URL}]})
    assert (found.pointer, found.hint) == ("/subject_image_list/0/subject_image", "rename image to subject_image")
    (found,) = check_request(operation("anyapi", EXPAND), {**without_n(), "numImages": 1})
    assert (found.pointer, found.hint) == ("/n", "rename numImages to n")


def without_n() -> dict[str, Any]:
    body = expansion("anyapi", (0, 0, 0, 0))
    del body["n"]
    return body


@pytest.mark.parametrize(("name", "field"), [("image_url", "image"), ("end_image", "image_tail")])
def test_one_of_two_that_is_there_under_another_name_is_to_be_renamed(name: str, field: str) -> None:
    (found,) = check_request(operation("kling", VIDEO), {name: URL})
    assert (found.rule, found.hint) == ("image-to-video.image", f"rename {name} to {field}")


def test_a_prompt_under_another_name_keeps_the_documents_own_hint() -> None:
    (found,) = check_request(operation("kling", VIDEO), {"image": URL, "model_name": "kling-v3", "Prompt": "a"})
    assert (found.rule, str(found.hint)[:21]) == ("image-to-video.prompt", "kling-v3 needs a prom")


@pytest.mark.parametrize(
    ("create", "field", "written", "meant"),
    [
        (VIDEO, "mode", "standard", "std"), (VIDEO, "mode", "Standard", "std"), (VIDEO, "mode", "720p", "std"),
        (VIDEO, "mode", "professional", "pro"), (VIDEO, "mode", "1080p", "pro"), (VIDEO, "mode", "4K", "4k"),
        (VIDEO, "model_name", "kling-2.1", "kling-v2-1"), (VIDEO, "model_name", "kling-v2.1", "kling-v2-1"),
        (VIDEO, "model_name", "Kling-V2-6", "kling-v2-6"), (VIDEO, "model_name", "kling-2.6", "kling-v2-6"),
        (VIDEO, "model_name", "kling-3.0", "kling-v3"), (VIDEO, "model_name", "kling-v3-0", "kling-v3"),
        (VIDEO, "model_name", "kling_v2_5_turbo", "kling-v2-5-turbo"),
        (VIDEO, "model_name", "kling-2.5-turbo", "kling-v2-5-turbo"),
        (VIDEO, "sound", "native", "on"),
        (MULTI, "model_name", "kling-2.1", "kling-v2-1"),
        (MULTI, "aspect_ratio", "widescreen_16_9", "16:9"), (MULTI, "aspect_ratio", "square_1_1", "1:1"),
        (VIDEO, "mode", "prp", "pro"),
    ],
)  # fmt: skip
def test_a_value_that_others_write_is_known(create: str, field: str, written: Any, meant: str) -> None:
    least = {VIDEO: {"image": URL}, MULTI: {"subject_image_list": [{"subject_image": URL}]}}[create]
    (found,) = check_request(operation("kling", create), {**least, field: written})
    assert (found.pointer, found.hint) == (f"/{field}", f"did you mean {meant!r}?")


@pytest.mark.parametrize(("written", "meant"), [(True, "on"), (False, "off")])
def test_a_value_of_another_type_that_others_write_is_known(written: bool, meant: str) -> None:
    (found,) = check_request(operation("kling", VIDEO), {"image": URL, "sound": written})
    assert (found.rule, found.hint) == ("schema.type", f"did you mean {meant!r} (a string)?")


def test_the_client_tells_a_name_of_others_by_the_official_one() -> None:
    for provider in ("kling", "cometapi"):
        with pytest.raises(ContractViolation) as caught:
            build_request(operation(provider, VIDEO), {"image_url": URL, "model": "kling-v2-6"})
        hints = {each.pointer: each.hint for each in caught.value.violations}
        assert (hints["/image_url"], hints["/model"]) == ("did you mean 'image'?", "did you mean 'model_name'?")


KNOWN: dict[str, dict[str, Any]] = {
    "image": {"x-also-known-as": ["img", "image_url"]}, "image_tail": {}, "n": {"x-also-known-as": ["count"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field"),
    [("img", "image"), ("IMG", "image"), ("imageUrl", "image"), ("image-tail", "image_tail"), ("Count", "n"),
     ("image", "image"), ("picture", None), ("", None), ("图片", None), ("x" * 10_000, None)],
)  # fmt: skip
def test_names_are_compared_without_case_hyphens_and_underscores(name: str, field: str | None) -> None:
    assert known_as(name, KNOWN) == field


def test_a_name_in_other_letters_is_like_no_other() -> None:
    assert known_as("名", {"图": {"x-also-known-as": ["片"]}}) is None
    assert meant("名", KNOWN) is None
    assert did_you_mean("名", ["图", "片"]) is None


@pytest.mark.parametrize("found", [None, [], {}, 1, 2.5, "", "x" * 100_000])
def test_no_value_is_taken_for_another_word_by_mistake(found: Any) -> None:
    assert did_you_mean(found, ["std"], {"std": ["standard", True, 0]}) is None
