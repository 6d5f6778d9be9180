"""The texts that must not be told, and what stands in their place.

A text is read in every way in which somebody may have written a secret into it: as it is, without its escapes, and as
base64 or hex, forwards and backwards. Each reading knows which piece of the text each of its characters was made of, so
that what is found in a reading is taken out of the text. Nothing here is imported but the standard library.
"""

from __future__ import annotations

import base64
import html
import itertools
import re
import string
import sys
from array import array
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Span = tuple[int, int]
    Where = Callable[[int], Span]

LEAST_SECRET = 4  # characters; a shorter one would be found in most words of an answer, which then say nothing

_ROUNDS = (
    4  # times that escapes are taken off one by one; escapes of the same kind over each other count once at the end
)
_DEEPEST = 2  # codings over each other that are looked through; one in a text that is larger than `_LARGE`
_LARGE = 1 << 17  # characters
# Nothing of these gives back what it has taken, so that they read a text once.
_BETWEEN = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]|<w?br\s{0,4}+/?>", re.IGNORECASE)
_IN_HTML = r"&#0*+[0-9]{1,7}+;?|&#x0*+[0-9a-f]{1,6}+;?|&[a-z][a-z0-9]{1,30}+;"
_IN_URLS = "%[0-9a-f]{2}"
_IN_JSON = r"\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\"'\\/bfnrt]"
_KINDS = tuple(re.compile(each, re.IGNORECASE) for each in (_IN_HTML, _IN_URLS, _IN_JSON))
_ESCAPE = re.compile(f"{_IN_HTML}|{_IN_URLS}|{_IN_JSON}", re.IGNORECASE)
_NO_DIGITS = re.compile("0x", re.IGNORECASE)  # what some write before each byte in hex
_ZEROS = re.compile("\0++")
_TOWER = re.compile(r"(?:%(?:25)|&(?:amp;))(?:25|amp;)*+|\\\\++", re.IGNORECASE)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Alphabet:
    """The signs of a coding, each of which may be `written` in another way."""

    def __init__(self, signs: str, written: Mapping[str, str]) -> None:
        self.same = bytes.maketrans("".join(written).encode(), "".join(written.values()).encode())
        self.mask = bytes(chr(each) in signs for each in range(256))
        self.others = bytes(each for each in range(256) if chr(each) not in signs)


_BASE64 = _Alphabet(f"{string.ascii_letters}{string.digits}+/", {"-": "+", "_": "/"})  # RFC 4648, section 5
_HEX = _Alphabet(string.hexdigits, {})


class Secrets:
    """The texts that must not appear anywhere, and what stands in their place.

    A provider may write back what it was sent: in capitals or backwards, wrapped over lines or with zeros between its
    letters, escaped once or again as JSON, a URL or HTML would, in base64 or hex with whatever stands around it, and
    all of these over each other. The time to find that grows with the text, and with nothing that stands in it.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take secrets by the text that replaces each, such as `$COMETAPI_KEY`; an empty one is none."""
        self._texts = {name: text for name, text in texts.items() if text}
        named = sorted(self._texts.items(), key=lambda each: -len(each[1]))
        self._forms = [(form, name) for name, text in named for form in forms(text)]
        self._in_base64 = [(form, name) for name, text in named for form in _forms_in_base64(text)]
        self._least = min((len(form) for form, _ in self._forms), default=0)
        # What looks like an escape may be a piece of the secret, where another kind is the one that was written.
        self._kinds = (
            (_ESCAPE, *_KINDS) if any(sign in text for text in texts.values() for sign in "&%\\") else (_ESCAPE,)
        )

    def and_also(self, texts: Mapping[str, str]) -> Secrets:
        """Return these secrets and those of the texts that are not among them."""
        more = {name: text for name, text in texts.items() if text and text not in self._texts.values()}
        return Secrets({**self._texts, **more}) if more else self

    def hide(self, text: str) -> str:
        """Return a text without any secret."""
        spans = self._found(text) if self._forms else {}
        pieces, at = [], 0
        for (start, end), name in _apart(spans):
            pieces += [text[at:start], name]
            at = end
        return "".join([*pieces, text[at:]]) if pieces else text

    def hide_bytes(self, data: bytes) -> bytes:
        """Return bytes without any secret, of a text in whatever encoding keeps ASCII or puts zeros between it."""
        try:
            encoding, text = "utf-8", data.decode("utf-8")
        except UnicodeDecodeError:
            encoding, text = "latin-1", data.decode("latin-1")
        hidden = self.hide(text)
        return data if hidden == text else hidden.encode(encoding, "backslashreplace")

    def _found(self, text: str) -> dict[Span, str]:
        """Return the pieces of a text that hold a secret, by where they are."""
        found: dict[Span, str] = {}
        for reading, wanted in _readings(_Reading(text), self._least, self._kinds):
            for form, name in self._in_base64 if wanted == "base64" else self._forms:
                found |= {reading.place(span): name for span in _all(form, reading.lower)}
        return found


