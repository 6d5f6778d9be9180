"""Failures shrink to what a person would have written, and every part of what is legal is reached."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings

from kling_contract import strategies
from kling_contract.strategies.pictures import URLS

EXPAND, VIDEO = "createImageExpansion", "createImageToVideo"
patient = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), max_examples=5_000)
URL = URLS[0]
SIDES = [f"{side}_expansion_ratio" for side in ("up", "down", "left", "right")]
LEFT, RIGHT = SIDES[2:]
NOTHING = {"image": URL, **dict.fromkeys(SIDES, 0)}


def least(strategy: Any, fails: Any = lambda value: True, seed: int = 1) -> Any:
    return find(strategy, fails, settings=patient, random=random.Random(seed))


@pytest.mark.parametrize(
    ("fails", "changed"),
    [
        (lambda body: True, {}),
        (lambda body: body[LEFT] > 0.5, {LEFT: 1}),
        (lambda body: body[LEFT] > 1.23, {LEFT: 2}),
        (lambda body: body[LEFT] == 2, {LEFT: 2}),
        (lambda body: "n" in body, {"n": 1}),
        (lambda body: body.get("n", 0) > 6, {"n": 7}),
        (lambda body: len(body.get("prompt", "")) > 100, {"prompt": "0" * 101}),
        (lambda body: body.get("watermark_info", {}).get("enabled"), {"watermark_info": {"enabled": True}}),
    ],
)
def test_only_what_fails_is_left_of_a_body(fails: Any, changed: dict[str, Any]) -> None:
    # Where Hypothesis begins depends on all that is loaded, and from there it stops at 1.3 now and then.
    bodies = (least(strategies.valid(EXPAND, provider="kling"), fails, seed) for seed in range(8))
    assert NOTHING | changed in bodies


def test_left_and_right_reach_two_together() -> None:
    found = least(strategies.valid(EXPAND, provider="kling"), lambda body: body[LEFT] + body[RIGHT] == 2)
    assert found in ({**NOTHING, LEFT: 2}, {**NOTHING, RIGHT: 2}, {**NOTHING, LEFT: 1, RIGHT: 1})


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        (lambda body: True, {"image": URL}),
        (lambda body: "image" not in body, {"model_name": "kling-v1-5", "image_tail": URL, "mode": "pro"}),
        (lambda body: body.get("sound") == "on" and body.get("mode") == "pro",
         {"model_name": "kling-v2-6", "image": URL, "sound": "on", "mode": "pro"}),
    ],
)  # fmt: skip
def test_fields_that_need_others_come_with_these_alone(fails: Any, expected: dict[str, Any]) -> None:
    assert least(strategies.valid(VIDEO, provider="kling"), fails) == expected


def test_a_camera_moves_along_one_axis_by_one() -> None:
    found = least(strategies.valid(VIDEO, provider="kling"), lambda body: "camera_control" in body)
    (amount,) = found["camera_control"].pop("config").values()
    assert abs(amount) == 1
    assert found == {"model_name": "kling-v1-5", "image": URL, "mode": "pro", "camera_control": {"type": "simple"}}


def test_an_image_shrinks_to_the_smallest_png() -> None:
    found = least(strategies.valid(EXPAND), lambda body: not body["image"].startswith("http"))
    assert found["image"].startswith("iVBOR")
    assert len(found["image"]) < 330


def test_a_broken_body_is_nothing_but_broken() -> None:
    found = least(strategies.broken(EXPAND, "expansion.area", provider="kling"))
    assert {found[name] for name in SIDES} <= {0, 1, 2}
    assert found.keys() == NOTHING.keys()


def test_a_boundary_is_at_whole_numbers() -> None:
    found = least(strategies.on_boundary(EXPAND, "expansion.area", provider="kling"))
    assert found.at in ({**NOTHING, name: 2} for name in SIDES)
    steps = {abs(Decimal(str(found.at[name])) - Decimal(str(found.above[name]))) for name in SIDES}
    assert steps == {0, Decimal("0.0001")}


REACHED = {
    "left plus right near 2 by both": lambda b: b[LEFT] + b[RIGHT] > 1.9 and 0 < b[LEFT] < 2 and 0 < b[RIGHT] < 2,
    "all four sides": lambda b: all(b[name] > 0.05 for name in SIDES),
    "four decimals": lambda b: len(str(b[LEFT])) == 6,
    "every field": lambda b: len(b) == 10,
}


@pytest.mark.parametrize("wanted", REACHED.values(), ids=REACHED)
def test_the_legal_region_is_reached_in_all_its_parts(wanted: Any) -> None:
    assert wanted(least(strategies.valid(EXPAND, provider="kling"), wanted))


def test_every_value_of_an_enum_and_every_field_is_drawn_and_left_out() -> None:
    seen: dict[str, set[Any]] = {}

    @settings(patient, max_examples=600, derandomize=True)
    @given(strategies.valid("createMultiImageToImage", provider="kling"))
    def noted(body: dict[str, Any]) -> None:
        for name in ("aspect_ratio", "n", "model_name", "prompt", "scene_image", "style_image", "watermark_info"):
            value = body.get(name)
            seen.setdefault(name, set()).add(value if name in ("aspect_ratio", "n", "model_name") else name in body)

    noted()
    assert {name: len(values) for name, values in seen.items()} == {
        "aspect_ratio": 9,
        "n": 10,
        "model_name": 3,
        **dict.fromkeys(("prompt", "scene_image", "style_image", "watermark_info"), 2),
    }


def test_the_same_bodies_are_drawn_again() -> None:
    def drawn() -> list[Any]:
        found = []

        @settings(patient, max_examples=50, derandomize=True)
        @given(strategies.valid(VIDEO, provider="kling"))
        def collected(body: Any) -> None:
            found.append(body)

        collected()
        return found

    assert drawn() == drawn()
