"""Floats in place of decimals: only where they say the same."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract import load
from kling_contract.contract import check_request
from kling_contract.reading import parse

written = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@given(written)
@settings(deadline=None)
def test_every_number_is_what_was_written(text: str) -> None:
    body, violations = parse(text.encode(), decimals=False)
    assert violations == []
    assert Decimal(repr(body) if isinstance(body, float) else body) == Decimal(text)


@pytest.mark.parametrize("text", ["0.1", "-0.3660", "2.0", "0.00000000000001", "99999999999999.9"])
def test_short_numbers_are_floats(text: str) -> None:
    assert type(parse(text.encode(), decimals=False)[0]) is float
    assert type(parse(text.encode())[0]) is Decimal


@pytest.mark.parametrize("text", ["0.1000000000000001", "1e5", "1E-400", "1.5e400", "123456789012345.67"])
def test_others_stay_decimals(text: str) -> None:
    assert type(parse(text.encode(), decimals=False)[0]) is Decimal


@given(st.lists(st.decimals(0, 2, places=4), min_size=4, max_size=4), st.sampled_from(["", "0" * 12, "0" * 12 + "1"]))
@settings(deadline=None)
def test_the_gate_judges_both_alike(ratios: list[Decimal], tail: str) -> None:
    operation = load("cometapi").operation("createImageExpansion")
    body = json.dumps({"image": "https://example.com/a.png"})[:-1]
    sides = zip(("up", "right", "left", "bottom"), ratios, strict=True)
    data = (body + "".join(f', "{side}_expansion_ratio": {ratio}{tail}' for side, ratio in sides) + "}").encode()
    exact, fast = (parse(data, decimals=decimals)[0] for decimals in (True, False))
    assert check_request(operation, fast) == check_request(operation, exact)
