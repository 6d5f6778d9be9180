"""What stands in the place of a value that is not shown: of the same type, and as right or as wrong as that was."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MARK = "[redacted]"
_SMALL = 1000  # a number below it is no secret, unless its name says so
_LEAST = 3  # characters of a text that may be a secret
_WORDS = frozenset({"true", "false", "null", "none"})
_MOST_DIGITS, _MOST_EXPONENT = 40, 40  # beyond them a number is refused, and so is its mark


def marked(value: Any) -> Any:
    """Return what is shown of a scalar whose name nobody knows."""
    if isinstance(value, bytes):
        return MARK
    if isinstance(value, str):
        return MARK if len(value) >= _LEAST and value not in _WORDS else value
    return blank(value) if _is_number(value) and not -_SMALL < value < _SMALL else value


def blank(value: Any) -> Any:
    """Return what is shown of anything under the name of a secret: its form, without its texts and numbers."""
    if isinstance(value, Mapping):
        return {name: blank(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [blank(each) for each in value]
    if isinstance(value, bytes):
        return MARK
    if isinstance(value, str):
        return MARK if value else value
    return _zero(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _zero(value: Any) -> Any:
    """Return a zero of the same type; of a number that is too long or too large to be read, another such."""
    if isinstance(value, float):
        return 0.0
    if isinstance(value, int):
        return 0 if abs(value) < 10**_MOST_DIGITS else 10**_MOST_DIGITS
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return value
    if abs(exponent) > _MOST_EXPONENT:
        return Decimal((0, (1,), exponent))
    return Decimal("0.0") if len(digits) <= _MOST_DIGITS else Decimal((0, (1,) * len(digits), exponent))
