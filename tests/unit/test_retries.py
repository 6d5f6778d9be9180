from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fakes import BUSY, ID, MISSING, PICTOR, URL, Clock, Script, async_client, client, refused, task

from kling_contract import Task, errors

VIDEO: dict[str, Any] = {"image": URL, "model_name": "kling-v2-6"}
REFUSED = httpx.ConnectError("connection refused")
LOST = [
    httpx.ReadTimeout("too slow"),
    httpx.RemoteProtocolError("server disconnected"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.WriteTimeout("stuck"),
]
lost = pytest.mark.parametrize("cause", LOST, ids=[type(each).__name__ for each in LOST])


def create(script: Script, clock: Clock | None = None, retries: int = 2, **fields: Any) -> Task:
    with client(script, clock=clock or Clock(), retries=retries) as kling:
        return kling.videos.image_to_video(**VIDEO, **fields)


def fails(script: Script, kind: type[errors.KlingError], **more: Any) -> errors.KlingError:
    with pytest.raises(kind) as caught:
        create(script, **more)
    assert type(caught.value) is kind
    assert script.answers == []
    return caught.value


def posts(script: Script) -> int:
    return sum(method == "POST" for method, _ in script.sent)


@pytest.mark.parametrize("cause", [REFUSED, httpx.ConnectTimeout("nobody there")])
def test_a_refused_connection_is_tried_again(cause: Exception) -> None:
    clock, script = Clock(), Script(cause, cause, task())
    assert create(script, clock).id == ID
    assert clock.slept == [1, 2]
    assert script.requests[0].content == script.requests[2].content


def test_and_given_up_after_the_retries() -> None:
    assert "refused" in str(fails(Script(REFUSED, REFUSED, REFUSED), errors.ConnectionLost))
    fails(Script(REFUSED), errors.ConnectionLost, retries=0)


@pytest.mark.parametrize("row", [(429, 1302), (429, 1303), (503, 5001)])
def test_a_row_that_says_so_is_tried_again(row: tuple[int, int]) -> None:
    script = Script(refused(*row, "later"), task())
    assert create(script).id == ID
    assert posts(script) == 2


NEVER = [
    refused(401, 1002, "no"),
    refused(429, 1102, "Account balance not enough"),
    refused(400, 1201, "no"),
    refused(400, 1301, "no"),
    refused(500, 5000, "no"),
    refused(504, 5002, "no"),
    refused(504, 5001, "no"),
    refused(429, None, "busy"),
    httpx.Response(502, text="<html>bad gateway</html>"),
    httpx.Response(200, text="{"),
    httpx.Response(200, json={"code": 0, "data": {"task_id": "", "task_status": "submitted"}}),
]


@pytest.mark.parametrize("answer", NEVER)
@pytest.mark.parametrize("external", [None, "job-1"])
def test_any_other_answer_to_a_post_is_never_followed_by_another(answer: httpx.Response, external: str | None) -> None:
    script = Script(answer)
    with pytest.raises(errors.APIError):
        create(script, external_task_id=external)
    assert posts(script) == 1


@lost
def test_a_lost_answer_is_never_followed_by_another_post(cause: Exception) -> None:
    script = Script(cause)
    failure = fails(script, errors.ConnectionLost)
    assert failure.__cause__ is cause
    assert posts(script) == 1


@lost
def test_with_an_external_id_a_lost_answer_is_looked_up(cause: Exception) -> None:
    script = Script(cause, task("processing", task_info={"external_task_id": "job-1"}))
    made = create(script, external_task_id="job-1")
    assert (made.id, made.status, made.external_task_id) == (ID, "processing", "job-1")
    assert script.sent == [("POST", "/v1/videos/image2video"), ("GET", "/v1/videos/image2video/job-1")]


def test_a_lookup_that_finds_nothing_allows_one_more_post() -> None:
    script = Script(LOST[0], MISSING, task())
    assert create(script, external_task_id="job-1").id == ID
    assert [method for method, _ in script.sent] == ["POST", "GET", "POST"]


def test_but_not_a_third() -> None:
    script = Script(LOST[0], MISSING, LOST[1], MISSING)
    failure = fails(script, errors.ConnectionLost, retries=5, external_task_id="job-1")
    assert failure.__cause__ is LOST[1]
    assert posts(script) == 2


def test_nor_any_without_retries() -> None:
    script = Script(LOST[0], MISSING)
    fails(script, errors.ConnectionLost, retries=0, external_task_id="job-1")
    assert posts(script) == 1


def test_a_duplicate_after_a_lost_answer_is_the_task_itself() -> None:
    duplicate = refused(400, 1201, "External_task_id job-1 already exists")
    script = Script(LOST[0], MISSING, duplicate, task("submitted"))
    made = create(script, external_task_id="job-1")
    assert (made.id, made.external_task_id) == (ID, "job-1")
    assert posts(script) == 2


def test_a_duplicate_at_first_is_an_error() -> None:
    fails(
        Script(refused(400, 1201, "External_task_id job-1 already exists")),
        errors.RequestError,
        external_task_id="job-1",
    )


def test_a_lookup_that_fails_allows_nothing() -> None:
    script = Script(LOST[0], REFUSED, REFUSED, REFUSED)
    failure = fails(script, errors.ConnectionLost, external_task_id="job-1")
    assert failure.__cause__ is LOST[0]
    assert "could not be looked up" in failure.__notes__[0]
    assert posts(script) == 1


def test_where_no_lookup_is_documented_a_lost_answer_is_an_error() -> None:
    script = Script(LOST[0])
    ratios: dict[str, Any] = {f"{side}_expansion_ratio": 0 for side in ("up", "down", "left", "right")}
    with client(script, "anyapi") as kling, pytest.raises(errors.ConnectionLost) as caught:
        kling.images.expand(image=URL, n=1, external_task_id="job-1", **ratios)
    assert "no way to look" in caught.value.__notes__[0]


def test_where_duplicates_are_not_refused_nothing_is_sent_again() -> None:
    empty = httpx.Response(200, json={"result": {"jobs": []}})
    script = Script(LOST[0], empty)
    pictor = client(script, PICTOR, api_key=None, access_key="a", secret_key="s")
    operation = pictor.provider.operations["createUpscale"]
    steps = pictor._talk._submit(operation, b"{}", "job-1")
    with pytest.raises(errors.ConnectionLost):
        pictor._run(steps)
    assert [method for method, _ in script.sent] == ["POST", "GET"]


@pytest.mark.parametrize("cause", [*LOST, REFUSED, refused(500, 5000, "x"), refused(504, 5002, "x"), BUSY])
def test_a_get_is_tried_again_after_what_may_pass(cause: Any) -> None:
    clock, script = Clock(), Script(cause, cause, task())
    with client(script, clock=clock) as kling:
        assert kling.get("getImageToVideo", ID).id == ID
    assert clock.slept == [1, 2]


def test_a_get_is_given_up_after_the_retries() -> None:
    script = Script(*[refused(502, None, "bad gateway")] * 3)
    with client(script) as kling, pytest.raises(errors.ServerError):
        kling.get("getImageToVideo", ID)
    assert len(script.requests) == 3


@pytest.mark.parametrize("answer", [NEVER[0], NEVER[1], NEVER[2], MISSING, refused(404, 1203, "x")])
def test_a_get_is_not_tried_again_after_what_will_not_pass(answer: httpx.Response) -> None:
    script = Script(answer)
    with client(script) as kling, pytest.raises(errors.APIError):
        kling.get("getImageToVideo", ID)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("Mon, 21 Sep 2026 14:13:50 GMT", 30), ("Mon, 21 Sep 2020 00:00:00 GMT", 0), ("soon", 1)],
)
def test_the_provider_says_how_long_to_wait(header: str, seconds: float) -> None:
    clock = Clock(1_790_000_000)
    create(Script(refused(429, 1302, "x", **{"Retry-After": header}), task()), clock)
    assert clock.slept == [seconds]


def test_a_wait_that_is_too_long_is_the_callers_choice() -> None:
    failure = fails(Script(refused(429, 1302, "x", **{"Retry-After": "3600"})), errors.RateLimitError)
    assert isinstance(failure, errors.RateLimitError)
    assert failure.retry_after == 3600


def test_the_asynchronous_twin_retries_alike() -> None:
    clock, script = Clock(), Script(REFUSED, BUSY, task())

    async def story() -> None:
        async with async_client(script, clock=clock) as kling:
            await kling.videos.image_to_video(**VIDEO)

    asyncio.run(story())
    assert clock.slept == [1, 2]
    assert posts(script) == 3
