"""What the mock raises instead of an answer fails the test, even if the code under test swallows it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx
import pytest
import requests

from kling_contract.testing import MockHandle, mock

URL = "https://example.com/cat.png"
VIDEOS = "https://api.cometapi.com/kling/v1/videos/image2video"
HEADERS = {"authorization": "Bearer sk-real"}


def boom(exchange: Any) -> Any:
    raise LookupError("no such row")


def with_httpx(kling: MockHandle) -> None:
    httpx.post(VIDEOS, json={"image": URL}, headers=HEADERS)


def with_requests(kling: MockHandle) -> None:
    requests.post(VIDEOS, json={"image": URL}, headers=HEADERS)


def with_our_own(kling: MockHandle) -> None:
    kling.client.videos.image_to_video(image=URL)


def in_a_loop(kling: MockHandle) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient(headers=HEADERS) as client:
            await client.post(VIDEOS, json={"image": URL})

    asyncio.run(ask())


def with_our_own_in_a_loop(kling: MockHandle) -> None:
    async def ask() -> None:
        async with kling.async_client as client:
            await client.videos.image_to_video(image=URL)

    asyncio.run(ask())


ASKING = [with_httpx, with_requests, with_our_own, in_a_loop, with_our_own_in_a_loop]


@pytest.mark.parametrize("ask", ASKING)
def test_what_the_mock_raises_is_told_though_it_was_swallowed(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with mock() as kling:
        monkeypatch.setattr(kling._mock, "answer", boom)
        with contextlib.suppress(Exception):
            ask(kling)
        wrong = kling.wrong()
    assert wrong is not None
    title, told = wrong.split("\n\n")
    assert title == "the mock itself failed, which is no fault of the code under test:"
    assert told.startswith("a request: POST /kling/v1/videos/image2video raised LookupError: no such row\n  in ")
    assert "test_testing_crashes.py:" in told


def test_an_answer_of_the_mock_that_is_its_own_failure_is_told() -> None:
    with mock() as kling:
        with_httpx(kling)
        assert kling.wrong() is None
        (entry,) = kling.session.journal.entries
        entry.answered(500, b'{"error": {"message": "unforeseen"}}', "application/json")
        wrong = kling.wrong()
    assert wrong is not None
    assert "POST /kling/v1/videos/image2video was answered 500" in wrong
    assert '{"error": {"message": "unforeseen"}}' in wrong


@pytest.mark.parametrize("fault", ["server.error", "html", "gateway=502"])
def test_a_failure_that_the_test_wanted_is_none(fault: str) -> None:
    with mock() as kling:
        with contextlib.suppress(ValueError):
            kling.next("createImageToVideo", fault=fault)
        with_httpx(kling)
        assert kling.wrong() is None


def test_what_an_application_raises_is_a_hint() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise LookupError("no such clip")

    with mock() as kling:
        kling.callbacks.to(app)
        answer = httpx.post(VIDEOS, json={"image": URL, "callback_url": "https://app.example.com"}, headers=HEADERS)
        with pytest.raises(LookupError, match="no such clip"):
            httpx.get(f"{VIDEOS}/{answer.json()['data']['task_id']}", headers=HEADERS)
        assert kling.wrong() is None
        assert kling.unheard == ["LookupError: no such clip"]
