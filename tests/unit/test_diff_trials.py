"""Bodies of one document tried on another, and containment held against trying everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edited_tiny import CLIP, POSTER, edited, tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_contract.contract import check_request
from kling_contract.documents import Provider
from kling_contract.verify.diff import Move, compare
from kling_contract.verify.diff.domains import accepts
from kling_contract.verify.diff.fields import Field, Fields
from kling_contract.verify.diff.trials import tried

COLUMNS = (*POSTER, "properties", "columns")


def test_what_only_trying_shows_has_a_counterexample(tmp_path: Path) -> None:
    """A default makes a rule apply to bodies that leave the field out, which no single keyword tells."""
    edit = ((*POSTER, "properties", "columns", "default"), 12)
    comparison = tried(compare(tiny(), edited(tmp_path, edit), ["createPoster"], one_way=True), examples=50)
    found = {each.kind: each for each in comparison.differences}
    assert set(found) == {"default", "unexplained"}
    there = found["unexplained"].there
    assert there is not None
    assert there.request == "refused"
    body = there.counterexample
    assert check_request(tiny().operation("createPoster"), body) == []
    assert [each.rule for each in check_request(comparison.target.operation("createPoster"), body)] == ["poster.cells"]
    assert set(body) == {"headline", "rows"}


def test_a_counterexample_is_the_smallest(tmp_path: Path) -> None:
    edit = ((*POSTER, "properties", "headline", "maxLength"), 30)
    comparison = tried(compare(tiny(), edited(tmp_path, edit)), examples=20)
    [difference] = comparison.differences
    there = difference.there
    assert there is not None
    assert there.counterexample == {"headline": "a" * 31}


def test_the_same_seed_tells_the_same(tmp_path: Path) -> None:
    other = edited(tmp_path, ((*COLUMNS, "maximum"), 7), ((*CLIP, "properties", "words", "maxLength"), 3))
    first, second = (tried(compare(tiny(), other), examples=10, random_seed=5) for _ in range(2))
    assert first.as_dict() == second.as_dict()
    assert first.tried


def test_trying_finds_nothing_in_equal_documents() -> None:
    comparison = tried(compare(tiny(), tiny()), examples=20)
    assert comparison.differences == ()
    assert comparison.tried


LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "minimum": st.integers(0, 5),
        "maximum": st.integers(6, 13),
        "exclusiveMinimum": st.integers(-1, 5),
        "exclusiveMaximum": st.integers(6, 14),
        "enum": st.lists(st.integers(0, 13), min_size=1, unique=True),
    },
)
TEXTS = st.fixed_dictionaries(
    {},
    optional={
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(2, 4),
        "enum": st.lists(st.sampled_from(["", "1", "a", "22", "aaa"]), min_size=1, unique=True),
    },
)
SIGNS = st.sampled_from(["^[1-4]$", "^[1-9]$", "^[a-c]$"]).map(lambda pattern: {"pattern": pattern})
NUMBERS = list(range(-3, 18))
WORDS = ["", *"123456789abcz", "22", "aa", "aaa", "aaaa", "aaaaa"]


def refuses(one: dict[str, Any], other: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether a difference breaks requests, there and back."""
    found = list(Fields("any").compare(Field("A", "x", one), Field("B", "x", other), "/x"))
    moves = [[each.there for each in found], [each.back for each in found]]
    there, back = (any(move is not None and move.breaks_requests for move in way) for way in moves)
    return there, back


def loses(one: dict[str, Any], other: dict[str, Any], tries: list[Any]) -> bool:
    return any(accepts(one, each) and not accepts(other, each) for each in tries)


@given(before=LIMITS, after=LIMITS)
def test_what_breaks_of_numbers_agrees_with_trying_them_all(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = ({"type": "integer", **limits} for limits in (before, after))
    assert refuses(one, other) == (loses(one, other, NUMBERS), loses(other, one, NUMBERS))


@given(before=TEXTS | SIGNS, after=TEXTS)
def test_what_breaks_of_texts_agrees_with_trying_them(before: dict[str, Any], after: dict[str, Any]) -> None:
    one, other = ({"type": "string", **limits} for limits in (before, after))
    assert refuses(one, other)[0] == loses(one, other, WORDS)


POSTERS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.builds(
            lambda low, high: {"minimum": low, "maximum": high}, st.integers(1, 3), st.integers(4, 13)
        ),
        "rows": st.builds(lambda high: {"maximum": high}, st.integers(2, 13)),
        "headline": st.builds(lambda high: {"maxLength": high}, st.integers(5, 90)),
        "style": st.builds(lambda enum: {"enum": enum}, st.sampled_from([["plain"], ["plain", "loud", "odd"]])),
        "copies": st.builds(lambda last: {"pattern": f"^[1-{last}]$"}, st.integers(2, 6)),
    },
)


def with_limits(limits: dict[str, dict[str, Any]]) -> Provider:
    """Return the tiny provider with other limits of a poster's fields."""
    operation = tiny().operation("createPoster")
    request = dict(operation.request or {})
    fields = {name: {**each, **limits.get(name, {})} for name, each in request["properties"].items()}
    other = replace(operation, request={**request, "properties": fields}, memo={})
    return replace(tiny(), operations={**tiny().operations, "createPoster": other})


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given])
@given(limits=POSTERS)
def test_every_refusal_is_explained_and_every_counterexample_is_one(limits: dict[str, dict[str, Any]]) -> None:
    other = with_limits(limits)
    comparison = tried(compare(tiny(), other, ["createPoster"]), examples=10)
    assert [each for each in comparison.differences if each.kind == "unexplained"] == []
    ways = [(each.there, (tiny(), other)) for each in comparison.differences]
    ways += [(each.back, (other, tiny())) for each in comparison.differences]
    assert [move for move, sides in ways if move and not is_true(move, sides)] == []


def is_true(move: Move, sides: tuple[Provider, Provider]) -> bool:
    """Whether a counterexample is a body that one side takes and the other refuses, and stands where it should."""
    if move.counterexample is None:
        return True
    kept, refused = (check_request(side.operation("createPoster"), move.counterexample) for side in sides)
    return move.breaks_requests and not kept and bool(refused)
