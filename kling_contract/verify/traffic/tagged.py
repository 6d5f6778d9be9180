"""YAML values that have a tag: data that remembers what it was called. Nothing is ever made of a tag."""

from __future__ import annotations

from typing import Any

STANDARD = "tag:yaml.org,2002:"
PYTHON = f"{STANDARD}python/"

# What recorders in Python and Ruby write where they mean a plain value.
_PLAIN = {
    **{f"{PYTHON}{name}": f"{STANDARD}{name}" for name in ("bool", "int", "float", "str", "list", "dict")},
    f"{PYTHON}none": f"{STANDARD}null",
    f"{PYTHON}unicode": f"{STANDARD}str",
    f"{PYTHON}long": f"{STANDARD}int",
    f"{PYTHON}bytes": f"{STANDARD}binary",
    f"{STANDARD}list": f"{STANDARD}seq",
    f"{STANDARD}dict": f"{STANDARD}map",
    "!binary": f"{STANDARD}binary",
    "!str": f"{STANDARD}str",
    "!": f"{STANDARD}str",
}
TUPLE = f"{PYTHON}tuple"


class TaggedList(list[Any]):
    """A list with a tag."""

    tag = ""


class TaggedMapping(dict[Any, Any]):
    """A mapping with a tag."""

    tag = ""


class TaggedText(str):
    """A scalar with a tag that says nothing here."""

    tag = ""


def plain(tag: str | None) -> str:
    """Return the standard tag that a tag stands for, or itself."""
    return _PLAIN.get(tag or "", tag or "")


def tag_of(value: Any) -> str:
    """Return the tag of a value, or ""."""
    return str(getattr(value, "tag", ""))


def shown(tag: str) -> str:
    """Return a tag as it is written in a file."""
    return f"!!{tag.removeprefix(STANDARD)}" if tag.startswith(STANDARD) else tag
