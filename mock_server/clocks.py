"""The clocks that sessions live by."""

from __future__ import annotations

from typing import Protocol

from kling_contract.clock import Clock, RealClock


class SessionClock(Protocol):
    """The time of a session."""

    def now(self) -> int:
        """Return Unix time in milliseconds; never less than the time before."""
        ...


class ScaledClock:
    """Real time, `speed` times as fast, from the moment it is made."""

    def __init__(self, speed: float = 1.0, real: Clock | None = None) -> None:
        self._real = real or RealClock()
        self.speed = speed
        self._start = self._last = self._real.now()

    def now(self) -> int:
        """Return Unix time in milliseconds."""
        # The wall clock may be set back; a session's time does not follow it.
        self._last = max(self._last, self._real.now())
        return int((self._start + (self._last - self._start) * self.speed) * 1000)
