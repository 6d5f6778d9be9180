"""Many texts taken out of another one in a single pass, however many and however long they are."""

from __future__ import annotations

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
        self._depth, self._parent, self._sign = [0], [0], [""]
        self._longest: dict[int, int] = {}
        for text in texts:
            self._longest[self._add(text)] = len(text)
        self._link = [0] * len(self._depth)
        self._connect()

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

    def begun(self, text: str) -> int:
        """Return how many characters at the end of a text are the beginning of another."""
        state = 0
        for sign in text:
            state = self._after(state, sign)
        return self._depth[state]

    def _add(self, text: str) -> int:
        state, steps = 0, self._steps
        for sign in text:
            key = state << 21 | ord(sign)
            found = steps.get(key)
            if found is None:
                found = steps[key] = len(self._depth)
                self._depth.append(self._depth[state] + 1)
                self._parent.append(state)
                self._sign.append(sign)
            state = found
        return state

    def _connect(self) -> None:
        """Link each state to that of the longest other beginning which is an end of its own."""
        for state in sorted(range(1, len(self._depth)), key=self._depth.__getitem__):
            parent = self._parent[state]
            link = self._link[state] = self._after(self._link[parent], self._sign[state]) if parent else 0
            if state not in self._longest and link in self._longest:
                self._longest[state] = self._longest[link]

    def _after(self, state: int, sign: str) -> int:
        steps, links, code = self._steps, self._link, ord(sign)
        while (found := steps.get(state << 21 | code)) is None and state:
            state = links[state]
        return found or 0

    def _merged(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield first and end of what is found, in order; what overlaps is one."""
        held: list[tuple[int, int]] = []
        state, longest = 0, self._longest
        for at, sign in enumerate(text, 1):
            state = self._after(state, sign)
            if length := longest.get(state):
                first = at - length
                while held and held[-1][1] > first:
                    first = min(first, held.pop()[0])
                held.append((first, at))
        self._last = state
        return iter(held)
