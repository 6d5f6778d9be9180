"""Whether a provider says where its fields differ from the official ones, and whether a source agrees with itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.names import closeness, meant
from kling_contract.verify.lint.findings import Found
from kling_contract.verify.lint.subject import BODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.subject import Subject

    Schema = Mapping[str, Any]

_SLIP = 0.75
_NAME = "x-canonical-name"
_KINDS = {
    "array": ("minItems", "maxItems", "items", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "x-image"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "object": ("required", "properties"),
}


def differences(subject: Subject) -> Iterator[Found]:
    """Yield where the fields of a request differ from the official ones without a word."""
    if subject.official is None:
        return
    for operation in subject.provider.operations.values():
        twin = subject.official.operations.get(operation.id)
        if operation.request is not None and twin is not None and twin.request is not None:
            yield from _compared(operation.request, twin.request, subject.pointer(operation, *BODY))


def _compared(own: Schema, official: Schema, pointer: Pointer) -> Iterator[Found]:
    yield from _types(own, official, pointer)
    fields, others = own.get("properties", {}), official.get("properties", {})
    names = {schema.get(_NAME, name): name for name, schema in fields.items()}
    yield from _required(own, official, names, pointer)
    missing = [name for name in others if name not in names]
    for canonical, name in names.items():
        place = (*pointer, "properties", name)
        if canonical in others:
            yield from _compared(fields[name], others[canonical], place)
        elif hint := meant(canonical, missing):
            yield Found("name.unsaid", place, f"{name} is no official field; {hint}")
    if "items" in own and "items" in official:
        yield from _compared(own["items"], official["items"], (*pointer, "items"))


def _types(own: Schema, official: Schema, pointer: Pointer) -> Iterator[Found]:
    if "type" in own and "type" in official and _set(own["type"]) != _set(official["type"]) and not _said(own, "type"):
        message = f"{own['type']} here, {official['type']} officially"
        yield Found("type.unsaid", (*pointer, "type"), message)


def _required(own: Schema, official: Schema, names: Mapping[str, str], pointer: Pointer) -> Iterator[Found]:
    if _said(own, "required"):
        return
    for canonical, name in names.items():
        here, there = name in own.get("required", ()), canonical in official.get("required", ())
        if here != there and canonical in official.get("properties", {}):
            words = "required here, and not officially" if here else "required officially, and not here"
            yield Found("required.unsaid", (*pointer, "required"), f"{name} is {words}")


def _said(schema: Schema, keyword: str) -> bool:
    """Whether a fact tells what another source says."""
    return "losers" in schema.get("x-facts", {}).get(keyword, {})


def _set(kinds: Any) -> set[str]:
    return {kinds} if isinstance(kinds, str) else set(kinds)


def slips(subject: Subject) -> Iterator[Found]:
    """Yield the fields whose own name is nearly the official one."""
    for spot in subject.spots:
        official = spot.schema.get(_NAME)
        name = str(spot.pointer[-1])
        if official is not None and _SLIP <= closeness(name, official) < 1:
            yield Found("name.misspelt", (*spot.pointer, _NAME), f"{name} for {official}")


def contradictions(subject: Subject) -> Iterator[Found]:
    """Yield the fields to which one source gives a type, and a limit of another type."""
    for spot in subject.spots:
        facts = spot.schema.get("x-facts", {})
        for loser in facts.get("type", {}).get("losers", ()):
            for kind, keywords in _KINDS.items():
                limits = [key for key in keywords if facts.get(key, {}).get("source") == loser["source"]]
                if limits and loser["value"] in (*_KINDS, "integer", "boolean") and not _fits(loser["value"], kind):
                    message = f"{loser['source']} says {loser['value']}, and gives it {', '.join(limits)}"
                    yield Found("type.contradicted", (*spot.pointer, "x-facts", "type"), message)


def _fits(kind: str, limited: str) -> bool:
    return kind == limited or (kind == "integer" and limited == "number")
