"""The images that recent requests brought, kept until their results are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from kling_contract.images import is_url
from mock_server.bounded import Bounded
from mock_server.guard import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mock_server.fetching import Fetching
    from mock_server.settings import Settings

MEDIA = "/__media/"

_LONGEST_URL = 8192  # characters
_APIECE = 200  # bytes that an image takes besides its text


class Inputs:
    """Images by `Session.key` of their task; when all exceed a number of bytes, those used longest ago are forgotten.

    Those of the last task are kept however large they are.

    An image is the canonical name of its field, and its text: base64, a URL, or `/__media/<name>` for the URL of a
    result of this mock. Of a URL that is too long the text is empty.
    """

    def __init__(self, settings: Settings, fetching: Fetching) -> None:
        self._kept: Bounded[tuple[tuple[str, str], ...]] = Bounded(settings.kept_inputs, alone=True)
        self._fetching = fetching

    def keep(self, key: str, pictures: Sequence[tuple[str, str]], origins: Iterable[str] = ()) -> None:
        """Keep the images of a new task, in their order; this mock's own URLs begin with one of `origins`.

        Of a single image that nobody fetches there is nothing to keep, and that is said at once: a stand-in takes its
        place either way.
        """
        if len(pictures) == 1 and self._is_out_of_reach(pictures[0][1]):
            self._fetching.pass_by(pictures[0][1])
            return
        kept = tuple([(field, _short(text, origins)) for field, text in pictures])
        if kept:
            self._kept.put(key, kept, sum(len(text) + _APIECE for _, text in kept))

    def _is_out_of_reach(self, text: str) -> bool:
        return self._fetching.is_off and is_url(text) and MEDIA not in text

    def of(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return the images of a task, none if they are forgotten."""
        return self._kept.get(key) or ()

    def forget(self, owner: str) -> None:
        """Forget everything whose key begins with `owner`, which ends with a slash."""
        self._kept.forget(owner)


def _short(text: str, origins: Iterable[str]) -> str:
    if not is_url(text):
        return text
    if len(text) > _LONGEST_URL:
        return ""
    return _own(text, origins) or text if MEDIA in text else text


def _own(url: str, origins: Iterable[str]) -> str | None:
    """Return the short form of a URL of this mock, None for any other."""
    try:
        parts = urlsplit(url)
        own = any(_same_place(parts, urlsplit(origin)) for origin in origins)
    except ValueError:
        return None
    return MEDIA + parts.path.rpartition("/")[2] if own and MEDIA in parts.path else None


def _same_place(one: SplitResult, other: SplitResult) -> bool:
    """Whether two URLs lead to one server; a proxy before it may have changed the scheme."""
    ports = [None if each.port in (80, 443) else each.port for each in (one, other)]
    hosts = [each.hostname or "" for each in (one, other)]
    return ports[0] == ports[1] and (hosts[0] == hosts[1] or all(map(is_loopback, hosts)))
