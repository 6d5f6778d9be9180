"""The extensions that the documents use, each held against its own JSON Schema."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.documents.files import folder, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.files import Source

Pointer = tuple[str | int, ...]

# Below these keys stands data, in which an `x-` name means nothing.
_DATA = frozenset({"x-envelope", "x-facts", "x-sources", "example", "value", "enum", "const", "default"})


def check(source: Source) -> None:
    """Raise `DocumentError`, with its line, for the first extension in the file that breaks the vocabulary."""
    validators = _validators()
    for pointer, name, value in extensions(source.tree):
        if name not in validators:
            close = difflib.get_close_matches(name, validators, n=1, cutoff=0.8)
            if close:
                raise source.error(f"{name} is no known extension; did you mean {close[0]}?", pointer)
            continue
        errors = sorted(validators[name].iter_errors(value), key=lambda error: not _unexpected(error))
        if errors:
            error = errors[0]
            place = (*pointer, *error.instance_path, *_unexpected(error)[:1])
            raise source.error(f"{'/'.join(str(step) for step in place[-3:])}: {_words(error)}", place)


def _unexpected(error: Any) -> list[str]:
    """Return the keys that should not be there. A misspelt key tells more than the one that is missing for it."""
    return list(getattr(error.kind, "unexpected", ()))


def _words(error: Any) -> str:
    message = str(error.message)
    return message if len(message) < 300 else message[:300] + "..."


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
def _validators() -> Mapping[str, Any]:
    tree = read(folder() / "vocabulary.yaml").tree
    shared = {"$schema": tree["$schema"], "$defs": tree["$defs"]}
    return {name: jsonschema_rs.validator_for({**shared, **schema}) for name, schema in tree["properties"].items()}
