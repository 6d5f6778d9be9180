"""The whole way of a shot, from the order to the clip in the bucket. `kling` plays CometAPI."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from storyboard.studio import Studio

from kling_contract.testing import MockHandle

ORDER = {"drawing": "https://storyboard.example/drawings/7.png", "direction": "the tide comes in"}


def ordered(web: TestClient) -> str:
    """Return the path of a new shot."""
    answer = web.post("/shots", json=ORDER)
    assert answer.status_code == 201, answer.text
    return f"/shots/{answer.json()['id']}"


def test_a_drawing_becomes_a_clip(web: TestClient, kling: MockHandle, bucket: Any) -> None:
    shot = ordered(web)
    kling.callbacks.wait_for("succeed")
    shown = web.get(shot).json()
    assert shown["status"] == "stored"
    assert bucket.Object(shown["note"]).get()["Body"].read(12)[4:8] == b"ftyp"
    kling.assert_created("createImageToVideo", times=1, prompt="the tide comes in", duration="5", mode="std")


def test_the_moderator_says_why(web: TestClient, kling: MockHandle, bucket: Any) -> None:
    kling.next("createImageToVideo", scenario="fail")
    shot = ordered(web)
    kling.callbacks.wait_for("failed")
    shown = web.get(shot).json()
    assert (shown["status"], shown["note"]) == ("failed", "Failure to pass the risk control system")
    assert not list(bucket.objects.all())


@pytest.mark.parametrize("how", ["duplicated", "reordered", "late", "early", "slow"])
def test_a_clip_is_stored_once_however_callbacks_come(
    web: TestClient, kling: MockHandle, bucket: Any, how: str
) -> None:
    kling.next("createImageToVideo", callbacks=how)
    shot = ordered(web)
    kling.advance("1h")
    assert web.get(shot).json()["status"] == "stored"
    assert len(list(bucket.object_versions.all())) == 1


def test_a_lost_callback_is_made_up_for_by_the_sweep(web: TestClient, kling: MockHandle, studio: Studio) -> None:
    kling.next("createImageToVideo", callbacks="lost")
    shot = ordered(web)
    kling.advance("1h")
    assert web.get(shot).json()["status"] == "waiting"
    studio.settle()
    assert web.get(shot).json()["status"] == "stored"


def test_what_cannot_be_fetched_now_is_fetched_by_the_sweep(web: TestClient, kling: MockHandle, studio: Studio) -> None:
    kling.next("createImageToVideo", callbacks="terminal")
    kling.next("getImageToVideo", fault="server.unavailable")
    shot = ordered(web)
    kling.callbacks.wait_for("succeed")
    assert web.get(shot).json()["status"] == "waiting"
    studio.settle()
    assert web.get(shot).json()["status"] == "stored"


@pytest.mark.kling(clock="frozen")
def test_a_forged_callback_is_not_believed(web: TestClient, kling: MockHandle) -> None:
    shot = ordered(web)
    forged = {
        "task_id": kling.tasks[0].id,
        "task_status": "succeed",
        "task_result": {"videos": [{"url": "https://evil.example/clip.mp4"}]},
    }
    assert web.post("/hooks/kling", json=forged).status_code == 204
    assert web.get(shot).json()["status"] == "waiting"
    assert kling.requests("getImageToVideo").call_count == 1
    assert web.post("/hooks/kling", json={}).status_code == 400


@pytest.mark.parametrize("fault", ["rate.limit", "rate.concurrency"])
def test_an_order_waits_until_there_is_room(
    web: TestClient, kling: MockHandle, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("storyboard.comet.PAUSES", (0, 0))
    kling.next("createImageToVideo", fault=fault, times=2)
    ordered(web)
    assert [request.status for request in kling.requests("createImageToVideo")] == [429, 429, 200]


def test_an_order_does_not_wait_for_ever(web: TestClient, kling: MockHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storyboard.comet.PAUSES", (0, 0))
    kling.next("createImageToVideo", fault="rate.limit", times=3)
    answer = web.post("/shots", json=ORDER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert kling.tasks == []


def test_an_unpaid_account_is_not_asked_again(web: TestClient, kling: MockHandle) -> None:
    kling.next("createImageToVideo", fault="account.balance")
    answer = web.post("/shots", json=ORDER)
    assert (answer.status_code, answer.json()) == (502, {"error": "CometAPI: Account balance not enough"})
    assert kling.requests("createImageToVideo").call_count == 1


@pytest.mark.kling(strict=False)
def test_a_request_that_kling_does_not_take_is_the_callers_mistake(web: TestClient, kling: MockHandle) -> None:
    answer = web.post("/shots", json=ORDER | {"mode": "turbo"})
    assert answer.status_code == 422
    assert "'turbo'" in answer.json()["error"]
    (violation,) = kling.requests().last.violations
    assert (violation.rule, violation.pointer) == ("schema.enum", "/mode")
