"""Ids of tasks, the callers' own ids of them, and lists."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from asking import Core, example, made, operations

from kling_contract.documents import bundled

CREATES = operations("create")
VIDEO = "createImageToVideo"


@pytest.mark.parametrize(("provider", "create"), CREATES)
def test_an_external_id_is_taken_once(provider: str, create: str) -> None:
    core = Core(provider)
    body = {**example(core.provider.operation(create)), "external_task_id": "mine"}
    assert core.create(create, body).status == 200
    again = core.create(create, body)
    del again.body["request_id"]
    assert (again.status, again.body) == (400, {"code": 1201, "message": "External_task_id mine already exists"})
    assert core.create(create, {**body, "external_task_id": "other"}).status == 200


def test_an_external_id_is_taken_for_all_families_of_a_provider() -> None:
    core = Core("kling")
    made(core, "createImageToVideo", external_task_id="mine")
    body = example(core.provider.operation("createImageExpansion"))
    answer = core.create("createImageExpansion", {**body, "external_task_id": "mine"})
    assert answer.body["message"] == "External_task_id mine already exists"


def test_an_empty_external_id_is_none() -> None:
    core = Core("kling")
    first, second = (made(core, external_task_id="") for _ in range(2))
    assert first != second
    assert core.get("getImageToVideo", first).body["data"]["task_info"] == {}


def test_a_refused_create_takes_no_external_id() -> None:
    core = Core("kling")
    assert core.create(VIDEO, {"external_task_id": "mine"}).status == 400
    made(core, external_task_id="mine")


EXTERNAL_IDS = ["mine", "a/b", "a b", "100%", "作业", "..", "?x=1", "#", "0" * 18, "a\nb", "'\"<>"]


@pytest.mark.parametrize("external", EXTERNAL_IDS)
def test_an_external_id_is_as_good_as_an_id_at_kling(external: str) -> None:
    core = Core("kling")
    task_id = made(core, external_task_id=external)
    shown = core.get("getImageToVideo", quote(external, safe=""))
    assert shown.status == 200
    assert shown.body["data"]["task_id"] == task_id
    assert shown.body["data"]["task_info"] == {"external_task_id": external}


def test_an_external_id_finds_no_task_of_another_family() -> None:
    core = Core("kling")
    task_id = made(core, external_task_id="mine")
    for asked in ("mine", task_id):
        assert core.get("getImageExpansion", asked).body["message"] == f"Task not found by id/external id: {asked}"


def test_an_external_id_is_no_id_where_it_is_not_documented() -> None:
    core = Core("anyapi")
    task_id = made(core, "createImageExpansion", external_task_id="mine")
    assert core.get("getImageExpansion", task_id).status == 200
    assert core.get("getImageExpansion", "mine").status == 400


@pytest.mark.parametrize("provider", bundled())
@pytest.mark.parametrize("asked", ["nope", "0", "9" * 400, "%00", "%ff", "a%2Fb", "$id", "%24message"])
def test_an_unknown_id_is_named_in_the_answer(provider: str, asked: str) -> None:
    core = Core(provider)
    answer = core.get("getImageExpansion", asked)
    assert answer.status == 400
    assert answer.body.keys() == {"code", "message", "request_id"}
    assert (answer.body["code"], answer.body["message"]) == (
        1201,
        f"Task not found by id/external id: {unquote(asked)}",
    )


def test_a_list_has_the_newest_first_and_thirty_a_page() -> None:
    core = Core("kling")
    ids = [made(core) for _ in range(65)][::-1]
    pages = [core.ask("GET", f"/v1/videos/image2video?pageNum={n}").body["data"] for n in (1, 2, 3, 4)]
    assert [[task["task_id"] for task in page] for page in pages] == [ids[:30], ids[30:60], ids[60:], []]
    sized = core.ask("GET", "/v1/videos/image2video?pageSize=500").body
    assert [task["task_id"] for task in sized["data"]] == ids
    assert (sized["code"], sized["message"]) == (0, "SUCCEED")
    assert sized["data"][0] == core.get("getImageToVideo", ids[0]).body["data"]


def test_a_list_is_of_one_family() -> None:
    core = Core("kling")
    video, image = made(core), made(core, "createImageExpansion")
    listed = [core.ask("GET", f"/v1/{path}").body["data"] for path in ("videos/image2video", "images/editing/expand")]
    assert [[task["task_id"] for task in tasks] for tasks in listed] == [[video], [image]]
    assert core.ask("GET", "/v1/images/multi-image2image").body["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        *("pageNum=0", "pageNum=1001", "pageNum=-1", "pageNum=one", "pageNum=", "pageNum=1e2", "pageNum=%00"),
        *("pageSize=0", "pageSize=501", "pageSize=1.5", "pageSize=NaN", "pageNum=1&pageSize=x"),
        "pageNum=" + "9" * 5000,
    ],
)
def test_a_page_out_of_range_is_refused(query: str) -> None:
    answer = Core("kling").ask("GET", f"/v1/videos/image2video?{query}")
    assert (answer.status, answer.body["code"]) == (400, 1201)


IN_RANGE = ["pageNum=1000", "pageSize=500", "pageSize=1", "x=1", "&&&", "=", "=x", "pageNum=1&pageNum=2"]


@pytest.mark.parametrize("query", IN_RANGE)
def test_a_page_in_range_is_answered(query: str) -> None:
    assert Core("kling").ask("GET", f"/v1/videos/image2video?{query}").body["data"] == []
