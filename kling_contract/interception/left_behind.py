"""What goes on when the mock is over under which it was started: a thread that polls, a task that nobody awaited.

Such code asks for a test that is over. A piece of work that is handed over (a task, a job, a timer, an item of a queue)
carries the mark of whoever gave it. A thread is told from a worker that serves several tests by what it does at the end
of the first: a worker waits for work.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from kling_contract.interception import loops, queues
from kling_contract.interception.marks import Mark, leave, left_by, mark, note
from kling_contract.interception.patches import Patch, applied
from kling_contract.interception.stacks import Stack, is_worker, stacks, waits, work

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from concurrent.futures import Future

_LASTING = "_kling_lasting"  # the attribute of the main thread that keeps the patches of a watch that is over
_K = TypeVar("_K")
_V = TypeVar("_V")


class Watch:
    """The threads and tasks that are started in a `with watch.until_the_end(): ...`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: WeakKeyDictionary[asyncio.Task[Any], Mark] = WeakKeyDictionary()
        self._jobs: WeakKeyDictionary[Future[Any], Mark] = WeakKeyDictionary()
        # What waits for its time or its turn, or is being worked at.
        self._given: WeakKeyDictionary[Mark, None] = WeakKeyDictionary()

    def _patches(self) -> Iterator[Patch]:
        """Yield those by which work is known."""
        yield Patch(threading.Thread, "start", _inheriting(threading.Thread.start))
        yield Patch(ThreadPoolExecutor, "submit", self._submitting(ThreadPoolExecutor.submit))
        yield from loops.patches(self._tasks.__setitem__, self._keep)
        yield from queues.patches(self._keep)

    def _keep(self, found: Mark) -> None:
        self._given[found] = None

    def _submitting(self, submit: Any) -> Any:
        def marked(executor: ThreadPoolExecutor, job: Any, /, *given: Any, **named: Any) -> Any:
            found = Mark(left_by())

            def run(*given: Any, **named: Any) -> Any:
                before = mark.set(found)
                try:
                    return job(*given, **named)
                finally:
                    mark.reset(before)

            future = submit(executor, run, *given, **named)
            self._jobs[future] = found
            return future

        return marked

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """Take note at the end of what is left behind; what that starts until the next watch is left behind too."""
        threading.main_thread().__dict__.pop(_LASTING, ExitStack()).close()
        nested = threading.Thread.start.__module__ == __name__
        before = stacks()
        # No test hears how what another left behind died.
        deaf = Patch(threading, "excepthook", _unless_refused(threading.excepthook))
        with applied([deaf]), ExitStack() as patched:
            patched.enter_context(applied([*self._patches()]))
            try:
                yield
            finally:
                if self._is_any_left(before) and not nested:
                    threading.main_thread().__dict__[_LASTING] = patched.pop_all()

    def _is_any_left(self, before: dict[threading.Thread, Stack]) -> bool:
        """Mark what is left behind, and say whether there is anything."""
        marks = list(self._unfinished())
        for each in marks:
            each.left_by = each.left_by or self._name
        left = [self._mark_thread(thread, stack, before.get(thread)) for thread, stack in stacks().items()]
        return bool(marks) or any(left)

    def _unfinished(self) -> Iterator[Mark]:
        """Yield the marks of what is not done; a job that a pool does already is seen by the stack of its thread."""
        yield from (each for task, each in _alive(self._tasks) if not task.done() and not waits(task))
        yield from (each for job, each in _alive(self._jobs) if not job.done() and not job.running())
        yield from (each for each, _ in _alive(self._given))

    def _mark_thread(self, thread: threading.Thread, stack: Stack, before: Stack | None) -> bool:
        known = note(thread)
        # A timer waits for its time and for no work, and nothing in its stack is its test's until then.
        timer = isinstance(thread, threading.Timer) and before is None
        left = stack[-1] if timer else work(stack, before)
        if left is not None and (known is None or (known.frame is not None and known.frame not in stack)):
            leave(thread, left, self._name)
        return note(thread) is not None


def _alive(kept: WeakKeyDictionary[_K, _V]) -> list[tuple[_K, _V]]:
    """Return what is kept at this moment, whatever other threads add meanwhile."""
    return [(each, kept[each]) for reference in kept.keyrefs() if (each := reference()) is not None]


def _inheriting(start: Any) -> Any:
    """Return how threads start: what code starts that was left behind is left behind as well."""

    def started(thread: threading.Thread) -> None:
        owner = left_by()
        if owner is not None and not is_worker(thread):
            leave(thread, None, owner)
        start(thread)

    return started


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
