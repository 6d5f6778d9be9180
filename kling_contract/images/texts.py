"""The forms in which an image stands in a field: a URL, base64, or by mistake something else."""

from __future__ import annotations

import re

import pybase64

LONGEST_PATH = 4096
HEAD = 256 * 1024  # characters of base64, a multiple of 4

# What no URL has: whitespace, control characters, and those that nobody sees (format characters, fillers and tags).
_INVISIBLE = r"\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
_GAP = rf"\s\x00-\x1f\x7f-\x9f{_INVISIBLE}\U000e0000-\U000e0fff"
_HOST = rf"(https?://)(?:[^/?#{_GAP}]*@)?((?:\[[0-9a-f:.]+\]|[^/?#@:\[\]{_GAP}]+)(?::\d*)?)(?=[/?#]|\Z)"
URL = re.compile(rf"{_HOST}([^?#]*)", re.IGNORECASE)
_WHOLE_URL = re.compile(rf"{_HOST}[^{_GAP}]*", re.IGNORECASE)
_NOT_IN_URL = re.compile(f"[{_GAP}]")
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]{1,30}):", re.IGNORECASE)
IMAGE_NAME = re.compile(r"\.(?:png|jpe?g|jfif|gif|webp|bmp|tiff?|heic|heif|avif)\Z", re.IGNORECASE)


def is_url(text: str) -> bool:
    """Whether a text is an http(s) URL with a host, and with no whitespace, control or invisible character in it."""
    return _WHOLE_URL.fullmatch(text) is not None


def gap_in(text: str) -> int | None:
    """Return where the first character of a text stands that no URL has: whitespace, or what nobody sees."""
    found = _NOT_IN_URL.search(text)
    return found.start() if found else None


def decoded(text: str) -> bytes | None:
    """Return the bytes of a base64 text, or None if it is none."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return None
