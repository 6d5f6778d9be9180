"""A folder for files that nobody should find after this process, however it ends."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = "kling-contract-results-"
_LOCK = "lock"


class Scratch:
    """A folder among the system's temporary ones, for this user alone, made when the first file is written.

    It is removed with this object, and when the process ends. Where the process was killed, the next one that makes
    such a folder removes it: nobody holds its lock any more.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._end: weakref.finalize[..., Scratch] | None = None
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def write(self, data: bytes, suffix: str) -> Path:
        """Return the path of a new file. Raises OSError, with nothing left behind, where it cannot be written."""
        path = self._place() / f"{next(self._numbers)}{suffix}"
        try:
            path.write_bytes(data)
        except OSError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        return path

    def close(self) -> None:
        """Remove the folder. The next file has another one."""
        with self._lock:
            if self._end is not None:
                self._end()
            self._folder = self._end = None

    def _place(self) -> Path:
        with self._lock:
            # Systems clean their temporary folders now and then.
            if self._folder is None or not self._folder.is_dir():
                parent = Path(tempfile.gettempdir())
                _sweep(parent)
                self._folder, hold = _made(parent)
                self._end = weakref.finalize(self, _remove, self._folder, hold, os.getpid())
            return self._folder


def _made(parent: Path) -> tuple[Path, int | None]:
    """Return a new folder and a hold of it. It has its name only once it is held, lest another process removes it."""
    unnamed = Path(tempfile.mkdtemp(prefix=".kling-contract-", dir=parent))
    hold = _held(unnamed)
    return unnamed.rename(parent / f"{PREFIX}{unnamed.name.rpartition('-')[2]}"), hold


def _sweep(parent: Path) -> None:
    """Remove the folders of this user that no process holds any more."""
    if sys.platform == "win32":
        return
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and (hold := _held(folder)) is not None:
                _remove(folder, hold, os.getpid())


def _held(folder: Path) -> int | None:
    """Return a hold of a folder, which ends with the process; None if another has it, or the system has no locks."""
    if sys.platform == "win32":
        return None
    hold = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(hold)
        return None
    return hold


def _remove(folder: Path, hold: int | None, process: int) -> None:
    # A forked child inherits the folder, and is not the one to end it.
    if os.getpid() != process:
        return
    shutil.rmtree(folder, ignore_errors=True)
    if hold is not None:
        os.close(hold)
