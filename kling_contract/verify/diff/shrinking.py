"""The smallest body of which something holds, found by taking away; the same one every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

Holds = Callable[[Any], bool]

_URL = "https://example.com/image.png"
_PLAIN = (0, 1, 2)


def shrunk(body: Any, holds: Holds) -> Any:
    """Return a body that `holds` still accepts and of which nothing can be taken away. `holds(body)` must be true."""
    for place in sorted(_places(body, ()), key=len):
        if _is_there(body, place) and holds(smaller := _edited(body, place, None, remove=True)):
            body = smaller
    for place in list(_places(body, ())):
        body = _simpler(body, place, holds)
    return body


def _places(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield where the keys and the items of a body stand, the last item of a list first."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else reversed(range(len(value))):
            yield (*place, key)
            yield from _places(value[key], (*place, key))


def _is_there(body: Any, place: tuple[Any, ...]) -> bool:
    for key in place:
        if not (key in body if isinstance(body, dict) else isinstance(body, list) and key < len(body)):
            return False
        body = body[key]
    return True


def _simpler(body: Any, place: tuple[Any, ...], holds: Holds) -> Any:
    """Return the body with the simplest value at a place."""
    value = body
    for key in place:
        value = value[key]
    for each in _candidates(value, lambda other: holds(_edited(body, place, other))):
        if each == value:
            return body
        if holds(changed := _edited(body, place, each)):
            return changed
    return body


def _candidates(value: Any, holds: Holds) -> Iterator[Any]:
    if isinstance(value, str):
        yield ""
        yield "a" * _shortest(len(value), lambda size: holds("a" * size))
        yield _URL
        yield value[: _shortest(len(value), lambda size: holds(value[:size]))]
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield from _PLAIN
        yield from (round(value, digits) for digits in (0, 1, 2))


def _shortest(size: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest size that holds, if larger ones do."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _edited(value: Any, place: tuple[Any, ...], new: Any, remove: bool = False) -> Any:
    """Return a copy with another value at a place, or without it."""
    key, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = _edited(value[key], tuple(rest), new, remove)
    elif remove:
        del copy[key]
    else:
        copy[key] = new
    return copy
