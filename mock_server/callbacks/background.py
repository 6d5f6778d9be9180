"""What goes on in an event loop between requests: callbacks that are due, on clocks that run and others."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.admin.asking import Pause, Steps
    from mock_server.callbacks.courier import Courier
    from mock_server.session import Session

Result = TypeVar("Result")


class Stopped(Exception):
    """The server ends, and nobody is waited for any more."""


class _Alarm(NamedTuple):
    """When a session is looked after again (on the loop's clock), and by which event loop."""

    when: float
    handle: asyncio.Handle
    loop: asyncio.AbstractEventLoop


class Background:
    """Looks after sessions: sends what is out, lets an auto clock go on, and wakes when the next event is due.

    There is one alarm for each session that anything is to happen in on a real clock, and none for any task. `failed`
    is told what nobody foresaw.
    """

    def __init__(self, courier: Courier, failed: Callable[[BaseException], object]) -> None:
        self._courier, self._failed = courier, failed
        self._work: set[asyncio.Task[None]] = set()
        self._alarms: WeakKeyDictionary[Session, _Alarm] = WeakKeyDictionary()
        self._patience: set[asyncio.Timeout] = set()
        self._end: float | None = None

    def look_after(self, session: Session) -> None:
        """See to a session from now on, without keeping the caller waiting.

        Where time stands still until it is told to move, so do callbacks.
        """
        session.events.settle()
        if session.clock.mode == "frozen":
            return
        if session.deliveries.out or session.goes_on:
            work = asyncio.ensure_future(self._see_to(session))
            self._work.add(work)
            work.add_done_callback(self._done)
        self._set_alarm(session)

    async def answer(self, session: Callable[[], Session], steps: Steps[Result]) -> Result:
        """Do what `run` does for somebody who waits. Raises `Stopped` where the server ends meanwhile."""
        patience = asyncio.timeout_at(self._end)
        try:
            async with patience:
                self._patience.add(patience)
                return await self.run(session, steps)
        except TimeoutError:
            raise Stopped from None
        finally:
            self._patience.discard(patience)

    async def run(self, session: Callable[[], Session], steps: Steps[Result]) -> Result:
        """Let steps take their time in a session, which is there once they need it; return what they return."""
        said, here = None, None
        try:
            while True:
                pause = steps.send(said)
                said, here = None, here or session()
                if pause is not None:
                    said = await _stirred(here, pause)
                else:
                    await self._courier.apost(here)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    def stop(self) -> None:
        """Let nobody who asked wait any longer, in this event loop, from now on."""
        self._end = asyncio.get_running_loop().time()
        for patience in self._patience:
            patience.reschedule(self._end)

    async def close(self) -> None:
        """Give up what is under way in this event loop."""
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._courier.aclose()
        for session in list(self._alarms):
            self._alarms.pop(session).handle.cancel()
        self._end = None

    async def _see_to(self, session: Session) -> None:
        while session.deliveries.out or session.goes_on:
            await self._courier.apost(session, partial(self._set_alarm, session))
            if session.goes_on:
                await self.run(lambda: session, session.events.catching_up())

    def _done(self, work: asyncio.Task[None]) -> None:
        self._work.discard(work)
        error = None if work.cancelled() else work.exception()
        if error is not None:
            self._failed(error)

    def _set_alarm(self, session: Session) -> None:
        """On a real clock, wake when the next event is due."""
        due, loop, alarm = session.events.due, asyncio.get_running_loop(), self._alarms.get(session)
        if due is None or session.clock.mode != "real":
            return
        when = loop.time() + max(due - session.clock.now(), 0) / 1000 / session.clock.speed
        if alarm is not None and alarm.loop is loop and alarm.when <= when:
            return
        if alarm is not None:
            alarm.handle.cancel()
        self._alarms[session] = _Alarm(when, loop.call_at(when, self._wake, session), loop)

    def _wake(self, session: Session) -> None:
        self._alarms.pop(session, None)
        self.look_after(session)


async def _stirred(session: Session, pause: Pause) -> bool:
    """Wait until what a pause is for happens in a session, or its time is over; return whether it did."""
    loop, stir = asyncio.get_running_loop(), asyncio.Event()

    def listener(event: dict[str, Any]) -> None:
        if pause.ends_with(event):
            loop.call_soon_threadsafe(stir.set)

    session.listeners.append(listener)
    try:
        await asyncio.wait_for(stir.wait(), pause.seconds)
    except TimeoutError:
        return False
    finally:
        session.listeners.remove(listener)
    return True