def forms(secret: str) -> set[str]:
    """Return what a secret may be in a reading, in lower case: itself and backwards, and its UTF-8 read byte by byte.

    JSON escapes one beyond the first 65,536 characters in two halves.
    """
    units = secret.encode("utf-16-be", "surrogatepass")
    in_pairs = "".join(chr(int.from_bytes(units[at : at + 2])) for at in range(0, len(units), 2))
    written = {secret, secret.encode("utf-8", "surrogatepass").decode("latin-1"), in_pairs}
    lower = {_lower(plain) for each in written if (plain := _BETWEEN.sub("", each))}
    return lower | {each[::-1] for each in lower}


def _forms_in_base64(secret: str) -> set[str]:
    """Return the base64 of a secret in lower case, which nobody can decode any more but by guessing.

    At each of its three alignments, without the signs that other bytes have a part in.
    """
    data = secret.encode("utf-8", "surrogatepass")
    written = {before: base64.b64encode(bytes(before) + data).decode() for before in range(3)}
    inner = {each[-(-at * 8 // 6) : (at + len(data)) * 8 // 6].lower() for at, each in written.items()}
    return {each for each in inner if len(each) > LEAST_SECRET}


class _Reading:
    """A text, and where in the one `before` each of its characters stands, which is worked out when it is needed."""

    def __init__(self, text: str, before: _Reading | None = None, where: Callable[[], Where] | None = None) -> None:
        self.text, self._before, self._made = text, before, where

    @cached_property
    def lower(self) -> str:
        return _lower(self.text)

    @cached_property
    def _where(self) -> Where:
        return self._made() if self._made else lambda at: (at, at + 1)

    def place(self, span: Span) -> Span:
        """Return where a piece stands in the text that was read first."""
        if self._before is None:
            return span
        first, last = self._where(span[0]), self._where(span[1] - 1)
        return self._before.place((min(first[0], last[0]), max(first[1], last[1])))

    def only(self, alphabet: _Alphabet) -> _Reading:
        """Return a reading of the signs of an alphabet alone."""
        data = self.text.encode("latin-1", "replace").translate(alphabet.same)

        def where() -> Where:
            places = array("L", itertools.compress(range(len(data)), data.translate(alphabet.mask)))
            return lambda at: (places[at], places[at] + 1)

        return _Reading(data.translate(None, alphabet.others).decode("ascii"), self, where)

    def backwards(self) -> _Reading:
        """Return the text from its end to its beginning."""
        last = len(self.text) - 1
        return _Reading(self.text[::-1], self, lambda: lambda at: (last - at, last - at + 1))

    def changed(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str]) -> _Reading:
        """Return a reading with something else in place of what a pattern finds."""

        def where() -> Where:
            # Runs of what stays, each by where it begins here and there, and where it ends there.
            here, there, ends, shift = array("L", [0]), array("L", [0]), array("L"), 0
            for found in pattern.finditer(self.text):
                start, end = found.span()
                shift += end - start - len(new if isinstance(new, str) else new(found))
                ends.append(start)
                there.append(end)
                here.append(end - shift)
            ends.append(len(self.text))

            def place(at: int) -> Span:
                run = bisect_right(here, at) - 1
                same = there[run] + at - here[run]
                return (same, same + 1) if same < ends[run] else (ends[run], there[run + 1])

            return place

        return _Reading(pattern.sub(new, self.text), self, where)


def _readings(
    text: _Reading, least: int, kinds: Sequence[re.Pattern[str]], depth: int = 0
) -> Iterator[tuple[_Reading, str]]:
    """Yield all readings of a text, each with the kind of forms that are looked for in it."""
    plain = list(_plain(text, kinds))
    for reading in plain:
        # Not of what is decoded, in which blanks are as good as any byte; zeros are UTF-16 there, too.
        yield reading.changed(_ZEROS if depth else _BETWEEN, ""), "plain"
    deepest = _DEEPEST if len(text.text) < _LARGE else 1
    for reading in dict.fromkeys((plain[0], plain[-1])) if depth < deepest else ():
        signs, digits = reading.only(_BASE64), reading.changed(_NO_DIGITS, "").only(_HEX)
        yield signs, "base64"
        for way in (signs, signs.backwards())[: 2 - depth]:
            for start in range(4) if len(signs.text) * 3 // 4 >= least else ():
                yield from _readings(_from_base64(way, start), least, kinds[:0], depth + 1)
        for way in (digits, digits.backwards())[: 2 - depth]:
            for start in range(2) if len(digits.text) // 2 >= least else ():
                yield from _readings(_from_hex(way, start), least, kinds[:0], depth + 1)


def _plain(text: _Reading, kinds: Iterable[re.Pattern[str]]) -> Iterator[_Reading]:
    """Yield a text as it is, and with escapes taken off: one at a time, and at last all that stand over each other."""
    yield text
    if kinds and "\0" in text.text:
        text = text.changed(_ZEROS, "")
    for kind in kinds:
        last = text
        for _ in range(_ROUNDS):
            last, before = last.changed(kind, _unescaped), last
            if last.text == before.text:
                break
            yield last
    if kinds and _TOWER.search(text.text):
        for _ in range(2):
            text = text.changed(_TOWER, lambda found: found[0][0]).changed(_ESCAPE, _unescaped)
            yield text


def _unescaped(found: re.Match[str]) -> str:
    """Return the character that is escaped; of a URL one byte."""
    text = found[0]
    if text[:2] == "&#":
        digits = text[2:].rstrip(";").lower()
        number = int(digits.lstrip("x0") or "0", 16 if digits[0] == "x" else 10)
        return chr(min(number, sys.maxunicode))
    if text[0] == "&":
        return html.unescape(text)
    if text[0] == "%":
        return chr(int(text[1:], 16))
    return chr(int(text[2:], 16)) if text[1] in "uUxX" else _CONTROLS.get(text[1], text[1])


def _from_base64(signs: _Reading, start: int) -> _Reading:
    """Return what base64 says, read from its first, second, third or fourth sign on."""
    length = len(signs.text)
    data = base64.b64decode(signs.text[start:] + "A" * ((start - length) % 4))

    def where(at: int) -> Span:
        first = start + at // 3 * 4 + at % 3
        return first, min(first + 2, length)

    return _Reading(data.decode("latin-1"), signs, lambda: where)


def _from_hex(digits: _Reading, start: int) -> _Reading:
    """Return what hex says, read from its first or second digit on."""
    end = len(digits.text) - (len(digits.text) - start) % 2
    data = bytes.fromhex(digits.text[start:end])
    return _Reading(data.decode("latin-1"), digits, lambda: lambda at: (start + 2 * at, start + 2 * at + 2))


def _lower(text: str) -> str:
    """Return a text in lower case, of the same length."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := each.lower()) == 1 else each for each in text)


def _all(form: str, text: str) -> Iterator[Span]:
    """Yield where a form stands in a text; where it stands over itself, as `aa` in `aaa`, all of that at once."""
    start = text.find(form)
    while start >= 0:
        end, at = start + len(form), text.find(form, start + 1)
        while 0 <= at <= end:
            end, at = at + len(form), text.find(form, at + 1)
        yield start, end
        start = at


def _apart(spans: Mapping[Span, str]) -> Iterable[tuple[Span, str]]:
    """Return pieces in their order, those that overlap as one."""
    found: list[tuple[Span, str]] = []
    for (start, end), name in sorted(spans.items()):
        if found and start < found[-1][0][1]:
            (before, last), known = found.pop()
            found.append(((before, max(last, end)), known))
        else:
            found.append(((start, end), name))
    return found
