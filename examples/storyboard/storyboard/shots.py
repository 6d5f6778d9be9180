"""The shots, in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

_TABLE = "CREATE TABLE IF NOT EXISTS shots (id TEXT PRIMARY KEY, task TEXT UNIQUE, status TEXT, note TEXT)"


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot: `waiting`, or `stored` with the key of its clip as `note`, or `failed` with the reason."""

    id: str
    task: str
    status: str = "waiting"
    note: str = ""


class Shots:
    """All shots. A shot that is no longer waiting never changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._run(_TABLE)

    def add(self, task: str) -> Shot:
        """Return a new shot, waiting for a task."""
        shot = Shot(uuid4().hex, task)
        self._run("INSERT INTO shots VALUES (?, ?, ?, ?)", shot.id, shot.task, shot.status, shot.note)
        return shot

    def get(self, shot_id: str) -> Shot | None:
        """Return a shot by its id."""
        return next(iter(self._run("SELECT * FROM shots WHERE id = ?", shot_id)), None)

    def waiting(self, task: str | None = None) -> list[Shot]:
        """Return the shots that wait: for this task, or all."""
        found = "SELECT * FROM shots WHERE status = 'waiting' AND task = coalesce(?, task)"
        return self._run(found, task)

    def settle(self, shot: Shot, status: str, note: str) -> None:
        """Say how a shot ended, unless that is known already."""
        self._run("UPDATE shots SET status = ?, note = ? WHERE id = ? AND status = 'waiting'", status, note, shot.id)

    def _run(self, statement: str, *values: str | None) -> list[Shot]:
        with closing(sqlite3.connect(self._path)) as database, database:
            return [Shot(*row) for row in database.execute(statement, values)]
