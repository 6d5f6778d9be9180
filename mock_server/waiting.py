"""A session's time as the clock of a client, which waits without waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_contract.clock import Clock
    from mock_server.session import Session


class SessionTime:
    """A `kling_contract.clock.Clock` on the time of a session, as in `Kling(clock=SessionTime(session))`.

    A session that is reset is another afterwards: to outlive that, give what finds it.

    Callbacks that become due are delivered before a wait is over.

    To wait on a clock that stands still is to advance it, with all that becomes due on the way. Waiting on a real one
    takes real time, less of it on a fast one. Raises `Busy` to who waits while the session is being advanced.
    """

    def __init__(self, session: Session | Callable[[], Session], wall: Clock | None = None) -> None:
        self._find = session if callable(session) else lambda: session
        self._wall = wall or RealClock()

    @property
    def _session(self) -> Session:
        return self._find()

    def now(self) -> float:
        """Return Unix time in seconds."""
        return self._session.clock.now() / 1000

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed in the session."""
        if self._session.clock.mode == "real":
            self._wall.sleep(seconds / self._session.clock.speed)
        else:
            self._session.advance(max(seconds, 0))

    async def asleep(self, seconds: float) -> None:
        """Return when `seconds` have passed in the session, letting others run meanwhile."""
        if self._session.clock.mode == "real":
            await self._wall.asleep(seconds / self._session.clock.speed)
        else:
            await self._session.aadvance(max(seconds, 0))
            await self._wall.asleep(0)
