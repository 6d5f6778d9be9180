"""Properties of an expansion, for every provider that has one.

The oracle is what the pages say in words, computed here in exact fractions: each ratio from 0 to 2, the new area at
most three times the old. Points are drawn inside that region, outside it, and on its very border.
"""

from __future__ import annotations

import math
import re
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from asking import example
from bridge import loaded
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract import check_request, strategies
from kling_contract.documents import bundled
from kling_contract.expansion import Ratios, canvas, for_aspect, nearest

EXPAND = "createImageExpansion"
SIDES = ("up", "down", "left", "right")
PROVIDERS = [name for name in bundled() if EXPAND in loaded(name).operations]
Point = tuple[Decimal, ...]

for_each_provider = pytest.mark.parametrize("provider", PROVIDERS)


def names(provider: str) -> list[str]:
    """Return what a provider calls the four ratios."""
    renamed = loaded(provider).operation(EXPAND).renamed
    return [renamed.get(name, name) for name in (f"{side}_expansion_ratio" for side in SIDES)]


def body(provider: str, point: Any) -> dict[str, Any]:
    return example(loaded(provider).operation(EXPAND)) | dict(zip(names(provider), point, strict=True))


def point_of(provider: str, body: dict[str, Any]) -> Point:
    return tuple(Decimal(str(body[name])) for name in names(provider))


def broken(provider: str, point: Any) -> set[tuple[str, str]]:
    """Return the rules that an expansion breaks, each with the side that it names."""
    sides = {f"/{name}": side for name, side in zip(names(provider), SIDES, strict=True)}
    found = check_request(loaded(provider).operation(EXPAND), body(provider, point))
    return {(each.rule, sides.get(each.pointer, each.pointer)) for each in found}


def area(point: Any) -> Fraction:
    up, down, left, right = map(Fraction, point)
    return (1 + left + right) * (1 + up + down)


def expected(point: Any) -> set[tuple[str, str]]:
    """Return what a point breaks: the bounds of its sides, and the area only where all of these are kept."""
    low = {("schema.minimum", side) for side, ratio in zip(SIDES, point, strict=True) if ratio < 0}
    high = {("schema.maximum", side) for side, ratio in zip(SIDES, point, strict=True) if ratio > 2}
    return low | high or ({("expansion.area", "")} if area(point) > 3 else set())


def split(total: Decimal, share: int) -> tuple[Decimal, Decimal]:
    """Return two ratios with this sum, the first one `share` hundredths of it."""
    return total * share / 100, total - total * share / 100


# Sums of two opposite ratios with an area of exactly 3, all of them short decimals.
SUMS = [(1 + Decimal(tall), 3 / (1 + Decimal(tall))) for tall in ("0", "0.2", "0.25", "0.5", "0.6", "0.875", "1", "2")]
ratio = st.integers(-10_000, 30_000).map(lambda units: Decimal(units).scaleb(-4))
shares = st.integers(0, 100)
anywhere = st.tuples(ratio, ratio, ratio, ratio)
inside = strategies.expansions().map(lambda drawn: astuple(drawn.ratios))
border = st.builds(
    lambda sums, one, two: (*split(sums[0] - 1, one), *split(sums[1] - 1, two)), st.sampled_from(SUMS), shares, shares
)
nudges = st.tuples(*[st.sampled_from([Decimal(0), Decimal("1e-4"), Decimal("-1e-4"), Decimal("1e-20")])] * 4)
nudged = st.builds(
    lambda point, nudge: tuple(a + b for a, b in zip(point, nudge, strict=True)), inside | border, nudges
)
points = anywhere | inside | border | nudged


@for_each_provider
@given(point=points)
def test_the_gate_accepts_exactly_the_closed_region(provider: str, point: Point) -> None:
    assert broken(provider, point) == expected(point)


@for_each_provider
@given(point=st.tuples(*[st.decimals(0, 2, places=2)] * 4), kind=st.sampled_from([Decimal, float, str]))
def test_a_ratio_is_the_decimal_that_was_written(provider: str, point: Point, kind: Any) -> None:
    """A float is what it is written as, whatever it is in binary; a text is no number at all."""
    wrong = {("schema.type", side) for side in SIDES} if kind is str else expected(point)
    assert broken(provider, tuple(map(kind, point))) == wrong


