"""Fields of a body that its schema does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_BESIDE = ("allOf", "anyOf", "oneOf")
_ALONE = ("then", "else")

Schema = Mapping[str, Any]


def unknown_fields(schema: Schema, body: Any) -> Iterator[tuple[str, Any]]:
    """Yield the pointer and value of each field that no branch of the schema names.

    An item of a list is `*` in the pointer, so that a list tells of a field once. An object whose schema names no
    field may hold any.
    """
    found: dict[str, Any] = {}
    for pointer, value in _unknown([schema], body, ""):
        found.setdefault(pointer, value)
    yield from found.items()


def _unknown(schemas: list[Schema], body: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    branches = [branch for schema in schemas for branch in _branches(schema)]
    if isinstance(body, Mapping):
        known = _properties(branches)
        for name, value in body.items():
            below = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name in known:
                yield from _unknown(known[name], value, below)
            elif known and not any(_takes_any(branch) for branch in branches):
                yield below, value
    elif isinstance(body, list):
        items = [branch["items"] for branch in branches if isinstance(branch.get("items"), Mapping)]
        for value in body:
            yield from _unknown(items, value, f"{pointer}/*")


def _branches(schema: Schema) -> Iterator[Schema]:
    yield schema
    for key in _BESIDE:
        for each in schema.get(key, ()):
            yield from _branches(each)
    for key in _ALONE:
        if isinstance(schema.get(key), Mapping):
            yield from _branches(schema[key])


def _properties(branches: list[Schema]) -> dict[str, list[Schema]]:
    known: dict[str, list[Schema]] = {}
    for branch in branches:
        for name, schema in branch.get("properties", {}).items():
            known.setdefault(name, []).append(schema if isinstance(schema, Mapping) else {})
    return known


def _takes_any(branch: Schema) -> bool:
    return isinstance(branch.get("additionalProperties"), Mapping)
