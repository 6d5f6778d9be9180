"""A text without its escapes, each sign with the place in the text from which it came."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class Writing(NamedTuple):
    """A text, and for each of its signs where it begins in the text that was given; None where nothing was moved."""

    text: str
    starts: list[int] | None = None
    size: int = 0

    def span(self, begin: int, end: int) -> tuple[int, int]:
        """Return where a part of the text stands in the text that was given."""
        if self.starts is None:
            return begin, end
        return self.starts[begin], self.starts[end] if end < len(self.starts) else self.size

    def taken(self, parts: list[tuple[str, list[int]]]) -> Writing:
        """Return what parts of this text say, each sign with its place in it."""
        text = "".join(said for said, _ in parts)
        places = [place for _, starts in parts for place in starts]
        size = self.size if self.starts is not None else len(self.text)
        if self.starts is not None:
            known = [*self.starts, size]
            places = [known[place] for place in places]
        return Writing(text, places, size)


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
    kept = [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2)]
    return writing.taken([(text[begin:end], list(range(begin, end))) for begin, end in kept])


def _undone(writing: Writing) -> Writing | None:
    text = writing.text
    if not any(sign in text for sign in "%\\&"):
        return None
    found = list(_ESCAPES.finditer(text))
    if not found:
        return None
    parts: list[tuple[str, list[int]]] = []
    end = 0
    for each in found:
        parts += [(text[end : each.start()], list(range(end, each.start()))), _said(each)]
        end = each.end()
    parts.append((text[end:], list(range(end, len(text)))))
    return writing.taken(parts)


def _said(found: re.Match[str]) -> tuple[str, list[int]]:
    """Return what an escape says, and where each sign of it begins."""
    kind, start = str(found.lastgroup), found.start()
    said = str(found[kind])
    if kind == "url":
        text = bytes.fromhex(said.replace("%", "")).decode("utf-8", "surrogateescape")
        return text, _stepped(text, start, 3, "utf-8", 1)
    if kind == "json":
        text = bytes.fromhex(said.replace("\\u", "").replace("\\U", "")).decode("utf-16-be", "surrogatepass")
        return text, _stepped(text, start, 6, "utf-16-be", 2)
    return _one(kind, said), [start]


def _stepped(text: str, start: int, width: int, coding: str, unit: int) -> list[int]:
    errors = "surrogateescape" if unit == 1 else "surrogatepass"
    sizes = [len(each.encode(coding, errors)) // unit * width for each in text]
    places = [start]
    for size in sizes:
        places.append(places[-1] + size)
    return [begin for begin, _ in pairwise(places)]


def _one(kind: str, said: str) -> str:
    if kind == "plain":
        return _CONTROLS.get(said.lower(), said) if said not in "\"'/\\" else said
    if kind == "name":
        return _SIGNS[said.lower()]
    number = int(said, 10 if kind == "decimal" else 16)
    return chr(number) if number <= _HIGHEST else "\ufffd"
