"""What every recording comes down to: exchanges, bodies that are read when asked for, and what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from kling_contract.verify.traffic.body import Body

Headers = Mapping[str, str]

_DIGITS = 3  # of an HTTP status; -1 is one that did not come
_LONGEST = 18  # digits of a number of bytes
_LONGEST_SPAN = 10**15  # ms; 30,000 years
_LATEST = 253_402_300_799  # Unix time of 9999-12-31T23:59:59Z


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `index` counts from 0, as the recording's own list does.

    Header names are in lower case. `status` is 0 where no answer came, and `error` then says why if the recording
    does. `started` is Unix time and `took` a span, both in seconds; None where the recording does not say.
    `ordered` says that only the order of the entries tells which came first. `images` are the findings about images
    that a redacted copy no longer holds.
    """

    index: int
    method: str
    url: str
    headers: Headers = field(default_factory=dict)
    body: Body = field(default_factory=Body)
    status: int = 0
    answer_headers: Headers = field(default_factory=dict)
    answer: Body = field(default_factory=Body)
    started: float | None = None
    took: float | None = None
    error: str = ""
    ordered: bool = False
    images: tuple[Mapping[str, Any], ...] = ()

    @property
    def ended(self) -> float | None:
        """When the answer was complete, as far as that is known."""
        return None if self.started is None else self.started + (self.took or 0)

    @property
    def content_type(self) -> str:
        """The type of the answer, or ""."""
        return self.answer_headers.get("content-type", "")


class Flaw(NamedTuple):
    """What cannot be read: at which entry (None: before the first), where in the file, and what is wrong."""

    entry: int | None
    place: str
    message: str

    def __str__(self) -> str:
        entry = "" if self.entry is None else f"entry {self.entry}"
        where = ", ".join(filter(None, (entry, self.place)))
        return f"{where}: {self.message}" if where else self.message


def moment(text: Any) -> float | None:
    """Return Unix time in seconds of an ISO 8601 text or an HTTP date; without a zone it is UTC.

    None for others, and for times before 1970 or after the year 9999.
    """
    if not isinstance(text, str) or not text:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
            return seconds if 0 <= seconds <= _LATEST else None
        except (ValueError, OverflowError):
            continue
    return None


def status_of(value: Any) -> int | None:
    """Return an HTTP status that is a whole number, or a text of its digits; None for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS:
        return int(value)
    if isinstance(value, float | Decimal):
        return int(value) if -1 <= value < 10**_DIGITS and value == int(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def length(value: Any) -> int:
    """Return a number of bytes; 0 for what is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def span(milliseconds: Any) -> float | None:
    """Return seconds; None for what is no span, and for 0, which recorders write where they did not measure."""
    if not isinstance(milliseconds, int | float | Decimal) or not 0 < milliseconds < _LONGEST_SPAN:
        return None
    return float(milliseconds) / 1000
