"""Which field a name was meant for, and which it was not."""

from __future__ import annotations

from typing import Any

import pytest
from gate_bodies import EXPAND, MULTI, PROVIDERS, SIDES, URL, operation
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.contract import check_request, notes
from kling_contract.names import closeness, meant, renames

RATIOS = [f"{side}_expansion_ratio" for side in (*SIDES, "bottom")]


def ratios(*sides: str) -> dict[str, Any]:
    return {"image": URL, "n": 1, **{f"{side}_expansion_ratio": 0 for side in sides}}


def hints(provider: str, body: dict[str, Any]) -> dict[str, str | None]:
    """Return the hints on missing fields, by the first word of each field."""
    found = check_request(operation(provider, EXPAND), body)
    return {each.pointer[1:].partition("_")[0]: each.hint for each in found if each.rule == "schema.required"}


@pytest.mark.parametrize(
    ("provider", "given", "expected"),
    [
        ("cometapi", ("up", "left", "right"), {"bottom": None}),
        ("cometapi", ("up", "left", "right", "down"),
         {"bottom": "rename down_expansion_ratio to bottom_expansion_ratio"}),
        ("anyapi", ("up", "left", "right", "bottom"),
         {"down": "rename bottom_expansion_ratio to down_expansion_ratio"}),
        ("kling", ("left",), {"up": None, "down": None, "right": None}),
        ("kling", ("left", "bottom"), {"up": None, "down": None, "right": None}),
        ("kling", ("up", "down", "lft", "rigth"),
         {"left": "rename lft_expansion_ratio to left_expansion_ratio",
          "right": "rename rigth_expansion_ratio to right_expansion_ratio"}),
        ("cometapi", ("down",), {"bottom": "rename down_expansion_ratio to bottom_expansion_ratio", "up": None,
                                 "left": None, "right": None}),
    ],
)  # fmt: skip
def test_only_an_unknown_field_is_to_be_renamed(
    provider: str, given: tuple[str, ...], expected: dict[str, str | None]
) -> None:
    assert hints(provider, ratios(*given)) == expected


def test_camels_and_hyphens_are_recognised() -> None:
    body = {"image": URL, "upExpansionRatio": 0, "down-expansion-ratio": 0, "leftExpansionRatio": 0}
    assert hints("kling", body) == {
        "up": "rename upExpansionRatio to up_expansion_ratio",
        "down": "rename down-expansion-ratio to down_expansion_ratio",
        "left": "rename leftExpansionRatio to left_expansion_ratio",
        "right": None,
    }


@given(
    st.sampled_from(PROVIDERS),
    st.sets(st.sampled_from([*RATIOS, "image", "imag", "n", "upExpansionRatio"]) | st.text(max_size=70), max_size=8),
)
def test_no_valid_field_is_renamed_and_no_field_twice(provider: str, given: set[str]) -> None:
    known, required = operation(provider, EXPAND).properties, operation(provider, EXPAND).request["required"]
    proposed = renames(known, required, sorted(given))
    assert set(proposed) <= set(required) - given
    assert set(proposed.values()) <= given - set(known)
    assert len(set(proposed.values())) == len(proposed)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("bottom_expansion_ratio", RATIOS[:1] + RATIOS[2:], "down_expansion_ratio"),
        ("bottom_expansion_ratio", RATIOS[2:], None),
        ("promt", [], "prompt"),
        ("promt", ["prompt"], "prompt"),
        ("seed", [], None),
        ("prompt" * 20, [], None),
    ],
)
def test_what_a_name_was_meant_for(name: str, given: list[str], expected: str | None) -> None:
    hint = meant(name, operation("kling", EXPAND).properties, given)
    assert hint == (f"did you mean {expected!r}?" if expected else None)
    assert meant(name, []) is None


def test_a_remark_says_what_was_meant() -> None:
    (found,) = notes(operation("kling", EXPAND), ratios("up", "left", "right", "bottom"))
    assert found.hint == "did you mean 'down_expansion_ratio'?"
    (found,) = notes(operation("kling", MULTI), {"scence_image": URL, "model_name": "kling-v2-1"})
    assert found.hint == "did you mean 'scene_image'?"


def test_words_that_both_names_have_say_nothing() -> None:
    assert closeness("left_expansion_ratio", "bottom_expansion_ratio") == 0
    assert closeness("subject_imag", "subject_image") > 0.8
    assert closeness("image", "image") == closeness("upExpansionRatio", "up_expansion_ratio") == 1
    assert closeness("image", "image_tail") == 0
