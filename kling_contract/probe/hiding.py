"""The texts that must not be told, and what stands in their place."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEAST_SECRET = 4  # characters; a shorter one would be found in most words of an answer, which then say nothing

_BESIDE = {"+": "-", "/": "_"}  # what base64 for URLs has in place of a sign (RFC 4648, section 5)
_NAMED = {"<": "|&lt;", ">": "|&gt;", "&": "|&amp;", '"': "|&quot;", "'": "|&apos;"}


class Secrets:
    """The texts that must not appear anywhere, and what stands in their place.

    A provider may write back what it was sent, in capitals or not, with characters escaped as JSON, a URL or HTML
    would, and in base64 with whatever stands around it: all of that is found.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take secrets by the text that replaces each, such as `$COMETAPI_KEY`; an empty one is none."""
        self._texts = {name: text for name, text in texts.items() if text}
        named = sorted(self._texts.items(), key=lambda each: -len(each[1]))
        ways = [(way, name) for name, text in named for way in _ways(text)]
        self._ways = [(re.compile(way), name.replace("\\", r"\\")) for way, name in ways]
        self._byte_ways = [(re.compile(way.encode()), name.replace("\\", r"\\").encode()) for way, name in ways]

    def and_also(self, texts: Mapping[str, str]) -> Secrets:
        """Return these secrets and those of the texts that are not among them."""
        more = {name: text for name, text in texts.items() if text and text not in self._texts.values()}
        return Secrets({**self._texts, **more}) if more else self

    def hide(self, text: str) -> str:
        """Return a text without any secret."""
        for way, name in self._ways:
            text = way.sub(name, text)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        """Return bytes without any secret; UTF-16 and UTF-32 that held one lose the zeros between their letters."""
        plain = hidden = without_zeros(data)
        for way, name in self._byte_ways:
            hidden = way.sub(name, hidden)
        return data if hidden == plain else hidden


def without_zeros(data: bytes) -> bytes:
    """Return bytes in which the ASCII of a text in UTF-16 or UTF-32, of either order, stands as in UTF-8."""
    return data.replace(b"\0", b"")


def _ways(text: str) -> Iterator[str]:
    """Yield the patterns of a secret: as it is in some writing, and in base64 at each of its three alignments."""
    yield f"(?i:{''.join(map(_any_way, text))})"
    for before in range(3):
        yield "".join(map(_any_way_in_base64, _inner(text.encode(), before)))


def _inner(data: bytes, before: int) -> str:
    """Return the base64 of data after so many other bytes, without the signs that other bytes have a part in."""
    written = base64.b64encode(bytes(before) + data).decode()
    return written[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _any_way_in_base64(character: str) -> str:
    if character not in _BESIDE:
        return character
    return f"(?:{re.escape(_BESIDE[character])}|(?i:{_any_way(character)}))"


def _any_way(character: str) -> str:
    """Return the pattern of a character as itself, and as JSON (even in a text in JSON), a URL and HTML escape it."""
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\{{1,8}}u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    quoted = "".join(f"%(?:25){{0,8}}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    plain = (r"\\{0,8}" if character in "\"'/\\" else "") + re.escape(character)
    number, named = ord(character), _NAMED.get(character, "")
    return rf"(?:{plain}|{escaped}|{quoted}|&#0{{0,8}}{number};|&#x0{{0,8}}{number:x};{named})"
