"""The tiny document with one thing or another changed, for tests that compare documents."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import yaml

from kling_contract.documents import Provider, load

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
POSTER, CLIP = ("components", "schemas", "Poster"), ("components", "schemas", "Clip")
GONE: Any = object()


@functools.cache
def _text() -> str:
    return json.dumps(yaml.safe_load(TINY.read_text(encoding="utf-8")))


def tree() -> Any:
    """Return the tiny document, to be changed."""
    return json.loads(_text())


@functools.cache
def tiny() -> Provider:
    return load(TINY)


def edited(folder: Path, *edits: tuple[tuple[Any, ...], Any], name: str = "changed.yaml") -> Provider:
    """Return the tiny provider with other values at some places; GONE takes one away. JSON is YAML too."""
    document = tree()
    for place, value in edits:
        _change(document, place, value)
    file = folder / name
    file.write_text(json.dumps(document), encoding="utf-8")
    return load(file)


def _change(node: Any, place: tuple[Any, ...], value: Any) -> None:
    for step in place[:-1]:
        node = node[step]
    if value is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
