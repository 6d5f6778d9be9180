"""What only the branches of a schema say of a field: that it is there, and the types that it may have.

No branch holds always, so nothing else of it is taken here; the statements of `demands` say which one has to hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kling_contract.strategies.logic import Path

_ALTERNATIVES = ("anyOf", "oneOf")
_CONDITIONAL = ("then", "else")
# The type that a schema without `type` is about, by its keyword.
HINTS = {"properties": "object", "required": "object", "items": "array", "x-image": "string"}
DEFAULT = ("string", "number", "boolean", "null")


def types_of(schema: Any) -> list[str]:
    """Return the types that a schema names, itself or in the branches of which one has to hold; none if it does not."""
    if not isinstance(schema, dict):
        return []
    if "type" in schema:
        return [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    for key in _ALTERNATIVES:
        told = [types_of(branch) for branch in schema.get(key, ())]
        if any(told):
            return list(dict.fromkeys(kind for kinds in told for kind in kinds or DEFAULT))
    inherited = next((kinds for branch in schema.get("allOf", ()) if (kinds := types_of(branch))), [])
    return inherited or next(([kind] for key, kind in HINTS.items() if key in schema), [])


def fields_of(schema: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the fields of objects inside a value that the branches of a schema name, and what each says of them.

    The fields of the body itself are not among them: a branch only asks for those that it has.
    """
    for branch in _branches(schema):
        for name, below in branch.get("properties", {}).items():
            if path and isinstance(below, dict):
                yield (*path, name), below
            yield from fields_of({"allOf": [below]}, (*path, name))
        yield from fields_of(branch, path)


def closed(schema: Mapping[str, Any], branches: Sequence[Any]) -> list[Any]:
    """Return branches of a schema, those with `additionalProperties: false` without the fields of the others."""
    known = [*schema.get("properties", {}), *(name for each in branches for name in _names(each))]
    return [
        {**each, "properties": {**dict.fromkeys(known, False), **each.get("properties", {})}}
        if _is_closed(each)
        else each
        for each in branches
    ]


def _branches(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, dict):
        found: Iterable[Any] = (
            *(each for key in ("allOf", *_ALTERNATIVES) for each in schema.get(key, ())),
            *(schema[key] for key in _CONDITIONAL if key in schema),
            *schema.get("dependentSchemas", {}).values(),
        )
        yield from (each for each in found if isinstance(each, dict))


def _names(branch: Any) -> Iterable[str]:
    return branch.get("properties", {}) if isinstance(branch, dict) else ()


def _is_closed(branch: Any) -> bool:
    return isinstance(branch, dict) and branch.get("additionalProperties") is False
