"""What the gate says of a body, an answer and a query, and what it never takes for a violation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from gate_bodies import EXPAND, MULTI, PROVIDERS, SIDES, TINY, URL, VIDEO, broken, expansion, load, operation

from kling_contract import checker, documents
from kling_contract.contract import check_callback, check_parameters, check_request, check_response, gate, notes

if TYPE_CHECKING:
    from kling_contract.errors import Violation


def test_a_missing_field_is_named_with_its_official_name_and_what_to_rename() -> None:
    body = {"image": URL, **{f"{side}_expansion_ratio": 0.1 for side in SIDES}}
    (found,) = check_request(operation("cometapi", EXPAND), body)
    assert found.message == "bottom_expansion_ratio is required (CometAPI's name for down_expansion_ratio)"
    assert found.hint == "rename down_expansion_ratio to bottom_expansion_ratio"
    assert (found.pointer, found.rule, found.found) == ("/bottom_expansion_ratio", "schema.required", None)
    assert found.source == {"source": "COMET-EXPAND-JA"}


def test_an_area_too_large_comes_with_ratios_that_fit() -> None:
    (found,) = check_request(operation("cometapi", EXPAND), expansion("cometapi", (1, 1, 1, 1)))
    assert (found.pointer, found.rule, found.message) == ("", "expansion.area", "area 9 exceeds 3")
    assert found.hint is not None
    assert found.hint.startswith("these values scaled by 0.366 fit: left_expansion_ratio=0.366")
    assert found.source is not None
    assert (found.source["source"], bool(found.source["assumed"])) == ("COMET-EXPAND-JA", True)


def test_the_ratios_that_a_hint_shows_are_accepted() -> None:
    (found,) = check_request(operation("kling", EXPAND), expansion("kling", (2, 1.5, 0.25, 2)))
    assert found.hint is not None
    shown = dict(pair.split("=") for pair in found.hint.partition("fit: ")[2].split(", "))
    assert broken("kling", EXPAND, {"image": URL, **{name: Decimal(value) for name, value in shown.items()}}) == []


SMALL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


@pytest.mark.parametrize(
    ("provider", "name", "body", "expected", "message", "hint"),
    [
        ("kling", VIDEO, {"image": "data:image/png;base64,AAAA"}, "image.prefix /image",
         "starts with a data: prefix; send raw base64", "remove everything up to and including the first comma"),
        ("kling", VIDEO, {"image": SMALL}, "image.sides /image", "1x1: both sides must be at least 300 px", "300x300"),
        ("kling", MULTI, {"subject_image_list": [{"subject_image": URL}, {"subject_image": SMALL}]},
         "image.sides /subject_image_list/1/subject_image", "1x1: both sides", "300x300"),
        ("kling", VIDEO, {"image": URL, "duration": 5}, "schema.type /duration",
         "duration is an integer and must be a string", 'send "5" as a text'),
        ("anyapi", EXPAND, expansion("anyapi", (0, 0, 0, 0), n="2"), "schema.type /n",
         "n is a string and must be an integer", "send 2 without quotes"),
        ("kling", VIDEO, {"image": URL, "cfg_scale": 1.5}, "schema.maximum /cfg_scale",
         "cfg_scale is 1.5, above the maximum of 1", "the nearest is 1"),
        ("kling", EXPAND, expansion("kling", (0, 0, 0, -1)), "schema.minimum /right_expansion_ratio",
         "right_expansion_ratio is -1, below the minimum of 0", "the nearest is 0"),
        ("kling", VIDEO, {"image": URL, "mode": "prp"}, "schema.enum /mode",
         "mode value 'prp' is not accepted; accepted: 'std', 'pro', '4k'", "did you mean 'pro'?"),
        ("kling", MULTI, {"subject_image_list": []}, "schema.minItems /subject_image_list",
         "subject_image_list has 0 items, fewer than the minimum of 1", None),
        ("cometapi", MULTI, {"subject_image_list": [{"subject_image": URL}]}, "schema.minItems /subject_image_list",
         "subject_image_list has 1 item, fewer than the minimum of 2", None),
        ("kling", MULTI, {"subject_image_list": [{"subject_image": URL}] * 5}, "schema.maxItems /subject_image_list",
         "subject_image_list has 5 items, more than the maximum of 4", None),
        ("cometapi", VIDEO, {"image": URL, "negative_prompt": "x" * 201}, "schema.maxLength /negative_prompt",
         "negative_prompt has 201 characters, more than the maximum of 200", None),
        ("cometapi", EXPAND, expansion("cometapi", (0, 0, 0, 0), n="10"), "schema.pattern /n",
         "n is '10' and must be a whole number from 1 to 9, as a text", None),
        ("kling", MULTI, {"subject_image_list": [URL]}, "schema.type /subject_image_list/0",
         "subject_image_list[0] is a string and must be an object", None),
        ("kling", MULTI, {"subject_image_list": [{"subject_imag": URL}]},
         "schema.required /subject_image_list/0/subject_image", "subject_image is required",
         "rename subject_imag to subject_image"),
        ("kling", VIDEO, [], "schema.type", "the body is an array and must be an object", None),
        ("kling", VIDEO, None, "schema.type", "the body is null and must be an object", None),
        ("kling", VIDEO, {"image": URL, "multi_shot": 1}, "schema.type /multi_shot",
         "multi_shot is an integer and must be a boolean", None),
        ("tiny", "createPoster", {"headline": "a", "columns": 4, "rows": 4}, "poster.cells", "16 cells exceed 12",
         None),
    ],
)  # fmt: skip
def test_what_a_violation_says(
    provider: str, name: str, body: Any, expected: str, message: str, hint: str | None
) -> None:
    (found,) = check_request(operation(provider, name), body)
    assert f"{found.rule} {found.pointer}".strip() == expected
    assert found.message.startswith(message)
    assert (hint is None) == (found.hint is None)
    assert hint is None or hint in str(found.hint)


INVISIBLE = ["\xad", "\u061c", "\u180e", "\u200b", "\u200d", "\u202e", "\u2060", "\u3164", "\ufeff", "\ufffb", "\x85"]


@pytest.mark.parametrize("gap", ["\n", " ", "\t", "\r", "\u2028", "\xa0", "\0", "\x7f", *INVISIBLE])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_address_to_call_back_with_whitespace_is_no_url(provider: str, gap: str) -> None:
    for url in (f"https://user:hunter2@host/x?token=hunter2{gap}", f"https://host{gap}/x", f"{gap}https://host"):
        body = expansion(provider, (0, 0, 0, 0), callback_url=url)
        (found,) = check_request(operation(provider, EXPAND), body)
        assert (found.pointer, found.rule) == ("/callback_url", "schema.pattern")
        assert found.hint == "such as 'https://example.com/kling/callback'"
        assert found.message.endswith("and must be an absolute http or https URL, of visible characters without spaces")
        assert found.source is not None
        assert "whitespace" in found.source["assumed"]
        assert "hunter2" not in str(found.as_dict())


@pytest.mark.parametrize("url", ["", "https://host", "http://[::1]:8000/x?a=b#c", "https://例え.jp/猫"])
def test_an_address_to_call_back_may_be_any_url_or_none(url: str) -> None:
    assert broken("kling", EXPAND, expansion("kling", (0, 0, 0, 0), callback_url=url)) == []


TYPES: dict[str, Any] = {
    "integer": 1, "number": Decimal("1.5"), "string": "x", "boolean": True, "null": None, "array": [], "object": {},
}  # fmt: skip


@pytest.mark.parametrize("found", TYPES)
@pytest.mark.parametrize(
    ("field", "wanted"),
    [("image", "a string"), ("cfg_scale", "a number"), ("multi_shot", "a boolean"), ("voice_list", "an array"),
     ("watermark_info", "an object")],
)  # fmt: skip
def test_types_are_named_with_their_articles(field: str, wanted: str, found: str) -> None:
    violations = check_request(operation("kling", VIDEO), {"image": URL, field: TYPES[found]})
    articles = {"integer": "an ", "array": "an ", "object": "an ", "null": ""}
    messages = [each.message for each in violations if each.rule == "schema.type"]
    same = found == wanted.split()[1] or (wanted, found) == ("a number", "integer")
    expected = [] if same else [f"{field} is {articles.get(found, 'a ')}{found} and must be {wanted}"]
    assert messages == expected


def test_an_integer_and_a_count_have_their_article() -> None:
    (found,) = check_request(operation("kling", EXPAND), expansion("kling", (0, 0, 0, 0), n=1.5))
    assert found.message == "n is a number and must be an integer"


def test_all_violations_are_reported_at_once() -> None:
    body = {"image": "data:,", "up_expansion_ratio": "0.1", "left_expansion_ratio": 3, "n": 2, "prompt": "x" * 2501}
    assert set(broken("cometapi", EXPAND, body)) == {
        "image.prefix /image", "schema.type /up_expansion_ratio", "schema.maximum /left_expansion_ratio",
        "schema.type /n", "schema.maxLength /prompt", "schema.required /right_expansion_ratio",
        "schema.required /bottom_expansion_ratio",
    }  # fmt: skip


def test_a_value_of_the_wrong_type_is_reported_once() -> None:
    assert broken("kling", VIDEO, {"image": URL, "mode": 5}) == ["schema.type /mode"]
    assert broken("kling", EXPAND, expansion("kling", ("9", 0, 0, 0))) == ["schema.type /up_expansion_ratio"]


def test_no_rule_runs_over_a_field_that_is_out_of_its_own_range() -> None:
    assert broken("kling", EXPAND, expansion("kling", (9, 0, 0, 0))) == ["schema.maximum /up_expansion_ratio"]


def test_a_long_text_is_cut_in_a_violation() -> None:
    (found,) = check_request(operation("kling", VIDEO), {"image": URL, "prompt": "x" * 5000})
    assert str(found.found).endswith("... (5000 characters)")
    assert len(str(found.as_dict())) < 500


def test_an_exception_of_an_image_check_is_raised_and_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str, rule: Any) -> list[Violation]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(checker, "judge", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        check_request(operation("kling", VIDEO), {"image": URL})


def test_an_exception_of_a_rule_is_raised_and_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(rule: Any, body: Any, skip: Any = frozenset()) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr("kling_contract.rules.Rule.holds", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        check_request(operation("kling", EXPAND), expansion("kling", (0, 0, 0, 0)))


@pytest.mark.parametrize(
    ("provider", "name", "body", "expected"),
    [
        ("kling", VIDEO, {"model_name": "kling-v2-6"}, []),
        ("kling", VIDEO, {"model_name": "kling-v1"}, ["model.retired /model_name"]),
        ("kling", VIDEO, {}, ["model.retired /model_name"]),
        ("kling", VIDEO, {"model_name": 5}, []),
        ("cometapi", VIDEO, {}, []),
        ("cometapi", VIDEO, {"model_name": "kling-v2-master"}, ["model.retired /model_name"]),
        ("cometapi", MULTI, {}, ["model.retired /model_name"]),
        ("kling", MULTI, {"seed": 1, "a/b~c": 2}, ["field.unknown /seed", "field.unknown /a~1b~0c"]),
        ("tiny", "createPoster", {"style": "antique"}, ["model.retired /style"]),
        ("tiny", "createPoster", {"style": "loud"}, []),
    ],
)
def test_unknown_fields_and_retired_values_are_noted(
    provider: str, name: str, body: dict[str, Any], expected: list[str]
) -> None:
    assert [f"{each.rule} {each.pointer}" for each in notes(operation(provider, name), body)] == expected


def test_a_retired_model_is_named_with_its_day_and_source() -> None:
    (found,) = notes(operation("kling", VIDEO), {"model_name": "kling-v1-6"})
    assert found.message == "kling-v1-6 was retired officially on 2026-09-15"
    assert (found.found, found.source) == ("kling-v1-6", {"date": "2026-09-15", "source": "LIVE-B"})


@pytest.mark.parametrize(
    ("provider", "name", "field", "hint"),
    [
        ("cometapi", EXPAND, "down_expansion_ratio", "CometAPI calls it bottom_expansion_ratio"),
        ("kling", EXPAND, "bottom_expansion_ratio",
         "CometAPI has a field of this name; Kling calls it down_expansion_ratio"),
        ("cometapi", MULTI, "scene_image", "CometAPI calls it scence_image"),
        ("kling", MULTI, "scence_image", "CometAPI has a field of this name; Kling calls it scene_image"),
        ("anyapi", EXPAND, "watermark_info", "Kling has a field of this name"),
        ("kling", VIDEO, "aspect_ratio", None),
        ("kling", VIDEO, "promt", "did you mean 'prompt'?"),
        ("kling", VIDEO, "seed", None),
    ],
)  # fmt: skip
def test_an_unknown_field_that_another_provider_has_is_recognised(
    provider: str, name: str, field: str, hint: str | None
) -> None:
    found = notes(operation(provider, name), {field: 1, "model_name": "kling-v3"}, map(load, PROVIDERS))
    assert [each.hint for each in found if each.rule == "field.unknown" and each.pointer == f"/{field}"] == [hint]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, []),
        ({"pageNum": "1", "pageSize": "500"}, []),
        ({"pageNum": "1000", "pageSize": "1"}, []),
        ({"pageNum": "0"}, ["schema.minimum /pageNum"]),
        ({"pageNum": "1001"}, ["schema.maximum /pageNum"]),
        ({"pageSize": "0"}, ["schema.minimum /pageSize"]),
        ({"pageSize": "501"}, ["schema.maximum /pageSize"]),
        ({"pageSize": "-1", "pageNum": "x"}, ["schema.type /pageNum", "schema.minimum /pageSize"]),
        ({"pageNum": ""}, ["schema.type /pageNum"]),
        ({"pageNum": "1.0"}, ["schema.type /pageNum"]),
        ({"pageNum": "1_0"}, ["schema.type /pageNum"]),
        ({"pageNum": "٣"}, ["schema.type /pageNum"]),
        ({"pageNum": "9" * 6000}, ["schema.type /pageNum"]),
        ({"page": "0"}, []),
    ],
)
def test_the_paging_of_a_list_is_checked(query: dict[str, str], expected: list[str]) -> None:
    found = check_parameters(operation("kling", "listImageToVideos"), query)
    assert [f"{each.rule} {each.pointer}" for each in found] == expected


def test_a_status_that_no_document_has_is_a_violation() -> None:
    bare = documents.load(TINY).operation("createPoster")
    responses = {"200": bare.responses["200"]}
    (found,) = check_response(replace(bare, responses=responses, memo={}), 418, {})
    assert (found.rule, found.message) == ("response.status", "HTTP 418 is not documented; documented: 200")


def test_a_status_may_be_documented_with_all_others_of_its_hundred() -> None:
    bare = documents.load(TINY).operation("createPoster")
    responses = {"2XX": bare.responses["200"], "default": bare.responses["default"]}
    found = replace(bare, responses=responses, memo={})
    times = {"made": 1, "touched": 1}
    made = {"ok": True, "job": {"key": "job_" + "1" * 20, "state": "QUEUED", "times": times}, "trace": "t"}
    assert check_response(found, 201, made) == []
    assert check_response(found, 301, made) != []


def test_a_text_is_held_against_the_text_that_the_document_has() -> None:
    assert check_response(operation("cometapi", VIDEO), 500, "<html>") == []
    assert check_response(operation("tiny", "createPoster"), 404, "no such thing") == []
    assert [each.rule for each in check_response(operation("kling", VIDEO), 500, "<html>")] == ["schema.type"]


def test_a_callback_is_held_against_its_own_schema() -> None:
    body = {"task_id": "1", "task_status": "failed", "task_status_msg": "", "created_at": 1, "updated_at": 2}
    assert check_callback(operation("kling", VIDEO), body) == []
    assert [each.pointer for each in check_callback(operation("kling", VIDEO), body | {"task_status": "done"})] == [
        "/task_status"
    ]
    assert check_callback(operation("tiny", VIDEO), {"event": "job"})[0].pointer == "/about"


def test_an_operation_has_one_gate() -> None:
    assert gate(operation("kling", VIDEO)) is gate(operation("kling", VIDEO))
    assert gate(operation("kling", VIDEO)) is not gate(operation("cometapi", VIDEO))
