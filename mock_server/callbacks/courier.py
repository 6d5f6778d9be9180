"""Carries callbacks to those who asked for them, in the caller's thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mock_server.outward import Failed, Outward, Reach, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.callbacks.attempts import Attempts, Result, Sending
    from mock_server.callbacks.delivery import Delivery
    from mock_server.outward import Reply
    from mock_server.session import Session
    from mock_server.settings import Settings

_AT_ONCE = 64  # attempts under way
_MOST_ANSWER = 64 * 1024  # bytes that are read of an answer


@dataclass(slots=True)
class _Lane:
    """The callbacks of one task, of which the next is sent when the one before has been answered."""

    waiting: deque[Delivery] = field(default_factory=deque)
    work: asyncio.Task[None] | None = None


class Carrier(Protocol):
    """What brings a callback to its receiver: the network, or an application in this process."""

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout: float, most: int
    ) -> Reply:
        """Send a request and return the reply. Raises `Refused`, `Failed`, and ValueError for what is no request."""
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
        self._attempts = attempts
        reach = Reach(settings.callback_to)
        self.carrier: Carrier = Outward(reach, settings.callback_map, most_connections=_AT_ONCE)
        self._lanes: dict[str, _Lane] = {}

    def post(self, session: Session) -> None:
        """Send what is out, one after the other, in the caller's thread."""
        for delivery in session.deliveries.take():
            steps = self._attempts.of(session, delivery)
            try:
                sending = next(steps)
                while True:
                    sending = steps.send(self._carried(session, sending))
            except StopIteration:
                continue

    async def apost(self, session: Session) -> None:
        """Send what is out: the callbacks of a task one after the other, those of several at the same time."""
        work = {self._enqueued(session, delivery) for delivery in session.deliveries.take()}
        if work:
            done, _ = await asyncio.wait(work)
            for each in done:
                each.result()

    def close(self) -> None:
        """Close the connections that `post` left open."""
        self.carrier.close()

    async def aclose(self) -> None:
        """Give up what is under way in this event loop, and close its connections."""
        work = [lane.work for lane in self._lanes.values() if lane.work is not None]
        for each in work:
            each.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self.carrier.aclose()

    def _carried(self, session: Session, sending: Sending) -> Result:
        try:
            carrier = session.deliveries.carrier or self.carrier
            return carrier.call(*_call(sending), timeout=sending.timeout, most=_MOST_ANSWER)
        except (Refused, Failed, ValueError) as error:
            return error

    async def _acarried(self, session: Session, sending: Sending) -> Result:
        try:
            carrier = session.deliveries.carrier or self.carrier
            return await carrier.acall(*_call(sending), timeout=sending.timeout, most=_MOST_ANSWER)
        except (Refused, Failed, ValueError) as error:
            return error

    def _enqueued(self, session: Session, delivery: Delivery) -> asyncio.Task[None]:
        key = session.key(delivery.task)
        lane = self._lanes.setdefault(key, _Lane())
        lane.waiting.append(delivery)
        if lane.work is None:
            lane.work = asyncio.ensure_future(self._working(session, key, lane))
        return lane.work

    async def _working(self, session: Session, key: str, lane: _Lane) -> None:
        try:
            while lane.waiting:
                await self._asend(session, lane.waiting.popleft())
        finally:
            del self._lanes[key]

    async def _asend(self, session: Session, delivery: Delivery) -> None:
        steps = self._attempts.of(session, delivery)
        try:
            sending = next(steps)
            while True:
                sending = steps.send(await self._acarried(session, sending))
        except StopIteration:
            return


def _call(sending: Sending) -> tuple[str, str, dict[str, str], bytes]:
    return "POST", sending.url, sending.headers, sending.body
