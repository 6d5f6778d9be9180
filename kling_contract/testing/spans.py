"""Spans of time, as a test writes them."""

from __future__ import annotations

import re
from datetime import timedelta

_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(s|m|h|d)?")
_ACCEPTED = "{!r} is no span of time; accepted: seconds, a timedelta, 90s, 10m, 2h, 30d"
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(span: float | str | timedelta) -> float:
    """Return the seconds of a span: a number of them, a timedelta, or a text such as "90s", "10m", "2h", "30d".

    Raises ValueError for others.
    """
    __tracebackhide__ = True
    if isinstance(span, timedelta):
        return span.total_seconds()
    if isinstance(span, str):
        found = _SPAN.fullmatch(span.strip())
        if found is None:
            raise ValueError(_ACCEPTED.format(span))
        return float(found[1]) * _UNITS[found[2]]
    if isinstance(span, bool) or not isinstance(span, int | float):
        raise ValueError(_ACCEPTED.format(span))
    return span
