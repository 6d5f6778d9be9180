"""Headers as a mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def folded(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names, in their order; repeated ones are one, their values after a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
