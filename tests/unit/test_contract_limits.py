"""The gate accepts exactly what lies inside all limits, computed exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from gate_bodies import EXPAND, PROVIDERS, broken, expansion, operation
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.contract import check_request, gate

TINIEST = Decimal("1e-39")
JUST = {"0+": TINIEST, "0-": -TINIEST, "1+": Decimal(f"1.{'0' * 38}1"), "2+": Decimal(f"2.{'0' * 38}1"),
        "1-": Decimal(f"0.{'9' * 39}"), "2-": Decimal(f"1.{'9' * 39}")}  # fmt: skip
GRID = [
    -TINIEST, Decimal("-0.0001"), 0, TINIEST, Decimal("0.0001"), Decimal("0.5"), Decimal("0.7320"), Decimal("0.7321"),
    Decimal("1.5"), Decimal("1.9999"), 2, JUST["2-"], Decimal("2.0001"), JUST["2+"],
]  # fmt: skip


def inside(ratios: Any) -> bool:
    up, down, left, right = (Fraction(str(ratio)) for ratio in ratios)
    return all(0 <= each <= 2 for each in (up, down, left, right)) and (1 + up + down) * (1 + left + right) <= 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_point_of_the_grid_is_accepted_exactly_if_it_lies_inside(provider: str) -> None:
    check = gate(operation(provider, EXPAND))
    corners = [*product(GRID[::2], repeat=4), *product(GRID, [0, 2], GRID, [0]), *product([0], GRID, [0], GRID)]
    wrong = [ratios for ratios in corners if (not check.request(expansion(provider, ratios))) != inside(ratios)]
    assert wrong == []
    assert {inside(ratios) for ratios in corners} == {True, False}


ratio = st.one_of(
    st.decimals(-1, 3, places=4),
    st.sampled_from([0, 1, 2, *JUST.values()]),
    st.floats(1e-20, 2).map(lambda value: Decimal(repr(value))),
)
count = st.sampled_from([0, 1, 2, 9, 10])
prompt = st.sampled_from(["", "a", "é" * 2500, "😀" * 2500, "a" * 2501, "😀" * 2501])


@pytest.mark.parametrize("provider", PROVIDERS)
@given(ratios=st.tuples(ratio, ratio, ratio, ratio), n=count, text=prompt)
@settings(deadline=None)
def test_a_body_is_accepted_exactly_if_it_is_inside_all_limits(provider: str, ratios: Any, n: int, text: str) -> None:
    value = str(n) if provider == "cometapi" else n
    body = expansion(provider, ratios, prompt=text, n=value)
    expected = inside(ratios) and 1 <= n <= 9 and len(text) <= 2500
    assert (check_request(operation(provider, EXPAND), body) == []) == expected


@pytest.mark.parametrize(
    ("value", "accepted"),
    [(1, True), (9, True), (Decimal(5), True), (0, False), (10, False), (-1, False), (True, False), ("2", False),
     (1.5, False), (None, False), ([], False), (Decimal("9.0000000000001"), False)],
)  # fmt: skip
@pytest.mark.parametrize("provider", ["kling", "anyapi"])
def test_the_count_is_an_integer_from_1_to_9(provider: str, value: Any, accepted: bool) -> None:
    found = broken(provider, EXPAND, expansion(provider, (0, 0, 0, 0), n=value))
    assert (found == []) == accepted
    assert all(each.endswith(" /n") for each in found)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [("1", True), ("9", True), ("0", False), ("10", False), ("", False), ("1 ", False), ("1\n", False), ("١", False),
     (1, False)],
)  # fmt: skip
def test_the_count_of_cometapi_is_a_text_of_one_digit(value: Any, accepted: bool) -> None:
    assert (broken("cometapi", EXPAND, expansion("cometapi", (0, 0, 0, 0), n=value)) == []) == accepted


# Area exactly 3, where binary floats go wrong.


def terminating() -> list[Decimal]:
    """Return the decimals w in [1, 3] with few digits for which 3 / w ends too."""
    products = {Fraction(2) ** i * Fraction(5) ** j * three for i in range(-9, 10) for j in range(-6, 7)
                for three in (1, 3)}  # fmt: skip
    short = (Decimal(each.numerator) / Decimal(each.denominator) for each in products if 1 <= each <= 3)
    return sorted(each for each in short if len(each.as_tuple().digits) <= 8 and exact(3 / each * each))


def exact(value: Decimal) -> bool:
    return value == 3


WIDTHS = terminating()


@st.composite
def areas_of_three(draw: st.DrawFn, places: int = 4) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Draw ratios whose area is exactly 3, as decimals."""
    width = draw(st.sampled_from(WIDTHS))
    return (*draw(split(3 / width - 1, places)), *draw(split(width - 1, places)))


def split(total: Decimal, places: int) -> st.SearchStrategy[tuple[Decimal, Decimal]]:
    """Draw two ratios in [0, 2] with this sum."""
    steps = int(total * 10**places)
    first = st.integers(0, steps).map(lambda units: Decimal(units).scaleb(-places))
    return first.map(lambda one: (one, total - one))


@pytest.mark.parametrize("provider", PROVIDERS)
@given(ratios=areas_of_three())
@settings(deadline=None, max_examples=300)
def test_an_area_of_exactly_three_is_accepted_as_decimals_and_as_floats(provider: str, ratios: Any) -> None:
    up, down, left, right = map(Fraction, ratios)
    assert (1 + up + down) * (1 + left + right) == 3
    assert broken(provider, EXPAND, expansion(provider, ratios)) == []
    assert broken(provider, EXPAND, expansion(provider, map(float, ratios))) == []


@pytest.mark.parametrize("provider", PROVIDERS)
@given(ratios=areas_of_three(), place=st.integers(0, 3), digits=st.integers(4, 14))
@settings(deadline=None)
def test_one_unit_in_the_last_place_more_is_refused(provider: str, ratios: Any, place: int, digits: int) -> None:
    more = list(ratios)
    more[place] += Decimal(1).scaleb(-digits)
    expected = ["expansion.area"] if more[place] <= 2 else ["schema.maximum"]
    for body in (expansion(provider, more), expansion(provider, map(float, more))):
        found = broken(provider, EXPAND, body)
        assert [each.split()[0] for each in found] == expected


def test_binary_floats_would_refuse_many_of_these_areas() -> None:
    refused = total = 0
    for width in WIDTHS:
        for one, other in product(range(11), repeat=2):
            left, up = (width - 1) * one / 10, (3 / width - 1) * other / 10
            ratios = [up, 3 / width - 1 - up, left, width - 1 - left]
            up_, down, left_, right = map(float, ratios)
            refused += (1 + left_ + right) * (1 + up_ + down) > 3
            total += 1
            assert broken("kling", EXPAND, expansion("kling", ratios)) == []
    assert refused > total / 20


def test_the_area_that_floats_get_wrong() -> None:
    assert (1 + 0 + 1.5) * (1 + 0.1 + 0.1) > 3
    assert broken("kling", EXPAND, expansion("kling", (0.1, 0.1, 0, 1.5))) == []
    assert broken("kling", EXPAND, expansion("kling", (Decimal("0.1"), Decimal("0.10"), 0, Decimal("1.5")))) == []
