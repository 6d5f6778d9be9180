"""Document files: where they are, and what stands on which line."""

from __future__ import annotations

import difflib
import functools
import math
import pickle
from pathlib import Path
from typing import Any

import msgspec
import yaml
from yaml.composer import ComposerError
from yaml.parser import ParserError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

from kling_contract.documents.extent import check_text
from kling_contract.errors import DocumentError

_PROVIDER = b"\n  x-provider:\n    vocabulary:"
_TAG = "tag:yaml.org,2002:"
_PARSING = (ScannerError, ParserError, ComposerError)
_MERGED, _KEYS = f"{_TAG}merge", (f"{_TAG}str", f"{_TAG}int")


class Source(msgspec.Struct, frozen=True, eq=False):
    """One YAML or JSON file and what it says."""

    path: Path
    text: bytes
    tree: Any

    def line_of(self, pointer: tuple[str | int, ...]) -> int:
        """Return the line, from 1, on which the innermost part on the way to `pointer` begins, with its key."""
        node = _marked_nodes(self.text)
        line = node.start_mark.line if node is not None else 0
        for step in pointer:
            begin, node = _child(node, step)
            if node is None:
                break
            line = begin.start_mark.line
        return int(line) + 1

    def error(self, message: str, pointer: tuple[str | int, ...]) -> DocumentError:
        """Return the error of what stands at `pointer`, in one line of text."""
        return DocumentError(" ".join(message.splitlines()), file=str(self.path), line=self.line_of(pointer))


class _Loader(yaml.CSafeLoader):
    """The safe loader, for what JSON can say: texts as keys, each once; a number as a key is taken as its text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if key.tag != _MERGED):
            if key.tag not in _KEYS or not isinstance(key, yaml.ScalarNode):
                raise _marked(f"the key {key.value} needs quotes" if key.value else "a key is no text", key)
            if key.value in seen:
                raise _marked(f"the key {key.value!r} is given twice", key)
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return {str(key): value for key, value in mapping.items()}

    def construct_finite(self, node: yaml.ScalarNode) -> float:
        number: float = self.construct_yaml_float(node)
        if not math.isfinite(number):
            raise _marked(f"JSON has no number {node.value}", node)
        return number

    def refuse_date(self, node: yaml.ScalarNode) -> Any:
        raise _marked(f"the date {node.value} needs quotes", node)

    def refuse(self, node: yaml.Node) -> Any:
        raise _marked(f"JSON has nothing like !!{node.tag.removeprefix(_TAG)}", node)


def _marked(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


_Loader.add_constructor(f"{_TAG}float", _Loader.construct_finite)
_Loader.add_constructor(f"{_TAG}timestamp", _Loader.refuse_date)
for _kind in ("binary", "omap", "pairs", "set"):
    _Loader.add_constructor(f"{_TAG}{_kind}", _Loader.refuse)


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
    """Return one file, a bundled one always the same: what its documents share would be read with each of them.

    Raises `DocumentError` for a file that is missing, not text, not YAML, or far too large.
    """
    return _bundled(path) if path.parent == folder() else _read(path)


@functools.cache
def _bundled(path: Path) -> Source:
    return _read(path)


def _read(path: Path) -> Source:
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        raise DocumentError(getattr(error, "strerror", None) or str(error), file=str(path)) from None
    try:
        text.decode("utf-8")
        # The bundled files are as large as they are, and counting takes as long as reading.
        return Source(path, text, pickle.loads(_parsed(text, counted=path.parent != folder())))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message, line = _complaint(error, text)
        raise DocumentError(" ".join(message.splitlines()), file=str(path), line=line) from None


@functools.lru_cache(maxsize=8)
def _parsed(text: bytes, *, counted: bool) -> bytes:
    """Return what a text says, as bytes of which each reader makes a tree of their own.

    To load a provider, to look it over and to lint it reads the same files; YAML takes fifty times as long as this.
    """
    if counted:
        check_text(text)
    return pickle.dumps(yaml.load(text, Loader=_Loader))


@functools.lru_cache(maxsize=4)
def _marked_nodes(text: bytes) -> Any:
    """Return a text as nodes with their places, which a look over a document asks for at each finding."""
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def _at(text: bytes, mark: Any) -> str:
    """Return the character at a mark; empty for no mark, and for the end of the text."""
    return text.decode("utf-8", "replace")[mark.index :][:1] if mark else ""


def _marked_complaint(error: yaml.MarkedYAMLError, text: bytes) -> tuple[str, int | None]:
    """Return the complaint and its line.

    The parser's words change with its version, so that nothing is told from them: what stands at its marks does not.
    """
    mark, begun = error.problem_mark, error.context_mark
    problem, line = error.problem or "not YAML", mark.line + 1 if mark else None
    if not isinstance(error, _PARSING):
        return problem, line
    problem, opened = f"not YAML: {problem}", _at(text, begun)
    if begun and opened and opened in "[{'\"":
        return f"{problem} {error.context or ''}", begun.line + 1
    if begun and isinstance(error, ParserError):
        kind, parts = ("list", "items") if opened == "-" else ("mapping", "keys")
        return f"{problem} in the {kind} of line {begun.line + 1}; accepted: {parts} in one column", line
    if _at(text, mark) == ":":
        return f"{problem}; a text with a colon and a space in it needs quotes", line
    return problem, line


def _complaint(error: Exception, text: bytes) -> tuple[str, int | None]:
    """Return what is wrong with a text, and the line where it is known."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason} (0x{text[error.start]:02x})", text.count(b"\n", 0, error.start) + 1
    if isinstance(error, ReaderError):
        return f"not YAML: {error.reason}", text.count(b"\n", 0, error.position) + 1
    if isinstance(error, yaml.MarkedYAMLError):
        return _marked_complaint(error, text)
    return f"not YAML: {error}", None
