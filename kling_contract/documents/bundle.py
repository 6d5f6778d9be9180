"""One self-contained document of several files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.documents.files import Source, find, read
from kling_contract.documents.references import steps_of

if TYPE_CHECKING:
    from pathlib import Path


def bundle(provider: str | Path) -> dict[str, Any]:
    """Return a provider's document with everything it refers to in other files taken in.

    A component of another file keeps its name, or takes the file's in front (`common.Error`) where the name is taken.
    It has to be a document that `load` takes. Raises `DocumentError` for a file that cannot be read.
    """
    return _Bundler(read(find(provider))).document()


class _Bundler:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._files = {source.path.resolve(): source}
        self._own: dict[str, dict[str, Any]] = source.tree.get("components", {})
        self._brought: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[Path, str, str], str] = {}

    def document(self) -> dict[str, Any]:
        tree = self._rewritten(self._source.tree, self._source)
        components = tree.setdefault("components", {})
        for section, parts in self._brought.items():
            components[section] = {**components.get(section, {}), **parts}
        return dict(tree)

    def _rewritten(self, node: Any, source: Source) -> Any:
        if isinstance(node, list):
            return [self._rewritten(item, source) for item in node]
        if not isinstance(node, dict):
            return node
        own = {key: self._rewritten(value, source) for key, value in node.items() if key != "$ref"}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return own if reference is None else {"$ref": self._rewritten(reference, source), **own}
        name, _, fragment = reference.partition("#")
        path = (source.path.parent / name).resolve() if name else source.path.resolve()
        if path == self._source.path.resolve():
            return {"$ref": f"#{fragment}", **own}
        steps = steps_of(fragment)
        if len(steps) == 3 and steps[0] == "components":
            return {"$ref": f"#/components/{steps[1]}/{self._bring(path, steps[1], steps[2])}", **own}
        return {**self._rewritten(self._at(path, steps), self._file(path)), **own}

    def _bring(self, path: Path, section: str, name: str) -> str:
        """Take a component in, once, and return its name here."""
        key = (path, section, name)
        if key not in self._names:
            taken = name in self._own.get(section, {})
            self._names[key] = f"{path.stem}.{name}" if taken else name
            part = self._rewritten(self._at(path, ["components", section, name]), self._file(path))
            self._brought.setdefault(section, {})[self._names[key]] = part
        return self._names[key]

    def _file(self, path: Path) -> Source:
        if path not in self._files:
            self._files[path] = read(path)
        return self._files[path]

    def _at(self, path: Path, steps: list[str]) -> Any:
        node = self._file(path).tree
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node
