"""What a document knows of a body: its fields, whichever branch names them, and the words that it says itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_contract.documents import Operation

Schema = Mapping[str, Any]

ANYTHING: Schema = {"type": "object"}  # an object of which every field may be shown, but for a secret's name
_BRANCHES = ("allOf", "anyOf", "oneOf")


def fields_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the fields that any branch of a schema names."""
    if not any(key in schema for key in (*_BRANCHES, "then", "else")):
        found: Mapping[str, Schema] = schema.get("properties", {})
        return found
    fields: dict[str, Schema] = {}
    for branch in _branches(schema):
        fields = {**branch.get("properties", {}), **fields}
    return fields


def items_of(schema: Schema) -> Schema:
    """Return the schema of the items of a list."""
    found = next((each["items"] for each in _branches(schema) if isinstance(each.get("items"), Mapping)), None)
    return (schema if schema is ANYTHING else {}) if found is None else found


def _branches(schema: Schema) -> Iterator[Schema]:
    yield schema
    below = [each for key in _BRANCHES for each in schema.get(key, ())]
    below += [schema[key] for key in ("then", "else") if key in schema]
    for each in below:
        if isinstance(each, Mapping):
            yield from _branches(each)


def request_of(operation: Operation | None) -> Schema:
    """Return the schema of a request with the fields of all its branches in one; nothing where there is none."""
    if operation is None or operation.request is None:
        return {}
    found: Schema | None = operation.memo.get(request_of)
    if found is None:
        found = operation.memo[request_of] = _merged(operation.request)
    return found


def _merged(schema: Schema) -> Schema:
    fields, items = fields_of(schema), items_of(schema)
    own = {key: each for key, each in schema.items() if key not in (*_BRANCHES, "if", "then", "else")}
    if fields:
        own["properties"] = {name: _merged(each) for name, each in fields.items()}
    return {**own, "items": _merged(items)} if items else own


def words_of(operation: Operation) -> frozenset[str]:
    """Return the texts that a document says in its enums and templates, in which there can be no secret."""
    found: frozenset[str] | None = operation.memo.get(words_of)
    if found is None:
        found = operation.memo[words_of] = frozenset(_words(operation))
    return found


def _words(operation: Operation) -> Iterator[str]:
    schemas = [operation.request, *(answer.get("content", {}) for answer in operation.responses.values())]
    for schema in schemas:
        yield from _enums(schema)
    yield from operation.statuses.values()
    yield from _constants(operation.envelope.template)


def _enums(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        given = [*schema["enum"]] if isinstance(schema.get("enum"), list) else []
        yield from (each for each in (*given, schema.get("const")) if isinstance(each, str))
        for key, each in schema.items():
            if key not in ("example", "examples", "x-facts"):
                yield from _enums(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _enums(each)


def _constants(template: Any) -> Iterator[str]:
    if isinstance(template, Mapping):
        for each in template.values():
            yield from _constants(each)
    elif isinstance(template, str) and "$" not in template:
        yield template
