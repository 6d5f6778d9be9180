"""Sessions: who is asking, and all that changes."""

from __future__ import annotations

import hashlib
import random
import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from mock_server.journal import Journal
from mock_server.store import MemoryStore, TaskStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.documents import Operation, Provider
    from mock_server.clocks import SessionClock
    from mock_server.settings import Settings

DEFAULT = "default"
_OWNER_DIGITS = 9
_NO_DIGITS = re.compile("^[^0-9]+")
# Odd and no multiple of 5, so that counting through it meets every number of some digits once.
_STRIDE = 7_368_787


class Session:
    """One session: its clock, tasks, open routes and journal. Sessions share nothing.

    `owner` are the first digits of every id of this session.
    """

    def __init__(self, name: str, owner: str, clock: SessionClock, seed: int, opened: frozenset[str]) -> None:
        self.name, self.owner, self.clock, self.seed = name, owner, clock, seed
        self.store: TaskStore = MemoryStore()
        self.journal = Journal()
        self.opened = set(opened)
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

    def is_open(self, operation: Operation) -> bool:
        """Whether the route is served: documented so, or opened in this session."""
        if operation.availability.state != "unavailable":
            return True
        return operation.id in self.opened or operation.availability.follows in self.opened


class Sessions:
    """The sessions of one server: made at first use, at most `most`, the least recently used one forgotten first."""

    def __init__(self, settings: Settings, clock: Callable[[], SessionClock], most: int = 10_000) -> None:
        self._seed, self._opened = settings.seed, settings.opened
        self._clock, self._most = clock, most
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
        session = Session(name, self._free_owner(name), self._clock(), self._seed, self._opened)
        self._owners[session.owner] = name
        self._sessions[name] = session
        if len(self._sessions) > self._most:
            _, gone = self._sessions.popitem(last=False)
            del self._owners[gone.owner]
        return session

    def _free_owner(self, name: str) -> str:
        salt = 0
        while True:
            digest = hashlib.blake2b(f"{self._seed}/{name}/{salt}".encode(), digest_size=8).digest()
            owner = str(10 ** (_OWNER_DIGITS - 1) + int.from_bytes(digest) % (9 * 10 ** (_OWNER_DIGITS - 1)))
            if owner not in self._owners:
                return owner
            salt += 1

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))
