"""What a request asks of its task: `Prefer: scenario=fail, delay=2, polls=3`.

A client that cannot set headers writes the same into any text of its body: `[[kling:scenario=fail, delay=2]]`.

    scenario=NAME   how the task ends (`kling-contract scenarios` lists them)
    delay=2         the seconds of the session's time after which it has ended; delay=1/4 gives each transition its own
    polls=3         on an auto clock, the poll that ends it
    pace=spread     least, typical, most, or drawn from the documented spread
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PACES = ("least", "typical", "most", "spread")

_DIRECTIVE = re.compile(r"\[\[kling:([^\[\]]{1,200})\]\]")
_LONGEST_TEXT = 20_000
_MOST_POLLS = 1000
_MOST_SECONDS = 1e8


class BadWish(ValueError):
    """What was asked for cannot be had; `accepted` says what can."""

    def __init__(self, message: str, accepted: str) -> None:
        self.accepted = accepted
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; None leaves it to others. `delay` are seconds: one for all, or one for each transition."""

    scenario: str | None = None
    delay: tuple[float, ...] | None = None
    polls: int | None = None
    pace: str | None = None

    def over(self, other: Wish) -> Wish:
        """Return this wish, with what it leaves open taken from another."""
        return Wish(
            self.scenario or other.scenario,
            self.delay or other.delay,
            self.polls or other.polls,
            self.pace or other.pace,
        )


NOTHING = Wish()


def wish_of(prefer: str | None, body: Mapping[str, Any]) -> Wish:
    """Return what a request asks for, in its header before its body. Raises `BadWish`."""
    wish = _read(prefer) if prefer else NOTHING
    for value in body.values():
        if isinstance(value, str) and "[[kling:" in value and len(value) <= _LONGEST_TEXT:
            found = _DIRECTIVE.search(value)
            wish = wish.over(_read(found.group(1))) if found else wish
    return wish


def _read(text: str) -> Wish:
    """Read `name=value, name=value`; names that are not ours are other people's preferences (RFC 7240)."""
    wish = NOTHING
    for part in re.split("[,;]", text):
        name, _, value = (piece.strip().strip('"') for piece in part.partition("="))
        if name == "scenario":
            wish = replace(wish, scenario=value)
        elif name == "delay":
            wish = replace(wish, delay=_delay(value))
        elif name == "polls":
            wish = replace(wish, polls=_polls(value))
        elif name == "pace":
            wish = replace(wish, pace=_pace(value))
    return wish


def _delay(text: str) -> tuple[float, ...]:
    try:
        seconds = tuple(float(each) for each in text.split("/"))
    except ValueError:
        seconds = (-1.0,)
    if not all(0 <= each <= _MOST_SECONDS for each in seconds):
        raise BadWish(f"delay={text}", "seconds, as in delay=2, or one for each transition, as in delay=1/4")
    return seconds


def _polls(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= _MOST_POLLS):
        raise BadWish(f"polls={text}", f"1 to {_MOST_POLLS}")
    return int(text)


def _pace(text: str) -> str:
    if text not in PACES:
        raise BadWish(f"pace={text}", ", ".join(PACES))
    return text
