from __future__ import annotations

import base64
import enum
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fakes import PICTOR, URL
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kling_contract.client.bodies import build_request, to_json
from kling_contract.documents import load
from kling_contract.errors import ContractViolation, Violation

if TYPE_CHECKING:
    from pathlib import Path

KLING, COMET, ANY, INVENTED = load("kling"), load("cometapi"), load("anyapi"), load(PICTOR)
RATIOS: dict[str, Any] = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
EXPAND: dict[str, Any] = {"image": URL, **RATIOS}


def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (300, 300)).save(target, "PNG")
    return target.getvalue()


def build(provider: Any, operation: str, **fields: Any) -> dict[str, Any]:
    return build_request(provider.operations[operation], fields)


def broken(provider: Any, operation: str, **fields: Any) -> list[Violation]:
    with pytest.raises(ContractViolation) as caught:
        build(provider, operation, **fields)
    return list(caught.value.violations)


def test_cometapi_gets_its_own_names_and_types() -> None:
    body = build(COMET, "createImageExpansion", **EXPAND, n=2)
    assert body["bottom_expansion_ratio"] == 0.1
    assert "down_expansion_ratio" not in body
    assert body["n"] == "2"


@pytest.mark.parametrize("provider", [KLING, ANY], ids=["kling", "anyapi"])
def test_others_get_the_canonical_ones(provider: Any) -> None:
    assert build(provider, "createImageExpansion", **EXPAND, n=2) == {**EXPAND, "n": 2}


def test_a_misspelt_name_of_a_provider_is_never_seen() -> None:
    pair = {"subject_image_list": [URL, URL], "scene_image": URL}
    assert build(COMET, "createMultiImageToImage", **pair)["scence_image"] == URL
    assert build(KLING, "createMultiImageToImage", **pair)["scene_image"] == URL


def test_images_are_paths_bytes_urls_and_base64(tmp_path: Path) -> None:
    data = png()
    text = base64.b64encode(data).decode()
    file = tmp_path / "cat.png"
    file.write_bytes(data)
    for given_as, sent in ((file, text), (str(file), text), (data, text), (text, text), (URL, URL)):
        assert build(KLING, "createImageToVideo", image=given_as) == {"image": sent}


def test_a_list_of_images_needs_no_objects() -> None:
    mixed = [URL, png(), {"subject_image": URL}]
    body = build(KLING, "createMultiImageToImage", subject_image_list=mixed)
    text = base64.b64encode(png()).decode()
    assert body["subject_image_list"] == [{"subject_image": URL}, {"subject_image": text}, {"subject_image": URL}]
    assert mixed[0] == URL
    assert build(KLING, "createMultiImageToImage", subject_image_list=(URL,)) == {
        "subject_image_list": [{"subject_image": URL}]
    }


