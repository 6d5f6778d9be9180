"""Whether a document leads from a create to its task: links, callbacks, query templates, headers, availability."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from kling_contract.documents.references import steps_of
from kling_contract.verify.lint.findings import Found
from kling_contract.verify.lint.subject import BODY
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.subject import Subject

_DAYS = 365
_HEADERS = ("authorization", "content-type")
_EXPRESSION = re.compile(r"\{(\$[^{}]*)\}")
_PART = re.compile(r"\$(request|response)\.(?:body(?:#(?P<body>.*))?|(path|query|header)\.(?P<name>.+))")
_WHOLE = ("$url", "$method", "$statusCode")


def links(subject: Subject) -> Iterator[Found]:
    """Yield what is wrong with each link: its target, its parameters, its expressions."""
    for at in subject.nodes.values():
        for pointer, link in _links(subject, at):
            if not _is_link(link):
                yield Found("link.target", pointer, "this is no link, which has an operationId and parameters")
                continue
            target = link.get("operationId")
            if target is not None and target not in subject.nodes:
                hint = did_you_mean(target, subject.nodes)
                message = f"no operation {target}" + (f"; {hint}" if hint else "")
                yield Found("link.target", (*pointer, "operationId"), message)
            elif target is not None:
                yield from _parameters(subject, subject.nodes[target], pointer, link)
            yield from _expressions(subject, at, pointer, link)


def _links(subject: Subject, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Yield each link of an operation's answers, whatever it is."""
    for status, answer in (subject.at((*at, "responses")) or {}).items():
        for name, link in answer.get("links", {}).items():
            yield (*at, "responses", status, "links", name), link


def _is_link(link: Any) -> bool:
    if not isinstance(link, dict) or not isinstance(link.get("parameters", {}), dict):
        return False
    return isinstance(link.get("operationId", ""), str)


def _parameters(subject: Subject, target: Pointer, pointer: Pointer, link: Mapping[str, Any]) -> Iterator[Found]:
    known = _parameters_of(subject, target)
    given = {name.rpartition(".")[2]: name for name in link.get("parameters", {})}
    for name in given.keys() - known.keys():
        message = f"{link['operationId']} has no parameter {name}; it has {', '.join(known)}"
        yield Found("link.parameter", (*pointer, "parameters", given[name]), message)
    for name, each in known.items():
        if each.get("required") and name not in given:
            yield Found("link.parameter", (*pointer, "parameters"), f"{link['operationId']} requires {name}")


def _parameters_of(subject: Subject, at: Pointer) -> dict[str, Mapping[str, Any]]:
    shared, own = subject.at((*at[:2], "parameters")), subject.at((*at, "parameters"))
    return {each["name"]: each for each in (*(shared or ()), *(own or ()))}


def _expressions(subject: Subject, at: Pointer, pointer: Pointer, link: Mapping[str, Any]) -> Iterator[Found]:
    schema = subject.at((*pointer[:-2], "content", "application/json", "schema")) or {}
    for name, value in link.get("parameters", {}).items():
        for expression in _in(value):
            if not _leads(subject, at, expression, schema):
                yield Found("link.expression", (*pointer, "parameters", name), f"{expression} names nothing")


def callbacks(subject: Subject) -> Iterator[Found]:
    """Yield the callbacks whose expression names nothing of the request."""
    for at in subject.nodes.values():
        for name, expressions in (subject.at((*at, "callbacks")) or {}).items():
            for text in expressions:
                for expression in _EXPRESSION.findall(text):
                    if not _leads(subject, at, expression, None):
                        pointer = (*at, "callbacks", name, text)
                        yield Found("callback.expression", pointer, f"{expression} names nothing")


def _in(value: Any) -> list[str]:
    if not isinstance(value, str):
        return []
    return [value] if value.startswith("$") else _EXPRESSION.findall(value)


def _leads(subject: Subject, at: Pointer, expression: str, answer: Mapping[str, Any] | None) -> bool:
    """Whether a runtime expression names something; `answer` is the schema of the answer, None if there is none."""
    part = _PART.fullmatch(expression)
    if part is None:
        return expression in _WHOLE
    side, where, name = part.group(1), part.group(3), part.group("name")
    if where is not None:
        return side == "response" or where == "header" or name in _parameters_of(subject, at)
    schema = (subject.at((*at, *BODY)) or {}) if side == "request" else answer
    return schema is not None and _has(schema, steps_of(part.group("body") or ""))


def _has(schema: Any, steps: list[str]) -> bool:
    """Whether a schema describes what a pointer leads to; one that names no field at all may have any."""
    for step in steps:
        if "properties" not in schema:
            return True
        if step not in schema["properties"]:
            return False
        schema = schema["properties"][step]
    return True


def polling(subject: Subject) -> Iterator[Found]:
    """Yield the creates that link to no get, and the gets that the documented template does not address."""
    for operation in subject.provider.operations.values():
        get = subject.provider.sibling(operation, "get")
        links = (link for _, link in _links(subject, subject.pointer(operation)) if _is_link(link))
        linked = {link.get("operationId") for link in links}
        if operation.kind == "create" and get is not None and get.id not in linked:
            pointer = subject.pointer(operation, "responses")
            yield Found("poll.link", pointer, f"no answer of {operation.id} links to {get.id}")
        template = subject.at(subject.pointer(operation, "x-operation", "template"))
        if template is not None and not _addresses(template, operation.path):
            message = f"{template} does not address {operation.path}"
            yield Found("poll.template", subject.pointer(operation, "x-operation", "template"), message)


def _addresses(template: str, path: str) -> bool:
    ours, theirs = path.split("/"), template.split("/")
    return len(ours) == len(theirs) and all(
        one == other or other.startswith("{") for one, other in zip(ours, theirs, strict=True)
    )


def headers(subject: Subject) -> Iterator[Found]:
    """Yield the header parameters that are needed and said to be optional."""
    for at in subject.nodes.values():
        for pointer in (at, at[:2]):
            for index, each in enumerate(subject.at((*pointer, "parameters")) or ()):
                if each["in"] == "header" and each["name"].lower() in _HEADERS and not each.get("required"):
                    yield Found("header.optional", (*pointer, "parameters", index), f"{each['name']} is optional")


def availability(subject: Subject) -> Iterator[Found]:
    """Yield the routes whose state is of an unknown day, or of one long before the document's."""
    today = date.fromisoformat(subject.provider.date)
    for operation in subject.provider.operations.values():
        says = operation.availability
        pointer = subject.pointer(operation, "x-availability")
        told = f"{operation.id} is {says.state}"
        if says.observed is None and says.state != "unverified":
            yield Found("availability.undated", (*pointer, "state"), f"{told}, and nobody says since when")
        elif says.observed and (today - date.fromisoformat(says.observed)).days > _DAYS:
            yield Found("availability.stale", (*pointer, "observed"), f"{told}, as observed on {says.observed}")
