"""Where a field stands in a body: tuples of keys and indexes, and JSON pointers (RFC 6901)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Place: TypeAlias = tuple[str | int, ...]


def places(template: Any, name: str, here: Place = ()) -> Iterator[Place]:
    """Yield where an envelope puts the value `name`: of a list, in its first item."""
    if template == f"${name}":
        yield here
    elif isinstance(template, dict) and "$each" in template:
        if template["$each"] == name:
            yield here
        yield from places(template["item"], name, (*here, 0))
    elif isinstance(template, dict | list):
        for key, part in _parts(template):
            yield from places(part, name, (*here, key))


def pointers(template: Any, here: str = "") -> Iterator[str]:
    """Yield the pointer of each field of an envelope, at any depth; the index of a list's items is 0."""
    if isinstance(template, dict) and "$each" in template:
        yield f"{here}/0"
        yield from pointers(template["item"], f"{here}/0")
    elif isinstance(template, dict | list) and "$equals" not in template:
        for key, part in _parts(template):
            pointer = f"{here}/{_escaped(str(key))}"
            yield pointer
            yield from pointers(part, pointer)


def place_of(pointer: str) -> Place:
    """Return the place that a pointer names; a number is an index."""
    keys = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return tuple([int(key) if key.isdecimal() else key for key in keys])


def holder(body: Any, place: Place) -> Any:
    """Return the object or list that has something at the last key of `place`; None if nothing stands there."""
    for key in place[:-1]:
        body = body[key] if _has(body, key) else None
    return body if place and _has(body, place[-1]) else None


def _has(body: Any, key: str | int) -> bool:
    if isinstance(body, list):
        return isinstance(key, int) and key < len(body)
    return isinstance(body, dict) and key in body


def _parts(template: Any) -> list[tuple[str | int, Any]]:
    return list(template.items() if isinstance(template, dict) else enumerate(template))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
