"""Many texts taken out of another one in a single pass, however many and however long they are."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Texts:
    """Texts to be found all at once (the automaton of Aho and Corasick): time is linear in them and in what is read.

    `least` is how many characters the beginning of a text needs to count as one.
    """

    def __init__(self, texts: Iterable[str], least: int) -> None:
        self._least = least
        # One dictionary for all steps, since one for each state takes ten times the memory.
        self._steps: dict[int, int] = {}
        self._depth, self._longest, self._link = [0], [0], [0]
        below: list[list[tuple[int, str]]] = [[]]
        for text in texts:
            self._longest[self._add(text, below)] = len(text)
        self._connect(below)

    def replaced(self, text: str, mark: str, *, cut: bool) -> str:
        """Return a text with a mark in the place of each that was found, and if it was cut, of one that began there."""
        spans, state = list(self._merged(text)), self._last
        if cut and self._depth[state] >= self._least:
            begin = len(text) - self._depth[state]
            spans = [(first, min(end, begin)) for first, end in spans if first < begin] + [(begin, len(text))]
        pieces, at = [], 0
        for first, end in spans:
            pieces += [text[at:first], mark]
            at = end
        return "".join([*pieces, text[at:]])

    def _add(self, text: str, below: list[list[tuple[int, str]]]) -> int:
        state = 0
        for sign in text:
            key = state << 21 | ord(sign)
            found = self._steps.get(key)
            if found is None:
                found = self._steps[key] = len(self._depth)
                below[state].append((found, sign))
                below.append([])
                self._depth.append(self._depth[state] + 1)
                self._longest.append(0)
                self._link.append(0)
            state = found
        return state

    def _connect(self, below: list[list[tuple[int, str]]]) -> None:
        """Link each state to that of the longest other beginning which is an end of its own."""
        waiting = deque(below[0])
        while waiting:
            state, _ = waiting.popleft()
            link = self._link[state]
            self._longest[state] = self._longest[state] or self._longest[link]
            for deeper, sign in below[state]:
                self._link[deeper] = self._after(link, sign)
                waiting.append((deeper, sign))

    def _after(self, state: int, sign: str) -> int:
        steps, links, code = self._steps, self._link, ord(sign)
        while (found := steps.get(state << 21 | code)) is None and state:
            state = links[state]
        return found or 0

    def _merged(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield first and end of what is found, in order; what overlaps is one."""
        held: list[tuple[int, int]] = []
        state = 0
        for at, sign in enumerate(text, 1):
            state = self._after(state, sign)
            if length := self._longest[state]:
                first = at - length
                while held and held[-1][1] > first:
                    first = min(first, held.pop()[0])
                held.append((first, at))
        self._last = state
        return iter(held)
