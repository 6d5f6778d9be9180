"""The image files of a request that is told of, which nobody keeps: what stands for them while a body is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DESCRIBED = frozenset({"type", "bytes", "width", "height"})


class SentImages:
    """A body, as it is shown, in which each description of an image is a URL, unless it is at a wrong place."""

    def __init__(self, body: Mapping[str, Any], wrong: Iterable[str] = ()) -> None:
        self._wrong = frozenset(wrong)
        self._words: dict[str, str] = {}
        self.body: dict[str, Any] = self._standing(body, "")

    def has(self, value: Any) -> bool:
        """Whether a value stands for an image that was sent."""
        return isinstance(value, str) and value in self._words

    def told(self, value: Any) -> Any:
        """Return a value with the images in a few words, as what was sent is still right there."""
        if isinstance(value, dict):
            return {name: self.told(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.told(each) for each in value]
        return self._words[value] if self.has(value) else value

    def _standing(self, value: Any, pointer: str) -> Any:
        if isinstance(value, dict):
            if value.keys() >= _DESCRIBED and pointer not in self._wrong:
                return self._url(value)
            return {name: self._standing(each, f"{pointer}/{name}") for name, each in value.items()}
        if isinstance(value, list):
            return [self._standing(each, f"{pointer}/{at}") for at, each in enumerate(value)]
        return value

    def _url(self, about: Mapping[str, Any]) -> str:
        url = f"https://image.invalid/{len(self._words)}"
        self._words[url] = "... (base64 as sent: {type} {width}x{height}, {bytes} bytes)".format_map(about)
        return url
