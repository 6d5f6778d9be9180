"""A request and its response, as every library's are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """`url` is absolute, as the client meant it; names of `headers` are lower-case, repeated ones joined by a comma.

    `patience` are the seconds that the client waits for an answer, None for ever.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered. `body` is whole and encoded as `headers` say; its length is added where it is missing."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, str]:
        """Return the headers as they are sent, with lower-case names."""
        return {"content-length": str(len(self.body)), **{name.lower(): value for name, value in self.headers.items()}}


class Broken(Exception):
    """The connection ends instead of an answer: reset, closed before it, cut in its body, or silent for too long."""

    def __init__(self, kind: Literal["cut", "reset", "closed", "silent"]) -> None:
        self.kind = kind
        super().__init__(kind)


Answer: TypeAlias = Callable[[Request], Response]
AsyncAnswer: TypeAlias = Callable[[Request], Awaitable[Response]]
