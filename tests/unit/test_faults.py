"""Faults by name: what each makes of an answer, when it strikes, how often, and what a typing slip is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import MEANT, OPENED, Core, example, operations
from bridge import loaded
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import errors
from kling_contract.client.answers import parse_response
from kling_contract.documents import ErrorRow, Operation, Provider, bundled
from kling_contract.envelopes import Envelope
from mock_server.exchange import Answer, Exchange
from mock_server.faults import Chain, CutOff, Fault, Latency, catalogue, fault_named
from mock_server.faults.places import holder, place_of, places, pointers
from mock_server.wishes import BadWish

TINY = str(Path(__file__).parents[1] / "documents" / "tiny.yaml")
CREATE, GET, LIST = "createImageToVideo", "getImageToVideo", "listImageToVideos"
ROWS = [(name, row) for name in (*bundled(), TINY) for row in loaded(name).errors]


class Faulty(Core):
    """A mock whose default session can be armed by name."""

    def arm(self, text: str, operation: str | None = None, times: int | None = 1, probability: float = 1.0) -> Fault:
        fault = fault_named(text, self.provider)
        self.session.faults.arm(fault, operation, times, probability)
        return fault

    @property
    def session(self) -> Any:
        return self.mock.sessions.get("default")

    def raw(self, method: str, operation: str, body: Any = None, value: str = "") -> Answer:
        """Return the answer as it is, undecoded."""
        path = self.provider.operation(operation).path
        path = path[: path.index("{")] + value if "{" in path else path
        data = b"" if body is None else json.dumps(body).encode()
        return self.mock.endpoints.answer(
            Exchange(method, path, "", {"authorization": "Bearer k"}, data, "http://mock.test")
        )

    @property
    def maker(self) -> Operation:
        """The create of clips, or the one that there is."""
        found = self.provider.operations.get(CREATE)
        return found or next(each for each in self.provider.operations.values() if each.kind == "create")

    def made(self, **more: Any) -> Answer:
        return self.raw("POST", self.maker.id, {**example(self.maker), **more})

    @property
    def tasks(self) -> int:
        return len(self.session.store)


def client_error(provider: Provider, operation: str, answer: Answer) -> errors.APIError:
    with pytest.raises(errors.APIError) as caught:
        parse_response(provider, provider.operation(operation), answer.status, answer.content_type, answer.body)
    return caught.value


def fault_of(answer: Answer) -> str | None:
    assert answer.entry is not None
    return answer.entry.fault


# Rows of the error table


@pytest.mark.parametrize(("provider", "name"), ROWS)
def test_every_row_is_answered_by_its_name_and_recognised(provider: str, name: str) -> None:
    core = Faulty(provider)
    row: ErrorRow = core.provider.errors[name]
    core.arm(name)
    answer = core.made()
    assert (answer.status, answer.content_type, core.tasks) == (row.status, row.content_type, 0)
    assert answer.entry is not None
    assert (answer.entry.fault, answer.entry.row, answer.entry.status) == (name, name, row.status)
    found = client_error(core.provider, core.maker.id, answer)
    assert type(found) is MEANT[row.means]
    if row.is_json:
        assert "$" not in answer.body.decode()
        assert row.match(row.status, json.loads(answer.body)) is not None
    assert core.made().status == 200


@pytest.mark.parametrize(("provider", "operation"), operations("create", "get", "list"))
def test_every_operation_can_be_given_every_general_fault(provider: str, operation: str) -> None:
    core = Faulty(provider)
    family = core.provider.operation(operation)
    create = core.provider.sibling(family, "create")
    assert create is not None
    task = core.create(create.id, example(create)).entry.task
    for name, _ in catalogue(core.provider):
        text = {"latency": "latency=1"}.get(name, name)
        core.arm(text, operation)
        answer = core.raw(family.method, operation, example(family) if family.kind == "create" else None, str(task))
        assert fault_of(answer) == text


def test_a_row_says_who_asked_for_what() -> None:
    core = Faulty()
    core.arm("task.missing", GET)
    core.arm("task.duplicate", CREATE)
    assert json.loads(core.raw("GET", GET, value="lost-one").body)["message"].endswith("lost-one")
    assert b"External_task_id twice already exists" in core.made(external_task_id="twice").body


@pytest.mark.parametrize("body", [b"", b"nothing", b"[]", b'{"external_task_id": 7}', b"\xff"])
def test_a_row_needs_no_readable_body(body: bytes) -> None:
    core = Faulty()
    core.arm("task.duplicate")
    asked = core.ask("POST", core.provider.operation(CREATE).path, body)
    assert (asked.status, asked.body["message"]) == (400, "External_task_id 0 already exists")


def test_a_rate_row_says_when_to_come_back_only_if_asked_to() -> None:
    core = Faulty()
    core.arm("rate.limit; retry-after=5")
    core.arm("rate.limit")
    assert core.made().headers["retry-after"] == "5"
    assert "retry-after" not in core.made().headers


@pytest.mark.parametrize("provider", [*bundled(), TINY])
def test_an_error_body_comes_with_http_200_and_is_still_an_error(provider: str) -> None:
    core = Faulty(provider)
    row = next(row for row in core.provider.errors.values() if row.means == "rate")
    core.arm(f"code-in-200={row.name}")
    core.arm("code-in-200")
    answer = core.made()
    assert (answer.status, core.tasks) == (200, 0)
    assert row.body.match(json.loads(answer.body)) is not None
    found = client_error(core.provider, core.maker.id, answer)
    assert (type(found) is errors.RateLimitError) or provider == TINY
    assert core.made().status == 200
    assert core.tasks == 0


# What an answer becomes


def test_latency_and_fates_are_left_to_the_edge() -> None:
    core = Faulty()
    for text, delay, fate, made in [
        ("latency=1.5", 1.5, "whole", 1),
        ("timeout", 600, "closed", 1),
        ("timeout=2; phase=before", 2, "closed", 0),
        ("reset-before", 0, "reset", 0),
        ("reset-after", 0, "reset", 1),
        ("latency=2 + reset-after", 2, "reset", 1),
        ("reset-after + latency=2 + latency=3", 5, "reset", 1),
        ("cut-off", 0, "cut", 1),
        ("latency=1 + rate.limit", 1, "whole", 0),
    ]:
        before = core.tasks
        core.arm(text)
        answer = core.made()
        assert (answer.delay, answer.fate, core.tasks - before) == (delay, fate, made), text
        assert fault_of(answer) == text


def test_a_journal_shows_no_status_of_an_answer_that_never_came() -> None:
    core = Faulty()
    for text, status, outcome in [
        ("reset-after", 0, "dropped"),
        ("timeout", 0, "dropped"),
        ("cut-off", 200, "answered"),
    ]:
        core.arm(text)
        answer = core.made()
        assert answer.entry is not None
        assert (answer.entry.status, answer.entry.outcome) == (status, outcome)
        assert answer.entry.task is not None


@pytest.mark.parametrize(
    ("text", "kept"), [("cut-off=8", 8), ("cut-off=0", 0), ("cut-off=99999", -1), ("cut-off", None)]
)
def test_a_cut_answer_lacks_bytes_that_are_promised(text: str, kept: int | None) -> None:
    core = Faulty()
    core.arm(text)
    answer = core.made()
    whole = len(answer.body)
    assert answer.body.startswith(answer.sent)
    assert len(answer.sent) == {None: whole // 2, -1: whole - 1}.get(kept, kept)


@given(body=st.binary(max_size=9), kept=st.none() | st.integers(0, 12))
def test_what_is_cut_is_never_whole(body: bytes, kept: int | None) -> None:
    answer = Answer(200, body, "x", {}, fate="cut", kept=kept)
    assert body.startswith(answer.sent)
    assert len(answer.sent) < len(body) or not body
    assert len(answer.sent) <= (len(body) if kept is None else kept)


def test_invalid_json_is_whole_and_unreadable() -> None:
    core = Faulty()
    core.arm("invalid-json")
    answer = core.made()
    assert (answer.status, answer.fate, answer.sent) == (200, "whole", answer.body)
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(answer.body)
    assert type(client_error(core.provider, core.maker.id, answer)) is errors.UnexpectedAnswer


def test_a_page_and_a_redirect_come_before_any_task() -> None:
    core = Faulty()
    core.arm("html")
    core.arm("redirect")
    core.arm("redirect=https://elsewhere.test/x")
    page, moved, elsewhere = core.made(), core.made(), core.made()
    assert (page.status, page.content_type, page.body[:15]) == (200, "text/html; charset=utf-8", b"<!doctype html>")
    assert (moved.status, moved.headers["location"]) == (301, "http://mock.test/")
    assert elsewhere.headers["location"] == "https://elsewhere.test/x"
    assert core.tasks == 0
    for answer in (page, moved):
        assert type(client_error(core.provider, core.maker.id, answer)) is errors.UnexpectedAnswer


def test_a_wrong_content_type_leaves_the_body() -> None:
    core = Faulty()
    core.arm("wrong-content-type")
    core.arm("wrong-content-type=image/png")
    first, second = core.made(), core.made()
    assert (first.content_type, second.content_type) == ("text/plain; charset=utf-8", "image/png")
    assert json.loads(first.body)["code"] == 0


@pytest.mark.parametrize(("provider", "field"), [("kling", ("data", "task_id")), (TINY, ("job", "key"))])
def test_the_task_id_goes_missing_or_changes_its_type_by_default(provider: str, field: tuple[str, str]) -> None:
    core = Faulty(provider)
    core.arm("missing-field")
    core.arm("mistyped-field")
    missing, mistyped, right = (json.loads(core.made().body)[field[0]] for _ in range(3))
    assert field[1] not in missing
    assert isinstance(mistyped[field[1]], int)
    assert set(mistyped) == set(right) == {field[1], *missing}
    assert {**mistyped, field[1]: ""} | {} != right
    assert core.tasks == 3


def test_a_field_is_named_by_its_pointer() -> None:
    core = Faulty()
    core.arm("missing-field=/data/task_status")
    core.arm("mistyped-field=/data/created_at")
    core.arm("mistyped-field=/data")
    core.arm("mistyped-field=/code")
    assert "task_status" not in json.loads(core.made().body)["data"]
    assert isinstance(json.loads(core.made().body)["data"]["created_at"], str)
    assert json.loads(core.made().body)["data"] == []
    assert json.loads(core.made().body)["code"] == "0"


def test_a_list_is_spoilt_in_its_first_task_or_else_as_a_whole() -> None:
    core = Faulty()
    core.arm("mistyped-field", LIST)
    assert json.loads(core.raw("GET", LIST).body)["data"] == {}
    core.made()
    core.made()
    core.arm("missing-field", LIST)
    core.arm("unknown-status", LIST)
    first, second = json.loads(core.raw("GET", LIST).body)["data"]
    assert ("task_id" in first, "task_id" in second) == (False, True)
    first, second = json.loads(core.raw("GET", LIST).body)["data"]
    assert (first["task_status"], second["task_status"]) == ("unheard-of", "submitted")


@pytest.mark.parametrize("provider", ["kling", TINY])
def test_an_unknown_status_is_seen_as_one(provider: str) -> None:
    core = Faulty(provider)
    task = core.made().entry
    assert task is not None
    core.arm("unknown-status=paused", GET)
    answer = core.raw("GET", GET, value=str(task.task))
    assert "'paused'" in str(client_error(core.provider, GET, answer))


def test_a_fault_waits_for_an_answer_that_has_its_field() -> None:
    core = Faulty()
    made = core.made().entry
    assert made is not None
    core.arm("missing-field=/data/task_result/videos/0/url", GET)
    assert fault_of(core.raw("GET", GET, value=str(made.task))) is None
    core.clock.time += 10_000
    answer = core.raw("GET", GET, value=str(made.task))
    assert fault_of(answer) is not None
    assert list(json.loads(answer.body)["data"]["task_result"]["videos"][0]) == ["id", "duration"]


# When and how often


def test_before_strikes_what_would_be_refused_and_after_only_what_was_done() -> None:
    core = Faulty()
    core.arm("server.error; phase=after")
    assert fault_of(core.raw("POST", CREATE, {})) is None
    answer = core.made()
    assert (answer.status, fault_of(answer), core.tasks) == (500, "server.error; phase=after", 1)
    core.arm("server.error")
    assert core.raw("POST", CREATE, {}).status == 500
    core.arm("invalid-json")
    refused = core.raw("POST", CREATE, {})
    assert (refused.status, fault_of(refused)) == (400, "invalid-json")


def test_nothing_strikes_who_may_not_ask() -> None:
    core = Faulty(keys=frozenset({"other"}))
    core.arm("server.error")
    assert (core.made().status, len(core.session.faults.listed())) == (401, 1)


def test_counted_faults_strike_one_after_the_other_whatever_their_phases() -> None:
    core = Faulty()
    armed = ["invalid-json", "rate.limit", "reset-after", "html", "latency=1"]
    for text in armed:
        core.arm(text)
    assert [fault_of(core.made()) for _ in range(6)] == [*armed, None]


def test_a_fault_that_is_armed_for_good_strikes_beside_others() -> None:
    core = Faulty()
    core.arm("latency=3", times=None)
    core.arm("rate.limit")
    answer = core.made()
    assert (answer.status, answer.delay, fault_of(answer)) == (429, 3, "rate.limit + latency=3")
    assert (core.made().delay, core.made().delay) == (3, 3)


def test_an_own_header_names_the_exchange_of_a_forced_answer() -> None:
    core = Faulty()
    core.arm("server.error")
    answer = core.made()
    assert answer.entry is not None
    assert answer.headers["x-kling-mock-exchange"] == f"default-{answer.entry.id}"


def test_a_fault_strikes_as_often_as_it_is_armed_and_where() -> None:
    core = Faulty()
    core.arm("server.error", LIST, times=3)
    core.arm("rate.limit", CREATE, times=2)
    assert [core.made().status for _ in range(4)] == [429, 429, 200, 200]
    assert [core.raw("GET", LIST).status for _ in range(5)] == [500, 500, 500, 200, 200]


def test_a_disarmed_fault_strikes_nobody() -> None:
    core = Faulty()
    core.arm("server.error", times=None)
    assert core.made().status == 500
    assert core.session.faults.clear() == 1
    assert core.made().status == 200


def struck(seed: int, probability: float, number: int = 60) -> list[bool]:
    core = Faulty(seed=seed)
    core.arm("server.error", times=None, probability=probability)
    return [core.raw("GET", LIST).status == 500 for _ in range(number)]


def test_chance_is_repeatable_by_its_seed() -> None:
    first = struck(7, 0.3)
    assert first == struck(7, 0.3)
    assert first != struck(8, 0.3)
    assert 0 < sum(first) < 60
    assert not any(struck(7, 0.0))
    assert all(struck(7, 1.0))


def test_other_sessions_know_nothing_of_a_fault() -> None:
    core = Faulty()
    core.arm("server.error", times=None)
    assert core.ask("GET", core.provider.operation(LIST).path, x_kling_session="b").status == 200
    assert core.raw("GET", LIST).status == 500


def test_a_fault_hides_no_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Faulty()
    core.arm("missing-field", CREATE, times=None)
    monkeypatch.setattr(core.session, "new_id", lambda provider: 7)
    with pytest.raises(AssertionError, match="task_id"):
        core.made()


# Names


def test_the_catalogue_has_every_row_and_each_of_its_names_is_one() -> None:
    for provider in map(loaded, (*bundled(), TINY)):
        named = dict(catalogue(provider))
        assert set(provider.errors) < set(named)
        assert all(named.values())
        for name in named:
            text = {"latency": "latency=1"}.get(name, name)
            assert fault_named(text, provider).name == text


TEXTS: list[tuple[Any, str]] = [
    ({"code": 1201, "message": "$message", "request_id": "$request_id"}, "$message"),
    ({"kind": {"$equals": "a-very-long-mark-indeed"}, "text": "Oops", "trace": "$request_id"}, "Oops"),
    ({"kind": {"$equals": "bad-field"}, "field": "$field", "text": "$message", "trace": "$request_id"}, "$message"),
    ({"message": {"$equals": "no job $id"}, "type": "a_very_long_type_of_error"}, "no job $id"),
    ({"errors": [{"detail": "It is late", "id": "$request_id"}]}, "It is late"),
    ({"code": None, "message": {"$equals": "404"}}, "404"),
    ({"trace": "$request_id", "id": "$id"}, "$request_id"),
    ("no such thing", "no such thing"),
    ({"code": 1}, ""),
]


@pytest.mark.parametrize(("body", "text"), TEXTS)
def test_the_catalogue_shows_the_text_of_a_row_that_is_for_people(body: Any, text: str) -> None:
    row = ErrorRow("task.missing", 404, "task-missing", Envelope(body))
    provider = replace(loaded(TINY), errors={"task.missing": row})
    assert dict(catalogue(provider))["task.missing"] == f"HTTP 404, task-missing: {text}"


@pytest.mark.parametrize(
    ("name", "row", "text"),
    [
        ("kling", "request.invalid", "$message"),
        ("kling", "value.enum", "$field value '$found' is invalid"),
        ("cometapi", "auth.missing", "Invalid token (request id: $request_id)"),
        ("cometapi", "task.missing", "Task not found by id/external id: $id"),
        ("cometapi", "route.unavailable", "404"),
    ],
)
def test_the_catalogue_shows_what_this_provider_says(name: str, row: str, text: str) -> None:
    assert dict(catalogue(loaded(name)))[row].partition(": ")[2] == text


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("rate.limit", "before"),
        ("rate.limit; phase=after", "after"),
        ("  latency=1  ", "answer"),
        ("latency=1 + missing-field", "after"),
        ("latency=1 + rate.limit", "before"),
        ("server.error + reset-after", "after"),
        ("timeout;phase=before", "before"),
    ],
)
def test_faults_strike_at_the_phase_that_one_is_bound_to_or_the_earliest(text: str, phase: str) -> None:
    assert fault_named(text, loaded("kling")).phase == phase


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rate.concurency", "did you mean 'rate.concurrency'?"),
        ("timout", "did you mean 'timeout'?"),
        ("", "no fault ''"),
        ("latency", "latency without a number"),
        ("latency=fast", "latency=fast"),
        ("latency=-1", "latency=-1"),
        ("latency=nan", "latency=nan"),
        ("latency=1e9", "latency=1e9"),
        ("timeout=x", "timeout=x"),
        ("cut-off=many", "cut-off=many"),
        ("cut-off=-1", "cut-off=-1"),
        ("rate.limit=5", "takes no value"),
        ("reset-before=1", "takes no value"),
        ("rate.limit; retry-after=soon", "retry-after=soon"),
        ("rate.limit; retry_after=5", "did you mean 'retry-after'?"),
        ("latency=1; retry-after=5", "no option 'retry-after'"),
        ("rate.limit; phase=late", "phase 'late'"),
        ("latency=1; phase=before", "phase 'before'"),
        ("reset-before; phase=after", "phase 'after'"),
        ("reset-before + reset-after", "two phases"),
        ("missing-field=/data/task_ids", "did you mean '/data/task_id'?"),
        ("missing-field=", "no field ''"),
        ("unknown-status=succeed", "knows the status 'succeed'"),
        ("code-in-200=server.eror", "did you mean 'server.error'?"),
        ("redirect=ftp://x", "redirect=ftp://x"),
        ("redirect=http://x\r\nset-cookie: a", "redirect=http://x"),
        ("wrong-content-type=text", "wrong-content-type=text"),
        ("wrong-content-type=text/\nx", "wrong-content-type=text/"),
        ("rate.limit +  + html", "no fault '+ html'"),
    ],
)
def test_a_slip_is_told_what_is_accepted(text: str, says: str) -> None:
    with pytest.raises(BadWish) as caught:
        fault_named(text, loaded("kling"))
    assert says in str(caught.value)
    assert caught.value.accepted


def test_faults_compose_in_python_too() -> None:
    core = Faulty()
    core.session.faults.arm(Fault("slow and short", "answer", Chain(Latency(1), CutOff(8))))
    answer = core.made()
    assert (answer.delay, len(answer.sent), fault_of(answer)) == (1, 8, "slow and short")


# Places


TEMPLATE = {"a/b": {"$each": "tasks", "item": {"c~d": "$id", "e": [1, "$id"]}}, "f": {"$equals": "g"}, "h": "$id"}


def test_places_and_pointers_of_an_envelope() -> None:
    assert list(places(TEMPLATE, "id")) == [("a/b", 0, "c~d"), ("a/b", 0, "e", 1), ("h",)]
    assert list(places(TEMPLATE, "tasks")) == [("a/b",)]
    found = list(pointers(TEMPLATE))
    assert found == ["/a~1b", "/a~1b/0", "/a~1b/0/c~0d", "/a~1b/0/e", "/a~1b/0/e/0", "/a~1b/0/e/1", "/f", "/h"]
    assert place_of("/a~1b/0/c~0d") == ("a/b", 0, "c~d")


def test_a_place_is_held_by_what_has_it() -> None:
    body: dict[str, Any] = {"a": [{"b": 1}], "n": None}
    assert holder(body, ("a", 0, "b")) is body["a"][0]
    assert holder(body, ("a",)) is body
    for nowhere in [(), ("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c"), ("n", "x")]:
        assert holder(body, nowhere) is None


def test_opened_routes_are_faulted_and_closed_ones_are_not() -> None:
    for opened, status in [(OPENED, 503), (frozenset(), 404)]:
        core = Faulty("cometapi", opened=opened)
        core.arm("server.unavailable")
        operation = core.provider.operation("createImageExpansion")
        assert core.create(operation.id, example(operation)).status == status
