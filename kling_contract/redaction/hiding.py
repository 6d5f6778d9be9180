"""Known secrets, found in every form in which they may turn up, in time that grows with the text alone.

A form is how a secret may be written: as it is in either case, backwards, in hexadecimal, or in base64 with whatever
stands around it; each of them with characters escaped as JSON, a URL or HTML would, several times over. Secrets of
fewer than eight characters are found only where no letter or digit stands beside them, as they would be in any word.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kling_contract.redaction.marks import MARK
from kling_contract.redaction.names import LEAST
from kling_contract.redaction.writing import Writing, without_gaps, writings

LEAST_PART = 8  # characters of a secret that is found within words, and of a form that is no word
CUT = re.compile(r"\.\.\. \(\d+ \w+\)\Z")  # what says that a text was cut
_CUT_LENGTHS = range(1900, 2200)  # characters of a text that may have been cut without saying so
_FEW = 40  # forms that are looked for one after the other
_LONGEST_BEGINNING = 4096
_TO_BASE64 = str.maketrans("-_", "+/")


class Hidden:
    """The texts that must not be shown, and what takes their place; `MARK` unless it is told otherwise."""

    def __init__(self, secrets: Iterable[str], mark: str = MARK) -> None:
        given = (each for each in secrets if len(each) >= LEAST and each not in MARK)
        known = {said for each in given for said in _readings(each)}
        self._mark = mark
        self._beginnings = sorted({_lowered(each) for each in known if len(each) >= LEAST_PART})
        self._plain = _Forms(form for each in known for form in _plain(each))
        self._coded = _Forms(form for each in known for form in _coded(each))
        self._least = min((len(form) for forms in (self._plain, self._coded) for form in forms.every), default=0)

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return self._least > 0

    def text(self, text: str) -> str:
        """Return a text without any secret in any form, and without the beginning of one where it was cut."""
        if not self._least:
            return text
        if len(text) >= self._least:
            text = _replaced(text, self._spans(text), self._mark)
        return self._without_beginning(text) if len(text) in _CUT_LENGTHS or text.endswith(")") else text

    def data(self, data: bytes) -> bytes:
        """Return bytes without any secret; what is UTF-8 stays so, and so does every other byte."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def tree(self, value: Any) -> Any:
        """Return JSON-ready data in whose texts and names no secret stands."""
        if not self._least:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.tree(key): self.tree(each) for key, each in value.items()}
        return [self.tree(each) for each in value] if isinstance(value, list | tuple) else value

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for writing in writings(text):
            lowered = _lowered(writing.text)
            yield from (writing.span(*each) for each in self._plain.within(lowered))
            yield from (writing.span(*each) for each in self._coded.within(lowered.translate(_TO_BASE64)))
            closed = without_gaps(writing)
            if closed is not None:
                yield from self._closed(closed)

    def _closed(self, closed: Writing) -> Iterator[tuple[int, int]]:
        """Yield where base64 and hexadecimal stand that were broken into lines, and texts of two bytes a letter."""
        lowered = _lowered(closed.text)
        yield from (closed.span(*each) for each in self._coded.within(lowered.translate(_TO_BASE64)))
        yield from (closed.span(*each) for each in self._plain.within(lowered, whole_only=False))

    def _without_beginning(self, text: str) -> str:
        cut = CUT.search(text[-60:])
        rest = cut[0] if cut else ""
        whole = text[: len(text) - len(rest)]
        if len(text) not in _CUT_LENGTHS and not rest:
            return text
        tail = _lowered(whole[-_LONGEST_BEGINNING:])
        longest = max((_overlap(tail, each) for each in self._beginnings), default=0)
        return f"{whole[:-longest]}{self._mark}{rest}" if longest else text


class _Forms:
    """Forms of secrets, found in one pass over a text, however many there are."""

    def __init__(self, forms: Iterable[str]) -> None:
        self.every = sorted(set(forms), key=lambda each: (-len(each), each))
        self._short = [each for each in self.every if len(each) < LEAST_PART]
        self._long = [each for each in self.every if len(each) >= LEAST_PART]
        self._by_end = _by_end(self._long, LEAST_PART) if len(self._long) > _FEW else {}
        self._by_short_end = _by_end(self._short, LEAST) if len(self._short) > _FEW else {}

    def within(self, text: str, *, whole_only: bool = True) -> Iterator[tuple[int, int]]:
        """Yield where forms stand in a text in lower case; short ones, if they are wanted, between other signs."""
        yield from _found(text, self._long, self._by_end, LEAST_PART)
        if whole_only:
            for begin, end in _found(text, self._short, self._by_short_end, LEAST):
                if not text[begin - 1 : begin].isalnum() and not text[end : end + 1].isalnum():
                    yield begin, end


def _found(text: str, forms: list[str], by_end: Mapping[str, list[str]], size: int) -> Iterator[tuple[int, int]]:
    if not by_end:
        for form in forms:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + len(form))
        return
    for end in range(size, len(text) + 1):
        for form in by_end.get(text[end - size : end], ()):
            if text.startswith(form, end - len(form)) and end >= len(form):
                yield end - len(form), end


def _by_end(forms: list[str], size: int) -> dict[str, list[str]]:
    """Return forms by their last signs, in which keys differ more than in their first ones."""
    ends: dict[str, list[str]] = {}
    for form in forms:
        ends.setdefault(form[-size:], []).append(form)
    return ends


def _readings(secret: str) -> Iterator[str]:
    """Yield a secret, and what it seems to say where it has what looks like an escape in it."""
    yield secret
    yield from (each.text for each in writings(secret) if len(each.text) >= LEAST)


def _plain(secret: str) -> Iterator[str]:
    lowered = _lowered(secret)
    yield lowered
    yield lowered[::-1]
    if " " in lowered:
        yield lowered.replace(" ", "+")  # as a form writes it


def _coded(secret: str) -> Iterator[str]:
    """Yield the forms of a secret that are long enough to be no word: hexadecimal, and base64 at each alignment."""
    data = secret.encode("utf-8", "surrogatepass")
    forms = [data.hex(), *(_inner(data, before).lower() for before in range(3))]
    yield from (form for form in forms if len(form) >= LEAST_PART)


def _inner(data: bytes, before: int) -> str:
    """Return the base64 of data after so many other bytes, without the signs that other bytes have a part in."""
    written = base64.b64encode(bytes(before) + data).decode()
    return written[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _lowered(text: str) -> str:
    """Return a text of the same length in lower case."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def _overlap(text: str, secret: str) -> int:
    """Return how many signs at the end of a text are the beginning of a secret, if it is enough to tell."""
    at = text.find(secret[:LEAST_PART], max(len(text) - len(secret), 0))
    while at >= 0:
        if secret.startswith(text[at:]):
            return len(text) - at
        at = text.find(secret[:LEAST_PART], at + 1)
    return 0


def _replaced(text: str, spans: Iterable[tuple[int, int]], mark: str) -> str:
    parts, end = [], 0
    for begin, stop in sorted(spans):
        if begin >= end:
            parts += [text[end:begin], mark]
        end = max(end, stop)
    return "".join([*parts, text[end:]]) if parts else text
