"""What a document says and nothing here would read: refused by name, so that nobody believes that it counts.

What is let be on purpose is in openapi/README.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kling_contract.documents import Operation, Provider
    from kling_contract.documents.references import Pointer

Problem = tuple["Pointer", str]

_JSON = "application/json"
_PLACEHOLDER = re.compile(r"\{[^{}/]+\}")
_CALLBACK = re.compile(r"\{\$request\.body#/[^/{}]+\}")
# OpenAPI itself says that these are described elsewhere (3.1, Parameter Object).
_SAID_ELSEWHERE = frozenset({"accept", "content-type", "authorization"})
_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
# What says with which number a parameter begins, the first that is there, and how far beside that.
_BEGINS = {"default": 0, "minimum": 0, "exclusiveMinimum": 1}
_READ = ("integer", "number", "string")
_METHODS = ("get", "put", "post", "delete", "patch")
_DIGITS = "8712345678901234567890123456789012"


def unread(provider: Provider) -> Iterator[Problem]:
    """Yield each part of the operations that would be ignored in silence: where it stands, and what to do."""
    seen: dict[str, str] = {}
    for path, item in provider.document["paths"].items():
        own = [method for method, node in item.items() if isinstance(node, dict) and "x-operation" in node]
        for method in own:
            place: Pointer = ("paths", path, method)
            if method not in _METHODS:
                yield place, f"an operation of the method {method} is not read; accepted: {', '.join(_METHODS)}"
        if own:
            yield from _path(path, item, seen)
    for operation in provider.operations.values():
        item = provider.document["paths"][operation.path]
        node, place = item[operation.method.lower()], ("paths", operation.path, operation.method.lower())
        parts = (*_itself(operation, node), *_body(operation, node), *_callbacks(operation, node))
        found = [((*place, *below), words) for below, words in parts]
        parameters = list(_parameters(operation, item))
        found += [(here, words) for here, each in parameters if (words := _parameter(operation, each)) is not None]
        schemas = [((*here, "schema"), each["schema"]) for here, each in parameters if each["in"] == "path"]
        schemas += [((*place, *below), schema) for below, schema in _answer_schemas(operation)]
        found += _identity(provider, schemas)
        yield from ((here, f"{operation.id}: {words}") for here, words in found)


def _path(path: str, item: Mapping[str, Any], seen: dict[str, str]) -> Iterator[Problem]:
    if "servers" in item:
        yield ("paths", path, "servers"), f"{path}: servers of a path are not read; accepted: servers of the document"
    shape = _PLACEHOLDER.sub("{}", path)
    if shape in seen:
        yield ("paths", path), f"{path} and {seen[shape]} are one route; only the first would be found"
    seen[shape] = path


def _itself(operation: Operation, node: Mapping[str, Any]) -> Iterator[Problem]:
    if "servers" in node:
        yield ("servers",), "servers of an operation are not read; accepted: servers of the document"
    ids, most = len(_PLACEHOLDER.findall(operation.path)), int(operation.kind == "get")
    if ids > most:
        accepted = "its id alone" if most else "none"
        yield (
            (),
            f"{counted(ids, 'parameter')} in the path of a {operation.kind}, which nothing fills; accepted: {accepted}",
        )


def _parameters(operation: Operation, item: Mapping[str, Any]) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the parameters of an operation, and where each stands: in it, or in the path around it."""
    method = operation.method.lower()
    for place, says in ((("parameters",), item), ((method, "parameters"), item[method])):
        for index, each in enumerate(says.get("parameters", ())):
            if each in operation.parameters:
                yield ("paths", operation.path, *place, index), each


def _parameter(operation: Operation, says: Mapping[str, Any]) -> str | None:
    name: str = says["name"]
    place, kind = says["in"], says.get("schema", {}).get("type")
    paging = place == "query" and name in (operation.page, operation.size)
    if says.get("style", _STYLES[place]) != _STYLES[place]:
        return f"the {place} parameter {name} has the style {says['style']}; accepted: {_STYLES[place]}"
    if paging:
        return _paging(name, says.get("schema", {})) or (
            _beginning(name, says["schema"]) if name == operation.page else None
        )
    if place == "query" and operation.kind == "list" and kind is not None and kind not in _READ:
        return f"the query parameter {name} is {kind}, which is not read; accepted: {', '.join(_READ)}"
    if place == "path" or not says.get("required") or name.lower() in _SAID_ELSEWHERE:
        return None
    return f"the {place} parameter {name} is required, and nobody would ask for it; accepted: required: false"


