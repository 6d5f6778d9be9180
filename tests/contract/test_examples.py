"""Every body that the sources show, as JSON, with its verdict at each provider that has the operation."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import pytest

from kling_contract import documents
from kling_contract.contract import check_request, check_response, notes
from kling_contract.reading import parse

load = functools.cache(documents.load)

EXPAND, MULTI, VIDEO = "createImageExpansion", "createMultiImageToImage", "createImageToVideo"
ACCEPTED: list[str] = []
CAT = "https://cdn.britannica.com/70/234870-050-D4D024BB/Orange-colored-cat-yawns-displaying-teeth.jpg"
RAW = (
    "https://h2.inkwai.com/bs2/upload-ylab-stunt/se/ai_portal_queue_mmu_image_upscale_aiweb/"
    "3214b798-e1b4-4b00-b7af-72b5b0417420_raw_image_0.jpg"
)
SUBJECT = '{"subject_image": "https://filesystem.site/cdn/20250814/goDW44JIf6eSuxAS7TNringhWjO9kW.png"}'
DOCS = "https://p1-kling.klingai.com/kcdn/cdn-kcdn112452/kling-qa-test"

# What a body written for one provider breaks at another.
NO_BOTTOM = "schema.required /bottom_expansion_ratio"
NO_DOWN = "schema.required /down_expansion_ratio"
NO_N, N_IS_NUMBER = "schema.required /n", "schema.type /n"


class Case(NamedTuple):
    """A body, and for each provider the broken rules with their pointers, in any order."""

    title: str
    operation: str
    body: str
    verdicts: dict[str, list[str]]


def ratios(up: str, down: str, left: str, right: str, more: str = "") -> str:
    return (
        f'{{"image": "{CAT}", "up_expansion_ratio": {up}, "down_expansion_ratio": {down},'
        f' "left_expansion_ratio": {left}, "right_expansion_ratio": {right}, "n": 1{more}}}'
    )


def vector(title: str, ratio: tuple[str, str, str, str], broken: list[str]) -> list[Case]:
    """Return a boundary vector under both names of the lower side."""
    official = ratios(*ratio)
    comet = official.replace("down_", "bottom_").replace('"n": 1', '"n": "1"')
    return [
        Case(f"{title}, official names", EXPAND, official, {"kling": broken, "anyapi": broken}),
        Case(f"{title}, CometAPI's names", EXPAND, comet, {"cometapi": broken}),
    ]


CASES = [
    Case(
        "CometAPI's expansion page, curl",
        EXPAND,
        f"""{{
          "image": "{CAT}",
          "up_expansion_ratio": 0.1,
          "right_expansion_ratio": 0.1,
          "left_expansion_ratio": 0.1,
          "bottom_expansion_ratio": 0.1
        }}""",
        {"cometapi": ACCEPTED, "kling": [NO_DOWN], "anyapi": [NO_DOWN, NO_N]},
    ),
    Case(
        "CometAPI's expansion page, every documented default",
        EXPAND,
        f"""{{
          "image": "{CAT}",
          "up_expansion_ratio": 1, "right_expansion_ratio": 1, "left_expansion_ratio": 1, "bottom_expansion_ratio": 1
        }}""",
        {"cometapi": ["expansion.area "], "kling": [NO_DOWN], "anyapi": [NO_DOWN, NO_N]},
    ),
    Case(
        "AnyAPI's page",
        EXPAND,
        f"""{{
          "image": "{RAW}",
          "up_expansion_ratio": 0.1, "down_expansion_ratio": 0.1,
          "left_expansion_ratio": 0.1, "right_expansion_ratio": 0.1,
          "prompt": "聚焦中心", "n": 1, "callback_url": "", "external_task_id": ""
        }}""",
        {"anyapi": ACCEPTED, "kling": ACCEPTED, "cometapi": [NO_BOTTOM, N_IS_NUMBER]},
    ),
    Case(
        "the official expansion page",
        EXPAND,
        f"""{{
          "image": "{DOCS}/dog.png",
          "up_expansion_ratio": 0.1495, "down_expansion_ratio": 0.1495,
          "left_expansion_ratio": 0.6547, "right_expansion_ratio": 0.6547,
          "prompt": "", "n": 2, "external_task_id": ""
        }}""",
        {"kling": ACCEPTED, "anyapi": ACCEPTED, "cometapi": [NO_BOTTOM, N_IS_NUMBER]},
    ),
    *vector("2.99991 of area", ("0.1495", "0.1495", "0.6547", "0.6547"), ACCEPTED),
    *vector("one side of 2, area 3", ("2", "0", "0", "0"), ACCEPTED),
    *vector("two sides of 2, area 5", ("2", "2", "0", "0"), ["expansion.area "]),
    *vector("four times 0.36602, just under 3", ("0.36602", "0.36602", "0.36602", "0.36602"), ACCEPTED),
    *vector("four times 0.36603, just over 3", ("0.36603", "0.36603", "0.36603", "0.36603"), ["expansion.area "]),
    *vector("rounded up, area 3.0006", ("0.1496", "0.1496", "0.6548", "0.6548"), ["expansion.area "]),
    *vector("four times 1, area 9", ("1", "1", "1", "1"), ["expansion.area "]),
    *vector("four times 0.1, area 1.44", ("0.1", "0.1", "0.1", "0.1"), ACCEPTED),
    *vector("no expansion at all, which no source forbids", ("0", "0", "0", "0"), ACCEPTED),
    *vector("worked example of the pages, 20 x 30", ("0.1", "0.2", "0.3", "0.4"), ACCEPTED),
    Case(
        "CometAPI's multi-image page, curl",
        MULTI,
        f'{{"subject_image_list": [{SUBJECT}, {SUBJECT}, {SUBJECT}, {SUBJECT}]}}',
        {"cometapi": ACCEPTED, "kling": ACCEPTED},
    ),
    Case(
        "CometAPI's multi-image page, the model that it names",
        MULTI,
        f'{{"model_name": "kling-v2", "subject_image_list": [{SUBJECT}, {SUBJECT}]}}',
        {"cometapi": ACCEPTED, "kling": ACCEPTED},
    ),
    Case(
        "one subject, the official minimum",
        MULTI,
        f'{{"model_name": "kling-v2-1", "subject_image_list": [{{"subject_image": "{DOCS}/dog.png"}}]}}',
        {"kling": ACCEPTED, "cometapi": ["schema.minItems /subject_image_list", "schema.enum /model_name"]},
    ),
    Case(
        "the official multi-image page, with the empty negative_prompt of its curl",
        MULTI,
        f'{{"model_name": "kling-v2-1", "subject_image_list": [{SUBJECT}, {SUBJECT}], "negative_prompt": ""}}',
        {"kling": ACCEPTED, "cometapi": ["schema.enum /model_name"]},
    ),
    Case(
        "CometAPI's image to video page, curl",
        VIDEO,
        f'{{"image": "{RAW}"}}',
        {"cometapi": ACCEPTED, "kling": ACCEPTED},
    ),
    Case(
        "CometAPI's image to video page, the default of image",
        VIDEO,
        '{"image": "example"}',
        {"cometapi": ["image.base64 /image"], "kling": ["image.base64 /image"]},
    ),
    Case(
        "CometAPI's image to video page, its modern minimum",
        VIDEO,
        f'{{"model_name": "kling-v2-master", "image": "{RAW}"}}',
        {"cometapi": ACCEPTED, "kling": ACCEPTED},
    ),
    Case(
        "the official image to video page",
        VIDEO,
        f"""{{
          "model_name": "kling-v2-6",
          "image": "{DOCS}/multi-2.png", "image_tail": "{DOCS}/multi-1.png",
          "prompt": "Camera zooms out, the girl smiles", "duration": "5", "mode": "pro", "sound": "off"
        }}""",
        {"kling": ACCEPTED, "cometapi": ACCEPTED},
    ),
    Case(
        "an older official image to video page, masks",
        VIDEO,
        f"""{{
          "model_name": "kling-v1", "mode": "pro", "duration": "5",
          "image": "{DOCS}/dog.png",
          "prompt": "the dog runs", "cfg_scale": 0.5,
          "static_mask": "{DOCS}/mask.png",
          "dynamic_masks": [
            {{"mask": "{DOCS}/mask.png", "trajectories": [{{"x": 279, "y": 219}}, {{"x": 417, "y": 65}}]}}
          ]
        }}""",
        {"kling": ACCEPTED, "cometapi": ACCEPTED},
    ),
    Case(
        "masks as the object that CometAPI's page types them as",
        VIDEO,
        f'{{"image": "{RAW}", "dynamic_masks": {{"mask": "{RAW}", "trajectories": []}}}}',
        {"kling": ["schema.type /dynamic_masks"], "cometapi": ["schema.type /dynamic_masks"]},
    ),
    Case(
        "an aspect ratio, which one official example and many wrappers send",
        VIDEO,
        f'{{"image": "{RAW}", "aspect_ratio": "16:9"}}',
        {"kling": ACCEPTED, "cometapi": ACCEPTED},
    ),
    Case(
        "no image",
        VIDEO,
        '{"prompt": "a cat"}',
        {"kling": ["image-to-video.image "], "cometapi": ["schema.required /image"]},
    ),
    Case(
        "an image with its data: prefix",
        VIDEO,
        '{"image": "data:image/png;base64,iVBORw0KGgo="}',
        {"kling": ["image.prefix /image"], "cometapi": ["image.prefix /image"]},
    ),
    Case(
        "a duration that nobody has",
        VIDEO,
        f'{{"image": "{RAW}", "duration": "99"}}',
        {"kling": ["schema.enum /duration"], "cometapi": ["schema.enum /duration"]},
    ),
    Case(
        "the last frame in mode std",
        VIDEO,
        f'{{"model_name": "kling-v2-5-turbo", "image": "{RAW}", "image_tail": "{RAW}", "mode": "std"}}',
        {"kling": ["capability.image-tail "], "cometapi": ACCEPTED},
    ),
    Case(
        "masks with kling-v1-6",
        VIDEO,
        f'{{"model_name": "kling-v1-6", "image": "{RAW}", "static_mask": "{RAW}"}}',
        {"kling": ["capability.motion-brush "], "cometapi": ACCEPTED},
    ),
]

TABLE = [pytest.param(case, provider, id=f"{provider}-{case.title}") for case in CASES for provider in case.verdicts]


@pytest.mark.parametrize(("case", "provider"), TABLE)
def test_the_verdict_on_a_body_of_the_sources(case: Case, provider: str) -> None:
    body, malformed = parse(case.body.encode())
    assert malformed == []
    operation = load(provider).operation(case.operation)
    expected = sorted(case.verdicts[provider])
    assert sorted(f"{each.rule} {each.pointer}" for each in check_request(operation, body)) == expected
    # The verdict is the same for a body of Python floats.
    floats = json.loads(case.body)
    assert sorted(f"{each.rule} {each.pointer}" for each in check_request(operation, floats)) == expected


def test_each_example_of_a_document_is_accepted_by_it() -> None:
    checked = 0
    for name in documents.bundled():
        for operation in load(name).operations.values():
            for example in operation.examples.values():
                assert check_request(operation, example) == []
                checked += 1
    assert checked == 7


@pytest.mark.parametrize("name", documents.bundled())
def test_the_examples_of_a_document_are_those_of_its_pages(name: str) -> None:
    shown = [json.loads(case.body) for case in CASES]
    examples = [each for operation in load(name).operations.values() for each in operation.examples.values()]
    assert examples
    assert [each for each in examples if each not in shown] == []


@pytest.mark.parametrize(
    ("provider", "operation", "body", "expected"),
    [
        ("kling", VIDEO,
         f'{{"model_name": "kling-v2-5-turbo", "image": "{RAW}", "image_tail": "{RAW}", "mode": "std"}}',
         "model/mode/duration(kling-v2-5-turbo/std/5) is not supported with image_tail"),
        ("kling", VIDEO, f'{{"model_name": "kling-v1-6", "image": "{RAW}", "static_mask": "{RAW}"}}',
         "kling-v1-6 is not supported with motion brush"),
        ("kling", VIDEO, "{}", "image and image_tail can not be empty"),
        ("kling", VIDEO, f'{{"image": "{RAW}", "mode": "4k"}}', "mode value '4k' is invalid"),
        ("kling", VIDEO, f'{{"image": "{RAW}", "duration": "7"}}', "duration value '7' is invalid"),
    ],
)  # fmt: skip
def test_a_violation_says_what_the_live_server_said(provider: str, operation: str, body: str, expected: str) -> None:
    found = check_request(load(provider).operation(operation), json.loads(body))
    assert [each.message for each in found] == [expected]


@pytest.mark.parametrize(
    ("provider", "title", "expected"),
    [
        ("kling", "the official multi-image page, with the empty negative_prompt of its curl", {"field.unknown"}),
        ("kling", "an aspect ratio, which one official example and many wrappers send",
         {"field.unknown", "model.retired"}),
        ("cometapi", "CometAPI's image to video page, its modern minimum", {"model.retired"}),
        ("cometapi", "CometAPI's multi-image page, curl", {"model.retired"}),
        ("kling", "the official image to video page", set()),
    ],
)  # fmt: skip
def test_what_is_noted_of_an_accepted_body(provider: str, title: str, expected: set[str]) -> None:
    case = next(case for case in CASES if case.title == title)
    found = notes(load(provider).operation(case.operation), json.loads(case.body))
    assert {each.rule for each in found} == expected


class Answer(NamedTuple):
    """An answer that a source shows, and whether the document describes it."""

    title: str
    provider: str
    operation: str
    status: int
    body: str
    broken: list[str]


TASK = '"task_id": "878106242831892487", "task_status": "processing", "task_info": {}, "task_result": {}'
TIMES = '"created_at": 1777385361501, "updated_at": 1777385361501'
ANSWERS = [
    Answer("observed on 2026-03-13", "cometapi", EXPAND, 404, '{"code": null, "message": "404"}', []),
    Answer("observed on 2026-03-13, had it been a success", "cometapi", EXPAND, 200, '{"code": null, "message": "404"}',
           ["schema.const /code", "schema.required /data"]),
    Answer("the placeholder of CometAPI's expansion page", "cometapi", EXPAND, 200,
           '{"code": 123, "message": "<string>", "data": {"task_id": "<string>", "task_status": "<string>",'
           ' "created_at": 123, "updated_at": 123}, "request_id": "<string>"}',
           ["schema.const /code", "schema.enum /data/task_status"]),
    Answer("the real answer of CometAPI's image to video page", "cometapi", VIDEO, 200,
           '{"code": 0, "message": "success", "data": {"task_id": "2032273942220931072", "task_status": "submitted",'
           ' "task_info": {}, "created_at": 1773366840306, "updated_at": 1773366840306}}', []),
    Answer("the query sample of CometAPI", "cometapi", "getMultiImageToImage", 200,
           f'{{"code": 0, "message": "SUCCEED", "request_id": "r", "data": {{{TASK}, {TIMES}}}}}', []),
    Answer("a task without a terminal result that says succeed", "cometapi", "getMultiImageToImage", 200,
           f'{{"code": 0, "message": "SUCCEED", "data": {{"task_id": "1", "task_status": "succeed", {TIMES}}}}}',
           ["schema.required /data/task_result"]),
    Answer("a status word of the newer API", "kling", "getImageToVideo", 200,
           f'{{"code": 0, "message": "SUCCEED", "data": {{"task_id": "1", "task_status": "succeeded", {TIMES}}}}}',
           ["schema.enum /data/task_status"]),
    Answer("AnyAPI's empty schema", "anyapi", EXPAND, 200, "{}",
           ["schema.required /code", "schema.required /message", "schema.required /data"]),
    Answer("the list of an empty account", "kling", "listImageToVideos", 200,
           '{"code": 0, "message": "SUCCEED", "data": []}', []),
    Answer("the older list, an object", "kling", "listImageToVideos", 200,
           '{"code": 0, "message": "SUCCEED", "data": {}}', ["schema.type /data"]),
    Answer("a live success of 2025-09-17", "kling", "getImageToVideo", 200,
           '{"code": 0, "message": "SUCCEED", "request_id": "r", "data": {"task_id": "797191640489828365",'
           ' "task_status": "succeed", "task_status_msg": "", "task_info": {"external_task_id": "11112"},'
           ' "task_result": {"videos": [{"id": "797191640795996237", "url": "https://v2-kling.kechuangai.com/o.mp4",'
           ' "duration": "14.666"}]}, "created_at": 1758093816979, "updated_at": 1758094147654}}', []),
    Answer("no header", "kling", EXPAND, 401, '{"code": 1001, "message": "Authorization is empty"}', []),
    Answer("an unknown id", "kling", "getImageToVideo", 400,
           '{"code": 1201, "message": "Task not found by id/external id: 1", "request_id":'
           ' "13fef8e2-f5a0-4ee0-a81f-f40872d96095"}', []),
    Answer("an unknown id, without the id of the request", "kling", "getImageToVideo", 400,
           '{"code": 1201, "message": "Task not found by id/external id: 1"}', ["schema.required /request_id"]),
    Answer("an unknown id, with its code as a text", "kling", "getImageToVideo", 400,
           '{"code": "1201", "message": "Task not found by id/external id: 1", "request_id": "r"}',
           ["schema.type /code"]),
    Answer("the same through CometAPI", "cometapi", "getImageToVideo", 400,
           '{"code": "task_not_exist", "message": "task_not_exist"}', []),
    Answer("the same through AnyAPI", "anyapi", "getImageExpansion", 400,
           '{"code": null, "message": "task_not_exist"}', []),
    Answer("the documented 1303", "kling", VIDEO, 429,
           '{"code": 1303, "message": "parallel task over resource pack limit", "request_id":'
           ' "9984d27b-a408-4073-ae28-17ca6a13622d"}', []),
    Answer("CometAPI's own error shape", "cometapi", VIDEO, 401,
           '{"error": {"code": "", "message": "Invalid token (request id: 1)", "type": "comet_api_error"}}', []),
    Answer("that shape from the official API", "kling", VIDEO, 401,
           '{"error": {"code": "", "message": "Invalid token", "type": "comet_api_error"}}',
           ["schema.required /code", "schema.required /message"]),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=[answer.title for answer in ANSWERS])
def test_the_verdict_on_an_answer_of_the_sources(answer: Answer) -> None:
    operation = load(answer.provider).operation(answer.operation)
    found = check_response(operation, answer.status, json.loads(answer.body))
    assert sorted(f"{each.rule} {each.pointer}" for each in found) == sorted(answer.broken)


@pytest.mark.parametrize(
    ("provider", "status", "body", "row"),
    [
        ("cometapi", 404, '{"code": null, "message": "404"}', "route.unavailable"),
        ("cometapi", 200, '{"code": null, "message": "404"}', "route.unavailable"),
        ("cometapi", 401, '{"error": {"code": "", "message": "m", "type": "comet_api_error"}}', "auth.failed"),
        ("cometapi", 503, '{"error": {"code": "model_not_found", "message": "m", "type": "comet_api_error"}}',
         "model.missing"),
        ("kling", 400, '{"code": 1201, "message": "Task not found by id/external id: a\\nb"}', "task.missing"),
        ("kling", 400, '{"code": 1201, "message": "External_task_id mine already exists"}', "task.duplicate"),
        ("kling", 400, '{"code": 1201, "message": "The model \'kling-v1\' has been discontinued and is no longer'
         ' available."}', "model.retired"),
        ("kling", 429, '{"code": 1303, "message": "parallel task over resource pack limit"}', "rate.concurrency"),
        ("kling", 429, '{"code": 1102, "message": "Account balance not enough"}', "account.balance"),
    ],
)  # fmt: skip
def test_the_row_that_an_answer_of_the_sources_is_made_after(provider: str, status: int, body: str, row: str) -> None:
    found = load(provider).classify(status, json.loads(body))
    assert found is not None
    assert found[0].name == row
