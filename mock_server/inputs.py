"""The images that recent requests brought, kept until their results are drawn."""

from __future__ import annotations

import binascii
from collections import OrderedDict
from typing import TYPE_CHECKING

import pybase64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.settings import Settings


class Inputs:
    """Base64 texts by `Session.key` of their task, the oldest forgotten first when all exceed a number of bytes."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.kept_inputs
        self._texts: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._size = 0

    def keep(self, key: str, images: Sequence[str]) -> None:
        """Keep the images of a new task, as they came. URLs are not fetched, and nothing is kept of them."""
        texts = tuple(text for text in images if not text[:8].lower().startswith(("http://", "https://")))
        size = sum(map(len, texts))
        if not texts or size > self._most:
            return
        self._texts[key] = texts
        self._size += size
        while self._size > self._most:
            _, gone = self._texts.popitem(last=False)
            self._size -= sum(map(len, gone))

    def of(self, key: str) -> list[bytes]:
        """Return the images of a task that are still kept and can be decoded, in the request's order."""
        found = (_decoded(text) for text in self._texts.get(key, ()))
        return [data for data in found if data]


def _decoded(text: str) -> bytes | None:
    try:
        return pybase64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
