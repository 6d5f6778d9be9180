from __future__ import annotations

import math
import random
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.expansion import Canvas, Ratios, canvas, fit, for_aspect, nearest

ratio = st.decimals(-1, 5, places=3)
quadruple = st.builds(Ratios, ratio, ratio, ratio, ratio)
side = st.integers(1, 20_000)


def texts(ratios: Ratios) -> tuple[str, ...]:
    return tuple(str(value) for value in astuple(ratios))


def distance(one: Ratios, two: Ratios) -> float:
    return math.dist([float(value) for value in astuple(one)], [float(value) for value in astuple(two)])


def allowed(ratios: Ratios, limit: Fraction = Fraction(3), most: Fraction = Fraction(2)) -> bool:
    return ratios.area <= limit and all(0 <= value <= most for value in astuple(ratios))


def test_ratios_are_the_decimals_that_were_written() -> None:
    assert Ratios.of(up=0.1, down=Fraction(1, 10), left="0.10", right=1).area == Fraction(12, 10) * Fraction(21, 10)
    assert Ratios.of() == Ratios(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    assert Ratios.of(up=0.1, down=0.1, right=1.5).area == 3
    assert Ratios.of(up=Decimal("-7.25")).up == Decimal("-7.25")


@pytest.mark.parametrize(
    "value",
    [
        *(True, None, "x", "", [1], float("nan"), float("inf"), Decimal("sNaN"), Fraction(1, 3)),
        *("1e-5000000", "1e41", "1." + "3" * 40),
    ],
)
def test_what_is_no_short_decimal_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="number"):
        Ratios.of(left=value)


@pytest.mark.parametrize(
    ("ratios", "area"),
    [
        (("0.1495", "0.1495", "0.6547", "0.6547"), "2.99991060"),
        (("0.1496", "0.1496", "0.6548", "0.6548"), "3.00063232"),
        (("2", "0", "0", "0"), "3"),
        (("2", "2", "0", "0"), "5"),
        (("1", "1", "1", "1"), "9"),
        (("0.3660", "0.3660", "0.3660", "0.3660"), "2.99982400"),
    ],
)
def test_areas(ratios: tuple[str, ...], area: str) -> None:
    assert Ratios.of(*ratios).area == Fraction(area)


def test_the_official_examples_of_pixels() -> None:
    assert canvas(30, 20, Ratios.of(up=0.1)) == Canvas(30, 22, 0, 2)
    assert canvas(30, 20, Ratios.of(left=0.3)) == Canvas(39, 20, 9, 0)


def test_half_a_pixel_is_rounded_up_on_each_side() -> None:
    assert canvas(10, 10, Ratios.of(up=0.05, down=0.04, left=0.15, right=0.25)) == Canvas(15, 11, 2, 1)


