"""References between and inside document files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.documents.files import Source, read

if TYPE_CHECKING:
    from pathlib import Path

Pointer = tuple[str | int, ...]


class Resolver:
    """Replaces each `$ref` by what it refers to; keys beside a `$ref` win over those it brings."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.files: dict[Path, Source] = {source.path.resolve(): source}
        self._done: dict[tuple[Path, str], Any] = {}

    def inline(self, node: Any, pointer: Pointer = (), source: Source | None = None) -> Any:
        """Return `node` with nothing left to resolve. Raises `DocumentError` with the line of a broken reference."""
        return self._inline(node, pointer, source or self.source, ())

    def _inline(self, node: Any, pointer: Pointer, source: Source, stack: tuple[tuple[Path, str], ...]) -> Any:
        if isinstance(node, list):
            return [self._inline(item, (*pointer, index), source, stack) for index, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        own = {key: self._inline(value, (*pointer, key), source, stack) for key, value in node.items() if key != "$ref"}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return own if reference is None else {**own, "$ref": self._inline(reference, pointer, source, stack)}
        return _merge(self._target(reference, (*pointer, "$ref"), source, stack), own, source, pointer)

    def _target(self, reference: str, pointer: Pointer, source: Source, stack: tuple[tuple[Path, str], ...]) -> Any:
        name, _, fragment = reference.partition("#")
        path = (source.path.parent / name).resolve() if name else source.path.resolve()
        place = (path, fragment)
        if place in stack:
            raise source.error(f"{reference} refers to itself", pointer)
        if place not in self._done:
            if path not in self.files and not path.is_file():
                raise source.error(f"{reference} refers to nothing: no file {name}", pointer)
            other = self._file(path)
            steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in fragment.split("/")[1:])
            node = other.tree
            for step in steps:
                try:
                    node = node[int(step)] if isinstance(node, list) else node[step]
                except (KeyError, IndexError, TypeError, ValueError):
                    raise source.error(f"{reference} refers to nothing: no {step!r}", pointer) from None
            self._done[place] = self._inline(node, steps, other, (*stack, place))
        return self._done[place]

    def _file(self, path: Path) -> Source:
        if path not in self.files:
            self.files[path] = read(path)
        return self.files[path]


def _merge(target: Any, own: dict[str, Any], source: Source, pointer: Pointer) -> Any:
    if not own:
        return target
    if not isinstance(target, dict):
        raise source.error("keys beside a $ref need an object to join", pointer)
    merged = {**target, **own}
    if "x-facts" in target and "x-facts" in own:
        merged["x-facts"] = {**target["x-facts"], **own["x-facts"]}
    return merged
