"""Carries callbacks to those who asked for them, in the caller's thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import msgspec

from mock_server.outward import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mock_server.callbacks.attempts import Attempts, Result, Sending
    from mock_server.callbacks.delivery import Delivery
    from mock_server.outward import Reply
    from mock_server.session import Session
    from mock_server.settings import Settings

_AT_ONCE = 64  # attempts under way
_MOST_ANSWER = 64 * 1024  # bytes that are read of an answer


class _Lane(msgspec.Struct):
    """The callbacks of one task, of which the next is sent when the one before has been answered."""

    waiting: deque[Delivery] = msgspec.field(default_factory=deque)
    work: asyncio.Task[None] | None = None


class Carrier(Protocol):
    """What brings a callback to its receiver: the network, or an application in this process."""

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Send a request and return the reply. Raises `Refused`, `Failed`, `NoRequest`; an application anything."""
        ...

    async def acall(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Do what `call` does in an event loop."""
        ...

    def close(self) -> None:
        """Close what `call` left open."""
        ...

    async def aclose(self) -> None:
        """Close what `acall` left open."""
        ...


class Courier:
    """Sends the callbacks of every session by its `carrier`; of those of one task, one after the other."""

    def __init__(self, settings: Settings, attempts: Attempts) -> None:
        self._attempts, self._mapped = attempts, settings.callback_map
        # Who asks from elsewhere is not to reach through the mock what listens on this machine alone.
        self._reach = Reach(settings.callback_to, loopback=not settings.exposed)
        self._lanes: dict[str, _Lane] = {}
        if self._mapped:
            # A mapping between other things than origins is to be known at once.
            _ = self.carrier

    @cached_property
    def carrier(self) -> Carrier:
        """The network, within what may be reached."""
        from mock_server.outward.calls import Outward

        return Outward(self._reach, self._mapped, most_connections=_AT_ONCE)

    def post(self, session: Session) -> None:
        """Send what is out, one after the other, in the caller's thread.

        Raises what an application raises that is the receiver; what was to come after that is still out.
        """
        waiting = deque(session.deliveries.take())
        try:
            while waiting:
                session.deliveries.under_way += 1
                self._send(session, waiting.popleft())
        finally:
            session.deliveries.out[:0] = waiting

    async def apost(self, session: Session, landed: Callable[[], object] = lambda: None) -> None:
        """Send what is out: the callbacks of a task one after the other, those of several at the same time.

        `landed` is called whenever those of one task have been answered. What is to follow a callback that is under way
        already is not waited for: the receiver of that one may be who asks. Raises what `post` does.
        """
        lanes = [self._enqueued(session, delivery) for delivery in session.deliveries.take()]
        begun = [lane for lane in lanes if lane is not None]
        for lane in begun:
            lane.add_done_callback(lambda _: landed())
        done, _ = await asyncio.wait(begun) if begun else ((), ())
        for lane in done:
            if not lane.cancelled():
                lane.result()

    def close(self) -> None:
        """Close the connections that `post` left open."""
        if "carrier" in self.__dict__:
            self.carrier.close()

    async def aclose(self) -> None:
        """Give up what is under way in this event loop, and close its connections."""
        work = [lane.work for lane in self._lanes.values() if lane.work is not None]
        for each in work:
            each.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if "carrier" in self.__dict__:
            await self.carrier.aclose()

    def _carried(self, session: Session, sending: Sending) -> Result:
        try:
            carrier = session.deliveries.carrier or self.carrier
            return carrier.call(*_call(sending), timeout=sending.timeout, most=_MOST_ANSWER)
        except Exception as error:
            return error

    async def _acarried(self, session: Session, sending: Sending) -> Result:
        try:
            carrier = session.deliveries.carrier or self.carrier
            return await carrier.acall(*_call(sending), timeout=sending.timeout, most=_MOST_ANSWER)
        except Exception as error:
            return error

    def _enqueued(self, session: Session, delivery: Delivery) -> asyncio.Task[None] | None:
        """Put a delivery into the lane of its task; return the work in that lane if it begins with this one."""
        key = session.key(delivery.task)
        lane = self._lanes.setdefault(key, _Lane())
        lane.waiting.append(delivery)
        session.deliveries.under_way += 1
        if lane.work is not None:
            return None
        lane.work = asyncio.ensure_future(self._working(session, key, lane))
        return lane.work

    async def _working(self, session: Session, key: str, lane: _Lane) -> None:
        try:
            while lane.waiting:
                await self._asend(session, lane.waiting.popleft())
        finally:
            del self._lanes[key]
            session.deliveries.under_way -= len(lane.waiting)
            session.deliveries.out[:0] = lane.waiting

    def _send(self, session: Session, delivery: Delivery) -> None:
        steps = self._attempts.of(session, delivery)
        try:
            with suppress(StopIteration):
                sending = next(steps)
                while True:
                    sending = steps.send(self._carried(session, sending))
        finally:
            session.deliveries.under_way -= 1

    async def _asend(self, session: Session, delivery: Delivery) -> None:
        steps = self._attempts.of(session, delivery)
        try:
            with suppress(StopIteration):
                sending = next(steps)
                while True:
                    sending = steps.send(await self._acarried(session, sending))
        finally:
            session.deliveries.under_way -= 1


def _call(sending: Sending) -> tuple[str, str, dict[str, str], bytes]:
    return "POST", sending.url, sending.headers, sending.body