@given(side, side, st.builds(Ratios.of, *[st.decimals(0, 2, places=4)] * 4))
def test_each_side_of_the_canvas_is_within_half_a_pixel(width: int, height: int, ratios: Ratios) -> None:
    made = canvas(width, height, ratios)
    assert abs(made.x - Fraction(ratios.left) * width) <= Fraction(1, 2)
    assert abs(made.y - Fraction(ratios.up) * height) <= Fraction(1, 2)
    assert abs(made.width - made.x - width - Fraction(ratios.right) * width) <= Fraction(1, 2)
    assert abs(made.height - made.y - height - Fraction(ratios.down) * height) <= Fraction(1, 2)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_an_original_has_pixels(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        canvas(width, height, Ratios.of())
    with pytest.raises(ValueError, match="greater than 0"):
        fit(width, height, 9, 9)
    with pytest.raises(ValueError, match="greater than 0"):
        for_aspect(width, height, 1, 1)


@settings(deadline=None)
@given(
    side,
    side,
    st.integers(0, 60_000),
    st.integers(0, 60_000),
    st.sampled_from(["left", "center", "right"]),
    st.sampled_from(["top", "center", "bottom"]),
)
def test_a_fit_makes_exactly_the_target_and_no_more_area(
    width: int, height: int, more: int, taller: int, across: Any, along: Any
) -> None:
    ratios = fit(width, height, width + more, height + taller, (across, along))
    x = {"left": 0, "center": more // 2, "right": more}[across]
    y = {"top": 0, "center": taller // 2, "bottom": taller}[along]
    assert canvas(width, height, ratios) == Canvas(width + more, height + taller, x, y)
    assert ratios.area <= Fraction((width + more) * (height + taller), width * height)


def test_a_fit_needs_four_decimals_until_the_side_is_long() -> None:
    assert texts(fit(300, 300, 400, 301)) == ("0", "0.0033", "0.1666", "0.1666")
    assert texts(fit(70_000, 1, 80_000, 1, ("left", "center"))) == ("0", "0", "0", "0.14285")


@pytest.mark.parametrize(
    ("target", "anchor", "message"),
    [
        ((9, 10), ("center", "center"), "1 pixels smaller"),
        ((10, 7), ("center", "center"), "3 pixels smaller"),
        ((10, 10), ("top", "center"), "'top' is no anchor; accepted: left, center, right"),
        ((10, 10), ("left", "middle"), "'middle' is no anchor; accepted: top, center, bottom"),
    ],
)
def test_an_impossible_fit_is_refused(target: tuple[int, int], anchor: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(10, 10, *target, anchor)


def test_the_official_helper_prints_these_ratios() -> None:
    assert texts(for_aspect(100, 100, 16, 9)) == ("0.1495", "0.1495", "0.6547", "0.6547")


@pytest.mark.parametrize(
    ("size", "aspect", "area", "expected"),
    [
        ((100, 100), (3, 1), 3, ("0", "0", "1", "1")),
        ((100, 100), (1, 3), 3, ("1", "1", "0", "0")),
        ((160, 90), (16, 9), 1, ("0", "0", "0", "0")),
        ((160, 90), ("1.6", "0.9"), Decimal("2.25"), ("0.25", "0.25", "0.25", "0.25")),
    ],
)
def test_aspects_at_the_edge_of_the_area(size: Any, aspect: Any, area: Any, expected: tuple[str, ...]) -> None:
    (width, height), (wide, tall) = size, aspect
    assert texts(for_aspect(width, height, wide, tall, area)) == expected


@pytest.mark.parametrize(
    ("aspect", "area", "message"),
    [((4, 1), 3, "4:1 around 100 x 100 takes area 4, over 3"), ((1, 1), "0.9", "over 0.9"), ((0, 1), 3, "greater")],
)
def test_an_aspect_that_does_not_fit_is_refused(aspect: tuple[int, int], area: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        for_aspect(100, 100, *aspect, area)


@settings(deadline=None)
@given(side, side, st.integers(1, 99), st.integers(1, 99), st.integers(1, 25))
def test_an_aspect_is_met_from_below_and_to_four_decimals(
    width: int, height: int, wide: int, tall: int, area: int
) -> None:
    stretch = Fraction(wide * height, tall * width)
    if max(stretch, 1 / stretch) > area:
        with pytest.raises(ValueError, match="takes area"):
            for_aspect(width, height, wide, tall, area)
        return
    ratios = for_aspect(width, height, wide, tall, area)
    step = Fraction(1, 10_000)
    assert (ratios.left, ratios.up) == (ratios.right, ratios.down)
    assert ratios.area <= area
    for value, square in ((ratios.left, area * stretch), (ratios.up, area / stretch)):
        assert (1 + 2 * Fraction(value)) ** 2 <= square < (1 + 2 * (Fraction(value) + step)) ** 2


@pytest.mark.parametrize(
    ("given_ratios", "expected"),
    [
        ((1, 1, 1, 1), ("0.366", "0.366", "0.366", "0.366")),
        ((2, 2, 0, 0), ("1", "1", "0", "0")),
        ((5, 0, 0, 0), ("2", "0", "0", "0")),
        ((-1, 0.25, 0, 0), ("0", "0.25", "0", "0")),
        ((-1, 0.5, 3, 0.2), ("0", "0", "2", "0")),
        ((1.5, 0, 1.5, 0), ("0.732", "0", "0.732", "0")),
        ((0.1495, 0.1495, 0.6548, 0.6548), ("0.1494", "0.1494", "0.6548", "0.6548")),
        (("1e30", 0, 0, 1), ("2", "0", "0", "0")),
        ((0, 0, 0, 2.000001), ("0", "0", "0", "2")),
    ],
)
def test_nearest_of_known_ratios(given_ratios: tuple[Any, ...], expected: tuple[str, ...]) -> None:
    assert texts(nearest(Ratios.of(*given_ratios))) == expected


def test_nearest_under_other_limits() -> None:
    ones = Ratios.of(1, 1, 1, 1)
    assert texts(nearest(ones, limit=4)) == ("0.5", "0.5", "0.5", "0.5")
    assert texts(nearest(ones, limit="2.89")) == ("0.35", "0.35", "0.35", "0.35")
    assert texts(nearest(Ratios.of(1, 0, 1, 0), limit="1.96")) == ("0.4", "0", "0.4", "0")
    assert texts(nearest(ones, limit=9)) == ("1", "1", "1", "1")
    assert texts(nearest(ones, limit=1)) == ("0", "0", "0", "0")
    assert texts(nearest(ones, limit=25, most="0.33339")) == ("0.3333", "0.3333", "0.3333", "0.3333")
    assert texts(nearest(ones, most=0)) == ("0", "0", "0", "0")


@pytest.mark.parametrize(("limit", "most"), [("0.99", 2), (3, -1)])
def test_nearest_is_refused_where_nothing_is_allowed(limit: Any, most: int) -> None:
    with pytest.raises(ValueError, match="no ratios"):
        nearest(Ratios.of(), limit=limit, most=most)


@settings(deadline=None)
@given(quadruple, st.decimals(1, 12, places=2), st.decimals(0, 3, places=2))
def test_nearest_is_allowed_and_stays_where_it_is(ratios: Ratios, limit: Decimal, most: Decimal) -> None:
    found = nearest(ratios, limit, most)
    assert allowed(found, Fraction(limit), Fraction(most))
    assert nearest(found, limit, most) is found
    assert (found is ratios) is allowed(ratios, Fraction(limit), Fraction(most))


# Cutting four ratios to 4 decimals moves a point by less than this.
TOLERANCE = 2e-4


def descended(ratios: Ratios, start: tuple[float, ...], limit: float, most: float, chance: random.Random) -> float:
    """Walk from an allowed point to nearer allowed ones by random steps; return the distance reached."""
    aim, point, reach = [float(value) for value in astuple(ratios)], list(start), 0.5
    best = math.dist(point, aim)
    while reach > 1e-4:
        tried = [min(max(value + chance.gauss(0, reach), 0.0), most) for value in point]
        inside = (1 + tried[0] + tried[1]) * (1 + tried[2] + tried[3]) <= limit
        if inside and (far := math.dist(tried, aim)) < best:
            point, best = tried, far
        else:
            reach *= 0.97
    return best


@settings(deadline=None, max_examples=60)
@given(
    quadruple,
    st.sampled_from([1.0, 1.7, 3.0, 6.0]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.integers(0, 9999),
)
def test_no_random_walk_finds_anything_nearer(ratios: Ratios, limit: float, most: float, seed: int) -> None:
    chance = random.Random(seed)
    reached = distance(ratios, nearest(ratios, limit, most))
    starts = ((0.0,) * 4, (min(most, limit - 1), 0, 0, 0), (0, 0, 0, min(most, limit - 1)))
    assert all(reached <= descended(ratios, start, limit, most, chance) + TOLERANCE for start in starts)


GRID = [Ratios.of(*values) for values in product([Decimal(unit).scaleb(-2) for unit in range(0, 201, 25)], repeat=4)]
GRID_INSIDE = [point for point in GRID if point.area <= 3]
GRID_POINTS = [tuple(map(float, astuple(point))) for point in GRID_INSIDE]


@settings(deadline=None, max_examples=60)
@given(quadruple)
def test_no_point_of_a_grid_is_nearer(ratios: Ratios) -> None:
    aim = tuple(map(float, astuple(ratios)))
    assert distance(ratios, nearest(ratios)) <= min(math.dist(point, aim) for point in GRID_POINTS) + TOLERANCE


def test_the_grid_is_judged_by_area_as_whole_numbers_judge_it() -> None:
    for point in GRID:
        up, down, left, right = (int(value * 100) for value in astuple(point))
        inside = (100 + up + down) * (100 + left + right) <= 30_000
        assert (point.area <= 3) is inside
