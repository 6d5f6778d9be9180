"""Marks for what queues hold: an item is the work of whoever put it, whichever worker takes it, and when."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

from kling_contract.interception.marks import Mark, left_by, mark, place, put_down, take
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ITEMS = "_kling_given"  # the attribute of a queue that keeps the marks of what it holds, by the item's identity


def patches(keep: Callable[[Mark], None]) -> Iterator[Patch]:
    """Yield those by which the mark of an item is known to `keep` until somebody has done with it."""
    opener = threading.current_thread()
    yield Patch(queue.Queue, "get", _getting(queue.Queue.get))
    yield Patch(asyncio.Queue, "get", _awaiting(asyncio.Queue.get))
    # A queue calls `_put` and `_get` when it is an item's turn, in the thread that gives or takes it.
    for each in _with_its_own(queue.Queue):
        yield Patch(each, "_put", _putting(vars(each)["_put"], keep))
        yield Patch(each, "_get", _taking(vars(each)["_get"], keep, opener))
    yield Patch(asyncio.Queue, "put_nowait", _putting(asyncio.Queue.put_nowait, keep))
    yield Patch(asyncio.Queue, "get_nowait", _getting(_taking(asyncio.Queue.get_nowait, keep, opener)))


def _with_its_own(kind: type[Any]) -> Iterator[type[Any]]:
    if {"_put", "_get"} <= vars(kind).keys():
        yield kind
    for each in kind.__subclasses__():
        yield from _with_its_own(each)


def _getting(get: Any) -> Any:
    def got(queue: Any, *given: Any, **named: Any) -> Any:
        put_down()
        return get(queue, *given, **named)

    return got


def _awaiting(get: Any) -> Any:
    async def got(queue: Any) -> Any:
        put_down()
        return await get(queue)

    return got


def _putting(put: Any, keep: Callable[[Mark], None]) -> Any:
    nested = _is_ours(put)

    def put_marked(queue: Any, item: Any) -> None:
        put(queue, item)
        marks = queue.__dict__.setdefault(_ITEMS, {}).setdefault(id(item), [])
        if not nested:
            marks.append(Mark(left_by(), given=True))
        keep(marks[-1])

    return put_marked


def _taking(get: Any, keep: Callable[[Mark], None], opener: threading.Thread) -> Any:
    if _is_ours(get):
        return get

    def taken(queue: Any) -> Any:
        item = get(queue)
        found = _given(queue, item) or Mark(given=True)
        if _is_a_worker(opener):
            keep(found)
            take(found)
        return item

    return taken


def _is_ours(function: Any) -> bool:
    """Say whether the mock in which this one is nested sees what passes already."""
    return getattr(function, "__module__", None) == __name__


def _given(queue: Any, item: Any) -> Mark | None:
    every: dict[int, list[Mark]] = queue.__dict__.get(_ITEMS, {})
    marks = every.get(id(item), [])
    found = marks.pop(0) if marks else None
    if not marks:
        every.pop(id(item), None)
    return found


def _is_a_worker(opener: threading.Thread) -> bool:
    """Say whether who takes something may work for many, and is not the test itself, which reads an answer."""
    in_a_task, in_a_loop = place()
    return mark.get() is not None if in_a_task else not in_a_loop and threading.current_thread() is not opener
