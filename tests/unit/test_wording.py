"""What a person is told of a value that is not accepted: the values as JSON has them, and the type that is missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.checker import Checker
from kling_contract.wording import counted, cut, did_you_mean, shown

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.decimals(allow_nan=False)
VALUES = SCALARS | st.text(max_size=5) | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(), SCALARS, max_size=2)


def said(accepted: Any, found: Any) -> tuple[str, str | None]:
    (violation,) = Checker({"properties": {"code": {"const": accepted}}}, "the document").check({"code": found})
    return violation.message, violation.hint


@pytest.mark.parametrize(
    ("accepted", "found", "message", "hint"),
    [
        (0, "0", "'0' is not accepted; accepted: 0", "did you mean 0 (an integer)?"),
        ("0", 0, "0 is not accepted; accepted: '0'", "did you mean '0' (a string)?"),
        (1.5, "1.5", "'1.5' is not accepted; accepted: 1.5", "did you mean 1.5 (a number)?"),
        ("1.5", Decimal("1.5"), "1.5 is not accepted; accepted: '1.5'", "did you mean '1.5' (a string)?"),
        (True, "true", "'true' is not accepted; accepted: true", "did you mean true (a boolean)?"),
        ("true", True, "true is not accepted; accepted: 'true'", "did you mean 'true' (a string)?"),
        (None, "null", "'null' is not accepted; accepted: null", "did you mean null?"),
        ("null", None, "null is not accepted; accepted: 'null'", "did you mean 'null' (a string)?"),
        ("std", "sdt", "'sdt' is not accepted; accepted: 'std'", "did you mean 'std'?"),
        ([1], [2], "a list of 1 is not accepted; accepted: [1]", "did you mean [1]?"),
        (0, True, "true is not accepted; accepted: 0", None),
        (0, [], "a list of 0 is not accepted; accepted: 0", None),
    ],
)
def test_a_value_of_another_type_is_told_with_the_type_that_is_meant(
    accepted: Any, found: Any, message: str, hint: str | None
) -> None:
    assert said(accepted, found) == (f"code value {message}", hint)


@given(VALUES, st.lists(VALUES, max_size=3))
def test_whatever_is_found_the_hint_is_one_question(found: Any, accepted: list[Any]) -> None:
    hint = did_you_mean(found, accepted)
    assert hint is None or (hint.startswith("did you mean ") and hint.endswith("?"))


@pytest.mark.parametrize(
    ("found", "hint"),
    [("7", "send 7 without quotes"), ("-0.5", "send -0.5 without quotes"), ("007", None), (".5", None)],
)
def test_only_a_number_as_json_has_it_is_asked_for_without_quotes(found: str, hint: str | None) -> None:
    (violation,) = Checker({"properties": {"n": {"type": "number"}}}, "the document").check({"n": found})
    assert violation.hint == hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://user:secret@host/x?token=secret\n", "https://...@host/x?...\n"),
        ("https://host/x?secret", "https://host/x?..."),
        ("https://host/x", "https://host/x"),
        ("what? me@home", "what? me@home"),
        ("https://a@b@c/", "https://...@c/"),
        ("https://" + "secret" * 1000 + "@host/", "https://...@host/"),
    ],
)
def test_of_a_url_nothing_secret_is_shown(text: str, told: str) -> None:
    assert shown(text) == told


def test_a_text_of_many_urls_is_shown_in_no_time() -> None:
    assert shown("://" * 500_000).startswith("://://")


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (0, ("request",), "0 requests"),
        (1, ("request",), "1 request"),
        (2, ("request",), "2 requests"),
        (1, ("entry", "entries"), "1 entry"),
        (3, ("entry", "entries"), "3 entries"),
        (1.0, ("unit",), "1 unit"),
        (0.5, ("unit",), "0.5 units"),
    ],
)
def test_a_number_of_things(count: float, words: tuple[str, ...], told: str) -> None:
    assert counted(count, *words) == told


@pytest.mark.parametrize(
    ("text", "most", "told"),
    [
        ("as it is", 8, "as it is"),
        ("cut at a word", 9, "cut at a…"),
        ("cut at a word", 8, "cut at…"),
        ("cut, at a word", 5, "cut…"),
        ("cutatnoword", 5, "cuta…"),
        ("", 5, ""),
    ],
)
def test_a_long_text_is_cut_behind_a_word(text: str, most: int, told: str) -> None:
    assert cut(text, most) == told