@for_each_provider
@given(point=border, side=st.integers(0, 3), decimals=st.integers(1, 26))
def test_the_border_is_allowed_and_no_step_beyond_it_is_too_small(
    provider: str, point: Point, side: int, decimals: int
) -> None:
    def moved(step: Decimal) -> Point:
        return tuple(value + step if index == side else value for index, value in enumerate(point))

    step = Decimal(1).scaleb(-decimals)
    assert area(point) == 3
    assert broken(provider, point) == set()
    assert broken(provider, moved(step)) == expected(moved(step)) != set()
    assert broken(provider, moved(-step)) == expected(moved(-step))


@for_each_provider
@given(data=st.data())
def test_three_bodies_at_the_limit_of_the_area(provider: str, data: st.DataObject) -> None:
    three = data.draw(strategies.on_boundary(EXPAND, "expansion.area", provider=loaded(provider)))
    trio = [point_of(provider, each) for each in (three.below, three.at, three.above) if each is not None]
    assert area(trio[0]) <= 3 < area(trio[-1])
    assert three.at is None or area(trio[1]) == 3 > area(trio[0])
    for one, other in pairwise(trio):
        (changed,) = [abs(a - b) for a, b in zip(one, other, strict=True) if a != b]
        assert changed == Decimal(1).scaleb(changed.adjusted())


@for_each_provider
@given(data=st.data(), factors=st.tuples(*[st.decimals(0, 1, places=3)] * 4))
def test_what_is_smaller_than_a_legal_expansion_is_legal(
    provider: str, data: st.DataObject, factors: tuple[Decimal, ...]
) -> None:
    legal = data.draw(strategies.valid(EXPAND, provider=loaded(provider)))
    point = point_of(provider, legal)
    smaller = tuple(ratio * factor for ratio, factor in zip(point, factors, strict=True))
    shrunk = legal | dict(zip(names(provider), smaller, strict=True))
    assert check_request(loaded(provider).operation(EXPAND), shrunk) == []


# Where each of up, down, left and right is taken from.
MIRRORS = [(0, 1, 3, 2), (1, 0, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1)]


@for_each_provider
@given(point=points, order=st.sampled_from(MIRRORS))
def test_a_mirrored_expansion_breaks_the_same_on_the_mirrored_sides(
    provider: str, point: Point, order: tuple[int, ...]
) -> None:
    back = {side: SIDES[place] for side, place in zip(SIDES, order, strict=True)}
    mirrored = broken(provider, [point[place] for place in order])
    assert {(rule, back.get(side, side)) for rule, side in mirrored} == broken(provider, point)


@for_each_provider
@given(data=st.data())
def test_the_hint_of_the_gate_is_accepted_and_no_larger_one_would_be(provider: str, data: st.DataObject) -> None:
    """The hint scales all ratios by the largest number of thousandths that fits, cut to four decimals."""
    large = data.draw(strategies.broken(EXPAND, "expansion.area", provider=loaded(provider)))
    (violation,) = check_request(loaded(provider).operation(EXPAND), large)
    scale = re.search(r"scaled by (\S+) fit", str(violation.hint))
    assert scale is not None
    told = {name: Decimal(value) for name, value in re.findall(r"(\w+)=([\d.]+)", str(violation.hint))}
    assert check_request(loaded(provider).operation(EXPAND), large | told) == []
    larger = [ratio * (Decimal(scale[1]) + Decimal("0.001")) for ratio in point_of(provider, large)]
    assert area(cut(larger)) > 3 or max(larger) > 2


def cut(values: list[Decimal]) -> list[Fraction]:
    return [Fraction(int(value * 10_000), 10_000) for value in values]


