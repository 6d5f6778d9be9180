"""How long a request may take to arrive: its head a fixed time, its body as long as it goes on coming."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = 30.0  # seconds
_RATE = 500  # bytes a second; a body that comes slower holds a connection that others could use


class Timer(Protocol):
    """What a loop gives for a call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""
        ...


class Timers(Protocol):
    """The part of an event loop that is needed here."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call back in so many seconds."""
        ...


class Patience:
    """One timer for what a connection waits for; `late` is called when it did not come.

    There is none for a request that comes in one piece. Who is `held` up by the server itself is not late.
    """

    def __init__(
        self, timers: Timers, seconds: float, late: Callable[[], object], held: Callable[[], bool] = lambda: False
    ) -> None:
        self._timers, self.seconds, self._late, self._held = timers, seconds, late, held
        self._timer: Timer | None = None
        self._head, self._came = True, 0

    def wait(self, came: int, *, head: bool) -> None:
        """Wait for the rest of a head, or of a body, of which `came` bytes have just come."""
        if self._timer is None or head != self._head:
            self.end()
            self._head, self._came = head, 0
            self._timer = self._timers.call_later(self.seconds, self._over)
        self._came += came

    def end(self) -> None:
        """Wait for nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        goes_on = not self._head and self._came >= self.seconds * _RATE
        if goes_on or self._held():
            self._came = 0
            self._timer = self._timers.call_later(self.seconds, self._over)
            return
        self._timer = None
        self._late()
