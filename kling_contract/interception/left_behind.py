"""What goes on when the mock is over under which it was started: a thread that polls, a task that nobody awaited.

Such code asks for a test that is over. It is told from a worker that serves several tests by what it does at the end of
the first: a worker waits for work, in a queue, a selector or a pool; all else is left behind.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Where a thread waits for work, by module, and the functions in which one does work that was handed to it.
_WAITING = ("queue", "selectors", "concurrent.futures.thread", "socketserver")
_WORKERS = {("concurrent.futures.thread", "_worker"), ("anyio._backends._asyncio", "run")}
_WAITING_TASKS = {("asyncio.queues", "get"), ("anyio.streams.memory", "receive")}
_NOTE = "_kling_left_behind"  # the attribute of a thread that keeps its `_Left`


@dataclass(slots=True)
class _Mark:
    """What a task carries in its context; `left_by` is set once it is left behind."""

    left_by: str | None = None


class _Left(NamedTuple):
    """Whose a thread is as long as a frame of it is being run."""

    frame: FrameType
    left_by: str


_mark: ContextVar[_Mark | None] = ContextVar("started under a mock", default=None)


def left_by() -> str | None:
    """Return who left the code behind that is being run, and None if nobody did."""
    mark, left = _mark.get(), threading.current_thread().__dict__.get(_NOTE)
    if mark is None and left is None:
        return None
    in_a_task, in_a_loop = _place()
    # What a loop calls back has the context of whoever told it to, who may be a server that serves many.
    if mark is not None and mark.left_by is not None and (in_a_task or not in_a_loop):
        return mark.left_by
    # A task that began under a mock knows better than the thread of its loop, which may serve many too.
    if left is None or (in_a_task and mark is not None) or not _is_run(left.frame):
        return None
    return str(left.left_by)


def _place() -> tuple[bool, bool]:
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


class Watch:
    """The threads and tasks that are started in a `with watch.until_the_end(): ...`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], _Mark] = WeakKeyDictionary()

    def patches(self) -> Iterator[Patch]:
        """Yield those by which tasks are known, and by which no test hears how what another left behind died."""
        yield Patch(threading, "excepthook", _unless_refused(threading.excepthook))
        loops: list[Any] = [asyncio.BaseEventLoop]
        if (uvloop := sys.modules.get("uvloop")) is not None:
            loops.append(uvloop.Loop)
        for loop in loops:
            yield Patch(loop, "create_task", self._marking(loop.create_task))

    def _marking(self, create: Any) -> Any:
        def create_task(loop: Any, coroutine: Any, *, context: Any = None, **options: Any) -> Any:
            if context is not None:
                return create(loop, coroutine, context=context, **options)
            mark, context = _Mark(left_by()), copy_context()
            context.run(_mark.set, mark)
            task = create(loop, coroutine, context=context, **options)
            self._tasks[task] = mark
            return task

        return create_task

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Take note at the end of what is left behind."""
        before = set(threading.enumerate())
        try:
            yield
        finally:
            self._mark_tasks()
            self._mark_threads([each for each in threading.enumerate() if each not in before])

    def _mark_tasks(self) -> None:
        for task, mark in list(self._tasks.items()):
            if not task.done() and not _waits(task):
                mark.left_by = mark.left_by or self._name

    def _mark_threads(self, threads: list[threading.Thread]) -> None:
        if not threads:
            return
        frames = sys._current_frames()
        for thread in threads:
            frame = frames.get(thread.ident or 0)
            if frame is not None and thread is not threading.current_thread() and (work := _work(frame)) is not None:
                thread.__dict__.setdefault(_NOTE, _Left(work, self._name))


def _unless_refused(hook: Any) -> Any:
    """Return a hook for threads that die, which passes over those that were left behind and died of a refusal."""

    def excepthook(died: Any) -> None:
        if not _is_refusal(died.exc_value):
            hook(died)

    return excepthook


def _is_refusal(error: BaseException | None) -> bool:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if getattr(error, "left_by", None) is not None:
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False


def _waits(task: asyncio.Task[Any]) -> bool:
    """Say whether a task waits for work."""
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and _named(frame) in _WAITING_TASKS:
            return True
        awaited = getattr(awaited, "cr_await", None)
    return False


def _work(frame: FrameType) -> FrameType | None:
    """Return the frame in which a thread does what was left behind, or None if it waits for work, or runs no Python."""
    frames = [frame]
    while (outer := frames[-1].f_back) is not None:
        frames.append(outer)
    waiting = next((_named(each)[0] for each in frames if _named(each)[0] != "threading"), None)
    if waiting is None or waiting in _WAITING:
        return None
    for inner, outer in zip(reversed(frames[:-1]), reversed(frames[1:]), strict=True):
        if _named(outer) in _WORKERS:
            return inner
    return frames[-1]


def _named(frame: FrameType) -> tuple[str, str]:
    return str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
