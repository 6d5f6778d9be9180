"""Sessions: who is asking, and all that changes."""

from __future__ import annotations

import hashlib
import random
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from mock_server.arming import Armoury
from mock_server.events import Events
from mock_server.journal import Journal
from mock_server.limits import Limits
from mock_server.store import MemoryStore, TaskStore
from mock_server.wishes import NOTHING, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.documents import Operation, Provider
    from mock_server.clocks import SessionClock
    from mock_server.settings import Settings
    from mock_server.store import Task

DEFAULT = "default"
_OWNER_DIGITS = 9
_NO_DIGITS = re.compile("^[^0-9]+")
# Odd and no multiple of 5, so that counting through it meets every number of some digits once.
_STRIDE = 7_368_787


class Session:
    """One session: its clock, tasks, routes, journal, and what was armed in it. Sessions share nothing.

    `owner` are the first digits of every id of this session; `open` says of operations whether they are served, where
    that is not as documented; `wish` is what every new task here is to be like, where nothing nearer says it.
    """

    def __init__(self, name: str, owner: str, clock: SessionClock, settings: Settings) -> None:
        self.name, self.owner, self.clock, seed = name, owner, clock, settings.seed
        self.seed = seed
        self.chance = random.Random(f"{seed}/{name}/chance")
        self.store: TaskStore = MemoryStore()
        self.journal = Journal()
        self.events = Events(clock, self._happen)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._watched = clock.mode != "real"
        self.open = dict.fromkeys(settings.opened, True)
        self.wish = NOTHING
        self.armed: Armoury[Wish] = Armoury(self.chance)
        self.limits = Limits(settings.rates, self.store.get)
        self.polls: dict[str, int] = {}
        bits = f"{random.Random(f'{seed}/{name}').getrandbits(80):020x}"
        self._uuid = f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-"
        self._count = self._requests = 0

    def new_id(self, provider: Provider) -> str:
        """Return an id as the provider makes them, which no other task of any session has."""
        width = provider.id_digits - _OWNER_DIGITS
        self._count += 1
        return provider.id_prefix + self.owner + str(self._count * _STRIDE % 10**width).zfill(width)

    def request_id(self) -> str:
        """Return a UUID, the next one of the session's seed."""
        self._requests += 1
        return f"{self._uuid}{self._requests * _STRIDE % 2**48:012x}"

    def watch(self) -> None:
        """From now on let every transition be an event, those of the tasks that there are included."""
        if self._watched:
            return
        self._watched = True
        for task_id in self.store.ids():
            task = self.store.get(task_id)
            if task is not None:
                self.expect(task)

    def expect(self, task: Task) -> None:
        """Let the transitions to come of a task be events, if anyone watches."""
        now = self.clock.now()
        for step in task.steps if self._watched else ():
            if step.at > now:
                self.events.at(step.at, task.id)

    def change(self, task: Task) -> None:
        """Keep a changed task, and tell of it."""
        self.store.replace(task)
        self._happen(task.id, self.clock.now())
        self.expect(task)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell everyone who listens."""
        for listener in tuple(self.listeners):
            listener(event)

    def _happen(self, key: str, due: int) -> bool:
        """Let a task reach the step that it has at `due`; False if its plan has none then any more."""
        task = self.store.get(key)
        step = next((step for step in task.steps if step.at == due), None) if task else None
        if task is not None and step is not None:
            self.tell({"event": "task", "at": due, "task": task.id, "operation": task.operation, "status": step.status})
        return step is not None

    def is_open(self, operation: Operation) -> bool:
        """Whether the route is served: as this session says, else as is documented."""
        if not self.open:
            return operation.availability.state != "unavailable"
        for name in (operation.id, operation.availability.follows):
            if name in self.open:
                return self.open[name]
        return operation.availability.state != "unavailable"


class Sessions:
    """The sessions of one server: made at first use, at most `most`, the least recently used one forgotten first."""

    def __init__(self, settings: Settings, clock: Callable[[], SessionClock], most: int = 10_000) -> None:
        self._settings, self._clock, self._most = settings, clock, most
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._owners: dict[str, str] = {}

    def get(self, name: str) -> Session:
        """Return the session of this name, made if there is none."""
        session = self._sessions.get(name)
        if session is None:
            return self._make(name)
        self._sessions.move_to_end(name)
        return session

    def owning(self, task_id: str) -> Session | None:
        """Return the session that made an id, if there still is one. The prefix of an id holds no digits."""
        digits = task_id if task_id[:1].isdecimal() else _NO_DIGITS.sub("", task_id, count=1)
        name = self._owners.get(digits[:_OWNER_DIGITS])
        return self.get(name) if name is not None else None

    def _make(self, name: str) -> Session:
        session = Session(name, self._free_owner(name), self._clock(), self._settings)
        self._owners[session.owner] = name
        self._sessions[name] = session
        if len(self._sessions) > self._most:
            _, gone = self._sessions.popitem(last=False)
            del self._owners[gone.owner]
        return session

    def _free_owner(self, name: str) -> str:
        salt = 0
        while True:
            digest = hashlib.blake2b(f"{self._settings.seed}/{name}/{salt}".encode(), digest_size=8).digest()
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

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))
