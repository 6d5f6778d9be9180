"""The forms in which an image stands in a field: a URL, base64, or by mistake something else."""

from __future__ import annotations

import re

import pybase64

LONGEST_PATH = 4096
HEAD = 256 * 1024  # characters of base64, a multiple of 4

_GAP = r"\s\x00-\x1f\x7f"  # what no URL has: whitespace and control characters
_HOST = rf"(https?://)(?:[^/?#{_GAP}]*@)?((?:\[[0-9a-f:.]+\]|[^/?#@:\[\]{_GAP}]+)(?::\d*)?)(?=[/?#]|\Z)"
URL = re.compile(rf"{_HOST}([^?#]*)", re.IGNORECASE)
_WHOLE_URL = re.compile(rf"{_HOST}[^{_GAP}]*", re.IGNORECASE)
_NOT_IN_URL = re.compile(f"[{_GAP}]")
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]{1,30}):", re.IGNORECASE)
IMAGE_NAME = re.compile(r"\.(?:png|jpe?g|jfif|gif|webp|bmp|tiff?|heic|heif|avif)\Z", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether a text is an http(s) URL with a host, and with neither whitespace nor control characters in it."""
    return _WHOLE_URL.fullmatch(text) is not None


def gap_in(text: str) -> int | None:
    """Return where the first character of a text stands that no URL has: whitespace, or a control character."""
    found = _NOT_IN_URL.search(text)
    return found.start() if found else None


def decoded(text: str) -> bytes | None:
    """Return the bytes of a base64 text, or None if it is none."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return None
