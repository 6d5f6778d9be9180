"""What admin arms in a session: scenarios, faults, limits, and which routes are served."""

from __future__ import annotations

from typing import Any

import pytest
from asking import example
from desk import Desk

CREATE = "createImageToVideo"


def test_a_scenario_is_armed_for_the_next_creates_of_an_operation() -> None:
    desk = Desk()
    said = desk.admin("POST", "scenarios", {"operation": CREATE, "scenario": "fail", "times": 2}).body
    assert (said["operation"], said["scenario"], said["times"]) == (CREATE, "fail", 2)
    assert [each["scenario"] for each in desk.admin("GET", "scenarios").body["armed"]] == ["fail"]
    made = [desk.video() for _ in range(3)]
    desk.admin("POST", "clock/advance", {"seconds": 600})
    assert [desk.status(each) for each in made] == ["failed", "failed", "succeed"]
    assert desk.admin("GET", "scenarios").body["armed"] == []


def test_a_scenario_without_operation_and_times_is_the_default_of_the_session() -> None:
    desk = Desk()
    assert desk.admin("POST", "scenarios", {"scenario": "fail", "times": None}).body["default"]["scenario"] == "fail"
    made = [desk.video() for _ in range(3)]
    other = desk.video(x_kling_session="other")
    desk.admin("POST", "clock/advance", {"seconds": 600})
    desk.admin("POST", "clock/advance", {"seconds": 600}, session="other")
    assert {desk.status(each) for each in made} == {"failed"}
    assert desk.status(other) == "succeed"
    assert desk.admin("DELETE", "scenarios").body == {"disarmed": 0}
    assert desk.admin("GET", "scenarios").body["default"]["scenario"] is None


def test_timing_is_armed_too() -> None:
    desk = Desk()
    desk.admin("POST", "scenarios", {"operation": CREATE, "delay": [1, 4]})
    task = desk.video()
    created, *steps = (step["at"] for step in desk.admin("GET", f"tasks/{task}").body["steps"])
    assert [at - created for at in steps] == [1000, 5000]


def test_scenarios_are_disarmed() -> None:
    desk = Desk()
    desk.admin("POST", "scenarios", {"operation": CREATE, "scenario": "fail"})
    assert desk.admin("DELETE", "scenarios").body == {"disarmed": 1}
    desk.video()
    assert desk.admin("GET", "tasks").body["tasks"][0]["scenario"] == "succeed"


@pytest.mark.parametrize(
    ("body", "error", "accepted"),
    [
        ({"scenario": "fial"}, "did you mean 'fail'?", "succeed, fail, fail-late, slow, stuck"),
        ({"scenario": "fail", "operation": "createImageToVide"}, "did you mean 'createImageToVideo'?", CREATE),
        ({"scenario": "fail", "operation": "getImageToVideo"}, "creates no task", ""),
        ({"scenarios": "fail"}, "did you mean 'scenario'?", '"scenario": a name'),
        ({"scenario": "fail", "times": 0}, "$.times", "1 or more"),
        ({"scenario": "fail", "times": "2"}, "$.times", ""),
        ({"scenario": "fail", "times": True}, "$.times", ""),
        ({"scenario": 3}, "$.scenario", ""),
        ({"scenario": "fail", "polls": 0}, "$.polls", "1 to 1000"),
        ({"scenario": "fail", "pace": "fast"}, "$.pace", "least|typical|most|spread"),
        ({"scenario": "fail", "delay": -1}, "$.delay", ""),
        ({"scenario": "fail", "probability": 1.5}, "$.probability", ""),
        ({}, "nothing is asked for", "scenario"),
        ([], "Expected `object`, got `array`", ""),
    ],
)
def test_a_scenario_that_cannot_be_armed_is_explained(body: Any, error: str, accepted: str) -> None:
    said = Desk().admin("POST", "scenarios", body)
    assert said.status == 400
    assert error in said.error
    assert accepted in said.accepted


def test_a_fault_is_armed_and_disarmed() -> None:
    desk = Desk()
    known = {each["name"] for each in desk.admin("GET", "faults").body["faults"]}
    assert {"rate.limit", "reset-after", "server.error"} <= known
    said = desk.admin("POST", "faults", {"operation": CREATE, "fault": "rate.limit", "times": 1}).body
    assert said == {"operation": CREATE, "fault": "rate.limit", "times": 1, "probability": 1.0}
    answers = [desk.create(CREATE, example(desk.provider.operation(CREATE))).status for _ in range(2)]
    assert answers == [429, 200]
    desk.admin("POST", "faults", {"fault": "server.error", "times": None})
    assert desk.admin("DELETE", "faults").body == {"disarmed": 1}
    assert desk.status(desk.video()) == "submitted"
    wrong = desk.admin("POST", "faults", {"fault": "rate.limt"})
    assert (wrong.status, "did you mean 'rate.limit'?" in wrong.error) == (400, True)
    assert "fault" in desk.admin("POST", "faults", {}).error


def test_limits_are_set_lifted_and_left() -> None:
    desk = Desk()
    assert desk.admin("GET", "limits").body == {"tasks": None, "balance": None, "per_second": None}
    desk.admin("POST", "limits", {"tasks": {"video": 1}, "balance": 100})
    first = desk.video()
    refused = desk.create(CREATE, example(desk.provider.operation(CREATE)))
    assert (refused.status, refused.body["code"]) == (429, 1303)
    desk.admin("POST", f"tasks/{first}/fail")
    assert desk.status(desk.video()) == "submitted"
    said = desk.admin("POST", "limits", {"tasks": None}).body
    assert said == {"tasks": None, "balance": 100.0, "per_second": None}
    assert desk.admin("POST", "limits", {"tasks": {"audio": 1}}).status == 400


def test_a_route_is_opened_and_closed_in_one_session() -> None:
    desk = Desk("cometapi", opened=frozenset())
    create = "createImageExpansion"
    body = example(desk.provider.operation(create))
    assert desk.create(create, body).status == 404
    desk.admin("POST", "availability", {"operation": create, "state": "open"})
    assert desk.create(create, body).status == 200
    assert desk.create(create, body, x_kling_session="other").status == 404
    desk.admin("POST", "availability", {"operation": CREATE, "state": "closed"})
    closed = desk.create(CREATE, example(desk.provider.operation(CREATE)))
    assert (closed.status, closed.body) == (404, {"code": None, "message": "404"})
    states = {each["operation"]: each["state"] for each in desk.admin("GET", "availability").body["operations"]}
    assert (states[create], states[CREATE]) == ("open", "closed")


def test_a_provider_that_closes_no_route_answers_as_if_it_were_unknown() -> None:
    desk = Desk("kling")
    desk.admin("POST", "availability", {"operation": CREATE, "state": "closed"})
    closed = desk.create(CREATE, example(desk.provider.operation(CREATE)))
    assert (closed.status, closed.body["code"]) == (404, 1203)
    wrong = desk.admin("POST", "availability", {"operation": CREATE, "state": "shut"})
    assert (wrong.status, "open|closed" in wrong.accepted) == (400, True)
