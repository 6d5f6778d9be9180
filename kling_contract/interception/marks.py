"""Who gave the work that is being done: what a piece of work carries while it waits, and while it is done."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_NOTE = "_kling_left_behind"  # the attribute of a thread that keeps its `Left`
_CALLED = "_kling_called"  # that which keeps the mark of what its loop calls


@dataclass(slots=True, weakref_slot=True, eq=False)
class Mark:
    """What a piece of work carries; `left_by` is set once it is left behind.

    One `given` through a queue counts for as long as whoever took it works at it; then `before` does again.
    """

    left_by: str | None = None
    given: bool = False
    before: Mark | None = None


class Left(NamedTuple):
    """Whose a thread is as long as a frame of it is being run; None for all its life."""

    frame: FrameType | None
    left_by: str


# Of a task, of a job in a pool, or of what a thread took out of a queue.
mark: ContextVar[Mark | None] = ContextVar("given under a mock", default=None)


def left_by() -> str | None:
    """Return who left the code behind that is being run, and None if nobody did."""
    mine, thread = mark.get(), threading.current_thread().__dict__
    if mine is None and _NOTE not in thread and _CALLED not in thread:
        return None
    in_a_task, in_a_loop = place()
    if in_a_loop and not in_a_task:
        # A callback's context is that of whoever told the loop to, who may be a server that serves many.
        mine = thread.get(_CALLED)
    # A piece of work knows better than the thread, which may serve many too.
    if mine is not None and (in_a_loop or mine.given or mine.left_by is not None):
        return mine.left_by
    return _of_a_thread(thread.get(_NOTE))


def _of_a_thread(left: Left | None) -> str | None:
    return left.left_by if left is not None and (left.frame is None or _is_run(left.frame)) else None


def place() -> tuple[bool, bool]:
    """Say whether a task is being run, and whether an event loop is."""
    try:
        return asyncio.current_task() is not None, True
    except RuntimeError:
        return False, False


def _is_run(frame: FrameType) -> bool:
    found: FrameType | None = sys._getframe()
    while found is not None and found is not frame:
        found = found.f_back
    return found is not None


def called() -> Mark | None:
    """Return the mark of what a loop of this thread calls at this moment."""
    found: Mark | None = threading.current_thread().__dict__.get(_CALLED)
    return found


def calling(mark: Mark, callback: Callable[..., object]) -> Callable[..., None]:
    """Return what a loop calls instead, so that `called()` is this mark meanwhile.

    Not by the context: a task that is woken by it would hand it on to all that it starts.
    """

    def call(*given: Any) -> None:
        thread = threading.current_thread().__dict__
        outer = thread.get(_CALLED)
        thread[_CALLED] = mark
        try:
            callback(*given)
        finally:
            del thread[_CALLED]
            if outer is not None:
                thread[_CALLED] = outer

    return call


def take(found: Mark) -> None:
    """Work at what was taken out of a queue."""
    found.before = mark.get()
    mark.set(found)


def put_down() -> None:
    """Work no longer at what was taken out of a queue."""
    mine = mark.get()
    if mine is not None and mine.given:
        mark.set(mine.before)


def note(thread: threading.Thread) -> Left | None:
    """Return what is known of a thread that was left behind."""
    found: Left | None = thread.__dict__.get(_NOTE)
    return found


def leave(thread: threading.Thread, frame: FrameType | None, left_by: str) -> None:
    """Note who left a thread behind, for as long as a frame of it is being run."""
    thread.__dict__[_NOTE] = Left(frame, left_by)
