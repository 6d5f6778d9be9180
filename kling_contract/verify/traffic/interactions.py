"""The items of a list in a YAML file, built one at a time.

Of what was read before, only the anchors are kept (recorders that share a list between interactions refer back to it).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Any, BinaryIO

import yaml

from kling_contract.errors import Portable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_BINARY = frozenset({f"{_TAG}binary", "!binary"})
_DEEPEST = 200


class Misplaced(Portable, ValueError):
    """YAML that is no recording; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def items(stream: BinaryIO, lists: Collection[str]) -> Iterator[tuple[int, Any]]:
    """Yield the line and value of each item of the first list that the root object has under one of these names.

    Raises `yaml.YAMLError` for what is no YAML, and `Misplaced` for a root that has no such list.
    """
    builder = _Builder(iter(yaml.parse(stream, Loader=Loader)))
    root = builder.skip_to_root()
    if not isinstance(root, yaml.MappingStartEvent):
        raise Misplaced(_line(root), "the file holds no object")
    names = []
    while not isinstance(event := next(builder.events), yaml.MappingEndEvent):
        name = builder.build(event)
        names.append(str(name)[:40])
        value = next(builder.events)
        if name in lists and isinstance(value, yaml.SequenceStartEvent):
            yield from builder.sequence()
            return
        builder.build(value)
    raise Misplaced(_line(root), f"the file has no list {' or '.join(lists)}; it has {', '.join(names) or 'nothing'}")


class _Builder:
    """Makes values of events."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self._resolver: Any = yaml.resolver.Resolver()
        self._anchors: dict[str, Any] = {}

    def skip_to_root(self) -> Any:
        """Return the event that the first document begins with."""
        for event in self.events:
            if not isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
                return event
        raise Misplaced(1, "the file is empty")

    def sequence(self) -> Iterator[tuple[int, Any]]:
        """Yield the items of a list that has begun."""
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield _line(event), self.build(event)

    def build(self, event: Any, depth: int = 0) -> Any:
        """Return the value that begins with an event."""
        if depth > _DEEPEST:
            raise Misplaced(_line(event), f"it is nested deeper than {_DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._anchors.get(event.anchor or "")
        if isinstance(event, yaml.ScalarEvent):
            return self._kept(event, self._scalar(event))
        made: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        self._kept(event, made)
        while not isinstance(each := next(self.events), yaml.SequenceEndEvent | yaml.MappingEndEvent):
            value = self.build(each, depth + 1)
            if isinstance(made, list):
                made.append(value)
            else:
                made[_key(value)] = self.build(next(self.events), depth + 1)
        return made

    def _kept(self, event: Any, value: Any) -> Any:
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _scalar(self, event: Any) -> Any:
        if event.tag in _BINARY:
            return _bytes(event.value)
        plain = event.implicit[0] and event.tag is None
        kind = self._resolver.resolve(yaml.ScalarNode, event.value, (True, False)) if plain else event.tag or ""
        if kind == f"{_TAG}null":
            return None
        if kind == f"{_TAG}bool":
            return event.value.lower() in ("yes", "true", "on")
        return _number(event.value) if kind == f"{_TAG}int" else event.value


def _number(text: str) -> int | str:
    try:
        return int(text.replace("_", ""))
    except ValueError:
        return text


def _bytes(text: str) -> bytes | str:
    try:
        return b64decode(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return text


def _key(value: Any) -> Any:
    return value if isinstance(value, str | int | bytes | bool | None) else str(value)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
