"""One request of a probe and what came of it, with nothing secret left in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kling_contract.reading import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kling_contract.probe.plan import Step

LONGEST = 1 << 20  # bytes of an answer that are read


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
    """The texts that must not appear anywhere, and what stands in their place."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take secrets by the text that replaces each, such as `$COMETAPI_KEY`."""
        ways = {way: name for name, text in texts.items() if text for way in (text, quote(text, safe=""))}
        self._ways = sorted(ways.items(), key=lambda each: -len(each[0]))

    def hide(self, text: str) -> str:
        """Return a text without any secret."""
        for way, name in self._ways:
            text = text.replace(way, name)
        return text

    def hide_bytes(self, data: bytes) -> bytes:
        """Return bytes without any secret."""
        for way, name in self._ways:
            data = data.replace(way.encode(), name.encode())
        return data

    def hide_all(self, headers: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return headers by their lower-case names, without any secret and without cookies."""
        return {name.lower(): "..." if "cookie" in name.lower() else self.hide(value) for name, value in headers}
