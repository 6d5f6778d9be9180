"""Admin's shapes and rules, asked of the core."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

import pytest
from asking import example
from bridge import loaded
from desk import Desk, document
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.auth import sign
from kling_contract.documents import bundled
from mock_server.exchange import Exchange
from mock_server.results import Expired

DAY = 86_400
CREATE = "createImageToVideo"


def test_the_document_of_admin_and_its_routes_are_the_same() -> None:
    routes = Desk().mock.admin.routes
    ours = {(path.replace("documents/*", "documents/*.json"), method) for path in routes for method in routes[path]}
    described = {
        (_starred(path), method.upper())
        for path, item in document()["paths"].items()
        for method in item
        if method in ("get", "post", "delete")
    }
    assert described == ours | {("events", "GET")}


def _starred(path: str) -> str:
    return path.strip("/").replace("{id}", "*").replace("{name}", "*")


def test_health_names_what_is_served() -> None:
    said = Desk("cometapi").admin("GET", "health", session="a").body
    assert (said["status"], said["provider"]["name"], said["session"]) == ("ok", "cometapi", "a")


def test_sessions_are_listed_and_ended() -> None:
    desk = Desk()
    desk.video(x_kling_session="a")
    desk.admin("GET", "health")
    listed = {each["name"]: each["tasks"] for each in desk.admin("GET", "sessions").body["sessions"]}
    assert listed == {"a": 1, "default": 0}
    assert desk.admin("DELETE", "sessions/a").status == 204
    gone = desk.admin("DELETE", "sessions/a")
    assert (gone.status, gone.accepted) == (404, "default")


def test_a_session_is_chosen_by_header_before_prefix() -> None:
    desk = Desk()
    assert desk.admin("GET", "health", session="a%2Fb").body["session"] == "a/b"
    assert desk.admin("GET", "health", session="a", x_kling_session="b").body["session"] == "b"
    assert desk.admin("GET", "health").body["session"] == "default"


def test_a_clock_that_stands_is_advanced() -> None:
    desk = Desk()
    task = desk.video()
    before = desk.admin("GET", "clock").body["now"]
    assert desk.status(task) == "submitted"
    assert desk.admin("POST", "clock/advance", {"seconds": 4.5}).body == {"now": before + 4500, "events": 1}
    assert desk.status(task) == "processing"
    assert desk.admin("POST", "clock/advance", {"seconds": 600}).body == {"now": before + 604_500, "events": 1}
    assert desk.status(task) == "succeed"
    assert desk.admin("POST", "clock/advance", {"seconds": 0}).body == {"now": before + 604_500, "events": 0}


def test_a_clock_is_changed_and_what_is_due_happens() -> None:
    desk = Desk(clock="real")
    task, now = desk.video(), desk.admin("GET", "clock").body["now"]
    heard: list[dict[str, Any]] = []
    desk.mock.sessions.listen("default", heard.append)
    said = desk.admin("POST", "clock", {"mode": "frozen", "now": now + 600_000}).body
    assert said == {"mode": "frozen", "now": now + 600_000, "speed": 1.0, "seed": 0}
    assert [(each["status"], each["at"] - now) for each in heard] == [("processing", 4000), ("succeed", 164_000)]
    assert heard[0]["task"] == task
    desk.clock.sleep(1000)
    assert desk.admin("GET", "clock").body["now"] == now + 600_000
    assert desk.admin("POST", "clock", {"mode": "real", "speed": 60}).body["speed"] == 60
    desk.clock.sleep(10)
    assert desk.admin("GET", "clock").body["now"] == now + 1_200_000


def test_time_does_not_go_back_and_nothing_is_changed_halfway() -> None:
    desk = Desk()
    before = desk.admin("GET", "clock").body
    said = desk.admin("POST", "clock", {"mode": "auto", "now": before["now"] - 1})
    assert (said.status, "does not go back" in said.error) == (400, True)
    assert desk.admin("GET", "clock").body == before


def test_an_advance_during_an_advance_is_refused() -> None:
    desk = Desk()
    desk.video()
    said = []

    def listener(event: dict[str, Any]) -> None:
        said.append(desk.admin("POST", "clock/advance", {"seconds": 1}))
        said.append(desk.admin("POST", "clock", {"mode": "real"}))

    desk.mock.sessions.listen("default", listener)
    assert desk.admin("POST", "clock/advance", {"seconds": 5}).body["events"] == 1
    assert [each.status for each in said] == [409, 409]
    assert desk.admin("POST", "clock/advance", {"seconds": 600}).body["events"] == 1


def test_a_seed_decides_ids_until_there_are_tasks() -> None:
    desk, other = Desk(), Desk(seed=7)
    assert desk.admin("POST", "clock", {"seed": 7}).body["seed"] == 7
    assert desk.video() == other.video()
    said = desk.admin("POST", "clock", {"seed": 8})
    assert (said.status, "has tasks" in said.error) == (409, True)
    assert desk.admin("POST", "clock", {"seed": 7}).status == 200
    assert desk.status(desk.video()) == "submitted"


@pytest.mark.parametrize(("verb", "status"), [("succeed", "succeed"), ("fail", "failed")])
def test_a_task_is_ended_and_then_never_changes(verb: str, status: str) -> None:
    desk = Desk()
    task = desk.video()
    said = desk.admin("POST", f"tasks/{task}/{verb}", {"message": "because"}).body
    assert (said["id"], said["status"]) == (task, status)
    shown = desk.get("getImageToVideo", task).body["data"]
    assert (shown["task_status"], shown["task_status_msg"]) == (status, "because" if status == "failed" else "")
    for again in ("succeed", "fail"):
        refused = desk.admin("POST", f"tasks/{task}/{again}")
        assert (refused.status, "never changes" in refused.error) == (409, True)
    desk.admin("POST", "clock/advance", {"seconds": 600})
    assert desk.get("getImageToVideo", task).body["data"] == shown


def test_a_task_that_is_failed_without_a_message_gives_the_documented_reason() -> None:
    desk = Desk()
    task = desk.video()
    assert desk.admin("POST", f"tasks/{task}/fail").body["reason"] == "Failure to pass the risk control system"


def test_tasks_are_listed_and_chosen_among() -> None:
    desk = Desk()
    first, second = desk.video(), desk.video()
    desk.admin("POST", f"tasks/{first}/fail")
    listed = desk.admin("GET", "tasks").body["tasks"]
    assert [(each["id"], each["status"]) for each in listed] == [(first, "failed"), (second, "submitted")]
    assert [each["status"] for each in listed[1]["steps"]] == ["submitted", "processing", "succeed"]
    assert [each["id"] for each in desk.admin("GET", "tasks?status=submitted").body["tasks"]] == [second]
    assert desk.admin("GET", "tasks?operation=createImageExpansion").body == {"tasks": []}
    assert desk.admin("GET", f"tasks/{second}").body == listed[1]
    assert desk.admin("GET", "tasks", session="other").body == {"tasks": []}
    assert desk.admin("GET", "tasks?status=done").accepted == "submitted, processing, succeed, failed"
    assert "did you mean 'status'?" in desk.admin("GET", "tasks?statu=done").error


def test_a_task_is_found_by_the_callers_own_id() -> None:
    desk = Desk()
    body = {**example(desk.provider.operation(CREATE)), "external_task_id": "job/1"}
    task = desk.create(CREATE, body).body["data"]["task_id"]
    assert desk.admin("POST", "tasks/job%2F1/succeed").body["id"] == task
    missing = desk.admin("POST", "tasks/nope/succeed")
    assert (missing.status, "no task 'nope'" in missing.error) == (404, True)


def _url(desk: Desk, task: str) -> str:
    return str(desk.get("getImageToVideo", task).body["data"]["task_result"]["videos"][0]["url"])


@pytest.mark.usefixtures("small_films")
def test_results_expire_when_they_are_told_to() -> None:
    desk = Desk()
    task = desk.video()
    early = desk.admin("POST", f"tasks/{task}/expire")
    assert (early.status, "submitted" in early.error) == (409, True)
    desk.admin("POST", f"tasks/{task}/succeed")
    assert desk.file(_url(desk, task)) is not None
    said = desk.admin("POST", f"tasks/{task}/expire", {"message": "too late"}).body
    assert said["expires"] == said["updated"]
    with pytest.raises(Expired, match="too late") as caught:
        desk.file(_url(desk, task))
    assert caught.value.status == 403


@pytest.mark.parametrize("provider", bundled())
def test_results_expire_after_the_documented_days(provider: str) -> None:
    desk = Desk(provider)
    operation = next(each for each in desk.provider.operations.values() if each.kind == "create")
    task = desk.create(operation.id, example(operation)).entry.task
    assert desk.provider.expiry.days == 30
    desk.admin("POST", f"tasks/{task}/succeed")
    name = f"{task}-0.{'mp4' if operation.lifecycle and operation.lifecycle.result == 'video' else 'png'}"
    desk.admin("POST", "clock/advance", {"seconds": 30 * DAY - 0.001})
    assert desk.mock.results.file(name) is not None
    desk.admin("POST", "clock/advance", {"seconds": 0.001})
    with pytest.raises(Expired, match="has expired"):
        desk.mock.results.file(name)


def test_results_of_a_document_without_days_are_kept() -> None:
    desk = Desk(loaded("tests/documents/tiny.yaml"), verify_answers=False)
    assert desk.provider.expiry.days is None


def test_a_reset_begins_the_session_anew_and_no_other() -> None:
    desk = Desk()
    fresh = desk.admin("GET", "clock").body
    first, other = desk.video(), desk.video(x_kling_session="other")
    desk.admin("POST", "scenarios", {"scenario": "fail"})
    desk.admin("POST", "faults", {"fault": "server.error", "operation": "listImageToVideos"})
    desk.admin("POST", "limits", {"per_second": 1000})
    desk.admin("POST", "clock", {"mode": "auto", "speed": 9, "now": fresh["now"] + 1})
    assert desk.admin("POST", "reset").status == 204
    assert desk.admin("GET", "clock").body == fresh
    assert desk.admin("GET", "tasks").body == {"tasks": []}
    assert desk.admin("GET", "requests").body == {"requests": [], "total": 0}
    assert desk.admin("GET", "faults").body["armed"] == []
    assert desk.admin("GET", "limits").body["per_second"] is None
    assert desk.admin("GET", "scenarios").body["default"]["scenario"] is None
    assert desk.video() == first
    assert desk.status(other) == "submitted"


def _state(desk: Desk) -> dict[str, Any]:
    opened = [each["state"] for each in desk.admin("GET", "availability").body["operations"]]
    scenarios = desk.admin("GET", "scenarios").body
    return {
        "requests": desk.admin("GET", "requests").body["total"],
        "tasks": len(desk.admin("GET", "tasks").body["tasks"]),
        "scenarios": (len(scenarios["armed"]), scenarios["default"]["scenario"]),
        "faults": len(desk.admin("GET", "faults").body["armed"]),
        "limits": desk.admin("GET", "limits").body["per_second"],
        "availability": opened.count("closed"),
    }


PARTS = ("requests", "tasks", "scenarios", "faults", "limits", "availability")


@functools.cache
def _one_desk() -> Desk:
    """Return the same desk each time, which has read every document by the second time."""
    return Desk()


@given(st.lists(st.sampled_from(PARTS), min_size=1, unique=True))
def test_a_narrow_reset_resets_exactly_what_it_says(parts: list[str]) -> None:
    desk = _one_desk()
    assert desk.admin("POST", "reset").status == 204
    fresh = _state(desk)
    desk.video()
    desk.admin("POST", "scenarios", {"scenario": "slow"})
    desk.admin("POST", "scenarios", {"scenario": "fail", "operation": CREATE})
    desk.admin("POST", "faults", {"fault": "server.error", "operation": CREATE})
    desk.admin("POST", "limits", {"per_second": 1000})
    desk.admin("POST", "availability", {"operation": CREATE, "state": "closed"})
    before = _state(desk)
    assert all(before[part] != fresh[part] for part in PARTS)
    assert desk.admin("POST", f"reset?only={','.join(parts)}").status == 204
    after = _state(desk)
    assert after == {part: (fresh if part in parts else before)[part] for part in PARTS}


def test_a_reset_of_what_there_is_not_resets_nothing() -> None:
    desk = Desk()
    desk.video()
    said = desk.admin("POST", "reset?only=tasks,request")
    assert (said.status, "did you mean 'requests'?" in said.error) == (400, True)
    assert len(desk.admin("GET", "tasks").body["tasks"]) == 1


def test_tasks_that_were_reset_do_not_come_back() -> None:
    desk = Desk()
    first = desk.video()
    desk.admin("POST", "reset?only=tasks")
    second = desk.video()
    assert first != second
    assert desk.get("getImageToVideo", first).status == 400
    assert desk.admin("POST", "clock/advance", {"seconds": 600}).body["events"] == 2


@pytest.mark.parametrize("name", bundled())
def test_documents_stand_alone(name: str) -> None:
    said = Desk().admin("GET", f"documents/{name}.json").body
    assert said["info"]["x-provider"]["name"] == name
    assert "common.yaml" not in json.dumps(said)


def test_admin_describes_itself_and_knows_no_other_document() -> None:
    desk = Desk()
    assert desk.admin("GET", "openapi.json").body == document()
    said = desk.admin("GET", "documents/klong.json")
    assert (said.status, said.accepted) == (404, "kling.json, anyapi.json, cometapi.json")
    assert desk.admin("GET", "documents/../admin.json").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "hint"),
    [
        ("GET", "clok", 404, "did you mean 'clock'?"),
        ("GET", "", 404, "admin has no"),
        ("GET", "tasks/1/explode", 404, "admin has no"),
        ("DELETE", "clock", 405, "DELETE"),
        ("GET", "events/x", 404, "admin has no"),
        ("POST", "events", 405, "stream"),
        ("OPTIONS", "clock", 405, "OPTIONS"),
    ],
)
def test_what_admin_has_not_is_said(method: str, path: str, status: int, hint: str) -> None:
    said = Desk().admin(method, path)
    assert said.status == status
    assert hint in said.error


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"seconds": NaN}',
        b'{"seconds": Infinity}',
        b'{"seconds": 1e999}',
        b'{"seconds": -1}',
        b'{"seconds": "10"}',
        b'{"seconds": true}',
        b'{"seconds": null}',
        b'{"seconds": 1e11}',
        b'{"seconds": 1, "minutes": 2}',
        b"{}",
        b"",
        b"[1]",
        b"[" * 100_000,
        b'{"seconds": ' + b"9" * 5000 + b"}",
        b'{"seconds": 1, "x": "' + b"a" * 2_000_000 + b'"}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_a_body_that_cannot_be_is_answered_with_what_can(body: bytes) -> None:
    desk = Desk()
    before = desk.admin("GET", "clock").body
    said = desk.admin("POST", "clock/advance", body)
    assert said.status == 400
    assert '"seconds": 0 to 10000000000' in said.accepted
    assert len(said.error) < 500
    assert desk.admin("GET", "clock").body == before


@given(
    st.sampled_from(["clock", "clock/advance", "scenarios", "faults", "limits", "availability", "requests/find"]),
    st.data(),
)
def test_no_body_breaks_admin(path: str, data: st.DataObject) -> None:
    names = st.sampled_from(
        ["mode", "now", "speed", "seconds", "scenario", "operation", "times", "fault", "body", "delay"]
    )
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner), max_leaves=6
    )
    said = Desk().admin("POST", path, data.draw(st.dictionaries(names, values, max_size=4) | values))
    assert said.status in (200, 400)


def test_time_ends_with_the_year_9999() -> None:
    desk = Desk()
    for _ in range(25):
        desk.admin("POST", "clock/advance", {"seconds": 1e10})
    said = desk.admin("POST", "clock/advance", {"seconds": 1e10})
    assert (said.status, "9999" in said.error) == (400, True)
    assert desk.admin("GET", "clock").body["now"] < 253_402_300_800_000


def test_head_is_a_get() -> None:
    assert Desk().admin("HEAD", "clock").status == 200


def test_admin_is_never_under_the_paths_of_a_provider() -> None:
    desk = Desk()
    for path in ("/p/kling/__admin/health", "/v1/__admin/health", "/__adminx", "/%5F_admin/health"):
        answer = desk.mock.answer(Exchange("GET", path, "", {"host": "localhost"}, b"", "http://localhost"))
        assert (answer.status, json.loads(answer.body)["code"]) == (404, 1203)


def test_a_session_by_key_is_named_by_a_digest() -> None:
    desk = Desk(session_by="key")
    body = example(desk.provider.operation(CREATE))
    first, second = (desk.create(CREATE, body, key=f"Bearer {key}") for key in ("sk-one", "sk-two"))
    named = desk.create(CREATE, body, key="Bearer sk-one", x_kling_session="a")
    digests = [hashlib.sha256(key).hexdigest()[:8] for key in (b"sk-one", b"sk-two")]
    assert [each.entry.session for each in (first, second, named)] == [*(f"key-{each}" for each in digests), "a"]
    assert "sk-one" not in json.dumps([each.headers for each in (first, second, named)])
    task = first.body["data"]["task_id"]
    asked = [desk.get("getImageToVideo", task, key=f"Bearer {key}").status for key in ("sk-one", "sk-two")]
    assert asked == [200, 400]


def test_the_tokens_of_one_access_key_share_a_session() -> None:
    desk = Desk(session_by="key")
    body = example(desk.provider.operation(CREATE))
    tokens = [sign("access", "secret", desk.clock.now() + n) for n in (0, 1)]
    assert tokens[0] != tokens[1]
    assert len({desk.create(CREATE, body, key=f"Bearer {token}").entry.session for token in tokens}) == 1
