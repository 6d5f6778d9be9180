"""A violation carries the fact of the very keyword that was broken, and no other."""

from __future__ import annotations

import base64
import copy
import struct
from typing import Any

import pytest
from gate_bodies import EXPAND, MULTI, PROVIDERS, URL, VIDEO, expansion, operation

from kling_contract.checker import Checker
from kling_contract.contract import check_request
from kling_contract.images import ImageRule, judge
from kling_contract.images.png import written


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> str:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return base64.b64encode(written((b"IHDR", head), *chunks)).decode()


def flipped(text: str, at: int) -> str:
    """Return base64 with one bit of its bytes flipped."""
    data = bytearray(base64.b64decode(text))
    data[at] ^= 1
    return base64.b64encode(data).decode()


KEYWORDS: dict[str, tuple[dict[str, Any], Any]] = {
    "type": ({"type": "string"}, 1),
    "enum": ({"enum": ["a"]}, "b"),
    "const": ({"const": "a"}, "b"),
    "minimum": ({"minimum": 1}, 0),
    "maximum": ({"maximum": 1}, 2),
    "exclusiveMinimum": ({"exclusiveMinimum": 1}, 1),
    "exclusiveMaximum": ({"exclusiveMaximum": 1}, 1),
    "multipleOf": ({"multipleOf": 2}, 1),
    "minLength": ({"minLength": 1}, ""),
    "maxLength": ({"maxLength": 1}, "ab"),
    "pattern": ({"pattern": "^a$"}, "b"),
    "minItems": ({"minItems": 1}, []),
    "maxItems": ({"maxItems": 0}, [1]),
    "uniqueItems": ({"uniqueItems": True}, [1, 1]),
    "required": ({"required": ["b"]}, {}),
    "minProperties": ({"minProperties": 1}, {}),
    "maxProperties": ({"maxProperties": 0}, {"b": 1}),
    "additionalProperties": ({"additionalProperties": False}, {"b": 1}),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    "not": ({"not": {"const": 1}}, 1),
    "anyOf": ({"anyOf": [{"const": 1}, {"const": 2}]}, 3),
    "oneOf": ({"oneOf": [{"const": 1}, {"const": 1}]}, 1),
    "x-image": ({"x-image": {"formats": ["png"]}}, "!"),
    "x-rules": ({"properties": {"a": {"type": "integer"}},
                 "x-rules": [{"id": "a.b", "expression": "a <= 1", "message": "no"}]}, {"a": 2}),
}  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("beside", ["properties", "items"])
def test_the_source_is_that_of_the_keyword(keyword: str, beside: str) -> None:
    schema, value = copy.deepcopy(KEYWORDS[keyword])
    others = {name: {"source": f"not of {name}"} for name in (*KEYWORDS, "if", "properties", "items", "default")}
    schema["x-facts"] = {**others, keyword: {"source": "right"}}
    around: dict[str, Any] = {"properties": {"f": schema}} if beside == "properties" else {"items": schema}
    around["x-facts"] = {**others, keyword: {"source": "of what is around it"}}
    found = Checker(around, "Acme").check({"f": value} if beside == "properties" else [value])
    assert [each.source for each in found] == [{"source": "right"}]
    del schema["x-facts"][keyword]
    found = Checker(around, "Acme").check({"f": value} if beside == "properties" else [value])
    assert [each.source for each in found] == [None]


@pytest.mark.parametrize("keyword", ["not", "anyOf", "oneOf", "if"])
def test_a_named_violation_has_the_source_of_its_condition(keyword: str) -> None:
    condition = {"if": {"if": True, "then": False}}.get(keyword) or KEYWORDS[keyword][0]
    facts = {**{name: {"source": "not this"} for name in ("type", "not", "anyOf", "oneOf", "if")}}
    schema = {**condition, "x-violation": {"rule": "a.b", "message": "no"}}
    schema["x-facts"] = {**facts, keyword: {"source": "right"}}
    value = 1 if keyword == "if" else KEYWORDS[keyword][1]
    assert [each.source for each in Checker(schema, "Acme").check(value)] == [{"source": "right"}]


