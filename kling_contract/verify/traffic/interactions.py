"""The items of a list in a YAML file, built one at a time.

Of what was read before, only the anchors are kept (recorders that share a list between interactions refer back to it).
Nothing is made of a tag: a value that has one is data, and remembers it. What aliases stand for is counted as if it
were written out, so that no few lines can stand for more than memory.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import yaml

from kling_contract.errors import Portable
from kling_contract.verify.traffic.coding import MOST
from kling_contract.verify.traffic.tagged import STANDARD, TaggedList, TaggedMapping, TaggedText, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 200
_LONGEST = 40  # characters of a key that is shown
_BASES = {"0x": 16, "0b": 2}


class Misplaced(Portable, ValueError):
    """YAML that is no recording; `line` counts from 1, and `keys` are what the root has instead of a list."""

    def __init__(self, line: int, message: str, keys: list[str] | None = None) -> None:
        self.line, self.keys = line, keys
        super().__init__(message)


class Items:
    """The items of the first list that the root object has under one of some names, each with its line.

    A root that is a list itself `is_list`; then its own items are given. `closed` says that something stands behind
    the list, so that its last item is known to be whole. Iterating raises `yaml.YAMLError` for what is no YAML, and
    `Misplaced` for a root that has no such list, for what cannot be built, and for a second document.
    """

    def __init__(self, stream: BinaryIO, names: Collection[str]) -> None:
        self._builder, self._names = _Builder(iter(yaml.parse(stream, Loader=Loader))), names
        self.closed = self.is_list = False

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        root = self._builder.skip_to_root()
        if isinstance(root, yaml.SequenceStartEvent):
            self.is_list = True
            yield from self._list("", root)
            self._end()
            return
        if not isinstance(root, yaml.MappingStartEvent):
            raise Misplaced(_line(root), "the file holds no object", [])
        keys: list[str] = []
        event = next(self._builder.events)
        while not isinstance(event, yaml.MappingEndEvent):
            name = self._builder.item(event)
            keys.append(str(name)[:_LONGEST])
            value = next(self._builder.events)
            if name in self._names:
                yield from self._list(str(name), value)
                self._end()
                return
            self._builder.item(value)
            event = next(self._builder.events)
        raise Misplaced(_line(root), "the file has no list of interactions", keys)

    def _list(self, name: str, begun: Any) -> Iterator[tuple[int, Any]]:
        if not isinstance(begun, yaml.SequenceStartEvent):
            raise Misplaced(_line(begun), f"{name} is no list")
        while not isinstance(event := next(self._builder.events), yaml.SequenceEndEvent):
            yield _line(event), self._builder.item(event)

    def _end(self) -> None:
        """Read to the end, which shows whether there is a second document."""
        for event in self._builder.events:
            if not isinstance(event, yaml.MappingEndEvent | yaml.DocumentEndEvent | yaml.StreamEndEvent):
                self.closed = True
            if isinstance(event, yaml.DocumentStartEvent):
                raise Misplaced(_line(event), SECOND)


SECOND = "a second document begins here, and only the first one is read; keep each recording in a file of its own"


class _Built(NamedTuple):
    """A value, how many characters it stands for, and how many levels it has."""

    value: Any
    weight: int
    height: int


class _Builder:
    """Makes values of events."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self._resolver: Any = yaml.resolver.Resolver()
        self._anchors: dict[str, _Built | None] = {}
        self._shared = 0

    def skip_to_root(self) -> Any:
        """Return the event that the first document begins with."""
        for event in self.events:
            if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                if isinstance(event, yaml.StreamEndEvent):
                    break
                return event
        raise Misplaced(1, "the file is empty")

    def item(self, event: Any) -> Any:
        """Return the value that begins with an event."""
        self._shared = 0
        return self._build(event, 0).value

    def _build(self, event: Any, depth: int) -> _Built:
        if depth > _DEEPEST:
            raise Misplaced(_line(event), f"it is nested deeper than {_DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            built = _Built(self._scalar(event), len(event.value) + 1, 0)
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._sequence(event, depth)
        else:
            built = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        return built

    def _alias(self, event: Any, depth: int) -> _Built:
        """Return what an anchor has named; of a name that nothing has, nothing."""
        found = self._anchors.get(event.anchor, _Built(None, 1, 0))
        if found is None:
            raise Misplaced(_line(event), f"the alias {event.anchor[:_LONGEST]} stands in what it names")
        if depth + found.height > _DEEPEST:
            raise Misplaced(_line(event), f"it is nested deeper than {_DEEPEST} levels")
        self._shared += found.weight
        if self._shared > MOST:
            raise Misplaced(_line(event), f"its aliases stand for more than {MOST} characters")
        return found

    def _sequence(self, event: Any, depth: int) -> _Built:
        tag = plain(event.tag)
        made: list[Any] = []
        if tag not in ("", f"{STANDARD}seq"):
            made = TaggedList()
            made.tag = tag
        weight = height = 0
        while not isinstance(each := next(self.events), yaml.SequenceEndEvent):
            built = self._build(each, depth + 1)
            made.append(built.value)
            weight, height = weight + built.weight, max(height, built.height)
        return _Built(made, weight + 1, height + 1)

    def _mapping(self, event: Any, depth: int) -> _Built:
        tag = plain(event.tag)
        made: dict[Any, Any] = {}
        if tag not in ("", f"{STANDARD}map"):
            made = TaggedMapping()
            made.tag = tag
        weight = height = 0
        while not isinstance(each := next(self.events), yaml.MappingEndEvent):
            key, value = self._build(each, depth + 1), self._build(next(self.events), depth + 1)
            made[_key(key.value)] = value.value
            weight, height = weight + key.weight + value.weight, max(height, key.height, value.height)
        return _Built(made, weight + 1, height + 1)

    def _scalar(self, event: Any) -> Any:
        tag = plain(event.tag)
        if not tag:
            if not event.implicit[0]:
                return event.value
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, (True, False))
        kind = tag.removeprefix(STANDARD) if tag.startswith(STANDARD) else ""
        if kind in _READ:
            return _READ[kind](event.value)
        if kind in ("str", "timestamp", "value", "merge"):
            return event.value
        made = TaggedText(event.value)
        made.tag = tag
        return made


def _integer(text: str) -> int | Decimal | str:
    """Return an integer of YAML 1.1; one of thousands of digits as a decimal, which no rule computes with."""
    digits = text.replace("_", "").lower()
    sign, bare = ("-", digits[1:]) if digits.startswith("-") else ("", digits.removeprefix("+"))
    octal = len(bare) > 1 and bare.startswith("0") and bare.isdecimal()
    try:
        return int(sign + bare, 8 if octal else _BASES.get(bare[:2], 10))
    except ValueError:
        return _exact(digits, text)


def _real(text: str) -> Decimal | float | str:
    """Return a number with a point as the decimal that was written."""
    lower = text.replace("_", "").lower()
    if lower.endswith((".inf", ".nan")):
        return math.nan if lower.endswith("nan") else math.inf
    return _exact(lower, text)


def _exact(digits: str, text: str) -> Decimal | str:
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _bytes(text: str) -> bytes | str:
    try:
        return b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return text


_READ: dict[str, Any] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() in ("yes", "true", "on"),
    "int": _integer,
    "float": _real,
    "binary": _bytes,
}


def _key(value: Any) -> Any:
    """Return a key that a mapping may have; of a key that is a list or a mapping, only that it was one."""
    return value if isinstance(value, str | int | float | Decimal | bytes | bool | None) else "..."


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