@for_each_provider
@given(point=st.tuples(ratio, ratio, ratio, ratio).filter(lambda point: min(point) < 0 or max(point) > 2))
def test_the_bound_that_the_gate_names_is_accepted_in_its_place(provider: str, point: Point) -> None:
    fixed = body(provider, point)
    for each in check_request(loaded(provider).operation(EXPAND), fixed):
        fixed[each.pointer[1:]] = Decimal(str(each.hint).removeprefix("the nearest is "))
    assert expected(point_of(provider, fixed)) <= {("expansion.area", "")}
    assert point_of(provider, fixed) == tuple(min(max(value, Decimal(0)), Decimal(2)) for value in point)


@given(drawn=strategies.expansions())
def test_a_canvas_has_the_area_up_to_rounding(drawn: strategies.Expansion) -> None:
    """Each side is rounded to a pixel, so width and height are each off by one pixel at most."""
    up, down, left, right = map(Fraction, astuple(drawn.ratios))
    width, height = drawn.width * (1 + left + right), drawn.height * (1 + up + down)
    assert width * height == drawn.width * drawn.height * area(astuple(drawn.ratios))
    assert abs(drawn.canvas.width - width) <= 1
    assert abs(drawn.canvas.height - height) <= 1
    assert abs(drawn.canvas.width * drawn.canvas.height - width * height) <= width + height + 1


@given(drawn=strategies.expansions())
def test_a_canvas_of_whole_pixels_has_exactly_the_area(drawn: strategies.Expansion) -> None:
    width, height = drawn.width * 10_000, drawn.height * 10_000
    place = canvas(width, height, drawn.ratios)
    assert place.width * place.height == width * height * drawn.ratios.area
    assert place.x == Fraction(drawn.ratios.left) * width
    assert place.y == Fraction(drawn.ratios.up) * height


@given(drawn=strategies.expansions(), times=st.integers(1, 20))
def test_an_image_that_is_times_as_large_has_a_canvas_that_is(drawn: strategies.Expansion, times: int) -> None:
    larger = canvas(drawn.width * times, drawn.height * times, drawn.ratios)
    assert abs(larger.width - times * drawn.canvas.width) <= times + 1
    assert abs(larger.height - times * drawn.canvas.height) <= times + 1


@for_each_provider
@given(point=points)
def test_the_nearest_allowed_ratios_are_allowed_and_what_is_allowed_is_nearest_itself(
    provider: str, point: Point
) -> None:
    found = astuple(nearest(Ratios.of(*point)))
    assert broken(provider, found) == set()
    assert (found == point) is (expected(point) == set())


@settings(max_examples=150)
@given(point=anywhere)
def test_no_search_finds_ratios_that_are_nearer(point: Point) -> None:
    """Nearest is Euclidean over the four ratios; those found are cut to four decimals, 2e-4 away at most."""
    found = astuple(nearest(Ratios.of(*point)))
    assert far(found, point) <= searched([float(value) for value in point]) + 2e-4


def far(one: Any, other: Any) -> float:
    return math.dist([float(value) for value in one], [float(value) for value in other])


def searched(point: list[float]) -> float:
    """Try 400 corners of the region: up to a sum of up and down, and up to what that leaves for left and right."""
    tops = (step / 200 for step in range(401))
    return min(math.hypot(pair(point[:2], top), pair(point[2:], 3 / (1 + top) - 1)) for top in tops)


def pair(aim: list[float], top: float) -> float:
    """Return the distance of a pair to the nearest one from 0 up, with a sum of at most `top`."""
    one, two = max(aim[0], 0.0), max(aim[1], 0.0)
    if one + two > top:
        one = min(max((aim[0] - aim[1] + top) / 2, 0.0), top)
        two = top - one
    return math.hypot(one - aim[0], two - aim[1])


@for_each_provider
@given(wide=st.integers(1, 30), tall=st.integers(1, 30), sides=st.tuples(*[st.integers(300, 4000)] * 2))
def test_the_largest_canvas_of_an_aspect_is_accepted_wherever_there_is_one(
    provider: str, wide: int, tall: int, sides: tuple[int, int]
) -> None:
    stretch = Fraction(wide * sides[1], tall * sides[0])
    if max(stretch, 1 / stretch) > 3:
        with pytest.raises(ValueError, match="over 3"):
            for_aspect(*sides, wide, tall)
    else:
        assert broken(provider, astuple(for_aspect(*sides, wide, tall))) == set()
