"""What the gate says of a body, told to the caller, who gave Python values by canonical names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_contract.images.fields import seems_file
from kling_contract.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kling_contract.documents import Operation
    from kling_contract.errors import Violation

_NO_IMAGE = ("image.base64", "image.format")
_ASSIGNED = re.compile(r"\b\w+(?==)")


def explained(operation: Operation, violations: Sequence[Violation], texts: Mapping[str, str]) -> list[Violation]:
    """Return the violations, with the canonical name of each renamed field, and hints that say what to give.

    `texts` are the texts that were given for images, by their pointers.
    """
    names = dict(_renamed(operation.request or {}))
    return [_explained(operation, each, names, texts.get(each.pointer, "")) for each in violations]


def official_place(operation: Operation, pointer: str) -> str:
    """Return a pointer into a body by canonical names, without its first slash."""
    names = dict(_renamed(operation.request or {}))
    return "/".join(names.get(step, step) for step in pointer.split("/")[1:])


def _explained(operation: Operation, violation: Violation, names: Mapping[str, str], text: str) -> Violation:
    message, hint = violation.message, violation.hint
    own = violation.pointer.rpartition("/")[2]
    if own in names and f"name for {names[own]}" not in message:
        message += f"; {own} is {operation.title}'s name for {names[own]}"
    if violation.rule in _NO_IMAGE and seems_file(text):
        hint = f"for a file give pathlib.Path({shown(text)!r})"
    return replace(
        violation, message=message, hint=hint and _ASSIGNED.sub(lambda word: names.get(word[0], word[0]), hint)
    )


def _renamed(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the provider's name and the canonical one of every field that it renames, however deep."""
    for own, each in schema.get("properties", {}).items():
        if "x-canonical-name" in each:
            yield own, each["x-canonical-name"]
        yield from _renamed(each)
    if "items" in schema:
        yield from _renamed(schema["items"])