def _paging(name: str, schema: Mapping[str, Any]) -> str | None:
    """Return why a parameter is no number of a page, or of the tasks on one."""
    if schema.get("type") != "integer":
        return f"the page parameter {name} is {schema.get('type', 'of any type')}; accepted: integer"
    default = schema.get("default", 1)
    if isinstance(default, bool) or not isinstance(default, int):
        return f"the default of the page parameter {name} is {default!r}; accepted: an integer"
    return None


def _beginning(name: str, schema: Mapping[str, Any]) -> str | None:
    """Return why a parameter is no number of a page that counts from 1."""
    begins = [schema[key] + more for key, more in _BEGINS.items() if key in schema] or schema.get("enum")
    if not begins:
        return f"nothing says with which number the page parameter {name} begins; accepted: minimum: 1"
    if begins[0] < 1:
        why = f"begins with {begins[0]}, as offsets and pages that count from 0 do, which is not read"
        return f"the page parameter {name} {why}; accepted: pages that count from 1, with minimum: 1"
    return None


def _body(operation: Operation, node: Mapping[str, Any]) -> Iterator[Problem]:
    content = node.get("requestBody", {}).get("content", {})
    if operation.kind != "create" and content:
        yield ("requestBody",), f"the body of a {operation.kind} is not read; accepted: none"
        return
    for kind in content:
        if kind != _JSON:
            yield ("requestBody", "content", kind), f"a body of {kind} is not read; accepted: {_JSON}"
    schema: Pointer = ("requestBody", "content", _JSON, "schema")
    for branch, fields in _branches(operation.request or {}):
        unknown = [name for name in fields if name not in operation.properties]
        if unknown:
            words = f"the field {unknown[0]} stands in {branch[0]}; accepted: among the `properties` of the body itself"
            yield (*schema, *branch), words
    for status, says in operation.responses.items():
        if status == str(operation.success) and says.get("content") and _JSON not in says["content"]:
            yield ("responses", status, "content"), f"a success of {', '.join(says['content'])}; accepted: {_JSON}"


def _branches(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield where a schema has properties that are not its own, and those."""
    for key in ("allOf", "anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(key, ())):
            if isinstance(branch, dict) and isinstance(branch.get("properties"), dict):
                yield (key, index), branch["properties"]


def _callbacks(operation: Operation, node: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the callbacks that have an `x-envelope`, so are meant to be sent, and never would be."""
    found = 0
    for name, expressions in node.get("callbacks", {}).items():
        for expression, item in expressions.items():
            methods = [method for method, says in item.items() if isinstance(says, dict) and "x-envelope" in says]
            if not methods:
                continue
            place: Pointer = ("callbacks", name, expression)
            found += 1
            if not _CALLBACK.fullmatch(expression):
                yield place, f"the callback {expression} is not read; accepted: {{$request.body#/FIELD}}"
            elif methods != ["post"]:
                yield place, f"the callback {name} is a {methods[0]}, which is not read; accepted: post"
            elif found > 1:
                yield place, f"the callback {name} is one too many; accepted: one, of the field that holds its URL"


def _identity(provider: Provider, schemas: Iterable[tuple[Pointer, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Yield where the document asks of a task's id what ids of the mock, made as `x-provider.ids` says, have not."""
    sample = provider.id_prefix + _DIGITS[: provider.id_digits]
    for place, schema in schemas:
        is_number = schema.get("type") == "integer" and "parameters" in place and sample.isdecimal()
        checker = jsonschema_rs.validator_for(dict(schema), validate_formats=True)
        error = next(iter(checker.iter_errors(int(sample) if is_number else sample)), None)
        if error is not None:
            keyword = str(error.schema_path[0])
            words = f"{keyword}: {schema.get(keyword)} does not fit the ids of tasks here, as {sample}"
            yield (*place, keyword), f"{words}; x-provider says with `ids` how they are made"


def _answer_schemas(operation: Operation) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the schema of each place where an answer says the id of a task."""
    status = str(operation.success)
    schema = operation.responses.get(status, {}).get("content", {}).get(_JSON, {}).get("schema")
    below: Pointer = ("responses", status, "content", _JSON, "schema")
    for steps in _ids(operation.envelope.template):
        place, found = below, schema
        for step in steps:
            names: Pointer = ("items",) if step == 0 else ("properties", step)
            place = (*place, *names)
            for name in names:
                found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict):
            yield place, found


def _ids(template: Any, here: Pointer = ()) -> Iterator[Pointer]:
    """Yield where a template says `$id`; the step into a list is 0."""
    if template == "$id":
        yield here
    elif isinstance(template, dict) and "$each" in template:
        yield from _ids(template["item"], (*here, 0))
    elif isinstance(template, dict):
        for key, part in template.items():
            yield from _ids(part, (*here, key))
