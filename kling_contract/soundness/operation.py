"""Whether an operation could do its work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kling_contract.documents.complaints import nearest
from kling_contract.envelopes import names_in
from kling_contract.soundness.answer import problems
from kling_contract.soundness.schema import ambiguous_names, unknown_required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import Choice, Operation, Provider
    from kling_contract.documents.references import Pointer, Resolver

_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")
_BODY: Pointer = ("requestBody", "content", "application/json", "schema")


def check_operation(provider: Provider, operation: Operation, resolver: Resolver) -> None:
    """Raise `DocumentError` for the first thing that the operation lacks, or names and has not."""
    pointer = ("paths", operation.path, operation.method.lower())
    missing = _missing(provider, operation)
    if missing:
        raise resolver.error(f"{operation.id} {missing}", pointer)
    for key, name, known, what in (*_names(operation), *_placed(operation), *_required(operation)):
        if name not in known:
            raise resolver.error(f"{operation.id} has no {what} {name!r}; {nearest(name, known)}", (*pointer, *key))
    for place, problem in (*problems(operation), *_blank(operation), *_known_as(operation)):
        raise resolver.error(f"{operation.id} {problem}", (*pointer, *place))


_Named = tuple["Pointer", str, list[str], str]


def _names(operation: Operation) -> Iterator[_Named]:
    """Yield what `x-operation` and `x-lifecycle` name: where, the name, those that there are, and of what kind."""
    fields = list(operation.properties)
    query = [each["name"] for each in operation.parameters if each["in"] == "query"]
    if operation.external is not None:
        yield ("x-operation", "external"), operation.external, fields, "field"
    for name in sorted(operation.blank):
        yield ("x-operation", "blank"), name, fields, "field"
    if operation.callback_field is not None:
        yield ("callbacks",), operation.callback_field, fields, "field"
    for key, parameter in (("page", operation.page), ("size", operation.size)):
        if parameter is not None:
            yield ("x-operation", key), parameter, query, "query parameter"
    if operation.lifecycle is not None:
        for key, count in (("count", operation.lifecycle.count), ("slots", operation.lifecycle.slots)):
            if isinstance(count, str):
                yield ("x-lifecycle", key), count, fields, "field"
        for key, choice in (
            ("short_side", operation.lifecycle.video.short_side),
            ("rate", operation.lifecycle.video.rate),
        ):
            yield from _chosen(operation, ("x-lifecycle", "video", key), choice)


def _chosen(operation: Operation, place: Pointer, choice: Choice) -> Iterator[_Named]:
    """Yield the field of a choice, and the values that its enum has to have."""
    if choice.by is None:
        return
    yield (*place, "by"), choice.by, list(operation.properties), "field"
    accepted = operation.properties.get(choice.by, {}).get("enum", choice.values)
    for value in choice.values:
        yield (*place, "values", value), value, [str(each) for each in accepted], f"value of {choice.by}"


def _placed(operation: Operation) -> Iterator[_Named]:
    """Yield the placeholders of the path, which need a parameter each, and the other way round."""
    placeholders = _PLACEHOLDER.findall(operation.path)
    parameters = [each["name"] for each in operation.parameters if each["in"] == "path"]
    for name in placeholders:
        yield ("parameters",), name, parameters, "path parameter"
    for name in parameters:
        yield ("parameters",), name, placeholders, "place in its path for"


def _required(operation: Operation) -> Iterator[_Named]:
    for place, name, known in unknown_required(operation.request or {}):
        yield (*_BODY, *place), name, known, "property to require:"


def _blank(operation: Operation) -> Iterator[tuple[Pointer, str]]:
    """Yield each field that is required and nevertheless absent where it is empty."""
    required = (operation.request or {}).get("required", ())
    for name in sorted(operation.blank.intersection(required)):
        yield ("x-operation", "blank"), f"says that an empty {name} is absent, and requires it"


def _known_as(operation: Operation) -> Iterator[tuple[Pointer, str]]:
    for place, problem in ambiguous_names(operation.request or {}):
        yield (*_BODY, *place), problem


def _missing(provider: Provider, operation: Operation) -> str | None:
    """Return what the operation lacks to be of any use."""
    if not operation.statuses and "status" in {name for _, name in names_in(operation.envelope.template)}:
        return "answers with no status: no property has x-status-values"
    if operation.kind == "get" and "{" not in operation.path:
        return "has no id in its path"
    if operation.kind != "create":
        return None
    if operation.request is None:
        return "has no application/json request body"
    if operation.lifecycle is None:
        return "has no x-lifecycle"
    canonical = [operation.canonical(name) for name in operation.properties]
    twice = next((name for name in canonical if canonical.count(name) > 1), None)
    if twice is not None:
        return f"has two fields of the canonical name {twice!r}"
    return None if provider.sibling(operation, "get") else "has no get of its family, so nobody could poll its task"
