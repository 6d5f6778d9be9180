"""Sessions: who is asking."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from kling_contract.clock import RealClock
from mock_server.bounds import Bound, Journals, Room
from mock_server.session import OWNER_DIGITS, Nobody, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.clock import Clock
    from mock_server.clocks import SessionClock
    from mock_server.session import Listener, Post
    from mock_server.settings import Settings

DEFAULT = "default"
_TASKS = (
    "all sessions together have {:,} tasks, and no more are kept (--keep-tasks): from now on each new one takes the"
    " place of the oldest, of those that have ended first; GET /__admin/health counts them"
)
_JOURNALS = (
    "all journals together have {:,} bytes, and no more are kept (--keep-journals): from now on each new exchange takes"
    " the place of the oldest; GET /__admin/health counts them"
)
_NO_DIGITS = re.compile("^[^0-9]+")


class Sessions:
    """The sessions of one server: made at first use, at most `most`, the least recently used one forgotten first.

    `default` is the name of the one that a request is for which names none.

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
        self.default = DEFAULT
        self.courier: Post = Nobody()
        self.forget: Callable[[str], None] = lambda prefix: None
        self.say: Callable[[str], object] = lambda line: None
        self.tasks = Bound(settings.kept_tasks, _TASKS.format(settings.kept_tasks), self._tell)
        self.journals = Bound(settings.kept_journals, _JOURNALS.format(settings.kept_journals), self._tell)
        self._all: dict[str, Any] = {"room": Room(self.tasks, lambda: self), "journals": Journals(self.journals)}

    def get(self, name: str) -> Session:
        """Return the session of this name, made if there is none."""
        session = self._sessions.get(name)
        if session is None:
            return self._make(name)
        self._sessions.move_to_end(name)
        session.used = self._wall.now()
        return session

    def existing(self, name: str) -> Session | None:
        """Return the session of this name, if there is one."""
        return self._sessions.get(name)

    def owning(self, task_id: str) -> Session | None:
        """Return the session that made an id, if there still is one. The prefix of an id holds no digits."""
        digits = task_id if task_id[:1].isdecimal() else _NO_DIGITS.sub("", task_id, count=1)
        name = self._owners.get(digits[:OWNER_DIGITS])
        return self.get(name) if name is not None else None

    def _make(self, name: str) -> Session:
        self._made += 1
        owner = self._free_owner(name, self._settings.seed)
        session = Session(name, owner, self._clock(), self._settings, self._made, **self._all)
        session.used, session.everyone = self._wall.now(), self._everyone
        session.courier, session.forget = self.courier, self.forget
        if name in self._heard:
            session.listeners = self._heard[name]
            session.agenda.watch()
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
            owner = str(10 ** (OWNER_DIGITS - 1) + int.from_bytes(digest) % (9 * 10 ** (OWNER_DIGITS - 1)))
            if owner not in self._owners:
                return owner
            salt += 1

    def end(self, name: str) -> bool:
        """Forget a session and all that is in it; False if there is none of this name."""
        gone = self._sessions.pop(name, None)
        if gone is not None:
            del self._owners[gone.owner]
            gone.end()
        return gone is not None

    def reset(self, session: Session) -> None:
        """Begin a session anew; who listened to it, and who takes its callbacks, goes on with what comes after."""
        self.end(session.name)
        anew = self._make(session.name)
        anew.listeners, anew.deliveries.carrier = session.listeners, session.deliveries.carrier
        anew.tell({"event": "reset", "session": session.name})

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
        session.agenda.watch()

    def leave(self, name: str | None, listener: Listener) -> None:
        """Tell a listener nothing more."""
        listeners = self._everyone if name is None else self._heard[name]
        listeners.remove(listener)
        if name is not None and not listeners:
            del self._heard[name]

    def _tell(self, line: str) -> None:
        self.say(line)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))
