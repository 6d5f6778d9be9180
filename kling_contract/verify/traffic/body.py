"""A body as a recorder kept it: what was meant by it, or why that cannot be said."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kling_contract.reading import parse
from kling_contract.verify.traffic.coding import MOST, CutOff, decoded, plain

if TYPE_CHECKING:
    from pathlib import Path

Message = Literal["request", "answer"]

REASONS: dict[str, str] = {
    "not-recorded": "the body was not recorded",
    "form": "the body has a form that is not known",
    "encoding": "the body cannot be decoded",
    "cut": "the body was cut off by the recorder",
    "file": "the body is in another file, which cannot be read",
}

_MARKS = ("truncated", "omitted", "discarded")
_CUTTING = (*_MARKS, "too large", "too long", "too big", "exceed", "not included", "limit", "cut off")
_END = 60  # characters at the end of a text in which a recorder says that it was cut
_HEAD = 100  # characters by which a text is told from something compressed
_SAID = 200  # characters of what a recorder says that are shown


class Unread(NamedTuple):
    """Why a body is not judged: by its kind, and in words."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it was recorded: `stored` is a text, or bytes; None where the recording has none.

    `base64` says that the text is base64, `coding` is the Content-Encoding that may still be on it, `file` where it is
    if it is not here. `said` is how many bytes the recorder says that it had (`on_wire`: with its compression), and
    `told` what else it says of it. `unread` is known in advance of a form that nothing reads, and `kept` is what then
    stands there.
    """

    stored: str | bytes | None = None
    base64: bool = False
    coding: str = ""
    said: int = 0
    on_wire: bool = False
    told: str = ""
    file: Path | None = None
    unread: Unread | None = None
    kept: Any = None

    def read(self) -> tuple[bytes | None, Unread | None]:
        """Return the bytes that were meant, or None and what keeps them from being read."""
        if self.unread is not None:
            return None, self.unread
        stored, flaw = _content(self.file) if self.file else (self.stored, None)
        if flaw is not None:
            return None, Unread("file", flaw)
        if stored is None:
            return None, self._missing()
        raw, flaw = plain(stored, base64=self.base64 and not self.file)
        if raw is None:
            return None, Unread("encoding", str(flaw))
        return self._meant(raw)

    def rest(self) -> str | bytes | Any:
        """Return what there is of a body that cannot be read: a text, bytes, or data; None where there is nothing."""
        if self.stored is None or self.file:
            return self.kept
        raw, _ = plain(self.stored, base64=self.base64)
        if raw is None:
            return self.stored
        return raw

    def _meant(self, raw: bytes) -> tuple[bytes | None, Unread | None]:
        coding = "" if self._is_text() else self.coding
        try:
            data, flaw = decoded(raw, coding)
        except CutOff as error:
            return None, Unread("cut", str(error))
        if data is None:
            return None, Unread("encoding", str(flaw))
        # A length of the compressed body says nothing of one from which the recorder took the compression off.
        said = 0 if self.on_wire and self.coding and data is raw else self.said
        cut = self._cut(data, len(raw), said)
        return (data, None) if cut is None or _is_whole(data) else (None, cut)

    def _is_text(self) -> bool:
        """Whether it is a text, as nothing compressed can be: its header tells of a compression that was taken off."""
        head = self.stored[:_HEAD] if isinstance(self.stored, str) and not self.base64 else "\0"
        return "\ufffd" not in head and all(each.isprintable() or each.isspace() for each in head)

    def _cut(self, data: bytes, size: int, said: int) -> Unread | None:
        """Return what speaks for it that the recorder did not keep it all. What is whole JSON is whole all the same."""
        if not data and (said or self._is_told()):
            return self._missing()
        if said > size:
            return Unread("cut", self._with_told(f"the recording has {size} of {said} bytes"))
        if self._is_told():
            return Unread("cut", self._with_told("the recorder cut it off"))
        end = data[-_END:].decode("utf-8", "replace").lower()
        return Unread("cut", "it ends with a mark that it was cut off") if any(map(end.__contains__, _MARKS)) else None

    def _missing(self) -> Unread:
        bytes_of = f"its {self.said} bytes" if self.said else "it"
        return Unread("not-recorded", self._with_told(f"the recording does not have {bytes_of}"))

    def _is_told(self) -> bool:
        told = self.told.lower()
        return any(word in told for word in _CUTTING)

    def _with_told(self, message: str) -> str:
        return f"{message}; the recorder says: {self.told[:_SAID]}" if self.told else message


def _is_whole(data: bytes) -> bool:
    return bool(data) and not any(flaw.rule == "json.malformed" for flaw in parse(data)[1])


def _content(file: Path) -> tuple[bytes | None, str | None]:
    """Return the bytes of a plain file, or None and what keeps it from being read; a pipe would never end."""
    try:
        about = file.lstat()
        if not stat.S_ISREG(about.st_mode):
            return None, f"{file.name} is no plain file"
        if about.st_size > MOST:
            return None, f"{file.name} has more than {MOST} bytes"
        with file.open("rb") as opened:
            return opened.read(MOST + 1)[:MOST], None
    except OSError as error:
        return None, f"the recorder kept it as {file.name}, and it cannot be opened: {error.strerror or error}"
