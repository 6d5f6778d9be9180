"""Where the values of an answer stand: in its template, and in its schema.

A value goes by its name in the template (`id`, `created`, `images.url`); what has none goes by its JSON pointer, with
`*` for any item of a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$([a-z][a-z0-9_]*)")
_TIME = re.compile(r"(.+)_(ms|s|iso)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "iso": "an ISO text"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and the unit of a time; or a constant."""

    pointer: str
    unit: str = ""
    constant: Any = None
    fixed: bool = False

    @property
    def shown(self) -> Any:
        """What a difference shows of it."""
        if self.fixed:
            return {self.pointer: self.constant}
        return f"{self.pointer} in {_UNITS[self.unit]}" if self.unit else self.pointer


def key_of(name: str) -> tuple[str, str]:
    """Return a name of the vocabulary as a key, and its unit: `created_s` is `created` in `s`."""
    time = _TIME.fullmatch(name)
    return (time[1], time[2]) if time else (name, "")


def places(template: Any, pointer: str = "", prefix: str = "") -> dict[str, Place]:
    """Return every value and constant of a template by its key."""
    return dict(_places(template, pointer, prefix))


def _places(template: Any, pointer: str, prefix: str) -> Iterator[tuple[str, Place]]:
    if isinstance(template, dict):
        if "$each" in template:
            name = f"{prefix}{template['$each']}"
            yield name, Place(pointer)
            yield from _places(template["item"], f"{pointer}/*", f"{name}.")
        elif "$equals" in template:
            yield pointer, Place(pointer, constant=template["$equals"], fixed=True)
        else:
            for key, part in template.items():
                yield from _places(part, f"{pointer}/{key}", prefix)
    elif isinstance(template, list):
        for index, part in enumerate(template):
            yield from _places(part, f"{pointer}/{index}", prefix)
    elif isinstance(template, str) and (found := _VARIABLE.fullmatch(template)):
        key, unit = key_of(found[1])
        yield f"{prefix}{key}", Place(pointer, unit)
    else:
        yield pointer, Place(pointer, constant=template, fixed=True)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The schema of a value, and whether its object requires it."""

    schema: Mapping[str, Any]
    required: bool


def leaves(schema: Mapping[str, Any], pointer: str = "", required: bool = True) -> dict[str, Leaf]:
    """Return the schema of every value by its pointer; objects and lists themselves are not told."""
    return dict(_leaves(schema, pointer, required))


def _leaves(schema: Mapping[str, Any], pointer: str, required: bool) -> Iterator[tuple[str, Leaf]]:
    if "properties" not in schema and "items" not in schema:
        yield pointer, Leaf(schema, required)
    for name, each in schema.get("properties", {}).items():
        yield from _leaves(each, f"{pointer}/{name}", name in schema.get("required", ()))
    if "items" in schema:
        yield from _leaves(schema["items"], f"{pointer}/*", True)
