"""A request as the core sees it, its answer, and what is known of it on the way. None of these knows of sockets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from mock_server.journal import Entry
    from mock_server.sessions import Session


class Headers(Mapping[str, str]):
    """Headers by their lower-case names, of each name the last one. Only what is asked for is decoded."""

    __slots__ = ("_values",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values = dict(raw)

    def __getitem__(self, name: str) -> str:
        return self._values[name.encode("latin-1")].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a header, or the default if there is none."""
        value = self._values.get(key.encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(slots=True)
class Exchange:
    """One request. Header names are lower case; `path` is still percent-encoded, `origin` is scheme and host."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    too_large: bool = False


@dataclass(slots=True)
class Call:
    """A request on its way: whom it asks, in which session, for what. `value` is the id in its path."""

    exchange: Exchange
    provider: Provider
    session: Session
    operation: Operation
    value: str
    entry: Entry


@dataclass(slots=True)
class Answer:
    """One answer; `entry` is its place in the journal."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    entry: Entry | None = None


class Refusal(Exception):
    """The request is answered with a row of the provider's error table; `values` fill the row's template."""

    def __init__(self, situation: str, **values: object) -> None:
        self.situation, self.values = situation, values
        super().__init__(situation)
