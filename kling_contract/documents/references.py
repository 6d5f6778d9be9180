"""References between and inside document files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.documents.extent import excess
from kling_contract.documents.files import Source, folder, read

if TYPE_CHECKING:
    from pathlib import Path

    from kling_contract.errors import DocumentError

Pointer = tuple[str | int, ...]


class Resolver:
    """Replaces each `$ref` by what it refers to; keys beside a `$ref` win over those it brings."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.files: dict[Path, Source] = {source.path.resolve(): source}
        self._done: dict[tuple[Path, str], Any] = {}

    def inline(self, node: Any, pointer: Pointer = (), source: Source | None = None) -> Any:
        """Return `node` with nothing left to resolve.

        Raises `DocumentError` with the line of a broken reference, or where all of it is too large or too deep.
        """
        source = source or self.source
        try:
            inlined = self._inline(node, pointer, source, ())
        except RecursionError:
            raise source.error("references of references, too deep to follow", pointer) from None
        too_much = excess(inlined)
        if too_much:
            raise source.error(too_much, pointer)
        return inlined

    def place(self, pointer: Pointer) -> tuple[Source, Pointer]:
        """Return the file, and the place in it, where that stands which is at `pointer` once all is inlined."""
        source, node = self.source, self.source.tree
        place: Pointer = ()
        for step in pointer:
            while isinstance(node, dict) and step not in node and isinstance(node.get("$ref"), str):
                source, place, node = self._follow(node["$ref"], (*place, "$ref"), source)
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return source, place
            place = (*place, step)
        while isinstance(node, dict) and list(node) == ["$ref"] and isinstance(node["$ref"], str):
            source, place, node = self._follow(node["$ref"], (*place, "$ref"), source)
        return source, place

    def error(self, message: str, pointer: Pointer) -> DocumentError:
        """Return the error of what is at `pointer` of the inlined document, with the file and line where it stands."""
        source, place = self.place(pointer)
        return source.error(message, place)

    def _inline(self, node: Any, pointer: Pointer, source: Source, stack: tuple[tuple[Path, str], ...]) -> Any:
        if isinstance(node, list):
            return [self._inline(item, (*pointer, index), source, stack) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        own = {key: self._inline(value, (*pointer, key), source, stack) for key, value in node.items() if key != "$ref"}
        if "$ref" not in node:
            return own
        reference = node["$ref"]
        if isinstance(reference, dict):
            return {**own, "$ref": self._inline(reference, pointer, source, stack)}
        if not isinstance(reference, str):
            raise source.error("$ref must be a text", (*pointer, "$ref"))
        return _merge(self._target(reference, (*pointer, "$ref"), source, stack), own, source, pointer)

    def _target(self, reference: str, pointer: Pointer, source: Source, stack: tuple[tuple[Path, str], ...]) -> Any:
        other, steps, node = self._follow(reference, pointer, source)
        place = (other.path.resolve(), "/".join(map(str, steps)))
        if place in stack:
            raise source.error(f"{reference} refers to itself", pointer)
        if place not in self._done:
            self._done[place] = self._inline(node, steps, other, (*stack, place))
        return self._done[place]

    def _follow(self, reference: str, pointer: Pointer, source: Source) -> tuple[Source, Pointer, Any]:
        """Return the file that a reference leads to, the place in it, and what stands there."""
        name, _, fragment = reference.partition("#")
        other = self._file(name, source)
        if other is None:
            raise source.error(f"{reference} refers to nothing: no file {name}{_advice(name)}", pointer)
        place: Pointer = ()
        node: Any = other.tree
        for step in steps_of(fragment):
            try:
                key: Any = int(step) if isinstance(node, list) else step
                place, node = (*place, key), node[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise source.error(f"{reference} refers to nothing: no {step!r}", pointer) from None
        return other, place, node

    def _file(self, name: str, source: Source) -> Source | None:
        """Return the file of a reference, read once; None if there is none."""
        try:
            path = (source.path.parent / name).resolve() if name else source.path.resolve()
            if path not in self.files:
                if not path.is_file():
                    return None
                self.files[path] = read(path)
        except (OSError, ValueError):
            return None
        return self.files[path]


def _advice(name: str) -> str:
    """Return what to do where a copy of a bundled document lacks a file that the original has."""
    known = name and (folder() / name).is_file()
    return " beside it; `kling-contract spec NAME` prints a bundled document in one file" if known else ""


def steps_of(fragment: str) -> list[str]:
    """Return the steps of a JSON pointer."""
    return [step.replace("~1", "/").replace("~0", "~") for step in fragment.split("/")[1:]]


def _merge(target: Any, own: dict[str, Any], source: Source, pointer: Pointer) -> Any:
    if not own:
        return target
    if not isinstance(target, dict):
        raise source.error("keys beside a $ref need an object to join", pointer)
    merged = {**target, **own}
    facts = target.get("x-facts"), own.get("x-facts")
    if isinstance(facts[0], dict) and isinstance(facts[1], dict):
        merged["x-facts"] = {**facts[0], **facts[1]}
    return merged
