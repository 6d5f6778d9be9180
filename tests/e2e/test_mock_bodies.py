"""Which bodies are accepted, what is said of the others, and leniency."""

from __future__ import annotations

from typing import Any

import pytest
from asking import URL, Core, example, made

from kling_contract import load

VIDEO, MULTI = "createImageToVideo", "createMultiImageToImage"
LEAST: dict[str, dict[str, Any]] = {VIDEO: {"image": URL}, MULTI: {"subject_image_list": [{"subject_image": URL}]}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"image":',
        b'{"image": NaN}',
        b'{"image": Infinity}',
        b'{"image": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"image": "\xff"}',
        b'{"image": "\xed\xa0\x80"}',
        b"{'image': 1}",
        b'{"image": 1,}',
        b'{"image": "x"} trailing',
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": ' + b"[" * 65 + b"]" * 65 + b"}",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1e41}',
        b'{"a": 0.' + b"1" * 41 + b"}",
        b"[]",
        b"null",
        b"1",
        b'"text"',
        '{"image": "x"}'.encode("utf-16"),
        b"image=x&prompt=y",
        b"\0",
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_what_is_no_readable_object_is_refused(body: bytes, lenient: bool) -> None:
    answer = Core("kling", lenient=lenient).create(VIDEO, body)
    assert (answer.status, answer.body["code"]) == (400, 1201)
    assert answer.body["message"] == "Failed to resolve the request body"
    assert answer.entry.violations


OTHER_TYPES = ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x"]
JSON_TYPES = ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]


@pytest.mark.parametrize("given", OTHER_TYPES)
def test_another_content_type_is_refused(given: str) -> None:
    answer = Core("kling").create(VIDEO, {"image": URL}, content_type=given)
    assert (answer.status, answer.body["code"]) == (400, 1201)
    assert answer.body["message"] == f"Content-Type is {given} and must be application/json"


@pytest.mark.parametrize("given", JSON_TYPES)
def test_json_is_json_by_any_name(given: str) -> None:
    assert Core("kling").create(VIDEO, {"image": URL}, content_type=given).status == 200


def test_every_violation_is_told_and_the_first_one_answered() -> None:
    answer = Core("kling").create(VIDEO, {"image": URL, "mode": "turbo", "cfg_scale": 2, "duration": 5})
    assert answer.body["message"] == "mode value 'turbo' is invalid"
    assert {each.rule for each in answer.entry.violations} == {"schema.enum", "schema.maximum", "schema.type"}


def test_no_answer_counts_the_violations_of_another() -> None:
    core = Core("kling")
    refused, taken = core.create(VIDEO, {}), core.create(VIDEO, {"image": URL})
    assert (refused.status, taken.status, taken.entry.violations) == (400, 200, [])


MESSAGES: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "a"}, "image and image_tail can not be empty"),
    ({"image": "data:image/png;base64,AAAA"}, "File is not in a valid base64 format"),
    ({"image": "not base64!"}, "File is not in a valid base64 format"),
    ({"image": ""}, "image and image_tail can not be empty"),
    ({"image": "", "image_tail": ""}, "image and image_tail can not be empty"),
    ({"image": URL, "multi_shot": "true", "model_name": "kling-v3"}, "Failed to resolve the request body"),
    ({"image": URL, "model_name": "kling-v9"}, "model_name value 'kling-v9' is invalid"),
    ({"image": URL, "duration": "99"}, "duration value '99' is invalid"),
    ({"image": URL, "duration": 5}, "Failed to resolve the request body"),
    ({"image": [URL]}, "Failed to resolve the request body"),
]


@pytest.mark.parametrize(("body", "message"), MESSAGES)
def test_messages_are_those_that_were_seen(body: dict[str, Any], message: str) -> None:
    answer = Core("kling").create(VIDEO, body)
    assert (answer.status, answer.body["code"], answer.body["message"]) == (400, 1201, message)


def test_the_same_request_twice_makes_two_tasks() -> None:
    core = Core("kling")
    assert made(core) != made(core)
    assert len(core.ask("GET", "/v1/videos/image2video").body["data"]) == 2


def test_an_unknown_field_is_accepted_and_noted_with_what_it_may_have_meant() -> None:
    core = Core("cometapi")
    body = {**example(core.provider.operation("createImageExpansion")), "down_expansion_ratio": 0.1}
    answer = core.create("createImageExpansion", body)
    assert answer.status == 200
    assert answer.headers["x-kling-mock-notes"] == "field.unknown /down_expansion_ratio"
    assert [note.hint for note in answer.entry.notes] == ["CometAPI calls it bottom_expansion_ratio"]


def test_a_lenient_server_lets_violations_pass_with_notes() -> None:
    core = Core("kling", lenient=True)
    answer = core.create(VIDEO, {"mode": "turbo", "cfg_scale": 2})
    assert answer.status == 200
    noted = answer.headers["x-kling-mock-notes"].split("; ")
    assert {"schema.enum /mode", "schema.maximum /cfg_scale", "image-to-video.image"} <= set(noted)
    assert answer.entry.violations == []


