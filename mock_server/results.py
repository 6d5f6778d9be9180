"""The files behind result URLs: `/__media/<task id>-<index>.png|mp4`, drawn when first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from kling_contract.documents import Expiry
from mock_server.lifecycle import status_at
from mock_server.media import draw

if TYPE_CHECKING:
    from mock_server.addressing import Addresses
    from mock_server.inputs import Inputs
    from mock_server.png import File
    from mock_server.sessions import Session, Sessions
    from mock_server.store import Task

_MOST_KEPT = 16 * 1024 * 1024


class Expired(Exception):
    """A result that there was, and that its provider keeps no longer; `status` is what HTTP says of it."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class Results:
    """Draws result files, and keeps the last ones."""

    def __init__(self, sessions: Sessions, addresses: Addresses, inputs: Inputs) -> None:
        self._sessions, self._addresses, self._inputs = sessions, addresses, inputs
        self._files: OrderedDict[str, File] = OrderedDict()
        self._lock = threading.Lock()

    def file(self, name: str) -> File | None:
        """Return the file of a result URL's last part, or None if no task has such a result (yet).

        Raises `Expired` for one that its provider keeps no longer.
        """
        stem, _, suffix = name.partition(".")
        task_id, _, index = stem.rpartition("-")
        session = self._sessions.owning(task_id)
        task = self._finished(session, task_id) if session else None
        if session is None or task is None or index not in map(str, range(task.count)):
            return None
        self._check(session, task)
        file = self._kept(session.key(task_id), task, int(index))
        return file if file.suffix == f".{suffix}" else None

    def _finished(self, session: Session, task_id: str) -> Task | None:
        task = session.store.get(task_id)
        if task is None or status_at(task.steps, session.clock.now()).status != "succeed":
            return None
        return task

    def _check(self, session: Session, task: Task) -> None:
        due = self._addresses.expiry(task)
        if task.id in session.expired or (due is not None and session.clock.now() >= due):
            provider = self._addresses.served(task.provider)
            status = provider.provider.expiry.status if provider else Expiry().status
            raise Expired(status, session.expired.get(task.id) or "this result has expired")

    def _kept(self, task_key: str, task: Task, index: int) -> File:
        key = f"{task_key}-{index}"
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        file = draw(task, index, self._inputs.of(task_key))
        with self._lock:
            self._files[key] = file
            while sum(len(each.data) for each in self._files.values()) > _MOST_KEPT and len(self._files) > 1:
                self._files.popitem(last=False)
        return file
