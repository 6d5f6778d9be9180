"""Time as a parameter. Nothing else in the package reads the real clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, and a way to wait."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock."""
        ...

    async def asleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock, letting others run meanwhile."""
        ...


class RealClock:
    """The wall clock."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait for `seconds` in a running event loop."""
        # Whoever runs a loop has it already; nobody else should pay for it.
        import asyncio

        await asyncio.sleep(seconds)


def stopwatch() -> float:
    """Return seconds on a clock that only measures spans, whatever time it is."""
    return time.perf_counter()
