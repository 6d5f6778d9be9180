"""A handle that begins anew: what is gone, what stays, and that it is as the test wanted it again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kling_contract.testing import MockHandle, mock
from kling_contract.testing.bench import Bench
from kling_contract.testing.server import Serving
from mock_server.admin.places import PARTS

URL = "https://example.com/cat.png"
VIDEOS = "/kling/v1/videos/image2video"
EXPAND = "/kling/v1/images/editing/expand"
HEADERS = {"authorization": "Bearer sk-real"}


@contextlib.contextmanager
def on_a_bench(**options: Any) -> Iterator[MockHandle]:
    bench = Bench()
    with contextlib.closing(bench), bench.handle(**options) as kling:
        yield kling


@contextlib.contextmanager
def on_a_port(**options: Any) -> Iterator[MockHandle]:
    serving = Serving()
    serving.start()
    try:
        with serving.handle(**options) as kling:
            yield kling
    finally:
        serving.stop()


everywhere = pytest.mark.parametrize("opened", [mock, on_a_bench, on_a_port])


def post(kling: MockHandle, path: str = VIDEOS, **fields: Any) -> httpx.Response:
    url = kling.url if kling.url.startswith("http://127") else "https://api.cometapi.com"
    return httpx.post(url + path, json={"image": URL, **fields}, headers=HEADERS)


@everywhere
def test_what_was_before_is_gone(opened: Any) -> None:
    with opened() as kling:
        task = kling.client.videos.image_to_video(image=URL)
        post(kling, mode="turbo")
        kling.next("createImageToVideo", scenario="fail")
        kling.next("createImageToVideo", fault="rate.limit", times=None)
        kling.open("createImageExpansion")
        assert kling.wrong() is not None
        kling.reset()
        assert (kling.tasks, list(kling.requests), list(kling.callbacks), kling.wrong()) == ([], [], [], None)
        assert post(kling, EXPAND).status_code == 404
        again = kling.client.videos.image_to_video(image=URL)
        assert (again.id, again.wait().status) == (task.id, "succeed")
        kling.assert_created("createImageToVideo", times=1)


@everywhere
def test_it_is_as_the_test_wanted_it(opened: Any) -> None:
    with opened(clock="frozen", seed=7) as kling:
        client = kling.client
        begun = kling.session.clock.now()
        client.videos.image_to_video(image=URL)
        kling.advance("1h")
        kling.reset()
        assert (kling.seed, kling.session.clock.mode, kling.session.clock.now()) == (7, "frozen", begun)
        task = client.videos.image_to_video(image=URL)
        assert task.refresh().status == "submitted"
        assert task.wait().status == "succeed"
        assert kling.tasks[0].status == "succeed"


@everywhere
def test_polls_are_as_the_marker_said(opened: Any) -> None:
    with opened(polls=3) as kling:
        for only in (None, "scenarios", ["tasks", "scenarios"]):
            kling.next("createImageToVideo", polls=1, times=None)
            kling.reset(only)
            task = kling.client.videos.image_to_video(image=URL)
            assert [task.refresh().status for _ in range(3)] == ["submitted", "processing", "succeed"]


@everywhere
def test_parts_alone(opened: Any) -> None:
    with opened() as kling:
        kling.open("createImageExpansion")
        kling.client.videos.image_to_video(image=URL)
        post(kling, mode="turbo")
        kling.reset(only="faults")
        assert kling.wrong() is not None
        kling.reset(only="requests")
        assert (len(kling.tasks), len(kling.requests), kling.wrong()) == (1, 0, None)
        kling.reset(only=["tasks"])
        assert kling.tasks == []
        assert post(kling, EXPAND).status_code == 400
        kling.reset(only="availability, requests")
        assert post(kling, EXPAND).status_code == 404


@pytest.mark.parametrize("only", ["taskz", ["tasks", "requets"], "tasks,", [], ""])
def test_a_part_there_is_not_is_one_line_and_resets_nothing(only: Any) -> None:
    with mock() as kling:
        post(kling)
        with pytest.raises(ValueError, match=f"^reset\\(\\) has .*accepted: {', '.join(PARTS)}$"):
            kling.reset(only)
        assert (len(kling.tasks), len(kling.requests)) == (1, 1)


def test_what_was_refused_is_forgotten_with_the_requests() -> None:
    with mock() as kling:
        with pytest.raises(OSError, match="kling_server"):
            socket.getaddrinfo("api.cometapi.com", 443)
        kling.reset(only="tasks")
        assert kling.refusals
        kling.reset(only="requests")
        kling.assert_kept()


def test_callbacks_go_where_they_went() -> None:
    statuses: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        statuses.append((await receive())["body"].decode())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def story() -> None:
        with mock(clock="frozen") as kling:
            kling.callbacks.to(app)
            kling.reset()
            async with kling.async_client as client:
                task = await client.videos.image_to_video(image=URL, callback_url="https://app.example.com/hook")
                await kling.aadvance("10m")
                assert (await task.wait()).status == "succeed"
            assert kling.callbacks.wait_for("succeed").task == task.id

    asyncio.run(story())
    assert len(statuses) == 3
