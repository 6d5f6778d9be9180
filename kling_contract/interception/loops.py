"""Marks for what event loops are given: tasks, timers and callbacks."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

from kling_contract.interception.marks import Mark, called, calling, left_by, mark, place
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def patches(
    keep_task: Callable[[asyncio.Task[Any], Mark], None], keep_timer: Callable[[Mark], None]
) -> Iterator[Patch]:
    """Yield those that tell which tasks and timers there are; the mark of a timer lives as long as the timer."""
    timers = _Timers(keep_timer, threading.current_thread())
    yield from _of_a_loop(asyncio.BaseEventLoop, "call_at", keep_task, timers)
    if (uvloop := sys.modules.get("uvloop")) is not None:
        yield from _of_a_loop(uvloop.Loop, "call_later", keep_task, timers)
        # It waits in C, below whoever runs it: this is the frame that shows it.
        yield Patch(uvloop.Loop, "run_forever", _running(uvloop.Loop.run_forever))


def _of_a_loop(loop: Any, timer: str, keep_task: Callable[..., None], timers: _Timers) -> Iterator[Patch]:
    yield Patch(loop, "create_task", _marking(loop.create_task, keep_task))
    yield Patch(loop, timer, timers.telling(getattr(loop, timer)))
    yield Patch(loop, "call_soon", _handing_on(loop.call_soon))
    yield Patch(loop, "call_soon_threadsafe", _giving(loop.call_soon_threadsafe))


def _marking(create: Any, keep: Callable[[asyncio.Task[Any], Mark], None]) -> Any:
    def create_task(loop: Any, coroutine: Any, **options: Any) -> Any:
        if options.get("context") is not None:
            return create(loop, coroutine, **options)
        # The task copies this context, in which the mark is for that long: a factory need not take another one.
        found = Mark(left_by())
        before = mark.set(found)
        try:
            task = create(loop, coroutine, **options)
        finally:
            mark.reset(before)
        keep(task, found)
        return task

    return create_task


class _Timers:
    def __init__(self, keep: Callable[[Mark], None], opener: threading.Thread) -> None:
        self._keep, self._opener = keep, opener

    def telling(self, call: Any) -> Any:
        def call_when(loop: Any, when: float, callback: Any, *given: Any, **options: Any) -> Any:
            if not self._is_of_the_test():
                return call(loop, when, callback, *given, **options)
            found = Mark(left_by())
            self._keep(found)
            return call(loop, when, calling(found, callback), *given, **options)

        return call_when

    def _is_of_the_test(self) -> bool:
        """Say whether it may be the test that sets a timer, and not a loop or a task that was there before it."""
        in_a_task, in_a_loop = place()
        if in_a_task:
            return mark.get() is not None or threading.current_thread() is self._opener
        return not in_a_loop or called() is not None


def _handing_on(call: Any) -> Any:
    """Return how a loop is told what to call: what is left behind, or was given by a test, hands that on."""

    def call_soon(loop: Any, callback: Any, *given: Any, **options: Any) -> Any:
        found, owner = called(), left_by()
        if owner is not None or (found is not None and not place()[0]):
            callback = calling(found if owner is None and found is not None else Mark(owner), callback)
        return call(loop, callback, *given, **options)

    return call_soon


def _giving(call: Any) -> Any:
    """Return how another thread tells a loop what to call: it is that one's."""

    def call_soon_threadsafe(loop: Any, callback: Any, *given: Any, **options: Any) -> Any:
        return call(loop, calling(Mark(left_by()), callback), *given, **options)

    return call_soon_threadsafe


def _running(run: Any) -> Any:
    def run_forever(loop: Any) -> Any:
        return run(loop)

    return run_forever
