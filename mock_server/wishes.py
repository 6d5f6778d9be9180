"""What a request asks of its task: `Prefer: scenario=fail, delay=2, polls=3`.

A client that cannot set headers writes the same into any text of its body: `[[kling:scenario=fail, delay=2]]`.

    scenario=NAME   how the task ends (`kling-contract scenarios` lists them)
    delay=2         the seconds of the session's time after which it has ended; delay=1/4 gives each transition its own
    polls=3         on an auto clock, the poll that ends it
    pace=spread     least, typical, most, or drawn from the documented spread
    callbacks=late  how its callbacks come (`kling-contract scenarios` lists the ways)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract.errors import Portable
from mock_server.callbacks.modes import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PACES = ("least", "typical", "most", "spread")

_DIRECTIVE = re.compile(r"\[\[kling:([^\[\]]{1,200})\]\]", re.IGNORECASE)
# Commas and semicolons stand for themselves within quotes; a quote that is never closed goes on to the end.
_PIECE = r'(?:"(?:[^"\\]|\\.)*\\?"?|[^%s"])+'
_PREFERENCE, _PARAMETER = (re.compile(_PIECE % signs, re.DOTALL) for signs in (",", ";"))
_LONGEST_TEXT = 20_000
_MOST_POLLS = 1000
_MOST_SECONDS = 1e8


class BadWish(Portable, ValueError):
    """What was asked for cannot be had; `accepted` says what can."""

    def __init__(self, message: str, accepted: str) -> None:
        self.accepted = accepted
        super().__init__(message)


class Wish(msgspec.Struct, frozen=True):
    """What is asked for; None leaves it to others. `delay` are seconds: one for all, or one for each transition."""

    scenario: str | None = None
    delay: tuple[float, ...] | None = None
    polls: int | None = None
    pace: str | None = None
    callbacks: str | None = None

    def over(self, other: Wish) -> Wish:
        """Return this wish, with what it leaves open taken from another."""
        if other is NOTHING:
            return self
        if self is NOTHING:
            return other
        return Wish(
            other.scenario if self.scenario is None else self.scenario,
            other.delay if self.delay is None else self.delay,
            other.polls if self.polls is None else self.polls,
            other.pace if self.pace is None else self.pace,
            other.callbacks if self.callbacks is None else self.callbacks,
        )

    def lacks(self, other: Wish) -> bool:
        """Whether another wish says anything that this one leaves open."""
        return self.over(other) != self


NOTHING = Wish()


def wish_of(prefer: str | None, body: Mapping[str, Any]) -> Wish:
    """Return what a request asks for, in its header before its body, sooner before later. Raises `BadWish`."""
    wish = _read(prefer) if prefer else NOTHING
    for value in body.values():
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT and "[[" in value:
            for found in _DIRECTIVE.finditer(value):
                wish = wish.over(_read(found.group(1)))
    return wish


def _read(text: str) -> Wish:
    """Read `name=value, name=value`, or with semicolons; of a name that comes twice the first (RFC 7240).

    Names that are not ours are other people's preferences, and what follows them after semicolons is theirs too.
    """
    wish = NOTHING
    for preference in _PREFERENCE.findall(text):
        for number, part in enumerate(_PARAMETER.findall(preference)):
            name, _, value = part.partition("=")
            read = _READERS.get(name.strip().lower())
            if read is not None:
                wish = wish.over(read(value.strip().strip('"').strip()))
            elif number == 0:
                break
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
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= _MOST_POLLS):
        raise BadWish(f"polls={text}", f"1 to {_MOST_POLLS}")
    return int(text)


def _pace(text: str) -> str:
    if text not in PACES:
        raise BadWish(f"pace={text}", ", ".join(PACES))
    return text


def _callbacks(text: str) -> str:
    if text not in MODES:
        raise BadWish(f"callbacks={text}", ", ".join(MODES))
    return text


_READERS: Mapping[str, Callable[[str], Wish]] = {
    "scenario": lambda text: Wish(scenario=text),
    "delay": lambda text: Wish(delay=_delay(text)),
    "polls": lambda text: Wish(polls=_polls(text)),
    "pace": lambda text: Wish(pace=_pace(text)),
    "callbacks": lambda text: Wish(callbacks=_callbacks(text)),
}
