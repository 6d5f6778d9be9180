"""What the mock answers, provider by provider: envelopes, ids, times, and its promise to keep the document."""

from __future__ import annotations

import json
import re

import pytest
from asking import URL, Core, example, made, operations
from bridge import loaded

from kling_contract.contract import check_response
from mock_server.endpoints import Endpoints
from mock_server.promises import BrokenPromise

CREATES = operations("create")
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")
START = 1_790_000_000_000
VIDEO = "createImageToVideo"


def get_of(provider: str, create: str) -> str:
    said = loaded(provider)
    found = said.sibling(said.operation(create), "get")
    assert found is not None
    return found.id


@pytest.mark.parametrize(("provider", "create"), CREATES)
def test_a_task_lives_as_its_document_says(provider: str, create: str) -> None:
    core = Core(provider)
    lifecycle = core.provider.operation(create).lifecycle
    assert lifecycle is not None
    task_id, seen = made(core, create), []
    marks = [0.0]
    for transition in lifecycle.transitions:
        marks += [marks[-1] + transition.typical - 0.001, marks[-1] + transition.typical]
    for before, mark in zip([0.0, *marks], marks, strict=False):
        core.clock.sleep(mark - before)
        data = core.get(get_of(provider, create), task_id).body["data"]
        seen.append((data["task_status"], data["created_at"], data["updated_at"], "task_result" in data))
    first, second = (round(1000 * sum(t.typical for t in lifecycle.transitions[:n])) for n in (1, 2))
    rows = [("submitted", 0), ("submitted", 0), ("processing", first), ("processing", first), ("succeed", second)]
    assert [(status, created - START, updated - START) for status, created, updated, _ in seen] == [
        (status, 0, updated) for status, updated in rows
    ]


@pytest.mark.parametrize(("provider", "create"), CREATES)
def test_every_answer_is_what_the_document_promises(provider: str, create: str) -> None:
    core = Core(provider, verify_answers=False)
    said = core.provider
    answers = [(create, core.create(create, example(said.operation(create))))]
    get = get_of(provider, create)
    for _ in range(3):
        core.clock.sleep(100)
        answers.append((get, core.get(get, answers[0][1].body["data"]["task_id"])))
    refused = (core.create(create, {}), core.create(create, [], key=None))
    answers += [(get, core.get(get, "nope")), *((create, answer) for answer in refused)]
    listing = said.sibling(said.operation(create), "list")
    if listing is not None:
        answers.append((listing.id, core.ask("GET", listing.path)))
    assert [answer.status for _, answer in answers[:4]] == [200] * 4
    for operation, answer in answers:
        assert check_response(said.operation(operation), answer.status, answer.body) == []


def test_kling_answers_a_create_as_it_was_seen_to() -> None:
    core = Core("kling")
    answer = core.create(VIDEO, {"image": URL, "external_task_id": "mine"})
    request_id, data = answer.body.pop("request_id"), answer.body.pop("data")
    assert answer.body == {"code": 0, "message": "SUCCEED"}
    assert UUID.fullmatch(request_id)
    assert re.fullmatch("[0-9]{18}", data.pop("task_id"))
    assert data == {
        "task_status": "submitted",
        "task_info": {"external_task_id": "mine"},
        "created_at": START,
        "updated_at": START,
    }


def test_kling_shows_a_finished_video_as_it_was_seen_to() -> None:
    core = Core("kling")
    task_id = made(core, duration="10", model_name="kling-v2-6", image_tail=URL, mode="pro", sound="off")
    core.clock.sleep(164)
    answer = core.get("getImageToVideo", task_id)
    data = answer.body["data"]
    (video,) = data.pop("task_result").pop("videos")
    assert data == {
        "task_id": task_id,
        "task_status": "succeed",
        "task_status_msg": "",
        "task_info": {},
        "final_unit_deduction": "1.5",
        "created_at": START,
        "updated_at": START + 164_000,
    }
    assert video.pop("id") != task_id
    assert video == {"url": f"http://mock.test/__media/{task_id}-0.mp4", "duration": "10"}


def test_a_task_in_progress_has_an_empty_result() -> None:
    core = Core("kling")
    task_id = made(core)
    core.clock.sleep(10)
    assert core.get("getImageToVideo", task_id).body["data"] == {
        "task_id": task_id,
        "task_status": "processing",
        "task_info": {},
        "task_result": {},
        "created_at": START,
        "updated_at": START + 4000,
    }


def test_images_are_counted_from_nought_and_billed_one_by_one() -> None:
    core = Core("kling")
    task_id = made(core, "createImageExpansion", n=3)
    core.clock.sleep(32)
    data = core.get("getImageExpansion", task_id).body["data"]
    assert data["task_result"] == {
        "images": [{"index": n, "url": f"http://mock.test/__media/{task_id}-{n}.png"} for n in range(3)]
    }
    assert data["final_unit_deduction"] == "24"


def test_cometapi_makes_a_video_without_request_id_and_with_an_empty_task_info() -> None:
    answer = Core("cometapi").create(VIDEO, {"image": URL})
    task_id = answer.body["data"].pop("task_id")
    assert re.fullmatch("[0-9]{19}", task_id)
    assert answer.body == {
        "code": 0,
        "message": "success",
        "data": {"task_status": "submitted", "task_info": {}, "created_at": START, "updated_at": START},
    }


def test_cometapi_makes_images_with_request_id_and_without_task_info() -> None:
    core = Core("cometapi")
    for create in ("createMultiImageToImage", "createImageExpansion"):
        answer = core.create(create, example(core.provider.operation(create)))
        assert UUID.fullmatch(answer.body.pop("request_id"))
        assert answer.body.pop("data").keys() == {"task_id", "task_status", "created_at", "updated_at"}
        assert answer.body == {"code": 0, "message": "success"}


def test_public_url_is_the_origin_of_results() -> None:
    core = Core("kling", public_url="https://tunnel.example")
    task_id = made(core, "createImageExpansion")
    core.clock.sleep(32)
    (first, _) = core.get("getImageExpansion", task_id).body["data"]["task_result"]["images"]
    assert first["url"] == f"https://tunnel.example/__media/{task_id}-0.png"


def test_time_of_a_session_is_scaled() -> None:
    core = Core("kling", speed=60.0)
    task_id = made(core)
    core.clock.sleep(164 / 60 + 0.01)
    data = core.get("getImageToVideo", task_id).body["data"]
    assert (data["task_status"], data["updated_at"] - data["created_at"]) == ("succeed", 164_000)


@pytest.mark.parametrize("path", ["/v1/videos/image2video", "/v1/videos/image2video/nope"])
def test_an_answer_that_breaks_the_document_is_noticed(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core("kling")
    monkeypatch.setattr(Endpoints, "_list", lambda self, call: {"code": 0, "message": "SUCCEED", "data": "none"})
    row = core.provider.error("task.missing")
    monkeypatch.setattr(type(row.body), "render", lambda self, values: {"code": 1201})
    with pytest.raises(BrokenPromise, match=r"^(list|get)ImageToVideos?, (200|400): "):
        core.ask("GET", path)


def test_an_answer_is_json_without_spaces_and_ids_are_texts() -> None:
    core = Core("kling")
    answer = core.create(VIDEO, {"image": URL})
    assert isinstance(answer.body["data"]["task_id"], str)
    assert int(answer.body["data"]["task_id"]) > 2**53
    assert json.loads(json.dumps(answer.body)) == answer.body
