"""One session: all that changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from mock_server.agenda import Agenda
from mock_server.arming import Armoury
from mock_server.callbacks.deliveries import Deliveries, Policy
from mock_server.callbacks.inbox import Inbox
from mock_server.clocks import ClockError
from mock_server.events import Busy, exhausted
from mock_server.journal import Journal
from mock_server.limits import Limits
from mock_server.store import MemoryStore, TaskStore
from mock_server.wishes import NOTHING, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kling_contract.documents import Operation, Provider
    from mock_server.bounds import Journals, Room
    from mock_server.clocks import SessionClock
    from mock_server.events import Passing
    from mock_server.faults import Fault
    from mock_server.settings import Settings
    from mock_server.store import Task

Listener: TypeAlias = "Callable[[dict[str, Any]], None]"

OWNER_DIGITS = 9
_MOST_SECONDS = 1e10
# Odd and no multiple of 5, so that counting through it meets every number of some digits once.
_STRIDE = 7_368_787


class Post(Protocol):
    """Who sends the callbacks of a session, in the caller's thread or in an event loop."""

    def post(self, session: Session) -> None:
        """Send what is out."""
        ...

    async def apost(self, session: Session) -> None:
        """Send what is out."""
        ...


class Session:
    """One session: its clock, tasks, routes, journal, and what was armed in it. Sessions share nothing.

    `owner` are the first digits of every id of this session; `open` says of operations whether they are served, where
    that is not as documented; `wish` is what every new task here is to be like, where nothing nearer says it; `used`
    is when the session was last asked for (Unix seconds); `expired` are the tasks whose results were made to expire,
    and what their URLs answer.
    """

    def __init__(
        self,
        name: str,
        owner: str,
        clock: SessionClock,
        settings: Settings,
        number: int = 0,
        *,
        room: Room | None = None,
        journals: Journals | None = None,
    ) -> None:
        self.name, self.clock, self.settings, self._number = name, clock, settings, number
        self.chance = random.Random()
        self.store: TaskStore = MemoryStore()
        self.journal = Journal(settings.journal_entries, settings.journal_bytes, journals)
        self._room, self._forgotten = room, 0
        self.deliveries = Deliveries(_policy(settings), settings.kept_deliveries)
        self.agenda = Agenda(name, clock, self.store, self.deliveries, self)
        self.events = self.agenda.events
        self.inbox = Inbox()
        self.courier: Post = Nobody()
        self.forget: Callable[[str], None] = lambda prefix: None
        self.listeners: list[Listener] = []
        self.everyone: Sequence[Listener] = ()
        self.open = dict.fromkeys(settings.opened, True)
        self.wish = NOTHING
        self.armed: Armoury[Wish] = Armoury(self.chance)
        self.faults: Armoury[Fault] = Armoury(self.chance)
        self.limits = Limits(settings.rates, self.store, clock.now)
        self.polls: dict[str, int] = {}
        self.expired: dict[str, str | None] = {}
        self.used = 0.0
        self.sow(settings.seed, owner)

    def sow(self, seed: int, owner: str) -> None:
        """Let ids and chance begin anew from a seed. For a session without tasks, whose ids could come twice."""
        self.seed, self.owner = seed, owner
        self.chance.seed(f"{seed}/{self.name}/chance")
        bits = f"{random.Random(f'{seed}/{self.name}').getrandbits(80):020x}"
        self._uuid = f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-"
        self._count = self._requests = 0

    def forget_tasks(self) -> None:
        """Forget every task; ids go on, and nothing that was to happen to the tasks does."""
        if self._room is not None:
            self._room.bound.change(-len(self.store))
        self.store.clear()
        self._forgotten = 0
        self.limits = Limits(self.limits.rates, self.store, self.clock.now)
        self.polls.clear()
        self.expired.clear()
        self.deliveries.clear()
        self.forget(self.key(""))

    def end(self) -> None:
        """Let nothing more happen here, nor count what is kept."""
        if self._room is not None:
            self._room.bound.change(-len(self.store))
        self._room = None
        self.journal.end()
        self.events.clear()
        self.deliveries.clear()
        self.forget(self.key(""))

    def took(self, task: Task) -> None:
        """Take note of a task that is in the store; others may have to go."""
        if self._room is not None:
            self._room.take(self, task.id)

    def oldest(self, most: int, *, ended: bool) -> list[str]:
        """Return the ids of so many tasks at most that are to be dropped first: those that have ended, or any."""
        return self.store.ended(self.clock.now(), most) if ended else self.store.ids()[:most]

    def drop(self, task_ids: Sequence[str]) -> None:
        """Forget tasks for which there is no room."""
        self.limits.settle()
        self.store.drop(task_ids)
        self._forgotten += len(task_ids)
        for task_id in task_ids:
            self.polls.pop(task_id, None)
            self.expired.pop(task_id, None)
        self.agenda.forget()

    def forgot(self, provider: Provider, task_id: str) -> bool:
        """Whether a task that is not here may be one that was dropped: its id is one that was given here."""
        digits, width = task_id.removeprefix(provider.id_prefix), provider.id_digits - OWNER_DIGITS
        if not self._forgotten or not digits.startswith(self.owner) or len(digits) != provider.id_digits:
            return False
        rest = digits[OWNER_DIGITS:]
        known = rest.isascii() and rest.isdecimal()
        return known and 0 < int(rest) * pow(_STRIDE, -1, 10**width) % 10**width <= self._count

    def new_id(self, provider: Provider) -> str:
        """Return an id as the provider makes them, which no other task of any session has."""
        width = provider.id_digits - OWNER_DIGITS
        self._count += 1
        return provider.id_prefix + self.owner + str(self._count * _STRIDE % 10**width).zfill(width)

    def request_id(self) -> str:
        """Return a UUID, the next one of the session's seed."""
        self._requests += 1
        return f"{self._uuid}{self._requests * _STRIDE % 2**48:012x}"

    def key(self, task_id: str) -> str:
        """Return a name of a task that none of another session has, not even of an earlier one of the same name."""
        return f"{self._number}/{task_id}"

    def advance(self, seconds: float) -> int:
        """Let `seconds` pass (0 to 1e10), and all that becomes due happen, callbacks delivered included.

        Returns how many events that were. Raises `Busy` while another advance goes on or a receiver has not answered,
        who could wait for this one, and `ClockError` for other seconds.
        """
        return exhausted(self.advancing(seconds), self._send)

    async def aadvance(self, seconds: float) -> int:
        """Do what `advance` does in an event loop, which goes on meanwhile."""
        return await self._apass(self.advancing(seconds))

    async def _apass(self, passing: Passing) -> int:
        try:
            while True:
                next(passing)
                if self.deliveries.out:
                    await self.courier.apost(self)
        except StopIteration as end:
            return int(end.value)
        finally:
            passing.close()

    def advancing(self, seconds: float) -> Passing:
        """Do what `advance` does; whoever lets time pass delivers what is `out` at each pause."""
        if not 0 <= seconds <= _MOST_SECONDS:
            raise ClockError(f"cannot advance by {seconds!r} seconds; accepted: 0 to {_MOST_SECONDS:.0f}")
        self._check_idle()
        self.agenda.watch()
        return self.events.advancing(self.clock.now() + round(seconds * 1000))

    def set_clock(self, *, mode: str | None = None, now: int | None = None, speed: float | None = None) -> int:
        """Change the clock, and let all that is due by `now` (Unix ms) happen; return how many events that were.

        Raises `Busy` while time is being advanced, and `ClockError` for what there is not, and for going back.
        """
        return exhausted(self.setting_clock(mode=mode, now=now, speed=speed), self._send)

    def setting_clock(self, *, mode: str | None = None, now: int | None = None, speed: float | None = None) -> Passing:
        """Do what `set_clock` does; whoever lets time pass delivers what is `out` at each pause."""
        self._check_idle()
        if now is not None:
            self.clock.check(now)
        self.agenda.watch()
        self.clock.set(mode=mode, speed=speed)
        self.events.want(self.events.last("cr") if self.clock.mode == "auto" else None)
        return self.events.advancing(self.clock.now() if now is None else now)

    def _check_idle(self) -> None:
        if self.events.running:
            raise Busy("time is being advanced already")
        if self.deliveries.under_way:
            raise Busy("a callback is being delivered")

    def catch_up(self) -> int:
        """Let happen what is due, or wanted of an auto clock, callbacks delivered included.

        Where time stands still until it is told to move, so do callbacks.
        """
        happened = self.events.settle()
        if self.clock.mode == "frozen":
            return happened
        self._send()
        while self.goes_on:
            happened += exhausted(self.events.catching_up(), self._send)
        return happened

    async def acatch_up(self) -> int:
        """Do what `catch_up` does in an event loop."""
        happened = self.events.settle()
        if self.clock.mode == "frozen":
            return happened
        if self.deliveries.out:
            await self.courier.apost(self)
        while self.goes_on:
            happened += await self._apass(self.events.catching_up())
        return happened

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to look after: an event to come, or a callback to send."""
        return bool(len(self.events) or self.deliveries.out)

    @property
    def goes_on(self) -> bool:
        """Whether time is to go on by itself, as an auto clock's does once every receiver has answered."""
        return self.events.wanted and not self.deliveries.under_way

    def hurry(self) -> None:
        """Send what is to arrive before the answer to the request that brought it."""
        if self.deliveries.urgent:
            self.deliveries.urgent = False
            self._send()

    async def ahurry(self) -> None:
        """Do what `hurry` does in an event loop."""
        if self.deliveries.urgent:
            self.deliveries.urgent = False
            await self.courier.apost(self)

    def _send(self) -> None:
        if self.deliveries.out:
            self.courier.post(self)

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self.listeners or self.everyone)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell everyone who listens."""
        for listener in (*self.listeners, *self.everyone):
            listener(event)

    def is_open(self, operation: Operation) -> bool:
        """Whether the route is served: as this session says, else as is documented."""
        if not self.open:
            return operation.availability.state != "unavailable"
        for name in (operation.id, operation.availability.follows):
            if name in self.open:
                return self.open[name]
        return operation.availability.state != "unavailable"


class Nobody:
    """Leaves what is to be sent to whoever comes later."""

    def post(self, session: Session) -> None:
        """Send nothing."""

    async def apost(self, session: Session) -> None:
        """Send nothing."""


def _policy(settings: Settings) -> Policy:
    return Policy(settings.callback_secrets, settings.callback_retries, settings.callback_timeout)
