"""JSON that stands as a text in a field, as many clients send it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

DEEPEST = 4  # texts within texts; what is deeper is not read
_LONGEST = 1_000_000  # characters

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def read_nested(text: str) -> Any:
    """Return the object or list that a text says, or the text that it quotes; None for every other text."""
    head = text[:80].lstrip()[:1]
    if not head or head not in '{["' or len(text) > _LONGEST:
        return None
    try:
        found = _decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError):
        return None
    return found if isinstance(found, dict | list | str) else None


def written(value: Any) -> str:
    """Return the JSON of a value as a text."""
    return _encode(value).decode()