def test_a_lenient_server_still_wants_a_credential_a_route_and_its_own_ids() -> None:
    core = Core("kling", lenient=True)
    assert core.create(VIDEO, {}, key=None).status == 401
    assert core.ask("GET", "/v1/nowhere").status == 404
    assert core.get("getImageToVideo", "nope").status == 400
    assert core.ask("GET", "/v1/videos/image2video?pageNum=0").status == 400
    made(core, external_task_id="mine")
    assert core.create(VIDEO, {"external_task_id": "mine"}).status == 400


def test_a_lenient_server_forgives_the_content_type_but_not_an_endless_number() -> None:
    core = Core("kling", lenient=True)
    assert core.create(VIDEO, {"image": URL}, content_type="text/plain").status == 200
    for kind in ("text/plain", "application/json"):
        answer = core.ask("POST", "/v1/images/editing/expand", b'{"n": 1e9999999}', content_type=kind)
        assert answer.status == 400


def test_a_retired_model_is_noted_or_refused() -> None:
    noted = Core("kling").create(VIDEO, {"image": URL, "model_name": "kling-v1-6"})
    assert (noted.status, noted.headers["x-kling-mock-notes"]) == (200, "model.retired /model_name")
    refused = Core("kling", refuse_retired=True).create(VIDEO, {"image": URL, "model_name": "kling-v1-6"})
    assert (refused.status, refused.body["code"]) == (400, 1201)
    assert refused.body["message"] == "The model 'kling-v1-6' has been discontinued and is no longer available."
    hidden = {"image": URL, **dict.fromkeys(map(str, range(100)), 1), "model_name": "kling-v1-6"}
    assert Core("kling", refuse_retired=True).create(VIDEO, hidden).status == 400
    living = Core("kling", refuse_retired=True).create(VIDEO, {"image": URL, "model_name": "kling-v2-6"})
    assert (living.status, "x-kling-mock-notes" in living.headers) == (200, False)


@pytest.mark.parametrize(("provider", "operation"), [("kling", MULTI), ("kling", VIDEO), ("cometapi", VIDEO)])
def test_each_model_that_was_retired_is_noted_or_refused(provider: str, operation: str) -> None:
    body = example(load(provider).operation(operation))
    retired = load(provider).operation(operation).properties["model_name"]["x-retired"]
    assert retired
    for model in retired:
        sent = {**LEAST[operation], "model_name": model} if provider == "kling" else {**body, "model_name": model}
        noted = Core(provider).create(operation, sent)
        assert (noted.status, noted.headers["x-kling-mock-notes"]) == (200, "model.retired /model_name")
        refused = Core(provider, refuse_retired=True).create(operation, sent)
        assert (refused.status, refused.body["code"]) == (400, 1201)
        assert refused.body["message"] == f"The model '{model}' has been discontinued and is no longer available."


@pytest.mark.parametrize(("provider", "operation"), [("kling", VIDEO), ("cometapi", MULTI)])
def test_a_retired_default_that_nobody_sent_is_noted_and_not_refused(provider: str, operation: str) -> None:
    core = Core(provider, refuse_retired=True)
    model = load(provider).operation(operation).properties["model_name"]["default"]
    least = LEAST[operation] if provider == "kling" else example(load(provider).operation(operation))
    sent = {key: value for key, value in least.items() if key != "model_name"}
    answer = core.create(operation, sent)
    assert (answer.status, answer.headers["x-kling-mock-notes"]) == (200, "model.retired /model_name")
    (note,) = answer.entry.notes
    assert note.message.startswith(f"{model}, the default of model_name, was retired officially on ")
    assert core.create(operation, {**sent, "model_name": model}).status == 400


def test_an_empty_last_frame_is_absent_and_noted() -> None:
    body = {"image": URL, "image_tail": "", "prompt": "", "callback_url": "", "external_task_id": ""}
    answer = Core("kling").create(VIDEO, {**body, "model_name": "kling-v2-6", "mode": "std"})
    assert (answer.status, answer.headers["x-kling-mock-notes"]) == (200, "field.blank /image_tail")


def test_a_key_that_is_given_twice_is_noted_and_the_last_one_counts() -> None:
    core = Core("kling")
    text = b'{"image": "x", "image": "%s", "mode": "turbo", "mode": "std"}' % URL.encode()
    answer = core.create(VIDEO, text)
    assert answer.status == 200
    assert answer.headers["x-kling-mock-notes"].split("; ")[:2] == ["json.duplicate /image", "json.duplicate /mode"]


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "\0", "é", "x" * 10_000, "a; b", "\u2028", "~/"])
def test_notes_stay_one_short_header(name: str) -> None:
    answer = Core("kling").create(VIDEO, {"image": URL, **{f"{name}{n}": 1 for n in range(100)}})
    assert answer.status == 200
    assert len(answer.headers["x-kling-mock-notes"]) < 4000


def test_a_number_of_any_size_in_an_unknown_field_is_accepted() -> None:
    for number in (2**63, -(2**64), 10**39):
        assert Core("kling").create(VIDEO, {"image": URL, "extra": number}).status == 200
