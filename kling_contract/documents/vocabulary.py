"""The extensions that the documents use, and the parts of OpenAPI, each held against its own JSON Schema."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.documents.complaints import first
from kling_contract.documents.files import folder, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.files import Source
    from kling_contract.documents.references import Resolver

Pointer = tuple[str | int, ...]

# Below these keys stands data, in which an `x-` name means nothing.
_DATA = frozenset({"x-envelope", "x-facts", "x-sources", "example", "value", "enum", "const", "default"})


def check(source: Source) -> None:
    """Raise `DocumentError`, with its line, for the first extension in the file that breaks the vocabulary."""
    schemas = _schemas()
    for pointer, name, value in extensions(source.tree):
        if name not in schemas:
            close = difflib.get_close_matches(name, schemas, n=1, cutoff=0.8)
            if close:
                raise source.error(f"{name} is no known extension; did you mean {close[0]}?", pointer)
            continue
        found = first(_validator(name).iter_errors(value), schemas[name])
        if found:
            place = (*pointer, *found[0])
            raise source.error(_message(place, found[1]), place)


def check_document(document: Mapping[str, Any], resolver: Resolver) -> None:
    """Raise `DocumentError` for the first part of a document, without references, that OpenAPI would not have there."""
    found = first(_validator(None).iter_errors(document), _document())
    if found:
        raise resolver.error(_message(found[0], found[1]), tuple(found[0]))


def _message(place: Pointer | list[str | int], words: str) -> str:
    return f"{'/'.join(map(str, place[-3:]))}: {words}" if place else f"the document: {words}"


def extensions(node: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, str, Any]]:
    """Yield where each extension below `node` stands, its name, and what it says."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str) and key.startswith("x-"):
                yield (*pointer, key), key, value
            if key not in _DATA:
                yield from extensions(value, (*pointer, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from extensions(item, (*pointer, index))


@functools.cache
def _schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each extension."""
    tree = read(folder() / "vocabulary.yaml").tree
    shared = {"$schema": tree["$schema"], "$defs": tree["$defs"]}
    return {name: {**shared, **schema} for name, schema in tree["properties"].items()}


@functools.cache
def _document() -> dict[str, Any]:
    """Return the schema of a document, which refers to an extension's by its name."""
    vocabulary = read(folder() / "vocabulary.yaml").tree
    document = read(folder() / "document.yaml").tree
    return {**document, "$defs": {**vocabulary["$defs"], **vocabulary["properties"], **document["$defs"]}}


@functools.cache
def _validator(name: str | None) -> Any:
    """Return the validator of an extension; None is that of a document."""
    return jsonschema_rs.validator_for(_document() if name is None else _schemas()[name])