def test_images_inside_objects_are_read_too() -> None:
    masks = [{"mask": png(), "trajectories": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]
    body = build(COMET, "createImageToVideo", image=URL, dynamic_masks=masks)
    assert body["dynamic_masks"][0]["mask"] == base64.b64encode(png()).decode()
    assert body["dynamic_masks"][0]["trajectories"] == masks[0]["trajectories"]


def test_nested_names_and_types_are_translated() -> None:
    body = build(INVENTED, "createUpscale", image_list=[URL, {"image": URL, "strength": 3}], factor=2, free={"a": 1})
    assert body == {"pics": [{"src": URL}, {"src": URL, "weight": "3"}], "times": "2", "free": {"a": 1}}


def test_none_and_documented_empty_texts_mean_absent() -> None:
    nothing = {"prompt": "", "callback_url": "", "external_task_id": "", "n": None, "watermark_info": None}
    assert build(KLING, "createImageExpansion", **EXPAND, **nothing) == EXPAND
    frames = {"image": URL, "image_tail": "", "static_mask": "", "prompt": "", "negative_prompt": ""}
    assert build(KLING, "createImageToVideo", **frames) == {"image": URL}


def test_truth_values_are_no_integers() -> None:
    (violation,) = broken(COMET, "createImageExpansion", **EXPAND, n=True)
    assert (violation.pointer, violation.rule) == ("/n", "schema.type")


def test_enumerations_are_sent_as_their_texts() -> None:
    class Mode(enum.StrEnum):
        PRO = "pro"

    class Old(str, enum.Enum):  # noqa: UP042 - the older spelling must work too
        PRO = "pro"

    for mode in (Mode.PRO, Old.PRO):
        body = build(COMET, "createImageToVideo", image=URL, mode=mode)
        assert to_json(body) == b'{"image":"%s","mode":"pro"}' % URL.encode()


def test_an_unknown_name_is_refused_with_the_one_that_was_meant() -> None:
    fields = {**EXPAND, "bottom_expansion_ratio": 0.1}
    del fields["down_expansion_ratio"]
    (own,) = broken(COMET, "createImageExpansion", **fields)
    assert (own.pointer, own.rule) == ("/bottom_expansion_ratio", "field.unknown")
    assert own.hint == "CometAPI's name for down_expansion_ratio; give down_expansion_ratio"
    (close,) = broken(KLING, "createImageToVideo", image=URL, promt="x")
    assert close.hint == "did you mean 'prompt'?"
    (nested,) = broken(KLING, "createMultiImageToImage", subject_image_list=[{"subject_image": URL, "sujet": 1}])
    assert nested.pointer == "/subject_image_list/0/sujet"


@pytest.mark.parametrize("provider", [KLING, ANY], ids=["kling", "anyapi"])
def test_another_providers_name_is_not_taken_for_a_field_that_is_given(provider: Any) -> None:
    fields = {**EXPAND, "bottom_expansion_ratio": 0.1, "n": 1}
    (extra,) = broken(provider, "createImageExpansion", **fields)
    assert extra.hint is None
    del fields["down_expansion_ratio"]
    unknown, missing = broken(provider, "createImageExpansion", **fields)
    assert unknown.hint == "did you mean 'down_expansion_ratio'?"
    assert (missing.pointer, missing.rule, missing.hint) == ("/down_expansion_ratio", "schema.required", None)


def test_a_misspelling_of_a_field_is_recognised() -> None:
    (found,) = broken(KLING, "createMultiImageToImage", subject_image_list=[URL], scence_image=URL)
    assert found.hint == "did you mean 'scene_image'?"


def test_a_renamed_field_has_both_names() -> None:
    (found,) = broken(COMET, "createImageExpansion", **{**EXPAND, "down_expansion_ratio": 3})
    alias = "(CometAPI's name for down_expansion_ratio)"
    assert found.message == f"bottom_expansion_ratio {alias} is 3, above the maximum of 2"
    fields = {each: ratio for each, ratio in EXPAND.items() if each != "down_expansion_ratio"}
    (found,) = broken(COMET, "createImageExpansion", **fields)
    assert found.message == f"bottom_expansion_ratio is required {alias}"
    images = {"subject_image_list": [URL, URL], "scene_image": "ftp://host/a.png"}
    (found,) = broken(COMET, "createMultiImageToImage", **images)
    assert found.message.endswith("; scence_image is CometAPI's name for scene_image")
    (found,) = broken(INVENTED, "createUpscale", image_list=[{"image": URL, "strength": {}}], factor=2)
    assert found.message == "weight (Pictor's name for strength) is an object and must be a string"


def test_a_hint_says_what_to_give_and_not_what_is_sent() -> None:
    ones = dict.fromkeys(RATIOS, 1)
    (found,) = broken(COMET, "createImageExpansion", image=URL, **ones)
    given = dict(pair.split("=") for pair in str(found.hint).partition("fit: ")[2].split(", "))
    assert set(given) == set(RATIOS)
    assert build(COMET, "createImageExpansion", image=URL, **{name: Decimal(value) for name, value in given.items()})


@pytest.mark.parametrize("number", [2.5, 10.0, Decimal("0.5")])
def test_a_number_that_is_no_count_is_not_to_be_sent_as_a_text(number: Any) -> None:
    (found,) = broken(COMET, "createImageExpansion", **EXPAND, n=number)
    assert (found.rule, found.hint) == ("schema.type", None)


def test_every_violation_is_reported_at_once() -> None:
    found = broken(KLING, "createImageExpansion", **{**EXPAND, "up_expansion_ratio": 3}, n=10, seed=1)
    assert {violation.rule for violation in found} == {"field.unknown", "schema.maximum"}
    assert {violation.pointer for violation in found} == {"/seed", "/n", "/up_expansion_ratio"}


@pytest.mark.parametrize(
    ("value", "rule"),
    [({1, 2}, "schema.type"), (b"x", "schema.type"), (object(), "schema.type"), ("a\ud800", "json.malformed")],
    ids=["set", "bytes", "object", "surrogate"],
)
def test_what_json_cannot_say_is_a_violation(value: Any, rule: str) -> None:
    (violation,) = broken(KLING, "createImageToVideo", image=URL, prompt=value)
    assert (violation.pointer, violation.rule) == ("/prompt", rule)


def test_an_open_file_is_no_image_and_the_hint_says_what_is() -> None:
    (violation,) = broken(COMET, "createImageToVideo", image=io.BytesIO(png()))
    assert (violation.rule, violation.hint) == ("schema.type", "give a path or the file's bytes")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_are_an_image(kind: Any) -> None:
    body = build(KLING, "createMultiImageToImage", subject_image_list=[kind(png())], scene_image=kind(png()))
    text = base64.b64encode(png()).decode()
    assert body == {"subject_image_list": [{"subject_image": text}], "scene_image": text}


@pytest.mark.parametrize("image", [b"", bytearray(), io.BytesIO(png()), object()])
def test_an_unreadable_image_is_still_there(image: Any) -> None:
    found = broken(KLING, "createImageToVideo", image=image, mode="best")
    assert [each.pointer for each in found] == ["/image", "/mode"]


def test_null_is_json() -> None:
    (found,) = broken(KLING, "createMultiImageToImage", subject_image_list=[None])
    assert found.message == "subject_image_list[0] is null and must be an object"
    assert build(INVENTED, "createUpscale", image_list=[URL], factor=2, free={"a": [None]})["free"] == {"a": [None]}


@pytest.mark.parametrize("text", ["./photo", "pics/photo.pn", "~/photo", "C\\photo", "photo.pngx"])
def test_a_text_that_may_mean_a_file_is_told_how_to_give_one(text: str) -> None:
    (found,) = broken(KLING, "createImageToVideo", image=text)
    assert (found.rule, found.hint) == ("image.base64", f"for a file give pathlib.Path({text!r})")


@pytest.mark.parametrize("name", ["photo", "photos12"])
def test_a_file_without_a_suffix_is_not_opened(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(png())
    (found,) = broken(KLING, "createImageToVideo", image=name)
    assert found.hint == f"for a file give pathlib.Path({name!r})"


@pytest.mark.parametrize("text", ["not base64", "data:image/png;base64,AAAA", "ftp://host/a.b", "AAAA"])
def test_other_texts_keep_their_hints(text: str) -> None:
    (found,) = broken(KLING, "createImageToVideo", image=text)
    assert "pathlib" not in str(found.hint)


def test_no_bytes_are_no_image() -> None:
    (violation,) = broken(KLING, "createMultiImageToImage", subject_image_list=[b""])
    assert (violation.pointer, violation.rule) == ("/subject_image_list/0/subject_image", "image.bytes")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"\(given as image_tail\): .*cat\.png"):
        build(KLING, "createImageToVideo", image=URL, image_tail=tmp_path / "cat.png")
    with pytest.raises(FileNotFoundError, match=r"\(given as scene_image\): .*cat\.png"):
        build(COMET, "createMultiImageToImage", subject_image_list=[URL, URL], scene_image=str(tmp_path / "cat.png"))
    with pytest.raises(FileNotFoundError, match=r"\(given as image_list/1/image\): .*cat\.png"):
        build(INVENTED, "createUpscale", image_list=[URL, tmp_path / "cat.png"], factor=2)
    with pytest.raises(IsADirectoryError, match=r"\(given as image\)"):
        build(KLING, "createImageToVideo", image=tmp_path)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN")])
def test_a_number_that_is_none_is_refused(number: Any) -> None:
    (violation,) = broken(KLING, "createImageToVideo", image=URL, cfg_scale=number)
    assert violation.rule == "number.precision"


@given(st.decimals(0, 1, places=12) | st.floats(1e-20, 1).map(lambda each: Decimal(repr(each))))
def test_numbers_are_sent_as_they_were_written(number: Decimal) -> None:
    for written in (number, float(number)):
        text = to_json(build(KLING, "createImageToVideo", image=URL, cfg_scale=written)).decode()
        sent = text.rpartition(":")[2].rstrip("}")
        assert Decimal(sent) == Decimal(repr(written) if isinstance(written, float) else written)


def test_one_tenth_is_one_tenth() -> None:
    assert to_json({"a": 0.1, "b": Decimal("0.10"), "c": 1, "d": "ü"}) == '{"a":0.1,"b":0.10,"c":1,"d":"ü"}'.encode()
