"""The plugin in asynchronous tests: pytest-asyncio and anyio, beside synchronous ones of the same file."""

from __future__ import annotations

import pytest

from tests.e2e.suites import run

pytestmark = pytest.mark.usefixtures("small_films")

STORIES = """
    VIDEOS = my_app.BASE + "/kling/v1/videos/image2video"
    HOOK = "https://app.example.com/hook"

    @pytest.fixture
    def before():
        return httpx.AsyncClient(headers={"authorization": "Bearer x"})

    async def made(client, **fields):
        answer = await client.post(VIDEOS, json={"image": URL, **fields})
        return answer.json()["data"]["task_id"]

    async def status(client, task):
        return (await client.get(f"{VIDEOS}/{task}")).json()["data"]["task_status"]

    class Receiver:
        def __init__(self):
            self.statuses = []

        async def __call__(self, scope, receive, send):
            import json
            self.statuses.append(json.loads((await receive())["body"])["task_status"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    def test_a_synchronous_one(kling):
        assert my_app.make_video(URL)[4:8] == b"ftyp"
        kling.assert_created("createImageToVideo", times=1)

    @mark
    async def test_clients_made_before_and_after(before, kling):
        async with before, httpx.AsyncClient(headers={"authorization": "Bearer x"}) as after:
            for client in (before, after):
                assert await status(client, await made(client)) == "succeed"
        kling.assert_created("createImageToVideo", times=2)

    @mark
    @pytest.mark.kling(clock="frozen")
    async def test_time_and_callbacks(before, kling):
        receiver = Receiver()
        kling.callbacks.to(receiver)
        async with before as client:
            task = await made(client, callback_url=HOOK)
            assert await status(client, task) == "submitted"
            assert await kling.aadvance("10m") == 4
            assert await status(client, task) == "succeed"
        assert receiver.statuses == ["submitted", "processing", "succeed"]
        assert kling.callbacks.wait_for("succeed").task == task

    @mark
    async def test_time_goes_on_by_itself(before, kling):
        receiver = Receiver()
        kling.callbacks.to(receiver)
        async with before as client:
            await made(client, callback_url=HOOK)
        await kling.aadvance(0)
        assert kling.callbacks.wait_for("succeed").state == "delivered"

    @mark
    async def test_our_own_client(kling):
        async with kling.async_client as client:
            task = await client.videos.image_to_video(image=URL)
            assert (await task.wait()).status == "succeed"

    @mark
    async def test_strict(before, kling):
        async with before as client:
            await client.post(VIDEOS, json={"image": URL, "mode": "turbo"})

    @mark
    @pytest.mark.kling(clock="frozen")
    async def test_over_a_port(kling_server):
        import aiohttp

        async with aiohttp.ClientSession(headers={"authorization": "Bearer x"}) as session:
            url = kling_server.url + "/kling/v1/videos/image2video"
            async with session.post(url, json={"image": URL}) as answer:
                task = (await answer.json())["data"]["task_id"]
            assert await kling_server.aadvance("10m") == 2
            async with session.get(f"{url}/{task}") as answer:
                assert (await answer.json())["data"]["task_status"] == "succeed"
        async with kling_server.async_client as client:
            assert (await client.get("createImageToVideo", task)).status == "succeed"
"""


def passed_but_for_the_strict_one(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=7, errors=1)
    result.stdout.fnmatch_lines(
        [
            "* ERROR at teardown of test_strict*",
            "test_app.py:*: POST /kling/v1/videos/image2video was answered 400",
            "*schema.enum: /mode: *",
        ]
    )


def test_pytest_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    result = run(pytester, "    mark = pytest.mark.asyncio\n" + STORIES, plugins=("asyncio",))
    passed_but_for_the_strict_one(result)


def test_anyio(pytester: pytest.Pytester) -> None:
    backend = """
    mark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""
    result = run(pytester, backend + STORIES, plugins=("anyio",))
    passed_but_for_the_strict_one(result)
