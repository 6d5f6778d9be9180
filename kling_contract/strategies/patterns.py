"""Texts of a pattern: one by one where there are few, and as Hypothesis makes them where there are not."""

from __future__ import annotations

import functools
import re
import string
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_CLASS = re.compile(r"\[[0-9A-Za-z-]+\]")
_PLAIN = re.compile(r"\^[0-9A-Za-z()|]+\$")
_MOST = 5000


@functools.cache
def listed(pattern: str) -> tuple[str, ...] | None:
    """Return all texts of a pattern, the shortest first; None for one with repetitions, or with too many to try."""
    collapsed = _CLASS.sub("0", pattern)
    if not _PLAIN.fullmatch(collapsed):
        return None
    longest = len(re.sub(r"[\^$()|]", "", collapsed))
    letters = string.digits + (string.ascii_letters if re.search("[A-Za-z]", pattern) else "")
    if len(letters) ** longest > _MOST:
        return None
    tried = ("".join(each) for length in range(1, longest + 1) for each in product(letters, repeat=length))
    return tuple(filter(re.compile(pattern).search, tried))


@functools.cache
def matching(pattern: str, least: int, most: int | None) -> SearchStrategy[str]:
    """Return texts of a pattern. Where its schema limits their length besides, others are drawn again."""
    # In Python a $ lets a line break follow; in JSON Schema it does not.
    found = st.from_regex(re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), re.ASCII))
    if least == 0 and most is None:
        return found
    return found.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))
