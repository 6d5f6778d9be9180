"""What is found in recordings: of a kept contract nothing, and each broken promise by its own name."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from bridge import loaded
from hypothesis import example, given
from hypothesis import strategies as st
from recorded import CREATE, KEY, Entry, found, har, made, png, rules

from kling_contract.verify.traffic import Finding, Flaw, Inspection, RedactedCopy, following
from kling_contract.verify.traffic.spans import Spans
from kling_contract.verify.traffic.unknown import unknown_fields

CREATED, FIRST, LAST = 0, 1, -1
LISTS = "https://api.klingai.com/v1/videos/image2video"


WORDS = st.sampled_from(
    [
        *("data", "code", "message", "task_id", "task_status", "task_result", "videos", "url", "created_at"),
        *("image", "image_tail", "prompt", "mode", "static_mask", "error", "token", "x"),
    ]
)


@cache
def original() -> list[Entry]:
    entries = made()
    seen: dict[str, int] = {}
    for number, each in enumerate(entries[1:], 1):
        seen.setdefault(answer(each)["data"]["task_status"], number)
    return [entries[0], *(entries[number] for number in seen.values())]


@pytest.fixture
def entries() -> list[Entry]:
    """A create, and polls that say submitted, processing and succeed."""
    return copy.deepcopy(original())


def answer(entry: Entry) -> Any:
    return json.loads(entry["response"]["content"]["text"])


def change(entry: Entry, **fields: Any) -> None:
    """Put fields into the task of an answer; None takes one out."""
    body = answer(entry)
    for name, value in fields.items():
        if value is None:
            del body["data"][name]
        else:
            body["data"][name] = value
    entry["response"]["content"]["text"] = json.dumps(body)


def send(entry: Entry, text: str) -> None:
    """Put a text into a request, and its length beside it, as a recorder counts it."""
    entry["request"]["postData"]["text"] = text
    entry["request"]["bodySize"] = len(text)
    entry["request"]["headers"] = [each for each in entry["request"]["headers"] if each["name"] != "content-length"]


def ask(entry: Entry, **fields: Any) -> None:
    body = json.loads(entry["request"]["postData"]["text"])
    entry["request"]["postData"]["text"] = json.dumps({**body, **fields})


def test_of_a_kept_contract_nothing_is_found(entries: list[Entry]) -> None:
    assert [answer(each)["data"]["task_status"] for each in entries] == [
        "submitted",
        "submitted",
        "processing",
        "succeed",
    ]
    assert found(har(entries)) == []


def later(entry: Entry, **span: float) -> str:
    return (datetime.fromisoformat(entry["startedDateTime"]) + timedelta(**span)).isoformat()


def revived(entries: list[Entry]) -> None:
    again = copy.deepcopy(entries[LAST])
    change(again, task_status="failed", task_result=None)
    again["startedDateTime"] = later(again, seconds=5)
    entries.append(again)


def backwards(entries: list[Entry]) -> None:
    entries[1], entries[2] = entries[2], entries[1]
    for one, other in ((1, 2), (2, 1)):
        entries[one] = {**entries[one], "startedDateTime": original()[one]["startedDateTime"]}
        assert entries[one]["response"] == original()[other]["response"]


RESULT = {"videos": [{"id": "1", "url": "https://cdn.example/1.mp4", "duration": "5"}]}


def with_url(url: str) -> dict[str, Any]:
    return {"videos": [*RESULT["videos"], {**RESULT["videos"][0], "url": url}]}


BROKEN: dict[str, tuple[Callable[[list[Entry]], Any], set[str]]] = {
    "a request that the gate refuses": (lambda e: ask(e[0], duration="7"), {"schema.enum"}),
    "an image that is too small": (lambda e: ask(e[0], image=png(20, 20)), {"image.sides"}),
    "a request that is no JSON": (lambda e: send(e[0], "{"), {"json.malformed"}),
    "a request nested without end": (lambda e: send(e[0], "[" * 1000 + "]" * 1000), {"json.depth"}),
    "an answer without a field": (lambda e: change(e[1], created_at=None), {"schema.required"}),
    "a time in text": (lambda e: change(e[1], created_at="1790000000000"), {"schema.type"}),
    "an unknown status": (lambda e: change(e[2], task_status="paused"), {"schema.enum"}),
    "a status that goes back": (backwards, {"task.backwards"}),
    "an end that is none": (revived, {"task.revived"}),
    "a result before the end": (lambda e: change(e[2], task_result=RESULT), {"task.result"}),
    "an end without a result": (lambda e: change(e[3], task_result={"videos": []}), {"task.no-result"}),
    "an end with no list of results": (lambda e: change(e[3], task_result={}), {"task.no-result"}),
    "an end with null for a list": (
        lambda e: change(e[3], task_result={"videos": None}),
        {"task.no-result", "schema.type"},
    ),
    "an end without anything": (lambda e: change(e[3], task_result=None), {"task.no-result", "schema.required"}),
    "a result without a URL": (lambda e: change(e[3], task_result=with_url("")), {"task.no-result"}),
    "a result with a blank URL": (lambda e: change(e[3], task_result=with_url("  ")), {"task.no-result"}),
    "a result that is an empty object": (
        lambda e: change(e[3], task_result={"videos": [{}]}),
        {"task.no-result", "schema.required"},
    ),
    "a time in seconds": (lambda e: [change(each, created_at=1790000000) for each in e[:4]], {"task.times"}),
    "a time before the creation": (lambda e: change(e[2], updated_at=1789999999999), {"task.times"}),
    "a creation that moves": (lambda e: change(e[2], created_at=1789999999000), {"task.created"}),
    "another task's answer": (lambda e: change(e[1], task_id="42"), {"task.id"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_promise_is_found_by_name(name: str, entries: list[Entry]) -> None:
    spoil, expected = BROKEN[name]
    spoil(entries)
    assert {rule for _, rule in rules(har(entries))} == expected


def test_a_finding_names_its_entry_operation_and_outcome(entries: list[Entry]) -> None:
    ask(entries[0], duration="7")
    entries.insert(0, {**copy.deepcopy(entries[0]), "request": {"method": "GET", "url": "https://other.example/"}})
    (finding,) = found(har(entries))
    assert isinstance(finding, Finding)
    assert (finding.entry, finding.provider, finding.operation) == (1, "cometapi", "createImageToVideo")
    assert (finding.side, finding.outcome, finding.violation.pointer) == ("request", "accepted with 200", "/duration")


def test_exchanges_that_overlapped_say_nothing_of_their_order(entries: list[Entry]) -> None:
    backwards(entries)
    entries[1]["time"] = 10**6
    assert rules(har(entries)) == []


def test_without_times_the_order_of_the_entries_counts(entries: list[Entry]) -> None:
    backwards(entries)
    for each in entries:
        del each["startedDateTime"]
    assert rules(har(entries)) == [(2, "task.backwards")]


def failed(entry: Entry, **fields: Any) -> Entry:
    """Return a poll that says that the task failed."""
    again = copy.deepcopy(entry)
    change(again, task_status="failed", task_result=None, **fields)
    return again


def test_a_failed_task_is_noted_once_with_its_reason(entries: list[Entry]) -> None:
    poll = failed(entries[LAST], task_status_msg="risk control: the prompt was refused")
    data = har([*entries[:3], poll, poll])
    (note,) = found(data)
    assert isinstance(note, Finding)
    assert (note.entry, note.broken, note.side, note.violation.rule) == (3, False, "task", "task.failed")
    name = answer(entries[LAST])["data"]["task_id"]
    assert note.violation.message == f"task {name} failed: risk control: the prompt was refused"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_failed_task_without_a_reason_is_noted_as_such(reason: str, entries: list[Entry]) -> None:
    (note,) = found(har([*entries[:3], failed(entries[LAST], task_status_msg=reason)]))
    assert "failed, and no reason is given" in str(note)


def listed(entries: list[Entry], *tasks: Any) -> Entry:
    """Return the answer to a list with these tasks."""
    body = {"code": 0, "message": "SUCCEED", "request_id": "r", "data": list(tasks)}
    asked = {**entries[LAST]["request"], "url": f"{LISTS}?pageNum=1&pageSize=5"}
    return {
        **entries[LAST],
        "request": asked,
        "response": {"status": 200, "headers": [], "content": {"text": json.dumps(body)}},
    }


def test_each_task_of_a_list_is_to_have_its_result_or_its_reason(entries: list[Entry]) -> None:
    done = answer(entries[LAST])["data"]
    empty = {**done, "task_id": "1", "task_result": {"videos": []}}
    bad = {key: value for key, value in done.items() if key != "task_result"}
    bad |= {"task_id": "2", "task_status": "failed", "task_status_msg": "too dark"}
    told = [str(each) for each in found(har([listed(entries, done, empty, bad)]))]
    assert len(told) == 2
    assert "task 1 is succeed and has no result" in told[0]
    assert "task 2 failed: too dark" in told[1]


def noted(entries: list[Entry]) -> set[str]:
    assert rules(har(entries)) == []
    return {rule for _, rule in rules(har(entries), broken=False)}


def body(text: str, status: int = 418) -> Callable[[list[Entry]], Any]:
    def put(entries: list[Entry]) -> None:
        entries[1]["response"] = {"status": status, "headers": [], "content": {"text": text}}

    return put


NOTED: dict[str, tuple[Callable[[list[Entry]], Any], str]] = {
    "an unknown field of a request": (lambda e: ask(e[0], colour="red"), "field.unknown"),
    "an unknown field of an answer": (lambda e: change(e[1], queue=3), "answer.field"),
    "an error that no row describes": (body('{"message": "I am a teapot"}'), "answer.error"),
    "no answer": (lambda e: e[1]["response"].update(status=0), "answer.none"),
    "an answer that was not kept": (lambda e: e[1]["response"].update(content={}), "answer.body"),
    "a request that was not kept": (lambda e: e[0]["request"].pop("postData"), "request.body"),
    "a route that the document lacks": (
        lambda e: e[1]["request"].update(url=f"{CREATE}s/123"),
        "route.unknown",
    ),
}


@pytest.mark.parametrize("name", NOTED)
def test_each_candidate_for_drift_is_noted(name: str, entries: list[Entry]) -> None:
    drift, expected = NOTED[name]
    drift(entries)
    assert expected in noted(entries)


def test_a_refusal_that_the_document_cannot_explain_is_noted(entries: list[Entry]) -> None:
    text = '{"code": 1201, "message": "no such thing", "request_id": "1"}'
    entries[0]["response"] = {"status": 400, "headers": [], "content": {"text": text}}
    assert "request.refused" in noted(entries)


def test_a_page_that_the_document_describes_is_no_broken_promise(entries: list[Entry]) -> None:
    page = loaded("cometapi").errors["route.unknown"]
    headers = [{"name": "Content-Type", "value": page.content_type}]
    entries[1]["response"] = {"status": page.status, "headers": headers, "content": {"text": page.body.template}}
    assert found(har(entries)) == []


def fetch(entries: list[Entry], days: float, status: int) -> list[Entry]:
    url = answer(entries[LAST])["data"]["task_result"]["videos"][0]["url"]
    fetched = {"request": {"method": "GET", "url": url}, "response": {"status": status, "content": {}}}
    return [*entries, {"startedDateTime": later(entries[LAST], days=days), "time": 1, **fetched}]


@pytest.mark.parametrize(
    ("days", "status", "broken", "notes"),
    [
        (1, 200, [], []),
        (1, 403, [(4, "result.early")], []),
        (31, 403, [(4, "result.late")], []),
        (31, 200, [], [(4, "result.kept")]),
    ],
)
def test_results_are_followed_until_they_expire(
    entries: list[Entry], days: float, status: int, broken: list[Any], notes: list[Any]
) -> None:
    data = har(fetch(entries, days, status))
    assert (rules(data), rules(data, broken=False)) == (broken, notes)


def test_a_result_that_is_sent_on_after_its_days_is_found(entries: list[Entry]) -> None:
    late = copy.deepcopy(entries[CREATED])
    ask(late, image=answer(entries[LAST])["data"]["task_result"]["videos"][0]["url"])
    change(late, task_id="43")
    late["startedDateTime"] = "2027-01-01T00:00:00Z"
    assert rules(har([*entries, late])) == [(4, "result.late")]


def test_a_provider_that_is_named_is_found_under_any_host_and_prefix(entries: list[Entry]) -> None:
    for each in entries:
        each["request"]["url"] = each["request"]["url"].replace("https://api.cometapi.com", "http://127.0.0.1:9/s/a")
    ask(entries[0], duration="7")
    assert rules(har(entries)) == []
    assert rules(har(entries), "cometapi") == [(0, "schema.enum")]


@pytest.mark.parametrize(
    "url", ["http://[", "https://api.cometapi.com:x/", "", "data:,x", "https://API.cometapi.com:443/v2"]
)
def test_urls_of_all_kinds_are_passed_over(url: str, entries: list[Entry]) -> None:
    entries[1]["request"]["url"] = url
    assert rules(har(entries)) == []


def test_no_secret_is_in_what_is_found(entries: list[Entry]) -> None:
    for each in entries:
        text = json.dumps({"message": f"key {KEY} at https://a.example/?sig=abcdef"})
        each["response"] = {"status": 418, "headers": [], "content": {"text": text}}
    entries[0]["request"]["url"] += f"?token={KEY}"
    told = json.dumps([each.violation.as_dict() for each in found(har(entries)) if isinstance(each, Finding)])
    assert "[redacted]" in told
    assert KEY not in told
    assert "abcdef" not in told


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhYmMifQ.c2lnbmF0dXJl"
BARE = {
    "a key in a text": (f"wrong key {KEY}", KEY),
    "a token in a text": (f"bad token {TOKEN}", TOKEN),
    "a bearer credential": ("Authorization: Bearer abcd1234efgh", "abcd1234efgh"),
    "a parameter in a text": ("retry with api_key=abcd1234efgh&x=1", "abcd1234efgh"),
    "a field in a text": (r"got {\"client_secret\": \"abcd1234efgh\"}", "abcd1234efgh"),
}


@pytest.mark.parametrize("name", BARE)
def test_a_key_that_the_request_does_not_show_is_told_nowhere(name: str, entries: list[Entry]) -> None:
    said, secret = BARE[name]
    text = json.dumps({"message": said, "code": 7})
    poll = {**entries[1], "response": {"status": 418, "headers": [], "content": {"text": text}}, "_error": said}
    poll["request"] = {**poll["request"], "headers": [{"name": "X-Trace", "value": said}]}
    ask(entries[0], duration=said, prompt=said)
    out = io.StringIO()
    copied = RedactedCopy(out, "1")
    broken, *more = [each for each in found(har([entries[0], poll]), copy=copied) if isinstance(each, Finding)]
    assert broken.violation.rule == "schema.enum"
    told = json.dumps([each.violation.as_dict() for each in (broken, *more)])
    assert secret not in told + out.getvalue()
    assert "[redacted]" in told
    assert out.getvalue().count("[redacted]") >= 5


def test_words_about_keys_are_told(entries: list[Entry]) -> None:
    said = "Bearer authentication: token required, signature=HMAC; see key: documentation"
    text = json.dumps({"message": said, "code": 7})
    poll = {**entries[1], "response": {"status": 418, "headers": [], "content": {"text": text}}}
    (note,) = found(har([poll]))
    assert isinstance(note, Finding)
    assert said in note.violation.message


SENT = {
    "a form": ("api_key=abcd1234efgh&image=x", None),
    "a secret object": ('{"auth": {"value": "abcd1234efgh"}}', None),
    "a secret list": ('{"tokens": ["abcd1234efgh"]}', None),
    "broken JSON": ('{"api_key": "abcd1234efgh", ', None),
    "an unknown parameter": (None, "?sid=abcd1234efgh"),
    "a word alone": (None, "?abcd1234efgh"),
    "a fragment": (None, "?x=1#abcd1234efgh"),
}


@pytest.mark.parametrize("name", SENT)
def test_what_a_request_hides_is_not_in_its_redacted_copy(name: str, entries: list[Entry]) -> None:
    body, query = SENT[name]
    entry = entries[0]
    entry["request"]["url"] += query or ""
    if body is not None:
        entry["request"]["postData"]["text"] = body
    out = io.StringIO()
    assert isinstance(found(har([entry]), copy=RedactedCopy(out, "1")), list)
    assert "/kling/v1/videos/image2video" in out.getvalue()
    assert "abcd1234efgh" not in out.getvalue()


def test_the_parameters_that_the_document_names_stay_in_a_redacted_copy(entries: list[Entry]) -> None:
    entry = {**entries[1], "request": {**entries[1]["request"], "url": f"{LISTS}?pageNum=2&pageSize=5&sid=abcd1234"}}
    out = io.StringIO()
    found(har([entry]), copy=RedactedCopy(out, "1"))
    assert f"{LISTS}?pageNum=2&pageSize=5&sid=[redacted]" in out.getvalue()


def test_a_key_in_the_place_of_an_id_is_told_nowhere(entries: list[Entry]) -> None:
    entries[1]["request"]["url"] = f"{LISTS}/sk-abcd1234efgh"
    out = io.StringIO()
    told = found(har([entries[1]]), copy=RedactedCopy(out, "1"))
    assert f"{LISTS}/[redacted]" in out.getvalue()
    assert "abcd1234" not in out.getvalue() + str(told)


def test_the_time_to_finish_is_measured_by_the_providers_own_times(entries: list[Entry]) -> None:
    inspection = Inspection([loaded("cometapi")])
    assert list(inspection.findings(io.BytesIO(har([*entries, entries[LAST]])))) == []
    create, get = inspection.observed.sights.values()
    assert (create.finished.count, create.finished.least) == (1, 164.0)
    assert (get.exchanges, get.answered.count, get.answered.most) == (4, 4, 0.0125)


def test_only_the_last_tasks_are_followed(entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST", 3)
    many = []
    for number in range(5):
        many.append(copy.deepcopy(entries[CREATED]))
        change(many[-1], task_id=str(number))
    inspection = Inspection([loaded("cometapi")])
    assert list(inspection.findings(io.BytesIO(har(many)))) == []
    assert inspection.forgotten == 2


WRONG: list[Any] = [None, True, 5, "x", [], {}, [5], {"text": 5}, {"code": []}, "0001-01-01T00:00:00+14:00"]
MADE_UP = st.sampled_from(WRONG)


@given(st.sampled_from(["startedDateTime", "time", "_error", "_images", "_ordered"]), MADE_UP)
@example("startedDateTime", "0001-01-01T00:00:00+14:00")
def test_no_entry_makes_the_reader_or_the_copy_raise(name: str, value: Any) -> None:
    copied = RedactedCopy(io.StringIO(), "1")
    told = found(har([{**original()[1], name: value}]), copy=copied)
    assert all(isinstance(each, Finding) for each in told)


@given(st.sampled_from(["request", "response"]), st.sampled_from(["headers", "content", "postData", "status"]), MADE_UP)
@example("response", "headers", 5)
@example("response", "status", True)
def test_no_message_makes_the_reader_raise(side: str, name: str, value: Any) -> None:
    entry = original()[1]
    told = found(har([{**entry, side: {**entry[side], name: value}}]))
    unread = [each for each in told if isinstance(each, Flaw)]
    assert bool(unread) == (side == "response" and name == "status" and type(value) is not int)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(WORDS, each, max_size=4),
    max_leaves=10,
)


@given(JSON, JSON, st.sampled_from([0, 200, 200, 302, 400, 404, 500]))
@example({"static_mask": ""}, None, 200)
def test_no_exchange_makes_the_judges_raise_and_its_redacted_copy_is_judged_alike(
    asked: Any, told: Any, status: int
) -> None:
    entries = copy.deepcopy(original())
    entries[0]["request"]["postData"]["text"] = json.dumps(asked)
    entries[1]["response"] = {"status": status, "headers": [], "content": {"text": json.dumps(told)}}
    entries[2]["response"]["content"]["text"] = json.dumps({"code": 0, "message": "", "data": told})
    out = io.StringIO()
    copied = RedactedCopy(out, "1")
    first = found(har(entries), copy=copied)
    copied.close()
    again = found(out.getvalue().encode("utf-8", "replace"))
    assert [rule_of(each) for each in again] == [rule_of(each) for each in first]


def rule_of(finding: Finding | Flaw) -> tuple[int, str, str]:
    assert isinstance(finding, Finding)
    return finding.entry, finding.violation.rule, finding.violation.pointer


class Endless(io.RawIOBase):
    """A HAR of entries without end, which counts those that were read."""

    def __init__(self, entry: bytes) -> None:
        self._entry, self.given = entry, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b'{"log": {"entries": [' if not self.given else self._entry + b","
        self.given += 1
        buffer[: len(data)] = data
        return len(data)


def test_entries_are_consumed_one_at_a_time(entries: list[Entry]) -> None:
    ask(entries[0], duration="7")
    endless = Endless(json.dumps(entries[0]).encode())
    inspection = Inspection([loaded("cometapi")])
    findings = inspection.findings(endless)  # type: ignore[arg-type]
    for number in range(20):
        finding = next(findings)
        assert isinstance(finding, Finding)
        assert finding.entry == number
        assert endless.given <= number + 70_000 // len(json.dumps(entries[0])) + 3


@given(st.lists(st.floats(1e-5, 1e5), min_size=1), st.floats(0, 1))
def test_quantiles_are_exact_to_two_hundredths(seconds: list[float], share: float) -> None:
    spans = Spans()
    for each in seconds:
        spans.add(each)
    rank = max(-int(-share * len(seconds) // 1), 1)
    true = sorted(seconds)[rank - 1]
    assert true / 1.02 <= spans.quantile(share) <= true * 1.02
    assert (spans.count, spans.least, spans.most) == (len(seconds), min(seconds), max(seconds))


def test_a_field_is_unknown_if_no_branch_names_it() -> None:
    schema = {
        "properties": {"a": {"properties": {"b": {}}}, "free": {"type": "object"}},
        "anyOf": [{"properties": {"c": {}}}, {"properties": {"list": {"items": {"properties": {"d": {}}}}}}],
        "then": {"properties": {"e": {}}},
    }
    body = {"a": {"b": 1, "x": 2}, "free": {"y": 1}, "c": 1, "e": 1, "list": [{"d": 1}, {"z": 1}, {"z": 2}], "w/": 3}
    assert dict(unknown_fields(schema, body)) == {"/a/x": 2, "/list/*/z": 1, "/w~1": 3}
    assert dict(unknown_fields({"properties": {"a": {}}, "additionalProperties": {}}, {"b": 1})) == {}
