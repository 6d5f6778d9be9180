"""One callback on its way: what it says, to whom, and what came of each attempt."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kling_contract import redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

State = Literal["waiting", "delivered", "failed", "stopped", "refused", "lost"]
Outcome = Literal["delivered", "stopped", "refused", "failed", "timeout"]

MOST_ANSWER = 2000  # bytes of a receiver's answer that are kept
_LONGEST_PAUSE = 30 * 86_400.0  # seconds that a Retry-After may ask for
_LONGEST_URL = 2000  # characters that are shown
_GONE = 410


class Attempt(msgspec.Struct):
    """One time that a callback was sent. `at` is the session's time and `wall` the real one, both Unix ms.

    `status` is 0 where no answer came, and `error` says why.
    """

    at: int
    wall: int
    headers: Mapping[str, str]
    outcome: Outcome = "failed"
    status: int = 0
    error: str | None = None
    answer: bytes = b""
    milliseconds: float = 0.0
    pause: float | None = None

    def answered(self, status: int, headers: Mapping[str, str], body: bytes, wall: float) -> None:
        """Take note of an answer: 2xx is success, 410 asks for no more, and Retry-After says when to come again."""
        self.status, self.answer = status, body[:MOST_ANSWER]
        if status == _GONE:
            self.outcome = "stopped"
        elif 200 <= status < 300:
            self.outcome = "delivered"
        else:
            self.pause = _pause(headers.get("retry-after", ""), wall)

    def as_dict(self) -> dict[str, Any]:
        """Return what may be shown, as JSON-ready data."""
        return {
            "at": self.at,
            "wall": self.wall,
            "outcome": self.outcome,
            "status": self.status,
            "error": self.error,
            "milliseconds": round(self.milliseconds, 3),
            "headers": redaction.headers(self.headers),
            "answer": redaction.body(self.answer, None),
        }


def _pause(retry_after: str, wall: float) -> float | None:
    """Return the seconds that a Retry-After asks for, given as a number or as a date (RFC 9110), or None."""
    try:
        seconds = int(retry_after) if retry_after.isdecimal() else parsedate_to_datetime(retry_after).timestamp() - wall
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(float(seconds), 0.0), _LONGEST_PAUSE)


class Delivery(msgspec.Struct):
    """One callback of a task. `id` is the `webhook-id` of every attempt; `body` is written when it is first sent.

    A delivery is `waiting` until a receiver takes it (2xx) or it is given up: `failed` after the last retry, `stopped`
    by a 410, `refused` where its address may not be called, `lost` where a test wants it so. `next` is when it is tried
    again (Unix ms of the session).
    """

    id: str
    task: str
    operation: str
    step: int
    status: str
    url: str
    mode: str
    due: int
    state: State = "waiting"
    next: int | None = None
    body: bytes = b""
    attempts: list[Attempt] = []

    def settle(self, attempt: Attempt, retries: Sequence[float]) -> None:
        """Take note of an attempt, and decide whether and when there is to be another.

        `retries` are the seconds before each further one; a receiver may ask for others (`attempt.pause`).
        """
        self.attempts.append(attempt)
        self.next, made = None, len(self.attempts) - 1
        if attempt.outcome in ("delivered", "stopped", "refused"):
            self.state = attempt.outcome
        elif self.state == "waiting" and made < len(retries):
            pause = retries[made] if attempt.pause is None else attempt.pause
            self.next = attempt.at + round(1000 * pause)
        elif self.state == "waiting":
            self.state = "failed"

    def as_dict(self) -> dict[str, Any]:
        """Return what may be shown, as JSON-ready data."""
        return {
            "id": self.id,
            "task": self.task,
            "operation": self.operation,
            "status": self.status,
            "url": redaction.hook(self.url)[:_LONGEST_URL],
            "mode": self.mode,
            "state": self.state,
            "due": self.due,
            "next": self.next,
            "body": redaction.body(self.body, None),
            "attempts": [attempt.as_dict() for attempt in self.attempts],
        }
