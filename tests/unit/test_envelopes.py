from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.envelopes import ANSWER_NAMES, ERROR_NAMES, Envelope, Mismatch, fill, names_in

STATUSES = {"submitted": "QUEUED", "processing": "RUNNING", "succeed": "DONE", "failed": "BROKEN"}
KLING = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "$request_id",
    "data": {
        "task_id": "$id",
        "task_status": "$status",
        "task_info": {"external_task_id": "$external_id"},
        "task_result": {"videos": {"$each": "videos", "item": {"id": "$result_id", "url": "$url"}}},
        "created_at": "$created_ms",
        "updated_at": "$updated_ms",
    },
}
NESTED = {
    "ok": True,
    "job": {"key": "$id", "state": "$status", "times": {"made": "$created_s", "touched": "$updated_iso"}},
    "parts": [{"link": "$url"}, "$reason"],
}

whole_seconds = st.integers(0, 4 * 10**9).map(lambda seconds: seconds * 1000)
texts = st.text(max_size=30)


def told(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return strategies of values in which each may be absent."""
    return st.fixed_dictionaries({}, optional=fixed)


@given(
    told(
        request_id=texts,
        id=texts,
        external_id=texts,
        created_ms=st.integers(0, 4 * 10**12),
        updated_ms=st.integers(0, 4 * 10**12),
        videos=st.lists(st.fixed_dictionaries({"result_id": texts, "url": texts}), max_size=3),
    ),
    st.sampled_from(sorted(STATUSES)),
)
@settings(deadline=None)
def test_what_is_rendered_says_the_same_when_it_is_matched(values: dict[str, Any], status: str) -> None:
    envelope = Envelope(KLING, STATUSES)
    said = {**values, "status": status}
    assert envelope.match(envelope.render(said)) == said


@given(
    st.fixed_dictionaries(
        {"id": texts, "url": texts, "reason": texts, "created_ms": whole_seconds, "updated_ms": whole_seconds}
    )
)
@settings(deadline=None)
def test_seconds_and_iso_times_come_back_as_milliseconds(values: dict[str, Any]) -> None:
    envelope = Envelope(NESTED, STATUSES)
    said = {**values, "status": "succeed"}
    assert envelope.match(envelope.render(said)) == said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("template", [KLING, NESTED])
@given(body=json_values)
@settings(deadline=None)
def test_any_body_matches_or_is_a_mismatch(template: Any, body: Any) -> None:
    found: dict[str, Any] | Mismatch
    try:
        found = Envelope(template, STATUSES).match(body)
    except Mismatch as mismatch:
        found = mismatch
    if isinstance(found, Mismatch):
        assert str(found).startswith(f"{found.pointer or '/'}: ")
    else:
        assert all(isinstance(name, str) for name in found)


def test_an_absent_value_leaves_its_key_out() -> None:
    rendered = Envelope(KLING, STATUSES).render({"id": "1", "status": "submitted"})
    assert rendered == {
        "code": 0,
        "message": "SUCCEED",
        "data": {"task_id": "1", "task_status": "QUEUED", "task_info": {}, "task_result": {}},
    }


def test_an_empty_list_is_there_and_an_absent_one_is_not() -> None:
    envelope = Envelope({"data": {"$each": "tasks", "item": {"id": "$id"}}})
    assert envelope.render({"tasks": []}) == {"data": []}
    assert envelope.render({}) == {}
    assert envelope.match({"data": []}) == {"tasks": []}
    assert envelope.match({"data": None}) == {}


def test_a_whole_template_may_be_one_value() -> None:
    assert Envelope("$id").render({"id": "1"}) == "1"
    assert Envelope("$id").render({}) is None
    assert Envelope("$id").match("1") == {"id": "1"}


@pytest.mark.parametrize("message", ["success", "SUCCEED", "", None, 5])
def test_a_text_constant_is_not_compared(message: Any) -> None:
    assert Envelope({"code": 0, "message": "SUCCEED"}).match({"code": 0, "message": message}) == {}


@pytest.mark.parametrize("constant", [0, 1, True, False, None, 1.5])
@pytest.mark.parametrize("found", [0, 1, True, False, None, 1.5, "0", Decimal("0")])
def test_any_other_constant_must_be_the_same(constant: Any, found: Any) -> None:
    envelope = Envelope({"code": constant})
    if found == constant and type(found) is type(constant):
        assert envelope.match({"code": found}) == {}
    else:
        with pytest.raises(Mismatch, match="/code: ") as caught:
            envelope.match({"code": found})
        assert caught.value.pointer == "/code"


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"job": {}}, "/ok", "is missing"),
        ({"ok": False}, "/ok", "false instead of true"),
        ({"ok": True, "job": []}, "/job", "[] instead of an object"),
        ({"ok": True, "job": {"times": "now"}}, "/job/times", "'now' instead of an object"),
        ({"ok": True, "parts": [{}]}, "/parts", "instead of a list of 2"),
        ({"ok": True, "parts": {}}, "/parts", "instead of a list of 2"),
        ({"ok": True, "parts": ["x", "y"]}, "/parts/0", "'x' instead of an object"),
        ([], "", "[] instead of an object"),
        (None, "", "null instead of an object"),
    ],
)
def test_a_mismatch_names_its_pointer(body: Any, pointer: str, words: str) -> None:
    with pytest.raises(Mismatch) as caught:
        Envelope(NESTED, STATUSES).match(body)
    assert caught.value.pointer == pointer
    assert words in str(caught.value)


def test_a_mismatch_in_a_list_names_the_item() -> None:
    envelope = Envelope({"data": {"$each": "tasks", "item": {"code": 0}}})
    with pytest.raises(Mismatch, match="/data/1/code: 5 instead of 0"):
        envelope.match({"data": [{"code": 0}, {"code": 5}]})
    with pytest.raises(Mismatch, match=r"/data: \{\} instead of a list"):
        envelope.match({"data": {}})


def test_a_long_value_is_cut_in_a_message() -> None:
    with pytest.raises(Mismatch) as caught:
        Envelope({"code": 0}).match({"code": "x" * 1000})
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("word", ["succeeded", "success", "done", "", 5])
def test_an_unknown_status_word_is_kept_as_such(word: Any) -> None:
    found = Envelope({"state": "$status"}, STATUSES).match({"state": word})
    assert found == ({"unknown_status": word} if isinstance(word, str) else {"status": word})


def test_without_status_words_a_status_is_taken_as_it_is() -> None:
    envelope = Envelope({"state": "$status"})
    assert envelope.match({"state": "whatever"}) == {"status": "whatever"}
    assert envelope.render({"status": "whatever"}) == {"state": "whatever"}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("created_ms", 1773366840306),
        ("created_s", 1773366840),
        ("created_iso", "2026-03-13T01:54:00.306000+00:00"),
    ],
)
def test_one_time_is_written_three_ways(name: str, written: Any) -> None:
    assert Envelope({"at": f"${name}"}).render({"created_ms": 1773366840306}) == {"at": written}
    assert Envelope({"at": f"${name}"}).render({}) == {}


@pytest.mark.parametrize(
    ("name", "written", "milliseconds"),
    [
        ("created_s", 1773366840, 1773366840000),
        ("created_s", 1773366840.5, 1773366840500),
        ("created_s", Decimal("1773366840.306"), 1773366840306),
        ("created_s", "1773366840", None),
        ("created_s", True, None),
        ("created_s", 1e300, None),
        ("created_iso", "2026-03-13T01:54:00Z", 1773366840000),
        ("created_iso", "2026-03-13T01:54:00", 1773366840000),
        ("created_iso", "2026-03-13T02:54:00+01:00", 1773366840000),
        ("created_iso", "yesterday", None),
        ("created_iso", 5, None),
    ],
)
def test_a_time_is_read_as_milliseconds_or_as_nothing(name: str, written: Any, milliseconds: int | None) -> None:
    assert Envelope({"at": f"${name}"}).match({"at": written}) == {"created_ms": milliseconds}


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.integers(-12, 12))
@settings(deadline=None)
def test_a_time_with_a_zone_is_the_same_moment(moment: datetime, hours: int) -> None:
    here = moment.replace(microsecond=0, tzinfo=UTC)
    there = here.astimezone(timezone(timedelta(hours=hours)))
    found = Envelope({"at": "$created_iso"}).match({"at": there.isoformat()})
    assert found == {"created_ms": int(here.timestamp()) * 1000}


MISSING = {"code": 1201, "message": {"$equals": "Task not found by id/external id: $id"}}


def test_equals_renders_with_its_values_and_must_be_there() -> None:
    envelope = Envelope(MISSING)
    body = {"code": 1201, "message": "Task not found by id/external id: 867283741759111202"}
    assert envelope.render({"id": "867283741759111202"}) == body
    assert envelope.match(body) == {}
    assert envelope.match({"code": 1201, "message": "Task not found by id/external id: two\nlines"}) == {}


@pytest.mark.parametrize("message", ["Task not found", "External_task_id 1 already exists", "", None, 404, {}])
def test_a_text_that_is_not_the_one_asked_for_is_a_mismatch(message: Any) -> None:
    with pytest.raises(Mismatch, match=r"^/message: "):
        Envelope(MISSING).match({"code": 1201, "message": message})


def test_what_must_be_there_may_not_be_missing() -> None:
    with pytest.raises(Mismatch, match="/message: is missing"):
        Envelope(MISSING).match({"code": 1201})


@given(st.text(max_size=20).filter(lambda text: "$" not in text), texts)
@settings(deadline=None)
def test_signs_in_a_text_that_must_be_there_stand_for_themselves(text: str, found: str) -> None:
    envelope = Envelope({"message": {"$equals": text}})
    assert envelope.match({"message": text}) == {}
    if found != text:
        with pytest.raises(Mismatch):
            envelope.match({"message": found})


@pytest.mark.parametrize(
    ("template", "count"),
    [
        (KLING, 1),
        (NESTED, 1),
        (MISSING, 2),
        ({"code": None, "message": {"$equals": "404"}}, 2),
        ({"a": [1, {"b": False}], "c": "text"}, 2),
        ("text", 0),
        ({"$each": "tasks", "item": {"code": 0}}, 0),
    ],
)
def test_the_constants_of_a_template_are_counted(template: Any, count: int) -> None:
    assert Envelope(template).constants == count


def test_a_text_holds_values_and_an_unknown_one_stays() -> None:
    assert Envelope("$field value '$found' is invalid").render({"field": "n", "found": 10}) == "n value '10' is invalid"
    assert fill("$no such", {}) == "$no such"
    assert fill("costs $5", {}) == "costs $5"


def test_the_names_of_a_template_are_found_with_their_places() -> None:
    found = {name: pointer for pointer, name in names_in(KLING)}
    assert found == {
        "request_id": ("request_id",),
        "id": ("data", "task_id"),
        "status": ("data", "task_status"),
        "external_id": ("data", "task_info", "external_task_id"),
        "videos": ("data", "task_result", "videos", "$each"),
        "result_id": ("data", "task_result", "videos", "item", "id"),
        "url": ("data", "task_result", "videos", "item", "url"),
        "created_ms": ("data", "created_at"),
        "updated_ms": ("data", "updated_at"),
    }
    assert list(names_in(["$url", {"a": "$id of $url"}])) == [((0,), "url"), ((1, "a"), "id"), ((1, "a"), "url")]


def test_a_time_may_be_written_in_each_of_three_ways() -> None:
    for time in ("created", "updated"):
        assert {f"{time}_ms", f"{time}_s", f"{time}_iso"} <= ANSWER_NAMES
    assert {"message", "field", "found", "request_id"} <= ERROR_NAMES


def test_an_object_that_is_null_is_an_absent_one_unless_it_has_to_say_something() -> None:
    envelope = Envelope({"id": "$id", "result": {"files": {"$each": "images", "item": {"url": "$url"}}}})
    assert envelope.match({"id": "1", "result": None}) == {"id": "1"}
    with pytest.raises(Mismatch, match="/result: null instead of an object"):
        Envelope({"result": {"code": 0}}).match({"result": None})
