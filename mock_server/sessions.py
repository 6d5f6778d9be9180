"""Sessions: who is asking, and all that changes."""

from __future__ import annotations

import hashlib
import random
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeAlias

from kling_contract.clock import RealClock
from mock_server.arming import Armoury
from mock_server.clocks import ClockError
from mock_server.events import Busy, Events
from mock_server.journal import Journal
from mock_server.limits import Limits
from mock_server.store import MemoryStore, TaskStore
from mock_server.wishes import NOTHING, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kling_contract.clock import Clock
    from kling_contract.documents import Operation, Provider
    from mock_server.clocks import SessionClock
    from mock_server.faults import Fault
    from mock_server.settings import Settings
    from mock_server.store import Task

Listener: TypeAlias = "Callable[[dict[str, Any]], None]"

DEFAULT = "default"
_OWNER_DIGITS = 9
_MOST_SECONDS = 1e10
_NO_DIGITS = re.compile("^[^0-9]+")
# Odd and no multiple of 5, so that counting through it meets every number of some digits once.
_STRIDE = 7_368_787


class Session:
    """One session: its clock, tasks, routes, journal, and what was armed in it. Sessions share nothing.

    `owner` are the first digits of every id of this session; `open` says of operations whether they are served, where
    that is not as documented; `wish` is what every new task here is to be like, where nothing nearer says it; `used`
    is when the session was last asked for (Unix seconds); `expired` are the tasks whose results were made to expire,
    and what their URLs answer.
    """

    def __init__(self, name: str, owner: str, clock: SessionClock, settings: Settings, number: int = 0) -> None:
        self.name, self.clock, self.settings, self._number = name, clock, settings, number
        self.chance = random.Random()
        self.store: TaskStore = MemoryStore()
        self.journal = Journal(settings.journal_entries, settings.journal_bytes)
        self.events = Events(clock, self._happen)
        self.listeners: list[Listener] = []
        self.everyone: Sequence[Listener] = ()
        self._watched = clock.mode != "real"
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
        self.store = MemoryStore()
        self.limits = Limits(self.limits.rates, self.store, self.clock.now)
        self.polls.clear()
        self.expired.clear()

    def new_id(self, provider: Provider) -> str:
        """Return an id as the provider makes them, which no other task of any session has."""
        width = provider.id_digits - _OWNER_DIGITS
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
        """Let `seconds` pass (0 to 1e10), and all that becomes due happen; return how many events that were.

        Raises `Busy` while another advance goes on, and `ClockError` for other seconds.
        """
        if not 0 <= seconds <= _MOST_SECONDS:
            raise ClockError(f"cannot advance by {seconds!r} seconds; accepted: 0 to {_MOST_SECONDS:.0f}")
        self.watch()
        return self.events.advance(self.clock.now() + round(seconds * 1000))

    def set_clock(self, *, mode: str | None = None, now: int | None = None, speed: float | None = None) -> int:
        """Change the clock, and let all that is due by `now` (Unix ms) happen; return how many events that were.

        Raises `Busy` while time is being advanced, and `ClockError` for what there is not, and for going back.
        """
        if self.events.running:
            raise Busy("time is being advanced already")
        if now is not None:
            self.clock.check(now)
        self.watch()
        self.clock.set(mode=mode, speed=speed)
        return self.events.settle() if now is None else self.events.advance(now)

    def watch(self) -> None:
        """From now on let every transition be an event, those of the tasks that there are included."""
        if self._watched:
            return
        self._watched, now = True, self.clock.now()
        for task in filter(None, map(self.store.get, self.store.ids())):
            self._expect(task, [index for index, step in enumerate(task.steps) if step.at > now])

    def expect(self, task: Task) -> None:
        """Let every transition of a new task be an event, if anyone watches."""
        if self._watched:
            self._expect(task, range(1, len(task.steps)))

    def change(self, task: Task) -> None:
        """Keep a changed task, and tell of the steps that it did not have; those of the past and present at once."""
        before = self.store.get(task.id)
        known = before.steps if before else ()
        self.store.replace(task)
        self._expect(task, [n for n, step in enumerate(task.steps) if n >= len(known) or known[n].at != step.at])
        self.events.settle()

    def _expect(self, task: Task, steps: Iterable[int]) -> None:
        for index in steps:
            self.events.at(task.steps[index].at, f"{index}/{task.id}")

    @property
    def is_heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self.listeners or self.everyone)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell everyone who listens."""
        for listener in (*self.listeners, *self.everyone):
            listener(event)

    def _happen(self, key: str, due: int) -> bool:
        """Let a task reach one of its steps; False if that is no part of its plan any more."""
        index, _, task_id = key.partition("/")
        task = self.store.get(task_id)
        step = task.steps[int(index)] if task and int(index) < len(task.steps) else None
        if task is None or step is None or step.at != due:
            return False
        about = {"session": self.name, "task": task.id, "operation": task.operation, "status": step.status}
        self.tell({"event": "task", "at": due, **about})
        return True

    def is_open(self, operation: Operation) -> bool:
        """Whether the route is served: as this session says, else as is documented."""
        if not self.open:
            return operation.availability.state != "unavailable"
        for name in (operation.id, operation.availability.follows):
            if name in self.open:
                return self.open[name]
        return operation.availability.state != "unavailable"


class Sessions:
    """The sessions of one server: made at first use, at most `most`, the least recently used one forgotten first.

    One that nobody has used for `idle` seconds of the wall clock is forgotten when the next one is made.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], SessionClock],
        most: int = 10_000,
        *,
        idle: float = 86_400.0,
        wall: Clock | None = None,
    ) -> None:
        self._settings, self._clock, self._most, self._idle = settings, clock, most, idle
        self._wall, self._made = wall or RealClock(), 0
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._owners: dict[str, str] = {}
        self._heard: dict[str, list[Listener]] = {}
        self._everyone: list[Listener] = []

    def get(self, name: str) -> Session:
        """Return the session of this name, made if there is none."""
        session = self._sessions.get(name)
        if session is None:
            return self._make(name)
        self._sessions.move_to_end(name)
        session.used = self._wall.now()
        return session

    def owning(self, task_id: str) -> Session | None:
        """Return the session that made an id, if there still is one. The prefix of an id holds no digits."""
        digits = task_id if task_id[:1].isdecimal() else _NO_DIGITS.sub("", task_id, count=1)
        name = self._owners.get(digits[:_OWNER_DIGITS])
        return self.get(name) if name is not None else None

    def _make(self, name: str) -> Session:
        self._made += 1
        owner = self._free_owner(name, self._settings.seed)
        session = Session(name, owner, self._clock(), self._settings, self._made)
        session.used, session.everyone = self._wall.now(), self._everyone
        if name in self._heard:
            session.listeners = self._heard[name]
            session.watch()
        self._owners[session.owner] = name
        self._sessions[name] = session
        oldest = next(iter(self._sessions.values()))
        while len(self._sessions) > self._most or oldest.used < session.used - self._idle:
            self.end(oldest.name)
            oldest = next(iter(self._sessions.values()))
        return session

    def _free_owner(self, name: str, seed: int) -> str:
        salt = 0
        while True:
            digest = hashlib.blake2b(f"{seed}/{name}/{salt}".encode(), digest_size=8).digest()
            owner = str(10 ** (_OWNER_DIGITS - 1) + int.from_bytes(digest) % (9 * 10 ** (_OWNER_DIGITS - 1)))
            if owner not in self._owners:
                return owner
            salt += 1

    def end(self, name: str) -> bool:
        """Forget a session and all that is in it; False if there is none of this name."""
        gone = self._sessions.pop(name, None)
        if gone is not None:
            del self._owners[gone.owner]
        return gone is not None

    def reset(self, session: Session) -> None:
        """Begin a session anew; whoever listened to it listens to what comes after."""
        self.end(session.name)
        self._make(session.name).tell({"event": "reset", "session": session.name})

    def reseed(self, session: Session, seed: int) -> None:
        """Let the ids and the chance of a session without tasks begin anew from another seed."""
        del self._owners[session.owner]
        session.sow(seed, self._free_owner(session.name, seed))
        self._owners[session.owner] = session.name

    def listen(self, name: str | None, listener: Listener) -> None:
        """Tell a listener what happens in a session, and in those that come after it; with None, in all of them.

        Of one session it is told every transition; of all, only of those that are watched for another reason.
        """
        if name is None:
            self._everyone.append(listener)
            return
        session = self.get(name)
        session.listeners.append(listener)
        self._heard[name] = session.listeners
        session.watch()

    def leave(self, name: str | None, listener: Listener) -> None:
        """Tell a listener nothing more."""
        listeners = self._everyone if name is None else self._heard[name]
        listeners.remove(listener)
        if name is not None and not listeners:
            del self._heard[name]

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))
