"""Each kind of difference, found in a tiny document of which one thing was changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bridge import loaded
from edited_tiny import CLIP, GONE, POSTER, TINY, edited, tiny, tree

from kling_contract.documents import bundled
from kling_contract.verify.diff import Comparison, Difference, compare


def effects(difference: Difference) -> tuple[str, ...]:
    """Return what becomes of requests and answers, there and back."""
    there, back = difference.there, difference.back
    assert there is not None
    assert back is not None
    return (there.request, there.response, back.request, back.response)


def only(found: Comparison) -> Difference:
    assert len(found.differences) == 1, found.differences
    return found.differences[0]


KEPT = ("kept", "kept", "kept", "kept")
NARROWER, WIDER = ("refused", "kept", "kept", "kept"), ("kept", "kept", "refused", "kept")
BOTH = ("refused", "kept", "refused", "kept")
LOST, UNREAD = ("kept", "lost", "kept", "lost"), ("kept", "unreadable", "kept", "unreadable")
POLL = ("ignored", "lost", "kept", "kept")
POST, MAKE = ("paths", "/make/poster", "post"), ("paths", "/make/clip", "post")
SIZE = ("paths", "/jobs/clip", "get", "parameters", 1, "schema")
PROVIDER, ROWS = ("info", "x-provider"), ("info", "x-errors")
COLUMNS, COPIES, STYLE, HEADLINE = (
    (*POSTER, "properties", name) for name in ("columns", "copies", "style", "headline")
)
PICTURE = (*CLIP, "properties", "picture", "x-image")
CLOSED = {"state": "unavailable", "reply": "route.unknown"}

# What was changed, the difference that it is, and what becomes of requests and answers there and back.
SEEDED: list[tuple[tuple[Any, ...], Any, str, tuple[str, ...]]] = [
    ((*COLUMNS, "maximum"), 11, "createPoster /columns range", NARROWER),
    ((*COLUMNS, "maximum"), 13, "createPoster /columns range", WIDER),
    ((*COLUMNS, "minimum"), 2, "createPoster /columns range", NARROWER),
    ((*COLUMNS, "maximum"), GONE, "createPoster /columns range", WIDER),
    ((*COLUMNS, "exclusiveMaximum"), 12, "createPoster /columns range", NARROWER),
    ((*COLUMNS, "type"), "number", "createPoster /columns type", WIDER),
    ((*COLUMNS, "type"), ["integer", "null"], "createPoster /columns type", WIDER),
    ((*COLUMNS, "multipleOf"), 2, "createPoster /columns keyword", NARROWER),
    ((*COLUMNS, "default"), 2, "createPoster /columns default", KEPT),
    ((*HEADLINE, "maxLength"), 79, "createPoster /prompt length", NARROWER),
    ((*HEADLINE, "minLength"), GONE, "createPoster /prompt length", WIDER),
    ((*STYLE, "enum"), ["plain", "antique"], "createPoster /style enum", NARROWER),
    ((*STYLE, "enum"), ["plain", "loud", "antique", "odd"], "createPoster /style enum", WIDER),
    ((*COPIES, "pattern"), "^[1-3]$", "createPoster /n pattern", NARROWER),
    ((*COPIES, "pattern"), "^[1-5]$", "createPoster /n pattern", WIDER),
    (COPIES, {"type": "integer", "minimum": 1, "maximum": 4, "x-canonical-name": "n"}, "createPoster /n type", BOTH),
    ((*POSTER, "required"), ["headline", "rows"], "createPoster /rows required", NARROWER),
    ((*POSTER, "required"), [], "createPoster /prompt required", WIDER),
    ((*POSTER, "additionalProperties"), False, "createPoster  keyword", NARROWER),
    ((*POSTER, "x-rules", 0, "expression"), "columns * rows <= 11", "createPoster poster.cells rule", NARROWER),
    ((*POSTER, "x-rules", 0, "expression"), "columns * rows <= 13", "createPoster poster.cells rule", WIDER),
    ((*POSTER, "x-rules"), GONE, "createPoster poster.cells rule", WIDER),
    ((*POSTER, "not"), {"required": ["rows", "columns"]}, "createPoster / rule", NARROWER),
    ((*PICTURE, "side"), 65, "createImageToVideo /image image", NARROWER),
    ((*PICTURE, "formats"), ["png", "jpeg"], "createImageToVideo /image image", WIDER),
    ((*PICTURE, "aspect"), "4.5", "createImageToVideo /image image", WIDER),
    ((*MAKE, "x-operation", "blank"), ["hook"], "createImageToVideo /external_task_id blank", KEPT),
    ((*POST, "x-availability"), CLOSED, "createPoster availability availability", NARROWER),
    ((*POST, "x-lifecycle", "result"), "video", "createPoster result lifecycle", LOST),
    (("servers", 0, "url"), "https://other.example", " base-url base-url", BOTH),
    ((*PROVIDER, "auth"), {"key": True, "hs256": {"lifetime": 60, "early": 5}}, " auth auth", WIDER),
    ((*PROVIDER, "ids"), {"digits": 21, "prefix": "job_"}, " ids ids", KEPT),
    ((*PROVIDER, "results"), {"days": 2, "status": 403}, " expiry expiry", KEPT),
    (("paths", "/jobs/clip/{job}", "get", "x-operation", "ids"), ["task"], "getImageToVideo ids ids", NARROWER),
    ((*SIZE, "maximum"), 9, "listImageToVideos ?/size range", NARROWER),
    ((*SIZE, "default"), 4, "listImageToVideos ?/size default", KEPT),
    ((*MAKE, "callbacks"), GONE, "createImageToVideo callback callback", POLL),
    ((*ROWS, "task.missing", "status"), 404, " task.missing error", UNREAD),
    ((*ROWS, "rate.limit", "retry"), GONE, " rate.limit error", KEPT),
    ((*ROWS, "task.duplicate"), GONE, " task.duplicate error", ("kept", "kept", "kept", "unreadable")),
    ((*ROWS, "auth.missing", "body", "trace"), GONE, " auth.missing error", KEPT),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "expected", "effect"), SEEDED, ids=lambda each: "")
def test_a_seeded_change_is_found_with_its_direction(
    tmp_path: Path, place: tuple[Any, ...], value: Any, expected: str, effect: tuple[str, ...]
) -> None:
    found = compare(tiny(), edited(tmp_path, (place, value))).differences
    assert {f"{each.operation} {each.place} {each.kind}": effects(each) for each in found} == {expected: effect}


LISTED = {"type": "array", "items": {"type": "string"}}
LISTS: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({**LISTED, "uniqueItems": True}, "/tags keyword", NARROWER),
    ({**LISTED, "uniqueItems": False}, "", KEPT),
    ({**LISTED, "additionalProperties": True}, "", KEPT),
    ({"type": "array", "items": {"type": "string", "maxLength": 5}}, "/tags/* length", NARROWER),
    ({"type": "string"}, "/tags type", BOTH),
    ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "/tags type", BOTH),
]


@pytest.mark.parametrize(("tags", "expected", "effect"), LISTS, ids=lambda each: "")
def test_a_list_is_compared_with_its_items_where_both_sides_have_one(
    tmp_path: Path, tags: dict[str, Any], expected: str, effect: tuple[str, ...]
) -> None:
    place = (*POSTER, "properties", "tags")
    one = edited(tmp_path, (place, LISTED), name="one.yaml")
    found = compare(one, edited(tmp_path, (place, tags))).differences
    told = {f"{each.place} {each.kind}": effects(each) for each in found}
    assert told == ({expected: effect} if expected else {})


def test_a_renamed_field(tmp_path: Path) -> None:
    style = tree()["components"]["schemas"]["Poster"]["properties"]["style"]
    look = {**style, "x-canonical-name": "style"}
    other = edited(tmp_path, ((*POSTER, "properties", "look"), look), ((*POSTER, "properties", "style"), GONE))
    difference = only(compare(tiny(), other))
    assert (difference.kind, difference.before, difference.after) == ("renamed", "style", "look")
    assert effects(difference) == ("ignored", "kept", "ignored", "kept")
    assert difference.there is not None
    assert difference.there.message == "rename style to look; changed.yaml would ignore style"


def test_a_field_that_means_another_is_one_missing_and_one_extra(tmp_path: Path) -> None:
    found = compare(tiny(), edited(tmp_path, ((*COPIES, "x-canonical-name"), GONE))).differences
    assert {(each.place, each.kind): effects(each) for each in found} == {
        ("/n", "missing"): ("ignored", "kept", "kept", "kept"),
        ("/copies", "extra"): ("kept", "kept", "ignored", "kept"),
    }


def test_a_field_that_a_closed_body_lacks_is_refused(tmp_path: Path) -> None:
    closed, style = ((*POSTER, "additionalProperties"), False), (*POSTER, "properties", "style")
    comparison = compare(edited(tmp_path, closed), edited(tmp_path, closed, (style, GONE), name="other.yaml"))
    assert (only(comparison).kind, effects(only(comparison))) == ("missing", NARROWER)


def test_numbers_are_compared_where_one_side_writes_texts(tmp_path: Path) -> None:
    fewer = {"type": "integer", "minimum": 2, "maximum": 4, "x-canonical-name": "n"}
    found = compare(tiny(), edited(tmp_path, (COPIES, fewer))).differences
    assert {each.kind: effects(each) for each in found} == {"type": BOTH, "range": NARROWER}


def test_a_route_that_moved_and_one_that_is_gone(tmp_path: Path) -> None:
    moved = edited(
        tmp_path, (("paths", "/make/affiche"), tree()["paths"]["/make/poster"]), (("paths", "/make/poster"), GONE)
    )
    assert (only(compare(tiny(), moved)).kind, effects(only(compare(tiny(), moved)))) == ("route", BOTH)
    gone = edited(tmp_path, (("paths", "/jobs/clip"), GONE))
    difference = only(compare(tiny(), gone))
    assert (difference.operation, difference.kind, difference.after) == ("listImageToVideos", "route", None)
    assert effects(difference) == NARROWER


def test_a_parameter_of_a_path_may_be_called_anything(tmp_path: Path) -> None:
    node = tree()["paths"]["/jobs/poster/{job}"]
    node["get"]["parameters"][0]["name"] = "key"
    edits = ((("paths", "/jobs/poster/{key}"), node), (("paths", "/jobs/poster/{job}"), GONE))
    links = (("paths", "/make/poster", "post", "responses", "200", "links"), GONE)
    assert compare(tiny(), edited(tmp_path, *edits, links)).differences == ()


ENVELOPE = ("paths", "/jobs/poster/{job}", "get", "x-envelope")
SHOWN = ("components", "schemas", "Shown", "properties", "job")


def test_a_value_that_moved_in_an_answer_is_not_found_by_the_old_reader(tmp_path: Path) -> None:
    job = tree()["components"]["x-envelope"]["job"]
    moved = {
        "ok": True,
        "job": {**{k: v for k, v in job.items() if k != "why"}, "reason": "$reason"},
        "trace": "$request_id",
    }
    found = {each.place: each for each in compare(tiny(), edited(tmp_path, (ENVELOPE, moved))).differences}
    assert effects(found["answer.reason"]) == LOST
    assert (found["answer.reason"].before, found["answer.reason"].after) == ("/job/why", "/job/reason")


def test_a_time_in_another_unit_is_misread(tmp_path: Path) -> None:
    job = tree()["components"]["x-envelope"]["job"]
    times = {**job, "times": {"made": "$created_ms", "touched": "$updated_iso"}}
    other = edited(tmp_path, (ENVELOPE, {"ok": True, "job": times, "trace": "$request_id"}))
    difference = only(compare(tiny(), other))
    assert (difference.place, difference.kind) == ("answer.created", "envelope")
    assert effects(difference) == LOST


def test_what_is_told_of_answers_says_where_they_come_and_in_words(tmp_path: Path) -> None:
    made = ("components", "schemas", "Job", "properties", "times", "properties", "made")
    changes = ((("components", "x-envelope", "job", "ours"), True), ((*made, "minimum"), 5))
    found = compare(tiny(), edited(tmp_path, *changes, name="new.yaml")).differences
    told = {each.place: each.there.message for each in found if each.there}
    assert told["callback/about/ours"] == "in callbacks, new.yaml also says true at /about/ours"
    assert told["callback.created"] == (
        "in callbacks, the range of created is at least 5 in new.yaml's document, and not stated in tiny.yaml's"
    )


def test_other_status_words_are_unreadable(tmp_path: Path) -> None:
    state = ("components", "schemas", "State")
    words = {"submitted": "QUEUED", "processing": "RUNNING", "succeed": "FINE", "failed": "BROKEN"}
    other = edited(
        tmp_path, ((*state, "x-status-values"), words), ((*state, "enum"), ["QUEUED", "RUNNING", "FINE", "BROKEN"])
    )
    found = compare(tiny(), other).differences
    assert {each.kind for each in found} == {"status"}
    assert {each.operation for each in found} == set(tiny().operations)
    assert all(effects(each) == UNREAD for each in found)


def test_an_answer_of_another_type_is_unreadable_where_it_is_wider(tmp_path: Path) -> None:
    fields = tree()["components"]["schemas"]["Job"]["properties"]
    wider = {**fields, "key": {"type": ["string", "integer"]}}
    found = compare(tiny(), edited(tmp_path, ((*SHOWN, "properties"), wider))).differences
    keys = {(each.operation, each.place): effects(each) for each in found if each.kind == "answer"}
    assert keys["getPoster", "answer.id"] == ("kept", "unreadable", "kept", "kept")


@pytest.mark.parametrize("name", [*bundled(), str(TINY)])
def test_nothing_differs_from_itself(name: str) -> None:
    assert compare(loaded(name), loaded(name)).differences == ()


@pytest.mark.parametrize(("one", "other"), [("cometapi", "anyapi"), ("kling", "cometapi"), ("kling", str(TINY))])
def test_the_way_back_mirrors_the_way_there(one: str, other: str) -> None:
    there, back = compare(loaded(one), loaded(other)), compare(loaded(other), loaded(one))

    def told(differences: Any) -> list[str]:
        return sorted(repr(each) for each in differences)

    assert told(there.differences) == told(each.mirrored() for each in back.differences)


def test_one_way_tells_no_way_back() -> None:
    one_way = compare(loaded("cometapi"), loaded("anyapi"), one_way=True)
    assert one_way.differences
    assert all(each.back is None and each.there is not None for each in one_way.differences)


def test_an_unknown_operation_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="neither provider has an operation 'createCat'; accepted: createImageExpansion"):
        compare(loaded("cometapi"), loaded("anyapi"), ["createCat"])
