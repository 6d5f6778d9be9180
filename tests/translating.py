"""A provider's body as the fields of a call: official names and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge import loaded

from kling_contract.documents import Operation

OFFICIAL = "kling"


def fields_of(operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say a body, whether it keeps the contract or not."""
    official = loaded(OFFICIAL).operation(operation.id).properties
    return {
        name: int(value) if official.get(name, {}).get("type") == "integer" and is_whole(value) else value
        for name, value in canonical(operation.request or {}, dict(body)).items()
    }


def without_blanks(operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without the empty texts that mean nothing."""
    return {name: value for name, value in body.items() if name not in operation.blank or value != ""}


def canonical(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a part of a body by the official names."""
    if isinstance(value, list):
        return [canonical(schema.get("items", {}), each) for each in value]
    if not isinstance(value, dict):
        return value
    named = ((name, schema.get("properties", {}).get(name, {}), each) for name, each in value.items())
    return {inner.get("x-canonical-name", name): canonical(inner, each) for name, inner, each in named}


def is_whole(value: Any) -> bool:
    """Whether a value is a text that an integer is written as."""
    return isinstance(value, str) and value.isdecimal() and str(int(value)) == value
