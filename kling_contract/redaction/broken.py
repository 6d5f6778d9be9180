"""JSON that is cut off or otherwise no JSON: its strings, as far as they can be told, each after its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = re.compile(r"[\s\ufeff]{0,100}[\[{]")
_DIGITS = re.compile(r"\d")
_SIGNS = 4000  # characters in which the kind of quotes is looked for
_DOUBLE = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)(?:"(\s{0,20}:)?|\\?\Z)|(?<![\w.])(-?\d[\w.+-]*)', re.DOTALL)
_SINGLE = re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)(?:'(\s{0,20}:)?|\\?\Z)|(?<![\w.])(-?\d[\w.+-]*)", re.DOTALL)


def replaced_strings(text: str, show: Callable[[str, str], str], named: Callable[[str], str]) -> str | None:
    """Return what looks like JSON with each string and number replaced by what is shown of it; None for other texts."""
    if not _HEAD.match(text):
        return None
    strings = _SINGLE if "'" in text[:_SIGNS] and '"' not in text[:_SIGNS] else _DOUBLE
    name = ""

    def replace(found: re.Match[str]) -> str:
        nonlocal name
        said, colon, number = found.groups()
        if number is not None:
            return number if show(name, number) == number else _DIGITS.sub("1", number)
        if colon:
            name = said
            return found[0].replace(said, named(said)) if said and named(said) != said else found[0]
        quote, end = found[0][0], found[0][-1] if len(found[0]) > 1 and found[0][-1] == found[0][0] else ""
        return f"{quote}{show(name, said) if said else ''}{end}"

    return strings.sub(replace, text)
