"""Where a result cannot show an image of its request, and why: told by notes, headers of the file, and in the log."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from kling_contract.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable

RULE = "result.stand-in"

_LONGEST_HEADER = 1000  # characters


def missing_extra() -> str | None:
    """Return what to install so that results are drawn from their inputs, in one line; None if it is there."""
    if all(map(find_spec, ("PIL", "av"))):
        return None
    return "results are small built-in files; pip install 'kling-contract[media]' draws them from their inputs"


def note(field: str, reason: str, hint: str | None = None) -> Violation:
    """Return the note that a result does not show what stood in a field, known by its canonical name."""
    return Violation("", RULE, f"a stand-in takes the place of {field}: {reason}", None, hint)


def header(notes: Iterable[Violation]) -> str:
    """Return notes as the value of a header; an empty text for none."""
    text = "; ".join(f"{each.rule} {each.message}" for each in notes)[:_LONGEST_HEADER]
    return "".join(char if " " <= char <= "~" else "?" for char in text)
