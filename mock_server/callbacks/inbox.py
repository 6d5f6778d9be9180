"""The built-in inbox: `<mock>/__inbox/<name>` takes callbacks, so that a test needs no listener of its own."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract import redaction
from kling_contract.errors import SignatureError
from kling_contract.signatures import verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 1024 * 1024  # of one letter
_MOST_LETTERS, _MOST_KEPT = 10_000, 64 * 1024 * 1024
_LONGEST_NAME = 200


class Letter(msgspec.Struct, frozen=True):
    """What arrived, and when: by the session's time and the real one (Unix ms).

    `signature` is `valid`, `absent`, `unchecked` where the session has no secret, or what is wrong with it.
    """

    at: int
    wall: int
    method: str
    headers: Mapping[str, str]
    body: bytes
    signature: str

    def as_dict(self) -> dict[str, Any]:
        """Return what may be shown, as JSON-ready data. A signature is no secret: whoever tests a verifier needs it."""
        own = {name: value for name, value in self.headers.items() if name.startswith("webhook-")}
        return {
            "at": self.at,
            "wall": self.wall,
            "method": self.method,
            "headers": {**redaction.headers(self.headers), **own},
            "body": redaction.body(self.body, None),
            "text": self.body.decode("utf-8", "replace"),
            "signature": self.signature,
        }


class Inbox:
    """The letters of one session by the name they were sent to: the last ten thousand, or the last 64 MiB."""

    def __init__(self) -> None:
        self._letters: dict[str, deque[Letter]] = {}
        self._came: Counter[str] = Counter()
        self._order: deque[str] = deque()
        self._size = 0

    def take(self, name: str, letter: Letter) -> None:
        """Keep a letter, and forget the oldest where there is no room."""
        name = name[:_LONGEST_NAME]
        self._letters.setdefault(name, deque()).append(letter)
        self._came[name] += 1
        self._order.append(name)
        self._size += len(letter.body)
        while len(self._order) > _MOST_LETTERS or self._size > _MOST_KEPT:
            self._forget(self._order.popleft())

    def of(self, name: str) -> list[Letter]:
        """Return the letters to a name that are kept, oldest first."""
        return list(self._letters.get(name[:_LONGEST_NAME], ()))

    def total(self, name: str) -> int:
        """Return how many letters came to a name of which any is kept."""
        return self._came[name[:_LONGEST_NAME]]

    def names(self) -> list[str]:
        """Return every name of which a letter is kept."""
        return list(self._letters)

    def clear(self) -> None:
        """Forget every letter."""
        for held in (self._letters, self._came, self._order):
            held.clear()
        self._size = 0

    def _forget(self, name: str) -> None:
        """Forget the oldest letter to a name."""
        self._size -= len(self._letters[name].popleft().body)
        if not self._letters[name]:
            del self._letters[name], self._came[name]


def judged(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> str:
    """Return what is to say of a letter's signature at `now` (Unix seconds); what any of the secrets made is valid."""
    if "webhook-signature" not in headers:
        return "absent"
    if not secrets:
        return "unchecked"
    said = ""
    for secret in secrets:
        try:
            verify(headers, body, secret, now=now)
        except SignatureError as error:
            said = said or str(error)
        else:
            return "valid"
    return said
