"""Texts: by length, or by a pattern; one by one where a pattern has few."""

from __future__ import annotations

import functools
import re
import string
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from kling_contract.strategies.numbers import between

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

_SHORT = 20  # characters
_SPAN = 5000  # more characters than the least, where the schema names no limit
_CLASS = re.compile(r"\[[0-9A-Za-z-]+\]")
_PLAIN = re.compile(r"\^[0-9A-Za-z()|]+\$")
_MOST_TRIED = 5000


@dataclass(frozen=True, slots=True)
class Text:
    """Texts by length (`most` is None without a limit), or those that match a pattern."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    avoid: frozenset[str] = frozenset()

    def drawn(self, draw: DrawFn) -> str:
        """Draw a text; shrinks to a short one."""
        if self.pattern is not None:
            return draw(_matching(self.pattern, self.least, self.most))
        text = self._written(draw)
        return text if text not in self.avoid else self._other(text)

    def _written(self, draw: DrawFn) -> str:
        """Draw a short text, or one of any length that repeats itself."""
        if self.most is not None and self.most <= _SHORT:
            return draw(_short(self.least, self.most))
        length = draw(between(self.least, self.least + _SPAN if self.most is None else self.most))
        unit = draw(_short(1, _SHORT))
        return (unit * (length // len(unit) + 1))[:length]

    def _other(self, text: str) -> str:
        """Return another text of a length that is allowed; there are more letters than texts to avoid."""
        stem = (text if self.most is None else text[: self.most - 1]).ljust(self.least - 1, "0")
        return next(other for letter in range(0x61, 0x10000) if (other := stem + chr(letter)) not in self.avoid)

    def parts(self) -> list[Text]:
        """Return the short texts, which are taken more often, and the long ones."""
        if self.pattern is not None or self.least >= _SHORT or (self.most is not None and self.most <= _SHORT):
            return [self]
        return [*[replace(self, most=_SHORT)] * 3, replace(self, least=_SHORT)]


def ready() -> SearchStrategy[str]:
    """Return texts, for a strategy that draws some by and by to be given.

    Hypothesis makes ready what a strategy is given before it draws; of texts the first in a folder takes it a second,
    which it would call a draw too slow for a test.
    """
    return _short(0, _SHORT)


@functools.cache
def _short(least: int, most: int) -> SearchStrategy[str]:
    return st.text(min_size=least, max_size=most)


@functools.cache
def listed(pattern: str) -> tuple[str, ...] | None:
    """Return all texts of a pattern, the shortest first; None for one with repetitions, or with too many to try."""
    collapsed = _CLASS.sub("0", pattern)
    if not _PLAIN.fullmatch(collapsed):
        return None
    longest = len(re.sub(r"[\^$()|]", "", collapsed))
    letters = string.digits + (string.ascii_letters if re.search("[A-Za-z]", pattern) else "")
    if len(letters) ** longest > _MOST_TRIED:
        return None
    tried = ("".join(each) for length in range(1, longest + 1) for each in product(letters, repeat=length))
    return tuple(filter(re.compile(pattern).search, tried))


@functools.cache
def _matching(pattern: str, least: int, most: int | None) -> SearchStrategy[str]:
    """Return texts of a pattern. Where its schema limits their length besides, others are drawn again."""
    # In Python a $ lets a line break follow; in JSON Schema it does not. Its digits are those of ASCII, its whitespace
    # is any. Of a pattern for ASCII older versions of Hypothesis would take no class with letters beyond it.
    exact = re.sub(r"(?<!\\)\$$", r"\\Z", pattern)
    flags = re.ASCII if re.search(r"\\[dDwWbB]", exact) else re.NOFLAG
    found = st.from_regex(re.compile(exact, flags)).filter(re.compile(exact).search)
    if least == 0 and most is None:
        return found
    return found.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))
