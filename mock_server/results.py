"""The files behind result URLs: `/__media/<task id>-<index>.png|mp4`, drawn when first asked for."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from kling_contract.documents import Expiry, Footage
from kling_contract.errors import Portable
from kling_contract.images import decoded, is_url
from mock_server.bounded import Bounded
from mock_server.inputs import MEDIA
from mock_server.lifecycle import status_at
from mock_server.shelf import Shelf
from mock_server.stand_ins import header, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.addressing import Addresses
    from mock_server.fetching import Fetching
    from mock_server.files import File
    from mock_server.inputs import Inputs
    from mock_server.session import Session
    from mock_server.sessions import Sessions
    from mock_server.settings import Settings
    from mock_server.shelf import Shelved
    from mock_server.store import Task

_LONGEST_CHAIN = 64  # results that are made of results; each is drawn inside the call of the next
_MOST_TOLD, _MOST_REASONS = 100, 10_000
_AT_ONCE = max(2, os.cpu_count() or 1)  # a large picture takes a few hundred megabytes while it is drawn


class Expired(Portable, Exception):
    """A result that there was, and that its provider keeps no longer; `status` is what HTTP says of it."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class _Found(NamedTuple):
    """One result of a task that has succeeded; `key` is its name on the shelf."""

    session: Session
    task: Task
    place: int
    key: str


class Results:
    """Draws result files once, and keeps them on disk. `say` is told, once each, of what a person should know."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        addresses: Addresses,
        inputs: Inputs,
        fetching: Fetching,
        say: Callable[[str], object] = str,
    ) -> None:
        self._sessions, self._addresses, self._inputs = sessions, addresses, inputs
        self._shelf = Shelf(settings.kept_results, say)
        self._fetching, self._say, self._told = fetching, say, set[str]()
        self._reasons: Bounded[str] = Bounded(_MOST_REASONS)
        self._is_over = False
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def file(self, name: str) -> Shelved | None:
        """Return the file of a result URL's last part, or None if no task has such a result (yet).

        Raises `Expired` for one that its provider keeps no longer.
        """
        found = self._find(name)
        if found is None:
            return None
        self._check(found.session, found.task)
        kept = self._shelf.file(found.key, lambda: self._drawn(found, (found.key,)))
        notes = self._inputs.notes(found.session.key(found.task.id), found.task.inputs)
        return replace(kept, ended=found.task.steps[-1].at, notes=header(notes))

    def forget(self, owner: str) -> None:
        """Remove the files and the inputs of every task whose `Session.key` begins with `owner`, as `"3/"` does."""
        self._inputs.forget(owner)
        self._shelf.forget(owner)
        self._reasons.forget(owner)

    def stop(self) -> None:
        """Draw no video to its end any more, for a server that is about to go."""
        self._is_over = True

    def close(self) -> None:
        """Remove all files, which are drawn anew if they are asked for again."""
        self._shelf.close()
        self._fetching.close()

    def _find(self, name: str) -> _Found | None:
        stem, _, suffix = name.partition(".")
        task_id, _, index = stem.rpartition("-")
        session = self._sessions.owning(task_id)
        task = session.store.get(task_id) if session else None
        if session is None or task is None or status_at(task.steps, session.clock.now()).status != "succeed":
            return None
        if index not in map(str, range(task.count)) or suffix != ("mp4" if task.result == "video" else "png"):
            return None
        return _Found(session, task, int(index), f"{session.key(task_id)}-{index}")

    def _check(self, session: Session, task: Task) -> None:
        due = self._addresses.expiry(task)
        if task.id in session.expired or (due is not None and session.clock.now() >= due):
            provider = self._addresses.served(task.provider)
            status = provider.provider.expiry.status if provider else Expiry().status
            raise Expired(status, session.expired.get(task.id) or "this result has expired")

    def _drawn(self, found: _Found, chain: tuple[str, ...]) -> File:
        # What draws is loaded when something is drawn, and not whenever a server starts.
        from mock_server.media import Input, draw

        task, owner = found.task, found.session.key(found.task.id)
        lost, inputs, told = list(self._inputs.expected(owner, task.inputs)), [], set[str]()

        def lose(field: str, reason: str) -> None:
            # One that is no picture was told so when it was fetched.
            if field not in told:
                lost.append(note(field, reason))
                self._tell(f"a stand-in takes the place of an input ({field}): {reason}")

        for field, text in self._inputs.of(owner):
            data, reason = self._bytes(owner, text, chain)
            inputs.append(Input(field, data))
            if reason:
                told.add(field)
                lost.append(note(field, reason))
        side, rate = self._footage(task)
        options: dict[str, Any] = {"short_side": side, "rate": rate, "lost": lose}
        with self._turns:
            file = draw(task, found.place, inputs, wanted=lambda: not self._is_over, **options)
        if task.inputs:
            self._inputs.drawn(owner, tuple(dict.fromkeys(lost)))
        return file

    def _footage(self, task: Task) -> tuple[int, int]:
        served, footage = self._addresses.served(task.provider), Footage()
        operation = served.provider.operations.get(task.operation) if served else None
        if operation is None or operation.lifecycle is None:
            return footage.short_side.otherwise, footage.rate.otherwise
        footage = operation.lifecycle.video
        return operation.chosen(footage.short_side, task.fields), operation.chosen(footage.rate, task.fields)

    def _bytes(self, owner: str, text: str, chain: tuple[str, ...]) -> tuple[bytes, str]:
        """Return an input, empty where it is not at hand, and why, unless that is known without asking for it.

        `chain` are the results that are waiting for it.
        """
        if text.startswith(MEDIA):
            return self._own(text.removeprefix(MEDIA), chain)
        if is_url(text):
            key = f"{owner} {text}"
            data = self._shelf.data(key, lambda: self._fetched(key, text))
            return data, "" if self._fetching.is_off else self._reasons.get(key) or ""
        plain = decoded(text) or b""
        return plain, "" if plain or not text else "it is no base64"

    def _fetched(self, key: str, url: str) -> File:
        file, reason = self._fetching.fetch(url)
        if reason:
            self._reasons.put(key, reason, 1)
        return file

    def _own(self, name: str, chain: tuple[str, ...]) -> tuple[bytes, str]:
        """Return another result of this mock, even if it has expired since; who waits for itself goes without."""
        found = self._find(name)
        if found is None:
            return b"", "it is the URL of a result that this mock does not have"
        if found.task.result == "video":
            return b"", "it is the URL of a video"
        if found.key in chain or len(chain) > _LONGEST_CHAIN:
            return b"", "it is the URL of a result that waits for this one"
        return self._shelf.data(found.key, lambda: self._drawn(found, (*chain, found.key)), patient=False), ""

    def _tell(self, line: str) -> None:
        """Say a line once."""
        if line not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(line)
            self._say(line)
