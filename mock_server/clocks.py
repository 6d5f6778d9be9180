"""The clock that a session lives by: real time made faster, or time that moves only when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from kling_contract.clock import RealClock

if TYPE_CHECKING:
    from kling_contract.clock import Clock

Mode = Literal["real", "frozen", "auto"]
MODES: tuple[str, ...] = get_args(Mode)

_DAY = 86_400_000


class ClockError(ValueError):
    """The clock cannot be set so; the message says what would be accepted."""


class SessionClock:
    """The time of one session, in Unix milliseconds. It never goes back.

    `real` runs `speed` times as fast as the wall clock. `frozen` and `auto` stand still until they are moved, and
    start at the wall clock's last midnight (UTC) unless `epoch` is given: `auto` is moved by whoever polls a task.
    """

    def __init__(
        self, wall: Clock | None = None, *, mode: str = "real", speed: float = 1.0, epoch: int | None = None
    ) -> None:
        self._wall = wall or RealClock()
        self.mode: str = _known(mode)
        self.speed = speed
        self._since = self._last = self._wall.now()
        now = int(self._since * 1000)
        self._base = epoch if epoch is not None else now if mode == "real" else now - now % _DAY
        self._held: int | None = None

    def now(self) -> int:
        """Return the time; while an event happens, the time at which it was due."""
        if self._held is not None:
            return self._held
        if self.mode != "real":
            return self._base
        wall = self._wall.now()
        if wall < self._last:
            # The wall clock was set back; a session's time goes on from where it was.
            self._base += self._passed()
            self._since = wall
        self._last = wall
        return self._base + self._passed()

    def set(self, *, mode: str | None = None, now: int | None = None, speed: float | None = None) -> None:
        """Change how time passes from now on. Raises `ClockError` for what there is not, and for going back.

        Nothing that becomes due happens by this; `Session.set_clock` sees to that.
        """
        if self._held is not None:
            raise ClockError("time is being advanced; the clock can be set once that has ended")
        mode = _known(self.mode if mode is None else mode)
        if speed is not None and not 0 < speed <= 1e6:
            raise ClockError(f"no speed {speed!r}; accepted: above 0, at most 1000000")
        if now is None:
            self._start(self.now())
        else:
            self.move_to(now)
        self.mode = mode
        self.speed = self.speed if speed is None else speed

    def check(self, now: int) -> None:
        """Raise `ClockError` for a time that has passed."""
        current = self.now()
        if now < current:
            raise ClockError(f"time does not go back: it is {current}, {current - now} ms after {now}")

    def move_to(self, now: int) -> None:
        """Let it be `now`. Raises `ClockError` for a time that has passed."""
        self.check(now)
        self._start(now)

    def reach(self, now: int) -> None:
        """Let it be `now`, unless it is later already, as on a clock that runs it soon is."""
        if self.now() < now:
            self._start(now)

    def hold(self, now: int | None) -> None:
        """Let it be `now` until it is let go with None: the due time of the event that happens."""
        self._held = now

    def _start(self, now: int) -> None:
        self._base = now
        self._since = self._last = self._wall.now()

    def _passed(self) -> int:
        return int((self._last - self._since) * self.speed * 1000)


def _known(mode: str) -> str:
    if mode not in MODES:
        raise ClockError(f"no clock {mode!r}; accepted: {', '.join(MODES)}")
    return mode
