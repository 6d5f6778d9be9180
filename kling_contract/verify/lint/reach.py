"""Whether what a document offers can be had: for each field, enum value and limit, is there a request that has it?

The strategies answer, since they know whether any value keeps a schema with all its conditions and rules.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kling_contract.strategies import valid
from kling_contract.verify.lint.findings import Found
from kling_contract.verify.lint.subject import BODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.subject import Subject

# What a value at the limit is, by the keyword of the limit.
_AT = {
    "minimum": "const",
    "maximum": "const",
    "minLength": "maxLength",
    "maxLength": "minLength",
    "minItems": "maxItems",
    "maxItems": "minItems",
}


def unreachable(subject: Subject) -> Iterator[Found]:
    """Yield the requests, fields, enum values and limits that no accepted request has."""
    for operation in subject.provider.operations.values():
        if operation.request is not None:
            pointer = subject.pointer(operation, *BODY)
            problem = _problem(subject, operation)
            if problem is None:
                yield from _fields(subject, operation, pointer)
            elif type(problem) is ValueError:
                yield Found("request.impossible", pointer, f"no body is accepted for {operation.id}")
            else:
                yield Found("reach.unknown", pointer, str(problem))


def _fields(subject: Subject, operation: Operation, root: Pointer) -> Iterator[Found]:
    """Ask for each field, also of objects in objects; what is in a list is not looked at."""
    living = list(_living(operation, subject.provider.date))
    for spot in subject.spots:
        steps = spot.pointer[len(root) :]
        if steps and spot.pointer[: len(root)] == root and set(steps[::2]) == {"properties"} and len(steps) % 2 == 0:
            names = [str(name) for name in steps[1::2]]
            if not _is_had(subject, operation, names, {}):
                yield Found("field.unreachable", spot.pointer, f"no accepted request has {'.'.join(names)}")
                continue
            yield from _values(subject, operation, names, spot.schema, spot.pointer)
            if len(names) == 1 and any(not _is_had(subject, operation, names, {}, each) for each in living):
                message = f"every accepted request with {names[0]} has a retired value"
                yield Found("retired.field", spot.pointer, message)


def _living(operation: Operation, today: str) -> Iterator[Mapping[str, Any]]:
    """Yield, for each field with retired values, a schema that asks for one that is not."""
    for name, schema in operation.properties.items():
        retired = [value for value, says in schema.get("x-retired", {}).items() if says["date"] <= today]
        living = [value for value in schema.get("enum", ()) if value not in retired]
        if living and retired:
            yield {"required": [name], "properties": {name: {"enum": living}}}


def _values(
    subject: Subject, operation: Operation, names: list[str], schema: Mapping[str, Any], pointer: Pointer
) -> Iterator[Found]:
    name = ".".join(names)
    lost = [value for value in schema.get("enum", ()) if not _is_had(subject, operation, names, {"const": value})]
    if lost:
        message = f"no accepted request has {name} {', '.join(map(str, lost))}"
        yield Found("enum.unreachable", (*pointer, "enum"), message)
    for keyword, reached in _AT.items():
        if keyword in schema and not _is_had(subject, operation, names, {reached: schema[keyword]}):
            message = f"no accepted request has {name} at its {keyword} {schema[keyword]}"
            yield Found("limit.unreachable", (*pointer, keyword), message)


def _is_had(
    subject: Subject, operation: Operation, names: list[str], asked: Mapping[str, Any], *more: Mapping[str, Any]
) -> bool:
    """Whether an accepted request has a field with what is asked of it; `more` is asked of the whole request."""
    for name in reversed(names):
        asked = {"required": [name], "properties": {name: asked}}
    return type(_problem(subject, operation, asked, *more)) is not ValueError


def _problem(subject: Subject, operation: Operation, *asked: Mapping[str, Any]) -> ValueError | None:
    """Return why there is no request with all that is asked; a subclass of ValueError means that nobody knows."""
    request = {**(operation.request or {}), "allOf": [*(operation.request or {}).get("allOf", ()), *asked]}
    operations = {operation.id: replace(operation, request=request, memo={})}
    try:
        valid(operation.id, provider=replace(subject.provider, operations=operations))
    except ValueError as error:
        return error
    return None
