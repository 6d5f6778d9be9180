"""A text without its escapes, each sign with the place in the text from which it came."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROUNDS = 4  # how often a text may have been escaped: a URL in JSON in JSON in a page
_ESCAPES = re.compile(
    r"(?P<url>(?:%[0-9a-f]{2})+)|(?P<json>(?:\\u[0-9a-f]{4})+)|\\(?P<plain>[\"'/\\bfnrt])|\\x(?P<hex>[0-9a-f]{2})"
    r"|&#(?P<decimal>[0-9]{1,8});|&#x(?P<number>[0-9a-f]{1,8});|&(?P<name>lt|gt|amp|quot|apos);",
    re.IGNORECASE,
)
_SIGNS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_GAPS = re.compile(r"[\s\x00]+")
_HIGHEST = 0x10FFFF


Edges = list[int]  # where each sign of a text begins in another one, and where the last of them ends there


class Writing(NamedTuple):
    """A text, and where each of its signs begins and ends in the text that was given; None where nothing was moved."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return where a part of the text, which is not empty, stands in the text that was given."""
        if self.starts is None or self.ends is None:
            return begin, end
        return self.starts[begin], self.ends[end - 1]

    def taken(self, parts: list[tuple[str, Edges]]) -> Writing:
        """Return what parts of this text say, each sign with its place in the text that was given."""
        text = "".join(said for said, _ in parts)
        starts = [edge for _, edges in parts for edge in edges[:-1]]
        ends = [edge for _, edges in parts for edge in edges[1:]]
        if self.starts is not None and self.ends is not None:
            first, last = self.starts, self.ends
            starts, ends = [first[edge] for edge in starts], [last[edge - 1] for edge in ends]
        return Writing(text, starts, ends)


def writings(text: str) -> Iterator[Writing]:
    """Yield a text as it is, and with one level of its escapes after the other undone."""
    writing = Writing(text)
    yield writing
    for _ in range(_ROUNDS):
        following = _undone(writing)
        if following is None:
            return
        writing = following
        yield writing


def without_gaps(writing: Writing) -> Writing | None:
    """Return a text without whitespace and zeros; None if it has none."""
    text = writing.text
    gaps = [found.span() for found in _GAPS.finditer(text)]
    if not gaps:
        return None
    edges = [0, *(place for gap in gaps for place in gap), len(text)]
    return writing.taken([_kept(text, edges[at], edges[at + 1]) for at in range(0, len(edges), 2)])


def _kept(text: str, begin: int, end: int) -> tuple[str, Edges]:
    return text[begin:end], list(range(begin, end + 1))


def _undone(writing: Writing) -> Writing | None:
    text = writing.text
    if not any(sign in text for sign in "%\\&"):
        return None
    found = list(_ESCAPES.finditer(text))
    if not found:
        return None
    parts: list[tuple[str, Edges]] = []
    end = 0
    for each in found:
        parts += [_kept(text, end, each.start()), _said(each)]
        end = each.end()
    return writing.taken([*parts, _kept(text, end, len(text))])


def _said(found: re.Match[str]) -> tuple[str, Edges]:
    """Return what an escape says, and the edges of each sign of it."""
    kind, start = str(found.lastgroup), found.start()
    said = str(found[kind])
    if kind == "url":
        text = bytes.fromhex(said.replace("%", "")).decode("utf-8", "surrogateescape")
        return text, _stepped((len(each.encode("utf-8", "surrogateescape")) * 3 for each in text), start)
    if kind == "json":
        units = bytes.fromhex(re.sub(r"\\u", "", said, flags=re.IGNORECASE))
        text = units.decode("utf-16-be", "surrogatepass")
        return text, _stepped((len(each.encode("utf-16-be", "surrogatepass")) * 3 for each in text), start)
    return _one(kind, said), [start, found.end()]


def _stepped(sizes: Iterable[int], start: int) -> Edges:
    return list(accumulate(sizes, initial=start))


def _one(kind: str, said: str) -> str:
    if kind == "plain":
        return _CONTROLS.get(said.lower(), said) if said not in "\"'/\\" else said
    if kind == "name":
        return _SIGNS[said.lower()]
    number = int(said, 10 if kind == "decimal" else 16)
    return chr(number) if number <= _HIGHEST else "\ufffd"
