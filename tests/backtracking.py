"""How much work a regular expression makes of a text, counted and not timed: a matcher as Python's, step by step."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_parser: Any = importlib.import_module("re._parser")
_CHARACTERS = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
_SAMPLES = "a0 :;.,=&/-%\"'\\_<>A\n$余{[(@#?~|`*x"
_CATEGORIES = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
_MANY = 50  # times from which on a repeat of a group may not be given back


class Work:
    """Finds all matches of a pattern in a text, and counts each look at a character or a place in `steps`."""

    def __init__(self, pattern: re.Pattern[Any], text: str) -> None:
        self._tree = parsed(pattern)
        self._text, self._flags = text, pattern.flags
        self.steps = 0

    def find_all(self) -> int:
        """Go over the whole text as `finditer` does; return the steps that it took."""
        self.starts()
        return self.steps

    def starts(self) -> list[int]:
        """Return where the matches begin."""
        at, found = 0, []
        while at <= len(self._text):
            end = self._all(list(self._tree), at, lambda end: end)
            found += [at] if end is not None else []
            at = at + 1 if end is None or end == at else end
        return found

    def _all(self, nodes: list[Any], at: int, then: Any) -> int | None:
        if not nodes:
            found: int | None = then(at)
            return found
        (op, given), rest = nodes[0], nodes[1:]
        name = str(op)
        self.steps += 1

        def go_on(end: int) -> int | None:
            return self._all(rest, end, then)

        if name in _CHARACTERS:
            return go_on(at + 1) if self._is(name, given, at) else None
        if name in ("SUBPATTERN", "BRANCH"):
            branches = given[1] if name == "BRANCH" else [given[3]]
            return next((end for each in branches if (end := self._all(list(each), at, go_on)) is not None), None)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeat(name, given, at, go_on)
        if name == "ATOMIC_GROUP":
            end = self._all(list(given), at, lambda found: found)
            return None if end is None else go_on(end)
        return go_on(at) if self._holds(name, given, at) else None

    def _repeat(self, name: str, given: Any, at: int, go_on: Any) -> int | None:
        least, most, inner = given
        if name == "POSSESSIVE_REPEAT" or (len(inner) == 1 and str(inner[0][0]) in _CHARACTERS):
            ends = self._ends(list(inner), at, int(most))
            if name == "POSSESSIVE_REPEAT":
                return go_on(ends[-1]) if len(ends) > least else None
            tried = ends[least:] if name == "MIN_REPEAT" else ends[least:][::-1]
            return next((end for each in tried if (end := go_on(each)) is not None), None)
        assert int(most) <= _MANY, "a group that is repeated without end is given back"
        return self._few(list(inner), least, int(most), at, go_on, lazy=name == "MIN_REPEAT")

    def _few(self, inner: list[Any], least: int, most: int, at: int, go_on: Any, *, lazy: bool) -> int | None:
        def more() -> int | None:
            def again(end: int) -> int | None:
                return self._few(inner, max(least - 1, 0), most - 1, end, go_on, lazy=lazy)

            return self._all(inner, at, again) if most else None

        tries = [more] if least else [lambda: go_on(at), more] if lazy else [more, lambda: go_on(at)]
        return next((end for each in tries if (end := each()) is not None), None)

    def _ends(self, inner: list[Any], at: int, most: int) -> list[int]:
        """Return where so many repeats end, none of them given back."""
        ends = [at]
        while len(ends) <= most:
            end = self._all(inner, ends[-1], lambda found: found)
            if end is None or end == ends[-1]:
                break
            ends.append(end)
        return ends

    def _holds(self, name: str, given: Any, at: int) -> bool:
        if name == "AT":
            return self._is_place(str(given), at)
        assert name in ("ASSERT", "ASSERT_NOT"), f"{name} is not known here"
        direction, inner = given
        width = inner.getwidth()[1] if direction < 0 else 0
        found = at >= width and self._all(list(inner), at - width, lambda end: end) is not None
        return found if name == "ASSERT" else not found

    def _is_place(self, name: str, at: int) -> bool:
        beside = [at > 0 and bool(re.match(r"\w", self._text[at - 1])), bool(re.match(r"\w", self._text[at : at + 1]))]
        known = {
            "AT_BEGINNING": at == 0,
            "AT_BEGINNING_STRING": at == 0,
            "AT_BOUNDARY": beside[0] != beside[1],
            "AT_NON_BOUNDARY": beside[0] == beside[1],
            "AT_END": at == len(self._text) or self._text[at:] == "\n",
            "AT_END_STRING": at == len(self._text),
        }
        return known[name]

    def _is(self, name: str, given: Any, at: int) -> bool:
        return at < len(self._text) and accepts(name, given, self._text[at], ignoring=bool(self._flags & re.IGNORECASE))


def accepts(name: str, given: Any, character: str, *, ignoring: bool) -> bool:
    """Whether a node of a pattern takes a character."""
    written = {character, character.swapcase()} if ignoring else {character}
    if name == "ANY":
        return True
    if name in ("LITERAL", "NOT_LITERAL"):
        return (chr(given) in written) is (name == "LITERAL")
    return any(_is_in(given, each) for each in written)


def _is_in(given: Any, character: str) -> bool:
    is_not = str(given[0][0]) == "NEGATE"
    return any(_is_one(str(op), each, character) for op, each in given[is_not:]) is not is_not


def _is_one(name: str, given: Any, character: str) -> bool:
    if name == "CATEGORY":
        kind = str(given).removeprefix("CATEGORY_").removeprefix("UNI_")
        known = re.match(_CATEGORIES[kind.removeprefix("NOT_")], character) is not None
        return known is not kind.startswith("NOT_")
    return given[0] <= ord(character) <= given[1] if name == "RANGE" else ord(character) == given


def parsed(pattern: re.Pattern[Any]) -> Any:
    """Return what Python reads in a pattern, in bytes too."""
    source = pattern.pattern
    return _parser.parse(source if isinstance(source, str) else source.decode("latin-1"), pattern.flags & ~re.UNICODE)


def attacks(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Yield texts of about a length that a pattern nearly matches again and again."""
    prefix = ""
    for text, is_repeated in _written(parsed(pattern)):
        if is_repeated:
            yield from (prefix + text * (length // len(text)) + end for end in ("", "\0", "\n\0"))
            yield text * (length // len(text)) + "\0"
        prefix += text
    if prefix:
        yield from (prefix * (length // len(prefix)) + end for end in ("", "\0"))
        yield from (prefix[:-1] * (length // len(prefix)) + end for end in ("", "\0"))


def _written(nodes: Any) -> Iterator[tuple[str, bool]]:
    """Yield a text that a pattern matches, node by node, and whether the node may be repeated."""
    for op, given in nodes:
        name = str(op)
        if name in _CHARACTERS:
            yield _sample(name, given), False
        elif name in ("SUBPATTERN", "BRANCH", "ATOMIC_GROUP"):
            inner = given[1][0] if name == "BRANCH" else given[3] if name == "SUBPATTERN" else given
            yield from _written(inner)
        elif name.endswith("REPEAT"):
            text = "".join(each for each, _ in _written(given[2]))
            if text:
                yield text * min(max(given[0], 1), 30), True


def _sample(name: str, given: Any) -> str:
    if name == "LITERAL":
        return chr(given)
    return next(each for each in _SAMPLES if accepts(name, given, each, ignoring=False))
