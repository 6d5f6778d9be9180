"""What came back of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: lower-case header names, the values of a repeated one joined; the first bytes of the body as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
