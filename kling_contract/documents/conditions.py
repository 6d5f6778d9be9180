"""What the conditions of a schema look at.

A value that breaks its own schema makes `if`, `not`, `anyOf` and the like answer by chance: whoever sends "true" for
true is not told besides that the prompt is missing, only because the condition around it did not see a true there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    Place = tuple[str | int, ...]

_BRANCH = ("if", "then", "else", "not")
_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = frozenset({*_BRANCH, "anyOf", "oneOf", "dependentSchemas", "dependentRequired"})
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas"})
_DEEPER = frozenset({"properties", "patternProperties", "items", "prefixItems", "additionalProperties"})


@dataclass(frozen=True, eq=False)
class Step:
    """A keyword on the way to a failed one: the schema that has it, and how deep in the body that schema applies."""

    schema: Any
    keyword: str | int
    depth: int

    @cached_property
    def fields(self) -> tuple[Place, ...]:
        """The fields that a condition looks at, the demanded ones included."""
        keys = ("if", "then", "else") if self.keyword in ("if", "then", "else") else (self.keyword,)
        return tuple(_fields({key: self.schema[key] for key in keys if key in self.schema}))


def keywords(schema: Any, path: Place) -> Iterator[Step]:
    """Yield the keywords on a path through a schema, the outermost first; names and indices belong to their keyword."""
    depth = at = 0
    while at < len(path):
        keyword = path[at]
        yield Step(schema, keyword, depth)
        takes = 2 if keyword in _BY_NAME or keyword in _BRANCHES or keyword == "prefixItems" else 1
        schema = walk(schema, path[at : at + takes])
        depth, at = depth + (keyword in _DEEPER), at + takes


def conditions(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the conditions among keywords; without one, the last of them speaks of its value alone."""
    return tuple(step for step in steps if step.keyword in _CONDITIONS)


def follows(met: Iterable[Step], instance: Place, body: Any, flawed: AbstractSet[Place]) -> bool:
    """Whether what failed at a place, having `met` these conditions, may only follow from values that are `flawed`.

    That is so where one of them looks at a flawed value, or at something inside of one.
    """
    for step in met:
        place = instance[: step.depth]
        if _is_doubtful(step, place, walk(body, place), flawed):
            return True
    return False


def _is_doubtful(step: Step, place: Place, value: Any, flawed: AbstractSet[Place]) -> bool:
    """Whether a condition looks at a flawed value; of several that are forbidden, each one that was found has to."""
    forbidden = step.schema["not"] if step.keyword == "not" else None
    if isinstance(forbidden, dict) and list(forbidden) == ["anyOf"]:
        found = [each for each in forbidden["anyOf"] if jsonschema_rs.is_valid(each, value)]
        return all(_touches(_fields(each), place, flawed) for each in found)
    return _touches(step.fields, place, flawed)


def _touches(fields: Iterable[Place], place: Place, flawed: AbstractSet[Place]) -> bool:
    looked_at = ((*place, *field) for field in fields)
    return any(each[:end] in flawed for each in looked_at for end in range(1, len(each) + 1))


def _fields(schema: Any) -> Iterator[Place]:
    """Yield the places, relative to its object, that a schema says something of."""
    if not isinstance(schema, dict):
        return
    for name in schema.get("required", ()):
        yield (name,)
    for name, below in schema.get("properties", {}).items():
        deeper = list(_fields(below))
        yield from ((name, *place) for place in deeper or [()])
    for name, others in schema.get("dependentRequired", {}).items():
        yield from ((each,) for each in (name, *others))
    for name, below in schema.get("dependentSchemas", {}).items():
        yield (name,)
        yield from _fields(below)
    for branch in _branches(schema):
        yield from _fields(branch)


def _branches(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from (schema[key] for key in _BRANCH if key in schema)
    for key in _BRANCHES:
        yield from schema.get(key, ())


def walk(node: Any, path: Place) -> Any:
    """Return what stands at a path of a schema or a body; None where it leads nowhere."""
    for step in path:
        node = _below(node, step)
    return node


def _below(node: Any, step: str | int) -> Any:
    if isinstance(node, list):
        return node[int(step)]
    return node.get(step) if isinstance(node, Mapping) else None
