"""A mocked asynchronous call lets others run, and can be cancelled, as one that waits for a network."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import httpx
import pytest

from kling_contract.testing import MockHandle, mock

VIDEOS = "https://api.cometapi.com/kling/v1/videos/image2video"
HEADERS = {"authorization": "Bearer sk-real"}
BODY = {"image": "https://example.com/cat.png"}


async def with_httpx(kling: MockHandle) -> None:
    async with httpx.AsyncClient(headers=HEADERS) as client:
        assert (await client.post(VIDEOS, json=BODY)).is_success


async def with_our_own(kling: MockHandle) -> None:
    await kling.async_client.create("createImageToVideo", **BODY)


both = pytest.mark.parametrize("ask", [with_httpx, with_our_own])


@both
def test_others_run_while_a_request_is_under_way(ask: Any) -> None:
    seen: list[str] = []

    async def asking(name: str, kling: MockHandle) -> None:
        seen.append(f"{name} asks")
        await ask(kling)
        seen.append(f"{name} is answered")

    async def story() -> None:
        with mock() as kling:
            await asyncio.gather(asking("one", kling), asking("other", kling))
            await kling.async_client.aclose()

    asyncio.run(story())
    assert seen == ["one asks", "other asks", "one is answered", "other is answered"]


@both
def test_a_request_can_be_cancelled_before_it_arrives(ask: Any) -> None:
    async def story() -> None:
        with mock() as kling:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await ask(kling)
            assert not kling.requests.called
            await kling.async_client.aclose()

    asyncio.run(story())


async def unclosed() -> None:
    assert (await httpx.AsyncClient(headers=HEADERS).post(VIDEOS, json=BODY)).is_success


class Turn:
    def __await__(self) -> Any:
        yield "a turn"


def test_a_loop_that_is_not_asyncios_gets_its_turn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trio, as much of it as we use: its task of the moment, and its checkpoint."""

    async def checkpoint() -> None:
        await Turn()

    trio = ModuleType("trio")
    trio.lowlevel = ModuleType("trio.lowlevel")  # type: ignore[attr-defined]
    trio.lowlevel.current_task, trio.lowlevel.checkpoint = object, checkpoint  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trio", trio)
    with mock() as kling:
        asked = unclosed()
        assert asked.send(None) == "a turn"
        assert not kling.requests.called
        with pytest.raises(StopIteration):
            asked.send(None)
        assert kling.requests.call_count == 1


def test_without_a_loop_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def current_task() -> None:
        raise RuntimeError("no task")

    trio = ModuleType("trio")
    trio.lowlevel = ModuleType("trio.lowlevel")  # type: ignore[attr-defined]
    trio.lowlevel.current_task = current_task  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trio", trio)
    with mock(), pytest.raises(StopIteration):
        unclosed().send(None)
