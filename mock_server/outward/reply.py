"""What came back of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reply(msgspec.Struct, frozen=True):
    """An answer: lower-case header names, the values of a repeated one joined; the first bytes of the body as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
