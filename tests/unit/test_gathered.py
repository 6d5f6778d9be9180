"""One system call for an answer's head and body."""

from __future__ import annotations

import asyncio
import ctypes
from typing import TYPE_CHECKING, Any, cast

from mock_server.memory import keep_large_blocks
from mock_server.wire import Gathered

if TYPE_CHECKING:
    import pytest


class Recorder:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("close")

    def is_closing(self) -> bool:
        return "close" in self.calls

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def gathered(recorder: Recorder) -> Gathered:
    return Gathered(cast("asyncio.Transport", recorder), asyncio.get_running_loop())


def test_what_is_written_in_one_turn_goes_out_at_once() -> None:
    async def run() -> list[Any]:
        recorder = Recorder()
        transport = gathered(recorder)
        transport.write(b"head ")
        transport.write(b"body")
        assert recorder.calls == []
        await asyncio.sleep(0)
        transport.write(b"next")
        await asyncio.sleep(0)
        return recorder.calls

    assert asyncio.run(run()) == [b"head body", b"next"]


def test_nothing_is_lost_by_closing() -> None:
    async def run() -> list[Any]:
        recorder = Recorder()
        transport = gathered(recorder)
        transport.write(b"last words")
        transport.close()
        assert transport.is_closing()
        await asyncio.sleep(0)
        return recorder.calls

    assert asyncio.run(run()) == [b"last words", "close"]


def test_all_else_is_the_transports() -> None:
    async def run() -> str:
        return str(gathered(Recorder()).get_extra_info("peername"))

    assert asyncio.run(run()) == "the peername"


def test_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Glibc:
        def mallopt(self, option: int, value: int) -> None:
            asked.append((option, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Glibc())
    keep_large_blocks()
    assert [option for option, _ in asked] == [-1, -3]
    assert all(value >= 14 * 2**20 for _, value in asked)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_large_blocks()
    assert len(asked) == 2
