"""Range requests: which bytes of a file are asked for (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import TypeAlias

Span: TypeAlias = "tuple[int, int]"  # the first byte, and the one after the last

_MOST = 100
_SPEC = re.compile(r"([0-9]{0,19})-([0-9]{0,19})")


class Unsatisfiable(Exception):
    """No byte of the file is asked for."""


def spans(header: str, size: int) -> list[Span] | None:
    """Return the spans that a Range header asks of a file of `size` bytes, at least one, in its order.

    None for a header that is to be ignored: one of another unit, one that breaks the grammar, and one of more than 100
    ranges, or of more bytes than there are. Raises `Unsatisfiable` where all ranges lie outside of the file.
    """
    unit, equals, asked = header.partition("=")
    found = [_SPEC.fullmatch(each.strip()) for each in asked.split(",") if each.strip()]
    if unit.strip().lower() != "bytes" or not equals or not 0 < len(found) <= _MOST:
        return None
    chosen = []
    for each in found:
        if each is None or each[0] == "-" or (each[1] and each[2] and int(each[2]) < int(each[1])):
            return None
        first, end = _span(each[1], each[2], size)
        if first < end:
            chosen.append((first, end))
    if not chosen:
        raise Unsatisfiable
    return chosen if sum(end - first for first, end in chosen) <= size else None


def _span(first: str, last: str, size: int) -> Span:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
