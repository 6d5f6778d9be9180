"""Results as files: written under a temporary name, and given their own only when they are whole."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from kling_contract.errors import KlingError, ServerError, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 1_000_000_000

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


class Part:
    """One result on its way into `folder`; leaving the `with` block without `publish` removes all of it.

    The file is to be called `stem` and the suffix of a media type: the one of the URL's path, else of the answer's
    content type, else `suffix`. More than `largest` bytes are refused.
    """

    def __init__(self, folder: Path, stem: str, suffix: str, largest: int = LARGEST) -> None:
        self._folder, self._stem, self._suffix, self._largest = folder, safe_name(stem), suffix, largest
        self._path = folder / f".{self._stem}-{secrets.token_hex(6)}.part"
        self._file: BinaryIO | None = None
        self._size = 0

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
        self._check_size(int(length) if (length := headers.get("content-length", "")).isdigit() else 0)
        self._suffix = suffix_of(url, headers.get("content-type", "")) or self._suffix
        self.close()
        self._file, self._size = self._path.open("wb"), 0

    def write(self, chunk: bytes) -> None:
        """Add to the file."""
        self._size += len(chunk)
        self._check_size(self._size)
        assert self._file is not None
        self._file.write(chunk)

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


def _move(source: Path, target: Path) -> None:
    """Rename without overwriting. Raises FileExistsError."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: take the name first, then put the file in its place.
        target.open("xb").close()
        source.replace(target)


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
    try:
        parts = urlsplit(url)
        good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise KlingError(f"the result's URL is {url[:100]!r}; only http(s) URLs are fetched")
