"""A body of one side as the other side would write it, the way the client does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.verify.diff.domains import traded

if TYPE_CHECKING:
    from kling_contract.documents import Operation
    from kling_contract.verify.diff.domains import Schema


@dataclass(frozen=True, slots=True)
class Translation:
    """From the bodies of `source` to those of `target`, which mean the same operation.

    Fields go by the target's names, whole numbers become texts and such texts numbers where it wants that, and what
    it does not have is left out; so is an empty value that means absent.
    """

    source: Operation
    target: Operation

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body of the source by the names and types of the target."""
        return _fields(self.source.request or {}, self.target.request or {}, self.source.given(body))


def _fields(source: Schema, target: Schema, body: Mapping[str, Any]) -> dict[str, Any]:
    mine, theirs = source.get("properties", {}), target.get("properties", {})
    names = {each.get("x-canonical-name", own): own for own, each in theirs.items()}
    found: dict[str, Any] = {}
    for own, value in body.items():
        schema = mine.get(own, {})
        name = names.get(schema.get("x-canonical-name", own))
        if name is not None:
            found[name] = _value(schema, theirs[name], value)
    return found


def _value(source: Schema, target: Schema, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _fields(source, target, value) if "properties" in target else dict(value)
    if isinstance(value, list):
        return [_value(source.get("items", {}), target.get("items", {}), each) for each in value]
    return traded(target, value)


def canonical_place(schema: Schema, pointer: str) -> str:
    """Return a pointer into a body as one by canonical names, with `*` for any item of a list."""
    steps: list[str] = []
    for step in pointer.split("/")[1:]:
        if "items" in schema and step.isdecimal():
            schema, step = schema["items"], "*"
        else:
            schema = schema.get("properties", {}).get(step, {})
            step = str(schema.get("x-canonical-name", step))
        steps.append(f"/{step}")
    return "".join(steps)
