"""The built-in inbox: `<mock>/__inbox/<name>` takes callbacks, so that a test needs no listener of its own."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.errors import SignatureError
from kling_contract.signatures import verify
from mock_server import redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 1024 * 1024  # of one letter
_MOST_NAMES, _MOST_LETTERS = 1000, 1000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Letter:
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
    """The letters of one session by the name they were sent to; of each name the last thousand."""

    def __init__(self) -> None:
        self._letters: dict[str, deque[Letter]] = {}

    def take(self, name: str, letter: Letter) -> None:
        """Keep a letter."""
        letters = self._letters.setdefault(name[:_LONGEST_NAME], deque(maxlen=_MOST_LETTERS))
        letters.append(letter)
        while len(self._letters) > _MOST_NAMES:
            del self._letters[next(iter(self._letters))]

    def of(self, name: str) -> list[Letter]:
        """Return the letters to a name, oldest first."""
        return list(self._letters.get(name[:_LONGEST_NAME], ()))

    def names(self) -> list[str]:
        """Return every name that a letter came to."""
        return list(self._letters)

    def clear(self) -> None:
        """Forget every letter."""
        self._letters.clear()


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
