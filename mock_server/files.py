"""A result file, as it is drawn and kept."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A result file: its media type, its bytes, and the ending its name has (`.png`, `.mp4`)."""

    content_type: str
    data: bytes
    suffix: str


class Unwanted(Exception):
    """Nobody wants the clip any more."""
