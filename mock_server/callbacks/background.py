"""What goes on in an event loop between requests: callbacks that are due, on clocks that run and others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.admin.asking import Steps
    from mock_server.callbacks.courier import Courier
    from mock_server.session import Session

Result = TypeVar("Result")


class _Alarm(NamedTuple):
    """When a session is looked after again, and by which event loop."""

    handle: asyncio.TimerHandle
    loop: asyncio.AbstractEventLoop


class Background:
    """Looks after sessions: sends what is out, lets an auto clock go on, and wakes when the next event is due.

    There is one alarm for each session that anything is to happen in on a real clock, and none for any task.
    """

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._work: set[asyncio.Task[None]] = set()
        self._alarms: WeakKeyDictionary[Session, _Alarm] = WeakKeyDictionary()

    def look_after(self, session: Session) -> None:
        """See to a session from now on, without keeping the caller waiting.

        Where time stands still until it is told to move, so do callbacks.
        """
        session.events.settle()
        if session.clock.mode == "frozen":
            return
        if session.deliveries.out or session.events.wanted:
            work = asyncio.ensure_future(self._see_to(session))
            self._work.add(work)
            work.add_done_callback(self._work.discard)
        elif session.clock.mode == "real":
            self._set_alarm(session)

    async def run(self, session: Callable[[], Session], steps: Steps[Result]) -> Result:
        """Let steps take their time in a session, which is there once they need it; return what they return."""
        said: bool | None = None
        try:
            while True:
                pause = steps.send(said)
                said = None
                if pause is not None:
                    said = await _stirred(session(), pause)
                else:
                    await self._courier.apost(session())
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    async def close(self) -> None:
        """Give up what is under way in this event loop."""
        alarms = [self._alarms.pop(session) for session in list(self._alarms)]
        for alarm in alarms:
            alarm.handle.cancel()
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._courier.aclose()

    async def _see_to(self, session: Session) -> None:
        while session.deliveries.out or session.events.wanted:
            await self._courier.apost(session)
            if session.events.wanted:
                await self.run(lambda: session, session.events.catching_up())
        if session.clock.mode == "real":
            self._set_alarm(session)

    def _set_alarm(self, session: Session) -> None:
        due, loop, alarm = session.events.due, asyncio.get_running_loop(), self._alarms.get(session)
        if due is None:
            return
        when = loop.time() + max(due - session.clock.now(), 0) / 1000 / session.clock.speed
        if alarm is not None and alarm.loop is loop and alarm.handle.when() <= when:
            return
        if alarm is not None:
            alarm.handle.cancel()
        self._alarms[session] = _Alarm(loop.call_at(when, self._wake, session), loop)

    def _wake(self, session: Session) -> None:
        self._alarms.pop(session, None)
        self.look_after(session)


async def _stirred(session: Session, seconds: float) -> bool:
    """Wait until something happens in a session, for so many real seconds at most; return whether it did."""
    loop, stir = asyncio.get_running_loop(), asyncio.Event()

    def listener(event: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(stir.set)

    session.listeners.append(listener)
    try:
        await asyncio.wait_for(stir.wait(), seconds)
    except TimeoutError:
        return False
    finally:
        session.listeners.remove(listener)
    return True