PARTS = ("formats", "bytes", "side", "aspect", "pixels", "accepts", "intact")
FACT = {"source": "whole", "parts": {part: {"source": part} for part in PARTS}}
RULE = {"formats": ["png"], "bytes": 400, "side": 10, "aspect": "2", "pixels": 1000}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (png(9, 10), {"image.sides": "side"}),
        (png(40, 40), {"image.sides": "pixels"}),
        (png(10, 21), {"image.aspect": "aspect"}),
        (png(10, 10, (b"tEXt", b"x" * 500)), {"image.bytes": "bytes"}),
        (png(10, 10)[:-8], {"image.truncated": "intact"}),
        (flipped(png(10, 10), 29), {"image.format": "intact"}),
        ("R0lGODlhCgAKAAAAACw=", {"image.format": "formats"}),
        ("data:image/png;base64,AAAA", {"image.prefix": "accepts"}),
        ("AAAA!", {"image.base64": "accepts"}),
        (f"{URL}\n", {"image.base64": "accepts"}),
        (png(9, 30), {"image.sides": "side", "image.aspect": "aspect"}),
    ],
)
def test_an_image_has_the_source_of_the_part_that_it_breaks(text: str, rules: dict[str, str]) -> None:
    found = judge(text, ImageRule.from_document(RULE, FACT))
    assert {each.rule: (each.source or {})["source"] for each in found} == rules
    plain = judge(text, ImageRule.from_document(RULE, {"source": "whole"}))
    assert {each.rule for each in plain} == rules.keys()
    assert all(each.source == {"source": "whole"} for each in plain)
    assert {each.source is None for each in judge(text, ImageRule.from_document(RULE))} == {True}


HUGE = png(178_956_971, 1)


def test_the_bound_of_a_library_is_ours_and_assumed() -> None:
    for rule in (ImageRule(), ImageRule.from_document({"formats": ["png"]}),
                 ImageRule.from_document({"formats": ["png"]}, {"source": "X"})):  # fmt: skip
        (found,) = judge(HUGE, rule)
        assert found.rule == "image.sides"
        assert found.source is not None
        assert found.source.keys() == {"assumed"}
    (found,) = judge(HUGE, ImageRule.from_document({"formats": ["png"], "pixels": 178_956_970}, {"source": "X"}))
    assert found.source == {"source": "X"}


@pytest.mark.parametrize(
    ("provider", "create", "body", "at"),
    [
        ("kling", VIDEO, {"model_name": "kling-v1-6", "mode": "pro"}, "image"),
        ("kling", VIDEO, {"model_name": "kling-v1-6", "mode": "pro"}, "image_tail"),
        ("kling", VIDEO, {"image": URL, "model_name": "kling-v1"}, "static_mask"),
        ("cometapi", VIDEO, {}, "image"),
        ("cometapi", VIDEO, {"image": URL}, "image_tail"),
        ("kling", MULTI, {"subject_image_list": [{"subject_image": URL}]}, "scene_image"),
        ("cometapi", MULTI, {"subject_image_list": [{"subject_image": URL}] * 2}, "style_image"),
        *((provider, EXPAND, expansion(provider, (0, 0, 0, 0)), "image") for provider in PROVIDERS),
    ],
)  # fmt: skip
def test_what_no_page_says_of_an_image_is_assumed_wherever_it_is_told(
    provider: str, create: str, body: dict[str, Any], at: str
) -> None:
    def told(text: str) -> dict[str, Any]:
        return {each.rule: each.source for each in check_request(operation(provider, create), {**body, at: text})}

    assert "Pillow" in told(png(17_895_698, 17_895_698))["image.sides"]["assumed"]
    assert "cut" in told(png(400, 400)[:-8])["image.truncated"]["assumed"]
    assert told(png(400, 400)[:-8])["image.truncated"].keys() == {"assumed"}
    assert "cut" not in str(told("data:,")["image.prefix"])
    assert "Pillow" not in str(told(png(200, 200))["image.sides"])


def test_only_what_is_measured_speaks_of_the_orientation() -> None:
    def told(text: str) -> Any:
        return [str(each.source) for each in check_request(operation("kling", EXPAND), expanded(text))]

    assert ["EXIF" in each for each in told(png(200, 200))] == [True]
    assert ["EXIF" in each for each in told(png(300, 900))] == [True]
    assert ["EXIF" in each or "MB" in each for each in told("R0lGODlhLAEsAQAAACw=")] == [False]
    assert ["MB" in each for each in told(png(300, 300)[:-16] + "A" * 14_000_000)] == [True]


def expanded(text: str) -> dict[str, Any]:
    return {**expansion("kling", (0, 0, 0, 0)), "image": text}
