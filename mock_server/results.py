"""The files behind result URLs: `/__media/<task id>-<index>.png|mp4`, drawn when first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from mock_server.lifecycle import status_at
from mock_server.media import draw

if TYPE_CHECKING:
    from mock_server.inputs import Inputs
    from mock_server.png import File
    from mock_server.sessions import Sessions
    from mock_server.store import Task

_MOST_KEPT = 16 * 1024 * 1024


class Results:
    """Draws result files, and keeps the last ones."""

    def __init__(self, sessions: Sessions, inputs: Inputs) -> None:
        self._sessions, self._inputs = sessions, inputs
        self._files: OrderedDict[str, File] = OrderedDict()
        self._lock = threading.Lock()

    def file(self, name: str) -> File | None:
        """Return the file of a result URL's last part, or None if no task has such a result (yet)."""
        stem, _, suffix = name.partition(".")
        task_id, _, index = stem.rpartition("-")
        task = self._finished(task_id)
        if task is None or index not in map(str, range(task.count)):
            return None
        file = self._kept(stem, task, int(index))
        return file if file.suffix == f".{suffix}" else None

    def _finished(self, task_id: str) -> Task | None:
        session = self._sessions.owning(task_id)
        task = session.store.get(task_id) if session else None
        if task is None or session is None or status_at(task.steps, session.clock.now()).status != "succeed":
            return None
        return task

    def _kept(self, key: str, task: Task, index: int) -> File:
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        file = draw(task, index, self._inputs.of(task.id))
        with self._lock:
            self._files[key] = file
            while sum(len(each.data) for each in self._files.values()) > _MOST_KEPT and len(self._files) > 1:
                self._files.popitem(last=False)
        return file
