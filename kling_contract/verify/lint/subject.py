"""The document that is looked over, without references, and where its parts stand in files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract.documents.files import read
from kling_contract.documents.references import Resolver
from kling_contract.soundness.schema import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation, Provider
    from kling_contract.documents.files import Source
    from kling_contract.documents.references import Pointer

_BRANCHES = ("allOf", "anyOf", "oneOf")
_BRANCH = ("not", "if", "then", "else", "items")
BODY: Pointer = ("requestBody", "content", "application/json", "schema")


@dataclass(frozen=True, slots=True)
class Spot:
    """A schema, and where it stands in the document without references."""

    pointer: Pointer
    schema: Mapping[str, Any]


class Subject:
    """A provider's document to be looked over; `official` is the provider whose names are the canonical ones."""

    def __init__(self, provider: Provider, official: Provider | None) -> None:
        self.provider, self.official = provider, official
        self.resolver = Resolver(read(provider.file))
        self.resolver.inline(self.resolver.source.tree)
        self.document = {key: value for key, value in provider.document.items() if key != "components"}

    def at(self, pointer: Pointer) -> Any:
        """Return what stands at a place of the document; None if nothing does."""
        return _at(self.document, pointer)

    @cached_property
    def spots(self) -> list[Spot]:
        """Every schema, with those inside it."""
        roots = schemas({"paths": self.document["paths"]})
        return [spot for pointer in roots for spot in _within(self.at(pointer), pointer)]

    @cached_property
    def nodes(self) -> dict[str, Pointer]:
        """Where each operation stands, by its operationId, whether it has x-operation or not."""
        items = self.document["paths"].items()
        pairs = ((("paths", path, method), node) for path, item in items for method, node in item.items())
        return {node["operationId"]: at for at, node in pairs if isinstance(node, dict) and "operationId" in node}

    def pointer(self, operation: Operation, *steps: str | int) -> Pointer:
        """Return the place of something below an operation."""
        return ("paths", operation.path, operation.method.lower(), *steps)

    def operation(self, pointer: Pointer) -> str | None:
        """Return the operationId under which a place stands, the first one of its path for what they share."""
        found = (name for name, at in self.nodes.items() if pointer[:3] == at)
        shared = (name for name, at in self.nodes.items() if pointer[:2] == at[:2])
        return next(found, next(shared, None))

    def fact(self, holder: Pointer, key: str | int) -> tuple[Source, Pointer]:
        """Return the file and the place of a keyword's fact, which may stand beside a reference or behind it."""
        source, place = self.resolver.place((*holder, "x-facts", key))
        if place[-2:] != ("x-facts", key):
            behind, found = self.resolver.place((*holder, key))
            if found[-1:] == (key,):
                return behind, (*found[:-1], "x-facts", key)
        return source, place

    def place(self, pointer: Pointer) -> tuple[Source, Pointer]:
        """Return the file and the place of a keyword, or of its fact where only that has it."""
        holder, key = self.at(pointer[:-1]), pointer[-1]
        if isinstance(holder, dict) and key not in holder and key in holder.get("x-facts", {}):
            return self.fact(pointer[:-1], key)
        source, place = self.resolver.place(pointer[:-1])
        return (source, (*place, key)) if _at(source.tree, (*place, key)) is not None else self.resolver.place(pointer)


def _at(node: Any, pointer: Pointer) -> Any:
    for step in pointer:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def _within(schema: Any, pointer: Pointer) -> Iterator[Spot]:
    if not isinstance(schema, dict):
        return
    yield Spot(pointer, schema)
    for name, below in schema.get("properties", {}).items():
        yield from _within(below, (*pointer, "properties", name))
    for key in _BRANCH:
        yield from _within(schema.get(key), (*pointer, key))
    for key in _BRANCHES:
        for index, below in enumerate(schema.get(key, ())):
            yield from _within(below, (*pointer, key, index))
