"""The images that recent requests brought, kept until their results are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec

from kling_contract.images import is_url
from mock_server.bounded import Bounded
from mock_server.guard import is_loopback
from mock_server.stand_ins import missing_extra, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kling_contract.errors import Violation
    from mock_server.fetching import Fetching
    from mock_server.settings import Settings

MEDIA = "/__media/"

_LONGEST_URL = 8192  # characters
_APIECE = 200  # bytes that an image takes besides its text
_MOST_DRAWN = 10_000  # tasks of which it is known what their results do not show
_MEBIBYTE = 1024 * 1024
_NOT_FETCHED = ("inputs given by URL are not fetched", "--fetch-from HOST, with the host of the URL")
_PASSED_BY = (note("the image", *_NOT_FETCHED),)


class _Kept(msgspec.Struct):
    """The images of a task, and once somebody asked, what results cannot show of them, whatever is drawn."""

    pictures: tuple[tuple[str, str], ...]
    notes: tuple[Violation, ...] | None = None


class Inputs:
    """Images by `Session.key` of their task; when all exceed a number of bytes, those used longest ago are forgotten.

    Those of a task that take more than half of that are kept apart, the last such alone, so that one large image pushes
    out no others. An image is the canonical name of its field, and its text: base64, a URL, or `/__media/<name>` for
    the URL of a result of this mock. Of a URL that is too long the text is empty.

    What a result cannot show of them is known as `notes`: what is clear beforehand, and what was found in drawing it.
    """

    def __init__(self, settings: Settings, fetching: Fetching) -> None:
        most = settings.kept_inputs
        self._kept: Bounded[_Kept] = Bounded(most)
        self._large: Bounded[_Kept] = Bounded(min(most, 1), alone=True)
        self._drawn: Bounded[tuple[Violation, ...]] = Bounded(_MOST_DRAWN)
        self._fetching, self._most_apiece = fetching, most // 2
        self._has_drawn = False
        self._extra = missing_extra()
        self._plain = (note("every image", self._extra or ""),)
        self._lost = (note("every image", *_gone(most)),)

    def kind(self, pictures: Sequence[tuple[str, str]]) -> str:
        """Return what a task remembers of its images: `kept`, `url` for a single one that nobody fetches, or nothing.

        Of the second there is nothing to keep: a stand-in takes its place either way.
        """
        if not pictures:
            return ""
        return "url" if len(pictures) == 1 and self._is_out_of_reach(pictures[0][1]) else "kept"

    def pass_by(self, url: str) -> None:
        """Say of an image that nobody fetches that it is not."""
        self._fetching.pass_by(url)

    def keep(self, key: str, pictures: Sequence[tuple[str, str]], origins: Iterable[str] = ()) -> None:
        """Keep the images of a new task, in their order; this mock's own URLs begin with one of `origins`."""
        kept = tuple([(field, _short(text, origins)) for field, text in pictures])
        size = sum([len(text) + _APIECE for _, text in kept])
        (self._kept if size <= self._most_apiece else self._large).put(key, _Kept(kept), size)

    def of(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return the images of a task, none if they are forgotten."""
        kept = self._kept.get(key) or self._large.get(key)
        return kept.pictures if kept else ()

    def notes(self, key: str, kind: str) -> tuple[Violation, ...]:
        """Return what the results of a task cannot show: as they were drawn, else as they would be drawn now."""
        if kind == "url" and self._extra is None:
            return _PASSED_BY
        drawn = self._drawn.peek(key) if self._has_drawn else None
        return self.expected(key, kind) if drawn is None else drawn

    def expected(self, key: str, kind: str) -> tuple[Violation, ...]:
        """Return what results could not show if they were drawn now, as far as that is known before."""
        if not kind or self._extra is not None:
            return self._plain if kind else ()
        if kind == "url":
            return _PASSED_BY
        kept = self._kept.peek(key) or self._large.peek(key)
        if kept is None:
            return self._lost
        if kept.notes is None:
            kept.notes = tuple(self._unseen(kept.pictures))
        return kept.notes

    def drawn(self, key: str, notes: tuple[Violation, ...]) -> None:
        """Take note of what a result of a task does not show."""
        self._has_drawn = True
        self._drawn.put(key, notes, 1)

    def forget(self, owner: str) -> None:
        """Forget everything whose key begins with `owner`, which ends with a slash."""
        for place in (self._kept, self._large, self._drawn):
            place.forget(owner)

    def _unseen(self, pictures: Iterable[tuple[str, str]]) -> Iterator[Violation]:
        endless = dict.fromkeys(field for field, text in pictures if not text)
        foreign = dict.fromkeys(field for field, text in pictures if text and self._is_out_of_reach(text))
        if endless:
            yield note(", ".join(endless), "its URL is too long to be kept", f"at most {_LONGEST_URL} characters")
        if foreign:
            yield note(", ".join(foreign), *_NOT_FETCHED)

    def _is_out_of_reach(self, text: str) -> bool:
        return self._fetching.is_off and is_url(text) and MEDIA not in text


def _gone(most: int) -> tuple[str, str]:
    if not most:
        return "nothing is kept of inputs", "--keep-inputs 8MB, or more"
    return (
        f"images of later requests took their room of {most / _MEBIBYTE:.3g} MB",
        "--keep-inputs SIZE gives them more; a result that was asked for once stays as it was drawn",
    )


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
