"""A recording, read one entry at a time: what kind it is, its exchanges, and what of it cannot be read."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import ijson  # type: ignore[import-untyped]
import yaml

from kling_contract.verify.traffic import cassettes, har
from kling_contract.verify.traffic.exchange import Exchange, Flaw
from kling_contract.verify.traffic.interactions import SECOND, Items, Misplaced

if TYPE_CHECKING:
    from pathlib import Path

Read = Iterator[Exchange | Flaw]
Form = Callable[[int, Any, "Path | None"], Exchange | Flaw]

_CHUNK = 64 * 1024
_DEEPEST = 5000  # what the JSON parser keeps grows with the square of the depth
_LISTS: dict[str, tuple[str, Form]] = {
    "log": ("log.entries", har.exchange),
    **{name: (name, cassettes.exchange) for name in cassettes.LISTS},
}
_KNOWN = (
    "this is no recording: a HAR has log.entries, "
    "a cassette has interactions or http_interactions, or is a list of them"
)
_OTHER_LIST = f"{_KNOWN}; this file is a list whose first item has no request"
_WIDE = "the file is UTF-16; save it as UTF-8"
_PACKED = "the file is compressed; unpack it, or record to a name that ends in .har"
_FOREIGN = {
    **dict.fromkeys((b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{"), _WIDE),
    **dict.fromkeys((b"\x1f\x8b", b"x\xda", b"PK", b"(\xb5\x2f\xfd"), _PACKED),
}
_MARK = b"\xef\xbb\xbf"
_BRACKET = re.compile(rb"[\[\]{}]")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # YAML 1.2, 5.1: characters that no file may hold


def read(stream: BinaryIO, folder: Path | None = None) -> Read:
    """Yield the exchanges of a HAR or a cassette, and a flaw for each entry, and each end, that cannot be read.

    `folder` is where the recording is, and bodies that it keeps as files of their own; without one they are not read.
    Nothing is kept of an entry once the next one is asked for.
    """
    tape = _Tape(stream)
    head = tape.head.lstrip()
    foreign = next((told for mark, told in _FOREIGN.items() if tape.head.startswith(mark)), None)
    if foreign:
        yield Flaw(None, "byte 0", foreign)
    elif not head:
        yield Flaw(None, "byte 0", "the file is empty")
    elif head[:1] in (b"{", b"["):
        yield from _json(tape, folder)
    else:
        yield from _yaml(tape, folder)


class _Broken(ValueError):
    """Bytes that no recorder wrote."""


class _Tape:
    """A stream that shows its beginning in advance, leaves out a byte order mark, and ends where it is broken.

    What comes before that place is given first, so that the entries which stand there are not lost. `position` counts
    the bytes that were given. A tape of YAML ends there as any file does, since what closes a block is what follows
    it; `cut` then says why.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        head = stream.read(_CHUNK)
        self.marked = head.startswith(_MARK)
        self.head = head.removeprefix(_MARK)
        self._rest = self.head
        self._decoder = getincrementaldecoder("utf-8")()
        self._depth = 0
        self._broken: _Broken | None = None
        self.cut: _Broken | None = None
        self.yaml = False
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes. Raises `_Broken` after the last that are whole, unless it is YAML."""
        size = _CHUNK if size < 0 else min(size, _CHUNK)
        given = b""
        if self._broken is None:
            given, self._rest = self._rest[:size], self._rest[size:]
            given = self._whole(given or self._stream.read(size))
        if self._broken is not None and not given:
            self.cut = self._broken
            if not self.yaml:
                raise self.cut
        self.position += len(given)
        return given

    def has_second(self) -> bool:
        """Whether the first value of the file has an end, and what is broken comes after it."""
        if not self._stream.seekable():
            return False
        self._stream.seek(len(_MARK) if self.marked else 0)
        depth = 0
        try:
            for event, _ in ijson.basic_parse(self._stream, multiple_values=True):
                depth += event.startswith("start_") - event.startswith("end_")
                if not depth:
                    return True
        except ijson.JSONError:
            pass
        return False

    def _whole(self, given: bytes) -> bytes:
        """Return what comes before a byte that is not UTF-8 or no YAML, or before it gets too deep."""
        try:
            self._decoder.decode(given)
        except UnicodeDecodeError as error:
            bad = error.object[error.start]
            given = given[: max(len(given) - len(error.object) + error.start, 0)]
            self._broken = _Broken(f"byte 0x{bad:02x} is not UTF-8")
        if self.yaml and (control := _CONTROL.search(given)):
            self._broken = _Broken(f"byte 0x{control[0][0]:02x} is a control character, which no YAML has")
            given = given[: control.start()]
        opened = given.count(b"[") + given.count(b"{")
        if self._depth + opened > _DEEPEST:
            return self._shallow(given)
        self._depth = max(self._depth + opened - given.count(b"]") - given.count(b"}"), 0)
        return given

    def _shallow(self, given: bytes) -> bytes:
        for found in _BRACKET.finditer(given):
            self._depth = max(self._depth + (1 if found[0] in b"[{" else -1), 0)
            if self._depth > _DEEPEST:
                self._broken = _Broken(f"it is nested deeper than {_DEEPEST} levels")
                return given[: found.start()]
        return given


def _json(tape: _Tape, folder: Path | None) -> Read:
    is_list = tape.head.lstrip().startswith(b"[")
    names = [] if is_list else _names(tape.head)
    found = ("", _listed) if is_list else next((_LISTS[name] for name in names if name in _LISTS), None)
    if found is None:
        yield Flaw(None, "", _no_recording(names))
        return
    place, form = found
    if place and _kind(tape.head, place) not in ("", "start_array"):
        yield Flaw(None, "", f"{place} is no list")
        return
    index = 0
    try:
        for entry in ijson.items(tape, f"{place}.item".removeprefix("."), use_float=True):
            if not index and not place and not _has_request(entry):
                yield Flaw(None, "", _OTHER_LIST)
                return
            yield form(index, entry, folder)
            index += 1
        if place and not index and f'"{place.rpartition(".")[2]}"'.encode() not in tape.head:
            yield Flaw(None, "", f"the file has no {place}; {_KNOWN}")
    except _Broken as error:
        yield Flaw(index, f"byte {tape.position}", str(error))
    except ijson.JSONError as error:
        where = f"before byte {tape.position}"
        yield Flaw(None, where, SECOND) if tape.has_second() else Flaw(index, where, _reason(error))


def _listed(index: int, item: Any, folder: Path | None) -> Exchange | Flaw:
    """Return the exchange of an item of a list that nothing names: an interaction, or an entry of a HAR."""
    answer = item.get("response") if isinstance(item, dict) else None
    is_entry = isinstance(answer, dict) and isinstance(answer.get("content"), dict) and "body" not in answer
    return (har.exchange if is_entry else cassettes.exchange)(index, item, folder)


def _has_request(item: Any) -> bool:
    return isinstance(item, dict) and "request" in item


def _no_recording(names: list[str]) -> str:
    return f"{_KNOWN}; this file has {', '.join(names)}" if names else _KNOWN


def _kind(head: bytes, place: str) -> str:
    """Return the event with which the value at a place begins, or "" where the head does not show it.

    Not by the prefixes that ijson can tell of each value: the square of the depth is what they take.
    """
    steps, depth = place.split("."), 0
    last = len(steps)
    try:
        for event, value in ijson.basic_parse(BytesIO(head)):
            if not steps:
                return str(event)
            if event == "map_key" and value == steps[0] and depth == last - len(steps) + 1:
                steps.pop(0)
            depth += event.startswith("start_") - event.startswith("end_")
    except ijson.JSONError:
        pass
    return ""


def _names(head: bytes) -> list[str]:
    """Return the names at the root of an object that begins like this, up to the first that is known."""
    names, depth = [], 0
    try:
        for event, value in ijson.basic_parse(BytesIO(head)):
            depth += event.startswith("start_") - event.startswith("end_")
            if event == "map_key" and depth == 1:
                names.append(str(value)[:40])
                if value in _LISTS:
                    break
    except ijson.JSONError:
        pass
    return names


def _reason(error: Exception) -> str:
    """Say what the parser says without the text that it quotes, which may hold a key."""
    said = re.split(r"\n|\\n", str(error))[0].removeprefix("b'").removeprefix('b"').rstrip(". ")
    cut = "premature EOF" in said or "Incomplete" in said
    return f"the file is cut off ({said})" if cut else f"it is no JSON here ({said})"


def _yaml(tape: _Tape, folder: Path | None) -> Read:
    """Yield each interaction once the next one shows that it is whole, or the file its end."""
    tape.yaml = True
    index, line = 0, 1
    held: Exchange | Flaw | None = None
    flaw: Flaw | None = None
    items = Items(tape, cassettes.LISTS)  # type: ignore[arg-type]
    try:
        for line, interaction in items:
            if held is not None:
                yield held
            if not index and items.is_list and not _has_request(interaction):
                flaw = Flaw(None, f"line {line}", _OTHER_LIST)
                break
            found = (_listed if items.is_list else cassettes.exchange)(index, interaction, folder)
            held = found._replace(place=f"line {line}") if isinstance(found, Flaw) else found
            index += 1
        if held is not None and tape.cut is not None and not items.closed:
            held, index = None, index - 1
    except (Misplaced, yaml.YAMLError) as error:
        flaw = _flaw(error, index, line)
    if held is not None:
        yield held
    if tape.cut is not None:
        yield Flaw(index if tape.position else None, f"byte {tape.position}", str(tape.cut))
    elif flaw is not None:
        yield flaw


def _flaw(error: Exception, index: int, line: int) -> Flaw:
    """Return what the reader of YAML says; `line` is where the last item began that it read."""
    if isinstance(error, Misplaced):
        message = str(error) if error.keys is None else _no_recording(error.keys)
        entry = None if not index or message == SECOND else index
        return Flaw(entry, f"line {error.line}", message)
    if isinstance(error, yaml.MarkedYAMLError):
        at = error.problem_mark or error.context_mark
        return Flaw(index, f"line {at.line + 1 if at else line}", f"it is no YAML here ({error.problem})")
    return Flaw(index, f"after line {line}", f"it is no YAML here ({getattr(error, 'reason', error)})")
