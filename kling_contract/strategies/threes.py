"""Three values in one place of another: below a limit, at it, and above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn


@dataclass(frozen=True, slots=True, eq=False)
class Three:
    """What stands in a value for three others; `allowed` says which of them keep the limit.

    Where no value is exactly at the limit, the second one is the first one again, and is not `exact`.
    """

    values: tuple[Any, ...]
    allowed: tuple[bool, bool, bool]
    exact: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Threes:
    """The domain of such values; what is asked of it is answered by `samples`, if they agree."""

    samples: tuple[Any, ...]
    allowed: tuple[bool, bool, bool]
    drawn: Callable[[DrawFn], Three]

    def singles(self) -> list[Any]:
        """Return the domain itself."""
        return [self]


def three_in(value: Any) -> Three | None:
    """Return the first three that stand somewhere in a value."""
    if isinstance(value, Three):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(three_in, parts)), None)


def resolved(value: Any, which: int) -> Any:
    """Return a copy of a value with one of each three in its place."""
    if isinstance(value, Three):
        return value.values[which]
    if isinstance(value, dict):
        return {key: resolved(part, which) for key, part in value.items()}
    return [resolved(part, which) for part in value] if isinstance(value, list) else value
