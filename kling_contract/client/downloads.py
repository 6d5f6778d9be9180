"""Results as files: written under a temporary name, and given their own only when they are whole."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import httpx

from kling_contract.client.network import can_be_asked
from kling_contract.errors import KlingError, ServerError, UnexpectedAnswer
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LARGEST = 1_000_000_000

# Pictures and videos are as small as they get; packed once more they could be any size when they are unpacked.
PLAIN: Mapping[str, str] = {"Accept-Encoding": "identity"}

_SUFFIXES: Mapping[str, str] = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
}
_KNOWN = frozenset({*_SUFFIXES.values(), ".jpeg"})
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LENGTH = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download has come: `bytes` of `total` (None if that is unknown) of one of the results, from 1.

    A download that starts again has 0 bytes again.
    """

    result: int
    results: int
    bytes: int
    total: int | None


class Part:
    """One result on its way into `folder`; leaving the `with` block without `publish` removes all of it.

    The file is to be called `stem` and the suffix of a media type: the one of the URL's path, else of the answer's
    content type, else `suffix`. More than `largest` bytes are refused. `watch` is called with each chunk, with the
    bytes so far and those that were announced.
    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        suffix: str,
        largest: int = LARGEST,
        watch: Callable[[int, int | None], object] | None = None,
    ) -> None:
        self._folder, self._stem, self._suffix, self._largest = folder, safe_name(stem), suffix, largest
        self._path = folder / f".{self._stem}-{secrets.token_hex(6)}.part"
        self._file: BinaryIO | None = None
        self._size = 0
        self._total: int | None = None
        self._watch = watch

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._path.unlink(missing_ok=True)

    def begin(self, url: str, status: int, headers: Mapping[str, str]) -> None:
        """Start (again) with the head of an answer. Raises an `APIError` if it is not the result."""
        if status != 200:
            kind = ServerError if status >= 500 else UnexpectedAnswer
            gone = "; a result's URL expires, refresh() may bring a new one" if status in (403, 404, 410) else ""
            raise kind(f"the result {shown_url(url)} cannot be fetched{gone}", operation="save", status=status)
        self._total = _announced(headers)
        self._check_size(self._total or 0)
        self._suffix = suffix_of(url, headers.get("content-type", "")) or self._suffix
        self.close()
        self._file, self._size = self._path.open("wb"), 0

    def write(self, chunk: bytes) -> None:
        """Add to the file."""
        self._size += len(chunk)
        self._check_size(self._size)
        assert self._file is not None
        self._file.write(chunk)
        if self._watch is not None:
            self._watch(self._size, self._total)

    def end(self) -> None:
        """Close a file that is whole. Raises `httpx.RemoteProtocolError` if not as much came as was announced."""
        self.close()
        if self._total is not None and self._size != self._total:
            raise httpx.RemoteProtocolError(f"{counted(self._size, 'byte')} came of a result of {self._total}")

    def close(self) -> None:
        """Close the file, which is not yet published."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def publish(self) -> Path:
        """Give the file its name, with `-2`, `-3`, ... where that name is taken, and return it."""
        self.close()
        for path in self._names():
            try:
                _move(self._path, path)
            except FileExistsError:
                continue
            return path
        raise AssertionError("names never end")

    def _names(self) -> Iterator[Path]:
        yield self._folder / f"{self._stem}{self._suffix}"
        number = 2
        while True:
            yield self._folder / f"{self._stem}-{number}{self._suffix}"
            number += 1

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise KlingError(f"the result {self._stem} is larger than {self._largest} bytes")


def publish(parts: Iterable[Part]) -> list[Path]:
    """Give every file its name and return them; where one cannot have it, none keeps it."""
    paths: list[Path] = []
    try:
        for part in parts:
            paths.append(part.publish())
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    return paths


def _announced(headers: Mapping[str, str]) -> int | None:
    """Return how many bytes a body is to have; the length of one that is packed is not that of the result."""
    length = headers.get("content-length", "")
    is_plain = headers.get("content-encoding", "identity").lower() == "identity"
    return int(length) if is_plain and _LENGTH.fullmatch(length) else None


def _move(source: Path, target: Path) -> None:
    """Rename without overwriting. Raises FileExistsError."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: take the name first, then put the file in its place.
        target.open("xb").close()
        try:
            source.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def safe_name(text: str) -> str:
    """Return `text` as a file name that stays in its folder on every system."""
    return _UNSAFE.sub("_", text)[:120] or "_"


def suffix_of(url: str, content_type: str) -> str | None:
    """Return the suffix of a known media type that a URL or a content type names."""
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    media = content_type.partition(";")[0].strip().lower()
    return suffix if suffix in _KNOWN else _SUFFIXES.get(media)


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it: credentials, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:300]


def check_url(url: str) -> None:
    """Raise `KlingError` for a result that is not at an http(s) URL."""
    if not can_be_asked(url):
        raise KlingError(f"the result's URL is {url[:100]!r}; only http(s) URLs are fetched")
