"""What goes on when the mock is over under which it was started: a thread that polls, a task that nobody awaited.

Such code asks for a test that is over. It is told from a worker that serves several tests by what it does at the end of
the first: a worker waits for work, in a queue, a selector or a pool; all else is left behind.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from types import FrameType

_Stack: TypeAlias = "list[FrameType]"  # the innermost frame first
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
    """Whose a thread is as long as a frame of it is being run; None for all its life."""

    frame: FrameType | None
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
    if left is None or (in_a_task and mark is not None):
        return None
    if left.frame is not None and not _is_run(left.frame):
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
        self._jobs: WeakKeyDictionary[Future[Any], _Mark] = WeakKeyDictionary()

    def patches(self) -> Iterator[Patch]:
        """Yield those by which tasks are known, and by which no test hears how what another left behind died."""
        yield Patch(threading, "excepthook", _unless_refused(threading.excepthook))
        yield Patch(threading.Thread, "start", _inheriting(threading.Thread.start))
        yield Patch(ThreadPoolExecutor, "submit", self._submitting(ThreadPoolExecutor.submit))
        loops: list[Any] = [asyncio.BaseEventLoop]
        if (uvloop := sys.modules.get("uvloop")) is not None:
            loops.append(uvloop.Loop)
        for loop in loops:
            yield Patch(loop, "create_task", self._marking(loop.create_task))

    def _marking(self, create: Any) -> Any:
        def create_task(loop: Any, coroutine: Any, **options: Any) -> Any:
            if options.get("context") is not None:
                return create(loop, coroutine, **options)
            # The task copies this context, in which the mark is for that long: a factory need not take another one.
            mark = _Mark(left_by())
            before = _mark.set(mark)
            try:
                task = create(loop, coroutine, **options)
            finally:
                _mark.reset(before)
            self._tasks[task] = mark
            return task

        return create_task

    def _submitting(self, submit: Any) -> Any:
        def marked(executor: ThreadPoolExecutor, job: Any, /, *given: Any, **named: Any) -> Any:
            mark = _Mark(left_by())

            def run(*given: Any, **named: Any) -> Any:
                before = _mark.set(mark)
                try:
                    return job(*given, **named)
                finally:
                    _mark.reset(before)

            future = submit(executor, run, *given, **named)
            self._jobs[future] = mark
            return future

        return marked

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Take note at the end of what is left behind."""
        before = _stacks()
        try:
            yield
        finally:
            self._mark_tasks()
            self._mark_jobs()
            for thread, stack in _stacks().items():
                self._mark_thread(thread, stack, before.get(thread))

    def _mark_tasks(self) -> None:
        for task, mark in list(self._tasks.items()):
            if not task.done() and not _waits(task):
                mark.left_by = mark.left_by or self._name

    def _mark_jobs(self) -> None:
        """Mark what waits in a pool for a thread; what one does already is seen by its stack."""
        for job, mark in list(self._jobs.items()):
            if not job.done() and not job.running():
                mark.left_by = mark.left_by or self._name

    def _mark_thread(self, thread: threading.Thread, stack: _Stack, before: _Stack | None) -> None:
        known: _Left | None = thread.__dict__.get(_NOTE)
        # A timer waits for its time and for no work, and nothing in its stack is its test's until then.
        timer = isinstance(thread, threading.Timer) and before is None
        work = stack[-1] if timer else _work(stack, before)
        if work is not None and (known is None or (known.frame is not None and known.frame not in stack)):
            thread.__dict__[_NOTE] = _Left(work, self._name)


def _stacks() -> dict[threading.Thread, _Stack]:
    """Return what the other threads are doing."""
    others = [each for each in threading.enumerate() if each is not threading.current_thread()]
    frames = sys._current_frames() if others else {}
    return {each: _stack(frame) for each in others if (frame := frames.get(each.ident or 0)) is not None}


def _stack(frame: FrameType | None) -> _Stack:
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def _work(stack: _Stack, before: _Stack | None) -> FrameType | None:
    """Return the frame in which a thread does what it was given since `before`, or None if there is no such thing.

    `before` is None for a thread that was not there: all that it does is meant. Of one that was, it is what a pool gave
    it, or what came to it while it waited for work.
    """
    if _is_waiting(stack):
        return None
    for inner, outer in pairwise(stack):
        if _named(outer) in _WORKERS:
            return inner if before is None or inner not in before else None
    if before is None:
        return stack[-1]
    return next((each for each in reversed(stack) if each not in before), None) if _is_waiting(before) else None


def _is_waiting(stack: _Stack) -> bool:
    """Say whether a thread waits for work, or runs no Python of its own."""
    waiting = next((_named(each)[0] for each in stack if _named(each)[0] != "threading"), None)
    return waiting is None or waiting in _WAITING


def _inheriting(start: Any) -> Any:
    """Return how threads start: what code starts that was left behind is left behind as well."""

    def started(thread: threading.Thread) -> None:
        owner = left_by()
        if owner is not None and not _is_worker(thread):
            thread.__dict__[_NOTE] = _Left(None, owner)
        start(thread)

    return started


def _is_worker(thread: threading.Thread) -> bool:
    """Say whether a thread that is about to start will do what a pool gives it, for whoever gives that."""
    run = getattr(thread, "_target", None) or type(thread).run
    return (getattr(run, "__module__", ""), getattr(run, "__name__", "")) in _WORKERS


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


def _named(frame: FrameType) -> tuple[str, str]:
    return str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
