"""What other threads and tasks are doing: working, or waiting for work.

A worker waits for work in a selector or a pool; what a queue gives is known by its mark, and not by this.
"""

from __future__ import annotations

import sys
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

Stack: TypeAlias = "list[FrameType]"  # the innermost frame first
LOOPS = "kling_contract.interception.loops"
# Where a thread waits for work, by module, and the functions in which one does work that was handed to it.
_WAITING = ("selectors", "concurrent.futures.thread", "multiprocessing.pool", "socketserver", LOOPS)
_WORKERS = {
    ("concurrent.futures.thread", "_worker"),
    ("multiprocessing.pool", "worker"),
    ("anyio._backends._asyncio", "run"),
    ("asyncio.events", "_run"),
    (LOOPS, "run_forever"),
}
_WAITING_TASKS = {("anyio.streams.memory", "receive")}


def stacks() -> dict[threading.Thread, Stack]:
    """Return what the other threads are doing."""
    others = [each for each in threading.enumerate() if each is not threading.current_thread()]
    frames = sys._current_frames() if others else {}
    return {each: _stack(frame) for each in others if (frame := frames.get(each.ident or 0)) is not None}


def _stack(frame: FrameType | None) -> Stack:
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def work(stack: Stack, before: Stack | None) -> FrameType | None:
    """Return the frame in which a thread does what it was given since `before`, or None if there is no such thing.

    `before` is None for a thread that was not there: all that it does is meant. Of one that was, it is what a pool gave
    it, or what came to it while it waited for work.
    """
    if is_waiting(stack):
        return None
    for inner, outer in pairwise(stack):
        if _named(outer) in _WORKERS:
            return inner if before is None or inner not in before else None
    if before is None:
        return stack[-1]
    return next((each for each in reversed(stack) if each not in before), None) if is_waiting(before) else None


def is_waiting(stack: Stack) -> bool:
    """Say whether a thread waits for work, or runs no Python of its own."""
    waiting = next((_named(each)[0] for each in stack if _named(each)[0] != "threading"), None)
    return waiting is None or waiting in _WAITING


def is_worker(thread: threading.Thread) -> bool:
    """Say whether a thread that is about to start will do what a pool gives it, for whoever gives that."""
    run = getattr(thread, "_target", None) or type(thread).run
    return (getattr(run, "__module__", ""), getattr(run, "__name__", "")) in _WORKERS


def waits(task: asyncio.Task[Any]) -> bool:
    """Say whether a task waits for work in what has no marks."""
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and _named(frame) in _WAITING_TASKS:
            return True
        awaited = getattr(awaited, "cr_await", None)
    return False


def _named(frame: FrameType) -> tuple[str, str]:
    return str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
