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

ImageInput: TypeAlias = str | bytes | os.PathLike[str]

_SENT_AS_IS = re.compile(r"https?://|data:", re.IGNORECASE)


def encode(image: ImageInput) -> str:
    """Return the text to send for an image: bytes and files as raw base64, URLs and base64 as they are.

    A str is read as a file only if it ends like an image's name (.png, .jpg, .webp, ...), so that a text of unknown
    origin opens no other file; a PathLike is always read. Raises FileNotFoundError for a path that does not exist,
    ValueError for no bytes. Nothing is judged here.
    """
    if isinstance(image, str):
        return _encoded(_read(image)) if _names_file(image) else image
    return _encoded(image if isinstance(image, bytes) else _read(image))


def _encoded(data: bytes) -> str:
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

    The head of the text is usually enough; all of it is decoded only when the head does not reach the sides.
    """
    data = decoded(text[:HEAD])
    header = read_header(data) if data else None
    if header and header.truncated and not header.width and len(text) > HEAD:
        header = read_header(decoded(text) or b"")
    return (header.width, header.height) if header and header.width and header.height else None
