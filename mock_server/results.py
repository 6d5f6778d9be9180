"""The files behind result URLs: `/__media/<task id>-<index>.png|mp4`, drawn when first asked for."""

from __future__ import annotations

import os
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from kling_contract.documents import Expiry, Footage
from kling_contract.errors import Portable
from kling_contract.images import decoded, is_url
from mock_server.inputs import MEDIA
from mock_server.lifecycle import status_at
from mock_server.shelf import Shelf

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
_AT_ONCE = max(2, os.cpu_count() or 1)  # a large picture takes a few hundred megabytes while it is drawn


def missing_extra() -> str | None:
    """Return what to install so that results are drawn from their inputs, in one line; None if it is there."""
    if all(map(find_spec, ("PIL", "av"))):
        return None
    return "results are small built-in files; pip install 'kling-contract[media]' draws them from their inputs"


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
        self._fetching = fetching
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
        return replace(kept, ended=found.task.steps[-1].at)

    def forget(self, owner: str) -> None:
        """Remove the files and the inputs of every task whose `Session.key` begins with `owner`, as `"3/"` does."""
        self._inputs.forget(owner)
        self._shelf.forget(owner)

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
        inputs = [Input(field, self._bytes(owner, text, chain)) for field, text in self._inputs.of(owner)]
        side, rate = self._footage(task)
        with self._turns:
            return draw(task, found.place, inputs, short_side=side, rate=rate, wanted=lambda: not self._is_over)

    def _footage(self, task: Task) -> tuple[int, int]:
        served, footage = self._addresses.served(task.provider), Footage()
        operation = served.provider.operations.get(task.operation) if served else None
        if operation is None or operation.lifecycle is None:
            return footage.short_side.otherwise, footage.rate.otherwise
        footage = operation.lifecycle.video
        return operation.chosen(footage.short_side, task.fields), operation.chosen(footage.rate, task.fields)

    def _bytes(self, owner: str, text: str, chain: tuple[str, ...]) -> bytes:
        """Return an input, empty where it is not at hand; `chain` are the results that are waiting for it."""
        if text.startswith(MEDIA):
            return self._own(text.removeprefix(MEDIA), chain)
        if is_url(text):
            return self._shelf.data(f"{owner} {text}", lambda: self._fetching.fetch(text))
        return decoded(text) or b""

    def _own(self, name: str, chain: tuple[str, ...]) -> bytes:
        """Return another result of this mock, even if it has expired since; who waits for itself goes without."""
        found = self._find(name)
        if found is None or found.task.result == "video" or found.key in chain or len(chain) > _LONGEST_CHAIN:
            return b""
        return self._shelf.data(found.key, lambda: self._drawn(found, (*chain, found.key)), patient=False)
