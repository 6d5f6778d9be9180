"""Files on disk that are made once, at their first use, and kept within a bound."""

from __future__ import annotations

import hashlib
import io
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from mock_server.bounded import Bounded
from mock_server.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.files import File

_IN_MEMORY = 32 * 1024 * 1024  # bytes, where the disk takes none
_APIECE = 4096  # bytes that a file takes besides its own, so that empty ones are bounded too


class Shelved(msgspec.Struct, frozen=True):
    """A file: its media type, the ending of its name, its bytes on disk or in memory, how many, and their digest.

    `ended` is when it came to be on the clock of its session, in Unix ms; `notes` is what there is to remark of it.
    """

    content_type: str
    suffix: str
    source: Path | bytes
    size: int
    etag: str
    ended: int = 0
    notes: str = ""

    @property
    def data(self) -> bytes:
        """All bytes. Raises FileNotFoundError if the file had to go meanwhile."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def open(self) -> BinaryIO:
        """Open the file, which can be read to its end then, whatever happens to it. Raises as `data` does."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


class Shelf:
    """Files by key, at most `most` bytes on disk, those that nobody asked for longest removed first.

    A key is `owner/name`. Files are kept in memory, fewer of them, where the disk is full or cannot be written, and
    `say` is told so once. Any thread may use this.
    """

    def __init__(self, most: int, say: Callable[[str], object]) -> None:
        self._scratch, self._say, self._said = Scratch(), say, False
        self._on_disk: Bounded[Shelved] = Bounded(most, _discard)
        self._in_memory: Bounded[Shelved] = Bounded(min(most, _IN_MEMORY))
        self._making: dict[str, Future[Shelved]] = {}
        self._lock = threading.Lock()

    def file(self, key: str, make: Callable[[], File], *, patient: bool = True) -> Shelved:
        """Return the file of a key, made if there is none; whoever comes meanwhile waits for it, unless impatient."""
        with self._lock:
            kept = self._kept(key)
            if kept is not None:
                return kept
            going_on, own = self._making.get(key), Future[Shelved]()
            if going_on is None:
                self._making[key] = own
        if going_on is None:
            return self._make(key, make, own)
        return going_on.result() if patient else self._shelved(make())

    def data(self, key: str, make: Callable[[], File], *, patient: bool = True) -> bytes:
        """Return the bytes of a file."""
        while True:
            try:
                return self.file(key, make, patient=patient).data
            except FileNotFoundError:
                # It gave way to another one just now.
                continue

    def forget(self, owner: str) -> None:
        """Remove everything whose key begins with `owner`, which ends with a slash, even what is still being made."""
        with self._lock:
            self._making = {key: made for key, made in self._making.items() if not key.startswith(owner)}
        for kept in (self._on_disk, self._in_memory):
            kept.forget(owner)

    def close(self) -> None:
        """Remove everything."""
        self._scratch.close()

    def _kept(self, key: str) -> Shelved | None:
        found = self._on_disk.get(key) or self._in_memory.get(key)
        return None if found and isinstance(found.source, Path) and not found.source.exists() else found

    def _make(self, key: str, make: Callable[[], File], made: Future[Shelved]) -> Shelved:
        try:
            shelved = self._put(key, make())
        except BaseException as error:
            self._end(key, made)
            made.set_exception(error)
            raise
        if not self._end(key, made):
            self._on_disk.drop(key)
            self._in_memory.drop(key)
        made.set_result(shelved)
        return shelved

    def _end(self, key: str, made: Future[Shelved]) -> bool:
        """Take note that a file is made; False if it was forgotten meanwhile."""
        with self._lock:
            if self._making.get(key) is not made:
                return False
            del self._making[key]
            return True

    def _put(self, key: str, file: File) -> Shelved:
        shelved = self._shelved(file)
        size = shelved.size + _APIECE
        if size <= self._on_disk.most:
            try:
                placed = self._shelved(file, self._scratch.write(file.data, file.suffix))
            except OSError as error:
                self._tell(f"results are kept in memory: {error}")
            else:
                self._on_disk.put(key, placed, size)
                return placed
        self._in_memory.put(key, shelved, size)
        return shelved

    def _shelved(self, file: File, path: Path | None = None) -> Shelved:
        digest = hashlib.blake2b(file.data, digest_size=16).hexdigest()
        return Shelved(file.content_type, file.suffix, path or file.data, len(file.data), f'"{digest}"')

    def _tell(self, line: str) -> None:
        if not self._said:
            self._said = True
            self._say(line)


def _discard(file: Shelved) -> None:
    if isinstance(file.source, Path):
        try:
            file.source.unlink(missing_ok=True)
        except OSError:
            # Windows does not remove what somebody reads; it goes with the folder.
            return
