"""Images on their way into a field, and what a field holds, in short."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from typing import Any, TypeAlias

import pybase64

from kling_contract.images.header import read_header
from kling_contract.images.texts import HEAD, IMAGE_NAME, LONGEST_PATH, SCHEME, URL, decoded

ImageInput: TypeAlias = str | bytes | bytearray | memoryview | os.PathLike[str]

_NEAR = 4096  # characters of base64, a multiple of 4
_SENT_AS_IS = re.compile(r"https?://|data:", re.IGNORECASE)


def encode(image: ImageInput) -> str:
    """Return the text to send for an image: bytes and files as raw base64, URLs and base64 as they are.

    A str is read as a file only if it ends like an image's name (.png, .jpg, .webp, ...), so that a text of unknown
    origin opens no other file; a PathLike is always read. Raises FileNotFoundError for a path that does not exist,
    ValueError for no bytes. Nothing is judged here.
    """
    if isinstance(image, str):
        return _encoded(_read(image)) if _names_file(image) else image
    return _encoded(image if isinstance(image, bytes | bytearray | memoryview) else _read(image))


def seems_file(text: str) -> bool:
    """Whether a text may mean a file that `encode` does not open: it is there, or has a sign that no base64 has."""
    if not 0 < len(text) < LONGEST_PATH or SCHEME.match(text):
        return False
    return "." in text or "\\" in text or text.startswith("~") or os.path.exists(text)


def _encoded(image: bytes | bytearray | memoryview) -> str:
    data = bytes(image)
    if not data:
        raise ValueError("the image has no bytes")
    return pybase64.b64encode_as_string(data)


def _read(path: str | os.PathLike[str]) -> bytes:
    with open(os.fspath(path), "rb") as file:
        return file.read()


def _names_file(text: str) -> bool:
    """Tell a path by its ending: a URL is no path, and base64 has no "."."""
    if len(text) >= LONGEST_PATH or _SENT_AS_IS.match(text) or not IMAGE_NAME.search(text):
        return False
    if os.path.isfile(text):
        return True
    if not SCHEME.match(text):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), text)
    return False


def describe(text: object) -> dict[str, Any]:
    """Return a short, safe description for logs: never the image, a URL's query or its credentials. Never raises."""
    if not isinstance(text, str):
        return {"value": type(text).__name__}
    if url := URL.match(text):
        return {"url": "".join(url.groups())[:300]}
    data = decoded(text)
    if not data:
        return {"text": len(text)}
    header, digest = read_header(data), hashlib.sha256(data).hexdigest()[:12]
    return {
        "type": header.format,
        "bytes": len(data),
        "width": header.width,
        "height": header.height,
        "sha256": digest,
    }


def sides(text: str) -> tuple[int, int] | None:
    """Return width and height in px, as stored, of a base64 image; None for a URL or what cannot be read.

    The first characters are usually enough; more is decoded only where the sides stand behind large metadata.
    """
    for characters in (_NEAR, HEAD, len(text)):
        data = decoded(text[:characters])
        header = read_header(data) if data else None
        if header is None or header.width or not header.truncated or characters >= len(text):
            break
    return (header.width, header.height) if header and header.width and header.height else None
