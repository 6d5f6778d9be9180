"""How a probe behaves: how long it waits, what it calls slow, and what it measures time with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kling_contract.clock import Clock, RealClock, stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """Times are in seconds: `timeout` of a whole answer, `slow` from which an answer is slow, `pause` between two
    requests to one host, `again` before a GET is sent a second time (twice that before a third). `days` that a
    certificate must hold, and after which an observation in a document is `stale`. `budget` bounds the requests to
    one provider; None is as many as its plan may need.
    """

    timeout: float = 10.0
    slow: float = 5.0
    pause: float = 0.05
    again: float = 1.0
    days: int = 14
    stale: int = 90
    budget: int | None = None
    clock: Clock = field(default_factory=RealClock)
    stopwatch: Callable[[], float] = stopwatch
