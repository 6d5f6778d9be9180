"""A request as the core sees it, its answer, and what is known of it on the way. None of these knows of sockets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kling_contract.errors import Portable

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from mock_server.arming import Armed
    from mock_server.faults import Fault
    from mock_server.journal import Entry
    from mock_server.session import Session


Fate = Literal["whole", "cut", "reset", "closed"]

encode = msgspec.json.Encoder(decimal_format="number").encode


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

    @property
    def size(self) -> int:
        """The bytes of all names and values."""
        return sum(map(len, self._values)) + sum(map(len, self._values.values()))

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._values)

    def __len__(self) -> int:
        return len(self._values)


class Exchange(msgspec.Struct):
    """One request. Header names are lower case; `path` is still percent-encoded, `origin` is scheme and host.

    `client` is the address that it came from, or empty for one that came through no socket.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    too_large: bool = False
    client: str = ""


class Call(msgspec.Struct):
    """A request on its way: whom it asks, in which session, for what. `value` is the id in its path.

    `faults` are those of the session that are to strike it.
    """

    exchange: Exchange
    provider: Provider
    session: Session
    operation: Operation
    value: str
    entry: Entry
    faults: Sequence[Armed[Fault]] = ()


class Answer(msgspec.Struct):
    """One answer; `entry` is its place in the journal.

    Nothing is sent for `delay` seconds of real time. Then the answer is sent `whole`, or its body is `cut` after
    `kept` bytes (None is half of them), or nothing is sent at all and the connection is `reset` or `closed`.
    With `pieces` the body is what they make together, and is made while it is sent.
    """

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    entry: Entry | None = None
    delay: float = 0.0
    fate: Fate = "whole"
    kept: int | None = None
    pieces: Iterator[bytes] | None = None

    @property
    def arrives(self) -> bool:
        """Whether the client sees a status line."""
        return self.fate in ("whole", "cut")

    def whole(self) -> Answer:
        """Return the answer with its body made."""
        return self if self.pieces is None else msgspec.structs.replace(self, body=b"".join(self.pieces), pieces=None)

    @property
    def sent(self) -> bytes:
        """What is sent of the body; its Content-Length is that of the whole one."""
        if self.fate != "cut":
            return self.body if self.fate == "whole" else b""
        kept = len(self.body) // 2 if self.kept is None else self.kept
        return self.body[: max(min(kept, len(self.body) - 1), 0)]


class Refusal(Exception):
    """The request is answered with a row of the provider's error table; `values` fill the row's template."""

    def __init__(self, situation: str, **values: object) -> None:
        self.situation, self.values = situation, values
        super().__init__(situation)


class Unread(Portable, Exception):
    """The mock does not read what was sent, which is its own limit and no provider's; `accepted` says what it reads."""

    def __init__(self, message: str, accepted: str) -> None:
        self.accepted = accepted
        super().__init__(message)
