"""One request of a probe and what came of it, with nothing secret left in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract.reading import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kling_contract.probe.plan import Step

LONGEST = 1 << 20  # bytes of an answer that are read
_LEAST_SECRET = 8  # characters; a shorter one, such as a key `test`, would be found in the words of an answer


@dataclass(frozen=True)
class Exchange:
    """A step, and its answer: HTTP `status`, `headers` by their lower-case names, and the `data` of the body.

    `cut` says that the answer went on after the data. `ms` is the time until then, in milliseconds, and `at` the Unix
    time in seconds at which the request was sent. `failure` is the reason why there is no answer.
    """

    step: Step
    url: str
    at: float
    ms: int
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    cut: bool = False
    failure: str | None = None
    detail: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.data.decode("utf-8", "replace")

    @cached_property
    def json(self) -> tuple[bool, Any]:
        """Whether the body is JSON to compute with, and that JSON."""
        body, flaws = parse(self.data)
        return not flaws, None if flaws else body

    @property
    def content_type(self) -> str:
        """The media type of the answer, in lower case."""
        return self.headers.get("content-type", "").lower()

    @property
    def is_html(self) -> bool:
        """Whether the answer is a page."""
        return "html" in self.content_type or self.data[:64].lstrip()[:1] == b"<"


class Secrets:
    """The texts that must not appear anywhere, and what stands in their place.

    A provider may write back what it was sent, in capitals or not, and with characters escaped as JSON, a URL or HTML
    would: all of that is found.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take secrets by the text that replaces each, such as `$COMETAPI_KEY`."""
        self._texts = {name: text for name, text in texts.items() if len(text) >= _LEAST_SECRET}
        named = sorted(self._texts.items(), key=lambda each: -len(each[1]))
        ways = [("".join(map(_any_way, text)), name.replace("\\", r"\\")) for name, text in named]
        self._ways = [(re.compile(way, re.IGNORECASE), name) for way, name in ways]
        self._byte_ways = [(re.compile(way.encode(), re.IGNORECASE), name.encode()) for way, name in ways]

    def and_also(self, texts: Mapping[str, str]) -> Secrets:
        """Return these secrets and those of the texts that are not among them."""
        more = {name: text for name, text in texts.items() if text not in self._texts.values()}
        return Secrets({**self._texts, **more}) if more else self

    def hide(self, text: str) -> str:
        """Return a text without any secret."""
        for way, name in self._ways:
            text = way.sub(name, text)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        """Return bytes without any secret."""
        for way, name in self._byte_ways:
            data = way.sub(name, data)
        return data

    def hide_all(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return headers by their lower-case names, without any secret and without cookies."""
        found: dict[str, str] = {}
        for name, value in headers:
            key = self.hide(name).lower()
            shown = "..." if "cookie" in key else self.hide(value)
            found[key] = f"{found[key]}, {shown}" if key in found else shown
        return found


def _any_way(character: str) -> str:
    """Return the pattern of a character as itself, and as JSON (even in a text in JSON), a URL and HTML escape it."""
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\{{1,8}}u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    quoted = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    plain = (r"\\{0,8}" if character in '"/\\' else "") + re.escape(character)
    number = ord(character)
    return rf"(?:{plain}|{escaped}|{quoted}|&#0{{0,8}}{number};|&#x0{{0,8}}{number:x};)"
