"""The JSON Schemas of a document: whether they are any, and whether they ask for properties that they do not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.wording import is_same_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from kling_contract.documents.files import Source
    from kling_contract.documents.references import Pointer, Resolver

_BRANCHES = ("allOf", "anyOf", "oneOf")
_BRANCH = ("not", "if", "then", "else")


def inlined(resolver: Resolver, file: Source, pointer: Pointer) -> Any:
    """Return what stands at a place of a file, with no reference left."""
    node = file.tree
    for step in pointer:
        node = node[step]
    return resolver.inline(node, pointer, file)


def schemas(node: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Yield where the outermost schemas stand: the component schemas, and each `schema` of a parameter or a body."""
    if isinstance(node, dict):
        for key, value in node.items():
            place = (*pointer, key)
            if key == "schema" or pointer == ("components", "schemas"):
                if not _refers(value):
                    yield place
            elif not str(key).startswith("x-") and key not in ("example", "examples"):
                yield from schemas(value, place)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from schemas(item, (*pointer, index))


def _refers(schema: Any) -> bool:
    """Whether a schema only refers to another, which is checked where it stands."""
    return isinstance(schema, dict) and list(schema) == ["$ref"]


def check_schema(resolver: Resolver, file: Source, pointer: Pointer) -> None:
    """Raise `DocumentError` unless a JSON Schema stands there."""
    schema = inlined(resolver, file, pointer)
    try:
        jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError as error:
        place = (*pointer, *error.instance_path)
        raise file.error(f"{'/'.join(map(str, place[-3:]))} is no JSON Schema: {error.message}", place) from None
    except ValueError as error:
        raise file.error(f"{'/'.join(map(str, pointer[-3:]))} is no JSON Schema: {error}", pointer) from None


def unknown_required(
    schema: Mapping[str, Any], known: AbstractSet[str] = frozenset(), pointer: Pointer = ()
) -> Iterator[tuple[Pointer, str, list[str]]]:
    """Yield each name below `required` that no property has: where it stands, the name, and the properties there are.

    A branch (`anyOf`, `not`, ...) may ask for what the schema around it has. A schema of no properties, or with those
    of a pattern, may ask for any.
    """
    names = known | _names(schema)
    if names and "patternProperties" not in schema:
        for index, name in enumerate(schema.get("required", ())):
            if name not in names:
                yield (*pointer, "required", index), name, sorted(names)
    for steps, branch in _branches(schema):
        yield from unknown_required(branch, names, (*pointer, *steps))
    for name, below in schema.get("properties", {}).items():
        yield from unknown_required(below, frozenset(), (*pointer, "properties", name))
    if "items" in schema:
        yield from unknown_required(schema["items"], frozenset(), (*pointer, "items"))


def ambiguous_names(schema: Mapping[str, Any], pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield each name of `x-also-known-as` that is a field of the same object, or is said of two: where, and the words.

    So it is with the words of `x-values-also-known-as` and the values of the enum beside it.
    """
    properties = schema.get("properties", {})
    fields = {name: each["x-also-known-as"] for name, each in properties.items() if "x-also-known-as" in each}
    for name, index, problem in _ambiguous(fields, list(properties)):
        yield (*pointer, "properties", name, "x-also-known-as", index), problem
    words = schema.get("x-values-also-known-as", {})
    for value, index, problem in _ambiguous(words, schema.get("enum", list(words))):
        yield (*pointer, "x-values-also-known-as", value, index), problem
    for name, below in properties.items():
        yield from ambiguous_names(below, (*pointer, "properties", name))
    if "items" in schema:
        yield from ambiguous_names(schema["items"], (*pointer, "items"))


def _ambiguous(names: Mapping[str, list[Any]], own: list[Any]) -> Iterator[tuple[str, int, str]]:
    taken: list[tuple[Any, str]] = [(each, f"{each!r} itself") for each in own]
    for name, others in names.items():
        if name not in own:
            yield name, 0, f"has no {name!r} that could be known as {others[0]!r}"
        for index, other in enumerate(others):
            holder = next((holder for word, holder in taken if is_same_word(word, other)), None)
            if holder is not None:
                yield name, index, f"says that {name!r} is known as {other!r}, which is {holder}"
            taken.append((other, f"one of {name!r} already"))


def _names(schema: Mapping[str, Any]) -> frozenset[str]:
    own = frozenset(schema.get("properties", {}))
    return own.union(*(_names(branch) for _, branch in _branches(schema)))


def _branches(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the schemas that speak of the same object as `schema`."""
    for key in _BRANCH:
        if isinstance(schema.get(key), dict):
            yield (key,), schema[key]
    for key in _BRANCHES:
        for index, branch in enumerate(schema.get(key, ())):
            if isinstance(branch, dict):
                yield (key, index), branch
