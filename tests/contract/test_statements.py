"""What the sources say, one line for each statement, held against the documents.

The columns: the field (`a.b` is a field of an object, `a[]` an item of a list, "" the body), the keyword, its value.
The order follows the sources: CometAPI's three pages, AnyAPI's page, the official pages.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest

from kling_contract import documents

IMAGE = {"formats": ["jpeg", "png"], "bytes": 10 * 1024 * 1024, "side": 300, "aspect": "2.5"}
RATIOS = ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
MODELS = [
    "kling-v1", "kling-v1-5", "kling-v1-6", "kling-v2-master", "kling-v2-1", "kling-v2-1-master",
    "kling-v2-5-turbo", "kling-v2-6", "kling-v3",
]  # fmt: skip
RETIRED = dict.fromkeys(MODELS[:6], "2026-09-15")
ABSENT = None
# No page says more than that it is a URL, and examples send an empty text.
A_URL = (
    r"^[^\s\x00-\x1f\x7f-\x9f"
    r"\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]*$"
)

load = functools.cache(documents.load)
Statement = tuple[str, str, Any]

COMET_EXPANSION: list[Statement] = [
    ("", "required", ["image", "up_expansion_ratio", "right_expansion_ratio", "left_expansion_ratio",
                      "bottom_expansion_ratio"]),
    ("image", "type", "string"),
    ("image", "x-image", IMAGE),
    ("up_expansion_ratio", "type", "number"),
    ("up_expansion_ratio", "minimum", 0),
    ("up_expansion_ratio", "maximum", 2),
    ("up_expansion_ratio", "default", ABSENT),
    ("right_expansion_ratio", "type", "number"),
    ("right_expansion_ratio", "minimum", 0),
    ("right_expansion_ratio", "maximum", 2),
    ("right_expansion_ratio", "default", ABSENT),
    ("left_expansion_ratio", "type", "number"),
    ("left_expansion_ratio", "minimum", 0),
    ("left_expansion_ratio", "maximum", 2),
    ("left_expansion_ratio", "default", ABSENT),
    ("bottom_expansion_ratio", "type", "number"),
    ("bottom_expansion_ratio", "minimum", 0),
    ("bottom_expansion_ratio", "maximum", 2),
    ("bottom_expansion_ratio", "default", ABSENT),
    ("bottom_expansion_ratio", "x-canonical-name", "down_expansion_ratio"),
    ("prompt", "type", "string"),
    ("prompt", "maxLength", 2500),
    ("n", "type", "string"),
    ("n", "pattern", "^[1-9]$"),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]  # fmt: skip

COMET_MULTI: list[Statement] = [
    ("", "required", ["subject_image_list"]),
    ("subject_image_list", "type", "array"),
    ("subject_image_list", "minItems", 2),
    ("subject_image_list", "maxItems", 4),
    ("subject_image_list[]", "type", "object"),
    ("subject_image_list[]", "required", ["subject_image"]),
    ("subject_image_list[].subject_image", "x-image", IMAGE),
    ("model_name", "type", "string"),
    ("model_name", "enum", ["kling-v2"]),
    ("model_name", "default", "kling-v2"),
    ("model_name", "x-retired", {"kling-v2": "2026-09-15"}),
    ("prompt", "type", "string"),
    ("prompt", "maxLength", 2500),
    ("scence_image", "type", "string"),
    ("scence_image", "x-image", IMAGE),
    ("scence_image", "x-canonical-name", "scene_image"),
    ("style_image", "type", "string"),
    ("style_image", "x-image", IMAGE),
    ("n", "type", "integer"),
    ("n", "default", 1),
    ("n", "minimum", 1),
    ("n", "maximum", 9),
    ("aspect_ratio", "type", "string"),
    ("aspect_ratio", "enum", RATIOS),
    ("aspect_ratio", "default", "16:9"),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]

COMET_VIDEO: list[Statement] = [
    ("", "required", ["image"]),
    ("image", "type", "string"),
    ("image", "x-image", IMAGE),
    ("image", "default", ABSENT),
    ("prompt", "type", "string"),
    ("prompt", "maxLength", 500),
    ("negative_prompt", "type", "string"),
    ("negative_prompt", "maxLength", 200),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("mode", "type", "string"),
    ("mode", "enum", ["std", "pro"]),
    ("mode", "default", ABSENT),
    ("model_name", "type", "string"),
    ("model_name", "enum", ABSENT),
    ("model_name", "x-retired", RETIRED),
    ("image_tail", "type", "string"),
    ("image_tail", "x-image", IMAGE),
    ("cfg_scale", "type", "number"),
    ("cfg_scale", "minimum", 0),
    ("cfg_scale", "maximum", 1),
    ("duration", "type", "string"),
    ("duration", "enum", ["5", "10"]),
    ("static_mask", "type", "string"),
    ("static_mask", "x-image", IMAGE),
    ("dynamic_masks", "type", "array"),
    ("dynamic_masks", "maxItems", 6),
    ("dynamic_masks[]", "required", ["mask", "trajectories"]),
    ("dynamic_masks[].mask", "x-image", IMAGE),
    ("dynamic_masks[].trajectories", "minItems", 2),
    ("dynamic_masks[].trajectories", "maxItems", 77),
    ("external_task_id", "type", "string"),
]

ANY_EXPANSION: list[Statement] = [
    ("", "required", ["image", "up_expansion_ratio", "down_expansion_ratio", "left_expansion_ratio",
                      "right_expansion_ratio", "n"]),
    ("image", "type", "string"),
    ("image", "x-image", IMAGE),
    ("up_expansion_ratio", "type", "number"),
    ("up_expansion_ratio", "minimum", 0),
    ("up_expansion_ratio", "maximum", 2),
    ("down_expansion_ratio", "type", "number"),
    ("down_expansion_ratio", "minimum", 0),
    ("down_expansion_ratio", "maximum", 2),
    ("left_expansion_ratio", "type", "number"),
    ("left_expansion_ratio", "minimum", 0),
    ("left_expansion_ratio", "maximum", 2),
    ("right_expansion_ratio", "type", "number"),
    ("right_expansion_ratio", "minimum", 0),
    ("right_expansion_ratio", "maximum", 2),
    ("prompt", "type", "string"),
    ("prompt", "maxLength", 2500),
    ("n", "type", "integer"),
    ("n", "minimum", 1),
    ("n", "maximum", 9),
    ("n", "default", ABSENT),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]  # fmt: skip

KLING_EXPANSION: list[Statement] = [
    ("", "required", ["image", "up_expansion_ratio", "down_expansion_ratio", "left_expansion_ratio",
                      "right_expansion_ratio"]),
    ("image", "x-image", IMAGE),
    ("up_expansion_ratio", "type", "number"),
    ("up_expansion_ratio", "minimum", 0),
    ("up_expansion_ratio", "maximum", 2),
    ("up_expansion_ratio", "default", ABSENT),
    ("down_expansion_ratio", "minimum", 0),
    ("down_expansion_ratio", "maximum", 2),
    ("left_expansion_ratio", "minimum", 0),
    ("left_expansion_ratio", "maximum", 2),
    ("right_expansion_ratio", "minimum", 0),
    ("right_expansion_ratio", "maximum", 2),
    ("prompt", "maxLength", 2500),
    ("prompt", "minLength", ABSENT),
    ("n", "type", "integer"),
    ("n", "minimum", 1),
    ("n", "maximum", 9),
    ("n", "default", 1),
    ("watermark_info", "type", "object"),
    ("watermark_info.enabled", "type", "boolean"),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]  # fmt: skip

KLING_MULTI: list[Statement] = [
    ("", "required", ["subject_image_list"]),
    ("model_name", "enum", ["kling-v2", "kling-v2-1"]),
    ("model_name", "default", "kling-v2-1"),
    ("prompt", "maxLength", 2500),
    ("subject_image_list", "minItems", 1),
    ("subject_image_list", "maxItems", 4),
    ("subject_image_list[]", "required", ["subject_image"]),
    ("subject_image_list[].subject_image", "x-image", IMAGE),
    ("scene_image", "x-image", IMAGE),
    ("style_image", "x-image", IMAGE),
    ("n", "type", "integer"),
    ("n", "minimum", 1),
    ("n", "maximum", 9),
    ("n", "default", 1),
    ("aspect_ratio", "enum", RATIOS),
    ("aspect_ratio", "default", "16:9"),
    ("watermark_info.enabled", "type", "boolean"),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]

AXES = ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"]
KLING_VIDEO: list[Statement] = [
    ("", "required", ABSENT),
    ("model_name", "enum", MODELS),
    ("model_name", "default", "kling-v1"),
    ("model_name", "x-retired", RETIRED),
    ("image", "x-image", IMAGE),
    ("image_tail", "x-image", IMAGE),
    ("prompt", "maxLength", 2500),
    ("negative_prompt", "maxLength", 2500),
    ("multi_shot", "type", "boolean"),
    ("multi_shot", "default", False),
    ("shot_type", "enum", ["customize", "intelligence"]),
    ("multi_prompt", "minItems", 1),
    ("multi_prompt", "maxItems", 6),
    ("multi_prompt[]", "required", ["index", "prompt", "duration"]),
    ("multi_prompt[].index", "type", "integer"),
    ("multi_prompt[].prompt", "maxLength", 512),
    ("multi_prompt[].duration", "type", "string"),
    ("multi_prompt[].duration", "pattern", "^([1-9]|1[0-5])$"),
    ("element_list", "maxItems", 3),
    ("element_list[]", "required", ["element_id"]),
    ("element_list[].element_id", "type", "integer"),
    ("voice_list", "maxItems", 2),
    ("voice_list[]", "required", ["voice_id"]),
    ("sound", "enum", ["on", "off"]),
    ("sound", "default", "off"),
    ("cfg_scale", "type", "number"),
    ("cfg_scale", "minimum", 0),
    ("cfg_scale", "maximum", 1),
    ("cfg_scale", "default", 0.5),
    ("mode", "enum", ["std", "pro", "4k"]),
    ("mode", "default", "std"),
    ("static_mask", "x-image", IMAGE),
    ("dynamic_masks", "maxItems", 6),
    ("dynamic_masks[]", "required", ["mask", "trajectories"]),
    ("dynamic_masks[].trajectories", "minItems", 2),
    ("dynamic_masks[].trajectories", "maxItems", 77),
    ("dynamic_masks[].mask", "x-image", IMAGE),
    ("dynamic_masks[].trajectories[]", "required", ["x", "y"]),
    ("dynamic_masks[].trajectories[].x", "type", "integer"),
    ("dynamic_masks[].trajectories[].y", "type", "integer"),
    ("camera_control", "required", ["type"]),
    ("camera_control.type", "enum", ["simple", "down_back", "forward_up", "right_turn_forward", "left_turn_forward"]),
    *((f"camera_control.config.{axis}", limit, value) for axis in AXES for limit, value in (("minimum", -10),
                                                                                           ("maximum", 10))),
    ("duration", "type", "string"),
    ("duration", "enum", [str(seconds) for seconds in range(3, 16)]),
    ("duration", "default", "5"),
    ("watermark_info.enabled", "type", "boolean"),
    ("callback_url", "type", "string"),
    ("callback_url", "pattern", A_URL),
    ("external_task_id", "type", "string"),
]  # fmt: skip

PAGES: dict[tuple[str, str], list[Statement]] = {
    ("cometapi", "createImageExpansion"): COMET_EXPANSION,
    ("cometapi", "createMultiImageToImage"): COMET_MULTI,
    ("cometapi", "createImageToVideo"): COMET_VIDEO,
    ("anyapi", "createImageExpansion"): ANY_EXPANSION,
    ("kling", "createImageExpansion"): KLING_EXPANSION,
    ("kling", "createMultiImageToImage"): KLING_MULTI,
    ("kling", "createImageToVideo"): KLING_VIDEO,
}
TABLE = [
    pytest.param(*page, *statement, id="-".join([*page, statement[0] or "body", statement[1]]))
    for page, statements in PAGES.items()
    for statement in statements
]


def schema_of(provider: str, operation: str, field: str) -> Any:
    node: Any = load(provider).operation(operation).request
    for step in filter(None, field.split(".")):
        name = step.rstrip("[]")
        node = node["properties"][name]
        for _ in range(step.count("[]")):
            node = node["items"]
    return node


@pytest.mark.parametrize(("provider", "operation", "field", "keyword", "value"), TABLE)
def test_the_document_says_what_the_source_says(
    provider: str, operation: str, field: str, keyword: str, value: Any
) -> None:
    found = schema_of(provider, operation, field).get(keyword)
    if keyword == "x-retired":
        found = {name: says["date"] for name, says in found.items()}
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("page", PAGES, ids="-".join)
def test_the_document_has_no_field_and_no_limit_that_the_table_leaves_out(page: tuple[str, str]) -> None:
    stated = {(field, keyword) for field, keyword, _ in PAGES[page]}
    limits = {"minimum", "maximum", "minItems", "maxItems", "maxLength", "pattern", "enum", "x-image", "default"}
    assert limits_of(schema_of(*page, ""), "", limits) <= stated


def limits_of(schema: Any, field: str, limits: set[str]) -> set[tuple[str, str]]:
    found = {(field, keyword) for keyword in limits & schema.keys()}
    for name, inner in schema.get("properties", {}).items():
        found |= limits_of(inner, f"{field}.{name}".lstrip("."), limits)
    return found | (limits_of(schema["items"], f"{field}[]", limits) if "items" in schema else set())


@pytest.mark.parametrize("provider", ["cometapi", "anyapi", "kling"])
def test_the_new_area_is_at_most_three_times_the_old(provider: str) -> None:
    rules = schema_of(provider, "createImageExpansion", "")["x-rules"]
    down = "bottom" if provider == "cometapi" else "down"
    height = f"(1 + up_expansion_ratio + {down}_expansion_ratio)"
    assert [(rule["id"], rule["expression"]) for rule in rules] == [
        ("expansion.area", f"(1 + left_expansion_ratio + right_expansion_ratio) * {height} <= 3")
    ]


NAMED_RULES = {
    "image-to-video.image", "image-to-video.exclusive", "image-to-video.elements", "image-to-video.shot-type",
    "image-to-video.multi-prompt", "image-to-video.prompt", "image-to-video.duration", "image-to-video.mode",
    "image-to-video.sound", "capability.image-tail", "capability.tail-only", "capability.motion-brush",
    "capability.camera", "camera.config", "camera.one-axis",
}  # fmt: skip


def test_the_rules_of_the_official_image_to_video_page_are_named() -> None:
    assert set(rule_names(schema_of("kling", "createImageToVideo", ""))) == NAMED_RULES


def rule_names(node: Any) -> list[str]:
    inner = [value for key, value in node.items() if key != "x-facts"] if isinstance(node, dict) else node
    children = inner if isinstance(inner, list) else ()
    own = [node["x-violation"]["rule"]] if isinstance(node, dict) and "x-violation" in node else []
    return own + [name for child in children for name in rule_names(child)]


@pytest.mark.parametrize(
    ("provider", "operation", "method", "path"),
    [
        ("kling", "createImageExpansion", "POST", "/v1/images/editing/expand"),
        ("kling", "getImageExpansion", "GET", "/v1/images/editing/expand/{id}"),
        ("kling", "listImageExpansions", "GET", "/v1/images/editing/expand"),
        ("kling", "createMultiImageToImage", "POST", "/v1/images/multi-image2image"),
        ("kling", "getMultiImageToImage", "GET", "/v1/images/multi-image2image/{id}"),
        ("kling", "listMultiImageToImages", "GET", "/v1/images/multi-image2image"),
        ("kling", "createImageToVideo", "POST", "/v1/videos/image2video"),
        ("kling", "getImageToVideo", "GET", "/v1/videos/image2video/{id}"),
        ("kling", "listImageToVideos", "GET", "/v1/videos/image2video"),
        ("cometapi", "createImageExpansion", "POST", "/kling/v1/images/editing/expand"),
        ("cometapi", "getImageExpansion", "GET", "/kling/v1/images/editing/expand/{task_id}"),
        ("cometapi", "createMultiImageToImage", "POST", "/kling/v1/images/generations"),
        ("cometapi", "getMultiImageToImage", "GET", "/kling/v1/images/generations/{task_id}"),
        ("cometapi", "createImageToVideo", "POST", "/kling/v1/videos/image2video"),
        ("cometapi", "getImageToVideo", "GET", "/kling/v1/videos/image2video/{task_id}"),
        ("anyapi", "createImageExpansion", "POST", "/kling/v1/images/editing/expand"),
        ("anyapi", "getImageExpansion", "GET", "/kling/v1/images/editing/expand/{task_id}"),
    ],
)
def test_the_paths(provider: str, operation: str, method: str, path: str) -> None:
    found = load(provider).operation(operation)
    assert (found.method, found.path) == (method, path)


@pytest.mark.parametrize(
    ("provider", "servers", "digits"),
    [
        ("kling",
         ["https://api-singapore.klingai.com", "https://api-beijing.klingai.com", "https://api.klingai.com"], 18),
        ("cometapi", ["https://api.cometapi.com"], 19),
        ("anyapi", ["https://www.anyapi.vip"], 18),
    ],
)  # fmt: skip
def test_the_hosts_and_ids(provider: str, servers: list[str], digits: int) -> None:
    found = load(provider)
    assert (list(found.base_urls), found.id_digits, found.id_prefix) == (servers, digits, "")


def test_only_the_official_api_takes_tokens_and_these_live_half_an_hour() -> None:
    assert [load(name).auth.hs256 for name in ("kling", "cometapi", "anyapi")] == [True, False, False]
    auth = load("kling").auth
    assert (auth.lifetime, auth.early) == (1800, 5)


def test_the_paging_of_the_official_lists() -> None:
    for name in ("listImageExpansions", "listMultiImageToImages", "listImageToVideos"):
        operation = load("kling").operation(name)
        schemas = {each["name"]: each["schema"] for each in operation.parameters}
        limits = {name: (each["minimum"], each["maximum"], each["default"]) for name, each in schemas.items()}
        assert limits == {"pageNum": (1, 1000, 1), "pageSize": (1, 500, 30)}
        assert (operation.page, operation.size) == ("pageNum", "pageSize")


@pytest.mark.parametrize(
    ("provider", "operation", "state", "observed", "reply"),
    [
        ("cometapi", "createImageExpansion", "unavailable", "2026-03-13", "route.unavailable"),
        ("cometapi", "getImageExpansion", "unavailable", "2026-03-13", "route.unavailable"),
        ("cometapi", "createMultiImageToImage", "available", "2026-04-28", None),
        ("cometapi", "createImageToVideo", "available", "2026-09-06", None),
        ("anyapi", "createImageExpansion", "unverified", None, None),
        ("anyapi", "getImageExpansion", "unverified", None, None),
        ("kling", "createImageExpansion", "available", "2026-09-20", None),
        ("kling", "createImageToVideo", "available", "2026-10-04", None),
    ],
)
def test_the_availability(provider: str, operation: str, state: str, observed: str | None, reply: str | None) -> None:
    found = load(provider).operation(operation).availability
    assert (found.state, found.observed, found.reply) == (state, observed, reply)


def test_the_undocumented_get_of_cometapi_opens_with_its_create() -> None:
    assert load("cometapi").operation("getImageExpansion").availability.follows == "createImageExpansion"


@pytest.mark.parametrize(
    ("operation", "result", "count", "slots", "units", "seconds"),
    [
        ("createImageExpansion", "image", "n", "n", 8, 32),
        ("createMultiImageToImage", "image", "n", "n", 16, 32),
        ("createImageToVideo", "video", 1, 1, 1.5, 164),
    ],
)
def test_the_price_slots_and_typical_time(
    operation: str, result: str, count: Any, slots: Any, units: float, seconds: float
) -> None:
    life = load("kling").operation(operation).lifecycle
    assert life is not None
    assert (life.result, life.count, life.slots, life.units) == (result, count, slots, units)
    assert sum(step.typical for step in life.transitions) == seconds


def test_a_get_of_the_official_api_takes_either_id() -> None:
    for name in ("getImageExpansion", "getMultiImageToImage", "getImageToVideo"):
        assert load("kling").operation(name).ids == ("task", "external")


def test_the_callback_is_the_task_without_code_and_message() -> None:
    for name in ("createImageExpansion", "createMultiImageToImage", "createImageToVideo"):
        callback = load("kling").operation(name).callback
        assert callback is not None
        assert set(callback.template) == {
            "task_id", "task_status", "task_status_msg", "task_info", "task_result", "final_unit_deduction",
            "created_at", "updated_at",
        }  # fmt: skip


def test_the_real_answer_of_cometapi_has_no_request_id() -> None:
    template = load("cometapi").operation("createImageToVideo").envelope.template
    assert "request_id" not in template
    assert "request_id" in load("cometapi").operation("createImageExpansion").envelope.template
