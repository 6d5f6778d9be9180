"""However much a body holds, what it costs grows no faster than the body, and what is said of it has a bound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from asking import Core, example
from gate_bodies import operation

from kling_contract import names
from kling_contract.contract import check_request, gate
from kling_contract.errors import Violation
from kling_contract.reading import MOST_REMARKS, VALUES, listed, parse
from tests.counting import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable

CREATE, IMAGES = "createImageToVideo", "createMultiImageToImage"
MANY = 20_000


def with_fields(count: int) -> dict[str, Any]:
    return {**example(operation("kling", CREATE)), **{f"promt_{n}": n for n in range(count)}}


def post(core: Core, body: Any) -> Any:
    return core.create(CREATE, body)


def test_the_meaning_of_an_unknown_field_is_looked_up_once_and_of_no_more_than_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    closeness = names.closeness
    monkeypatch.setattr(names, "closeness", lambda one, other: asked.append(f"{one} {other}") or closeness(one, other))
    post(Core(), with_fields(MANY))
    assert 0 < len(asked) == len(set(asked))
    assert len({each.partition(" ")[0] for each in asked}) == MOST_REMARKS


def test_unknown_fields_are_told_up_to_a_bound_and_then_how_many_more_there_are() -> None:
    entry = post(Core(), with_fields(MANY)).entry
    assert len(entry.notes) == MOST_REMARKS + 1
    assert {each.rule for each in entry.notes[:-1]} == {"field.unknown"}
    assert (entry.notes[-1].rule, entry.notes[-1].message) == ("remarks.more", f"and {MANY - MOST_REMARKS:,} more")


BODIES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "unknown fields": (CREATE, lambda n: json.dumps(with_fields(n)).encode()),
    "unknown lists": (CREATE, lambda n: json.dumps({f"a{i}": [i] for i in range(n)}).encode()),
    "fields twice": (CREATE, lambda n: ("{" + ",".join(f'"a{i}":1,"a{i}":2' for i in range(n)) + "}").encode()),
    "one field again and again": (CREATE, lambda n: b'{"a":1' + b',"a":1' * n + b"}"),
    "numbers too large": (CREATE, lambda n: b'{"a":[' + b",".join([b"1e99"] * n) + b"]}"),
    "fields too large": (CREATE, lambda n: ("{" + ",".join(f'"a{i}":1e99' for i in range(n)) + "}").encode()),
    "deep lists": (CREATE, lambda n: b'{"a":[' + b",".join([b"[" * 50 + b"]" * 50] * (n // 50)) + b"]}"),
    "texts for objects": (IMAGES, lambda n: json.dumps({"subject_image_list": ["x"] * n}).encode()),
    "empty objects": (IMAGES, lambda n: json.dumps({"subject_image_list": [{"a": 1}] * n}).encode()),
    "a text": (CREATE, lambda n: json.dumps({"prompt": "a b " * n, "model_name": "kling" * n}).encode()),
    "a name": (CREATE, lambda n: json.dumps({"a" * n: 1}).encode()),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_twice_as_large_is_at_most_a_bit_more_than_twice_the_work(kind: str) -> None:
    name, made = BODIES[kind]
    core, small, large = Core("cometapi", opened=frozenset()), made(4000), made(8000)
    core.create(name, small)
    before, after = (calls_of(lambda body=body: core.create(name, body)) for body in (small, large))
    assert after < 2.2 * before + 1000
    # What a value costs is a matter of tens of calls and not of a search for what it was meant to be.
    assert after < 80 * 8000


def test_what_is_said_of_a_body_has_a_bound_whatever_it_holds() -> None:
    for name, made in BODIES.values():
        entry = Core("cometapi", opened=frozenset()).create(name, made(3000)).entry
        told = json.dumps([each.as_dict() for each in (*entry.violations, *entry.notes)])
        assert len(entry.violations) <= MOST_REMARKS + 1
        assert len(entry.notes) <= 2 * (MOST_REMARKS + 1)
        assert len(told) < 1000 * (1 + len(entry.violations) + len(entry.notes))


def test_a_body_of_more_values_than_anybody_reads_is_refused_before_it_is_read() -> None:
    for body in (
        json.dumps(dict.fromkeys(map(str, range(VALUES + 1)), 1)).encode(),
        b"[" + b"[]," * VALUES + b"[]]",
        b"[" + b"[{},{}]," * (VALUES // 4) + b"[]]",
    ):
        found = post(Core(), body)
        assert [each.rule for each in found.entry.violations] == ["json.values"]
        assert found.status == 400
    assert parse(json.dumps(list(range(VALUES - 10))).encode())[1] == []


def test_a_lenient_mock_does_not_forgive_it() -> None:
    assert Core(lenient=True).create(CREATE, b"[" * VALUES + b"1," * VALUES).status == 400


def test_the_gate_lists_so_many_violations_of_a_kind_and_counts_the_rest() -> None:
    found = check_request(operation("cometapi", IMAGES), {"subject_image_list": ["x"] * 5000})
    assert [each.rule for each in found].count("schema.type") == MOST_REMARKS
    assert [each.rule for each in found if each.rule != "schema.type"] == ["schema.maxItems", "remarks.more"]
    assert found[-1].found == 5000 - MOST_REMARKS


def test_the_notes_of_the_gate_are_bounded_too() -> None:
    noted = gate(operation("kling", CREATE)).notes(with_fields(500))
    assert [each.rule for each in noted].count("remarks.more") == 1


def test_what_was_counted_before_is_counted_again_where_remarks_are_put_together() -> None:
    one = listed([Violation("", "a", "a")] * 60)
    assert [each.found for each in listed([*one, *one]) if each.rule == "remarks.more"] == [70]
    assert listed([Violation("", "a", "a")] * MOST_REMARKS) == [Violation("", "a", "a")] * MOST_REMARKS
