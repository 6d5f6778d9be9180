"""What a page of HTML is: what begins as one."""

from __future__ import annotations

import re

_BLANK = re.compile(rb"[ \t\r\n\f]*+")
_PAGE = re.compile(rb"(?:<!doctype html|<html)(?![^ \t\r\n\f>/])", re.IGNORECASE)


def is_page(data: bytes) -> bool:
    """Whether data begins as a page does, after a byte order mark, blanks and comments if there are any."""
    at = _after_blank(data, 3 if data.startswith(b"\xef\xbb\xbf") else 0)
    while data.startswith(b"<!--", at):
        end = data.find(b"-->", at + 4)
        if end < 0:
            return False
        at = _after_blank(data, end + 3)
    return _PAGE.match(data, at) is not None


def _after_blank(data: bytes, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at
