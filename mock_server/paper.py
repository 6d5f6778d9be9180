"""Where lines are written, in one of two ways; neither raises, and neither leaves half a line before a whole one."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BLOCK, _LONGEST = 64 * 1024, 32 * 1024 * 1024  # bytes at the end of a file that are looked at


class Written(NamedTuple):
    """How many of the lines stand there whole, and why not all of them, in words; an empty text where all do."""

    lines: int
    reason: str


class Paper(Protocol):
    """What takes lines."""

    def write(self, lines: Sequence[str]) -> Written:
        """Write lines, each without its end."""
        ...


class Stream:
    """A text stream, for what is no file of its own: a terminal, or what a program put in the place of one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, lines: Sequence[str]) -> Written:
        """Write all lines at once."""
        try:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError is that of a stream which somebody closed
            return Written(0, reason_of(error))
        return Written(len(lines), "")


class Descriptor:
    """A file by its descriptor, which nothing gathers before: what is written has left this process.

    Half a line, as of a disk that became full, is taken back where the file is one of a disk; elsewhere, as in a pipe,
    its other half comes first as soon as something can be written again.
    """

    def __init__(self, number: int, encode: Callable[[str], bytes] = str.encode, *, begun: bytes = b"") -> None:
        self._number, self._encode, self._rest = number, encode, begun

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._number)

    def write(self, lines: Sequence[str]) -> Written:
        """Write all lines at once, or as many as there is room for."""
        texts = [self._encode(f"{line}\n") for line in lines]
        begun = len(self._rest)
        size, error = _write(self._number, self._rest + b"".join(texts))
        if size < begun:
            self._rest = self._rest[size:]
            return Written(0, reason_of(error))
        self._rest = b""
        whole = sum(end <= size - begun for end in accumulate(map(len, texts)))
        half = size - begun - sum(map(len, texts[:whole]))
        if half and not _take_back(self._number, half):
            self._rest = texts[whole][half:]
            whole += 1
        return Written(whole, reason_of(error))


def appending(path: str) -> tuple[Descriptor, bool]:
    """Open a file of JSON lines for what comes after them; return it, and whether it ended in half a line.

    Half a line of JSON, which a writer left that was killed, is taken out. Any other end without a line end gets one.
    Raises OSError.
    """
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    end = _end(path)
    if _is_half(end):
        with suppress(OSError):
            os.ftruncate(number, os.fstat(number).st_size - len(end))
            return Descriptor(number), True
    return Descriptor(number, begun=b"\n" if end else b""), False


def reason_of(error: Exception | None) -> str:
    """Return an error in a few words; an empty text for none."""
    return "" if error is None else str(getattr(error, "strerror", None) or error or type(error).__name__)


def _write(number: int, data: bytes) -> tuple[int, OSError | None]:
    """Write bytes, and return how many could be."""
    done = 0
    try:
        while done < len(data):
            done += os.write(number, memoryview(data)[done:])
    except OSError as error:
        return done, error
    return done, None


def _take_back(number: int, size: int) -> bool:
    """Take the last bytes out of a file, if it is one of a disk and nobody has written behind them."""
    with suppress(OSError):
        about, end = os.fstat(number), os.lseek(number, 0, os.SEEK_CUR)
        if stat.S_ISREG(about.st_mode) and about.st_size == end:
            os.ftruncate(number, end - size)
            os.lseek(number, end - size, os.SEEK_SET)  # else the next bytes would stand behind a hole
            return True
    return False


def _is_half(end: bytes) -> bool:
    """Whether this is the beginning of a line of JSON, and not all of it."""
    try:
        json.loads(end)
    except ValueError:
        return end.startswith(b"{")
    return False


def _end(path: str) -> bytes:
    """Return what stands behind the last line end of a file; nothing of what is no file of a disk."""
    with suppress(OSError):
        if stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb") as file:
                return _last(file.seek(0, os.SEEK_END), lambda at: (file.seek(at), file.read())[1])
    return b""


def _last(size: int, read: Callable[[int], bytes]) -> bytes:
    """Return what stands behind the last line end, of what is longer than any line of ours some of it."""
    for seen in (_BLOCK, _LONGEST):
        _, line_end, end = read(max(size - seen, 0)).rpartition(b"\n")
        if line_end or seen >= size:
            return end
    return b"?"
