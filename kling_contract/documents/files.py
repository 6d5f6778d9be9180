"""Document files: where they are, and what stands on which line."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kling_contract.errors import DocumentError

_PROVIDER = b"\n  x-provider:\n    vocabulary:"
_MERGED = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, eq=False)
class Source:
    """One YAML or JSON file and what it says."""

    path: Path
    text: bytes
    tree: Any

    def line_of(self, pointer: tuple[str | int, ...]) -> int:
        """Return the line, from 1, on which the innermost part on the way to `pointer` begins, with its key."""
        node: Any = yaml.compose(self.text, Loader=yaml.CSafeLoader)
        line = node.start_mark.line if node is not None else 0
        for step in pointer:
            begin, node = _child(node, step)
            if node is None:
                break
            line = begin.start_mark.line
        return int(line) + 1

    def error(self, message: str, pointer: tuple[str | int, ...]) -> DocumentError:
        """Return the error of what stands at `pointer`."""
        return DocumentError(message, file=str(self.path), line=self.line_of(pointer))


class _Loader(yaml.CSafeLoader):
    """The safe loader, which also refuses a key that is given twice, and a date that JSON would not have."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if key.tag != _MERGED):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _refuse_date(loader: _Loader, node: yaml.ScalarNode) -> Any:
    raise yaml.MarkedYAMLError(problem=f"the date {node.value} needs quotes", problem_mark=node.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _refuse_date)


def _child(node: Any, step: str | int) -> tuple[Any, Any]:
    """Return the key and the value of a step, or the item twice; (None, None) for a step that leads nowhere."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


@functools.cache
def folder() -> Path:
    """Return the folder of the bundled documents: inside the wheel, or beside the package in a checkout."""
    inside = Path(__file__).parent.parent / "openapi"
    return inside if inside.is_dir() else Path(__file__).parent.parent.parent / "openapi"


@functools.cache
def bundled() -> tuple[str, ...]:
    """Return the names of the bundled providers, sorted."""
    paths = folder().glob("*.yaml")
    return tuple(sorted(path.stem for path in paths if _PROVIDER in path.read_bytes()))


def find(provider: str | Path) -> Path:
    """Return the file of a bundled provider's name, or of a path. Raises `DocumentError`."""
    text = str(provider)
    if "/" not in text and "\\" not in text and not text.endswith((".yaml", ".yml", ".json")):
        if text in bundled():
            return folder() / f"{text}.yaml"
        close = difflib.get_close_matches(text, bundled(), n=1)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        raise DocumentError(f"no such provider; accepted: {', '.join(bundled())}, or a file{guess}", file=text)
    return Path(provider)


def read(path: Path) -> Source:
    """Read one file. Raises `DocumentError` for a file that is missing, not text, or not YAML."""
    try:
        text = path.read_bytes()
        return Source(path, text, yaml.load(text, Loader=_Loader))
    except OSError as error:
        raise DocumentError(error.strerror or str(error), file=str(path)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if "flow" in (error.context or "") else error.problem_mark
        raise DocumentError(error.problem or "not YAML", file=str(path), line=mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(f"not YAML: {error}", file=str(path)) from None
