"""The record of what was exchanged: bounded, and shown without a single secret."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract import redaction
from kling_contract.images import describe
from mock_server.exchange import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kling_contract.documents import Operation
    from kling_contract.errors import Violation
    from mock_server.bounds import Journals

MOST_ENTRIES = 1000
MOST_BYTES = 8 * 1024 * 1024
FAILURE = "mock.failure"  # the rule of what is the fault of the mock itself

_ANSWER = 4096  # bytes of an answer that are kept
_MOST_SECRETS = 200  # of one request that are looked for in what is shown of it, the longest first
_OWN = frozenset(
    {"body", "method", "operation", "outcome", "task_status", "fault", "provider"}
)  # what the mock itself says; `body` is hidden already
_OVERHEAD = 600  # bytes of an entry beside its texts


def in_words(image: str) -> str:
    """Return what an image field holds in a few words: type, sides, bytes and digest, or where a URL points."""
    about = describe(image)
    if "sha256" in about:
        return "{type} {width}x{height} {bytes} bytes {sha256}".format_map(about)
    return str(about.get("url", f"{about.get('text', 0)} characters that are no image"))


class Entry(msgspec.Struct):
    """One exchange, from the moment it arrived.

    `at` is the session's time and `wall` the real one, both Unix ms. `outcome` is `arrived`, `answered`, `gone`
    when the client gave up, or `dropped` when a fault ended the connection. `request` and `answer` are what is
    kept of the two bodies. `images` describes the image fields of a create in words. `traceback` is that of a failure
    of the mock itself. What stands here is what came in; `as_dict` and `brief` are what may be shown.
    """

    id: int
    at: int
    session: str
    method: str
    path: str
    wall: int = 0
    query: str = ""
    headers: Mapping[str, str] = {}
    outcome: str = "arrived"
    provider: str | None = None
    operation: str | None = None
    asked: Any = None
    status: int = 0
    task: str | None = None
    task_status: str | None = None
    milliseconds: float = 0.0
    started: float = 0.0
    row: str | None = None
    scenario: str | None = None
    fault: str | None = None
    images: tuple[str, ...] = ()
    request: bytes = b""
    answer: bytes = b""
    content_type: str = ""
    cut: int = 0
    size: int = 0
    traceback: str = ""
    violations: list[Violation] = []
    notes: list[Violation] = []

    @property
    def name(self) -> str:
        """The id that `X-Kling-Mock-Exchange` gives, which no other session has."""
        return f"{self.session}-{self.id}"

    def of(self, operation: Operation) -> None:
        """Take note of the operation that is asked for."""
        self.operation, self.asked = operation.id, operation

    def answered(self, status: int, body: bytes, content_type: str) -> None:
        """Take note of the answer, of a long one its beginning."""
        self.status, self.outcome, self.content_type = status, "answered", content_type
        self.answer, self.cut = body[:_ANSWER], max(len(body) - _ANSWER, 0)

    def gone(self) -> None:
        """Take note of a client that gave up before its answer was out."""
        self.status, self.outcome = 0, "gone"

    def dropped(self) -> None:
        """Take note of a connection that a fault ended instead of an answer."""
        self.status, self.outcome = 0, "dropped"

    def brief(self) -> dict[str, Any]:
        """Return what a line about the exchange needs, as JSON-ready data."""
        return self._hiding(self._brief(), self._hidden())

    def as_dict(self) -> dict[str, Any]:
        """Return everything that may be shown of the exchange, as JSON-ready data."""
        hidden, kind = self._hidden(), self.headers.get("content-type", "")
        more = {
            "exchange": self.name,
            "wall": self.wall,
            "provider": self.provider,
            "query": redaction.query(self.query, self._parameters()),
            "headers": redaction.headers(self.headers, strict=True),
            "scenario": self.scenario,
            "body": redaction.body(self.request, self.asked, hidden, strict=True, content_type=kind),
            "answer": {
                "status": self.status,
                "row": self.row,
                "content_type": self.content_type,
                **self._said(hidden),
            },
        }
        if self.traceback:
            more["traceback"] = self.traceback.splitlines()
        return self._hiding({**self._brief(), **more}, hidden)

    def _brief(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at,
            "session": self.session,
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "status": self.status,
            "outcome": self.outcome,
            "task": self.task,
            "task_status": self.task_status,
            "milliseconds": round(self.milliseconds, 3),
            "error": self.row,
            "fault": self.fault,
            "images": list(self.images),
            "violations": [violation.as_dict() for violation in self.violations],
            "notes": [note.as_dict() for note in self.notes],
        }

    def _said(self, hidden: redaction.Hidden) -> dict[str, Any]:
        body = redaction.body(self.answer, None, hidden)
        return {"body": body, "cut": self.cut} if self.cut else {"body": body}

    def _parameters(self) -> list[str]:
        return [each["name"] for each in self.asked.parameters] if self.asked else []

    def _hidden(self) -> redaction.Hidden:
        """Return the request's own secrets, which may turn up anywhere else: in the path, a body, a message."""
        found = redaction.secrets(self.headers, self.query)
        kind = self.headers.get("content-type", "")
        found += redaction.longest_first(redaction.secrets_of(self.request, self.asked, kind))
        if self.operation is None:
            found += filter(redaction.looks_like_key, self.path.split("/"))
        return redaction.Hidden(found[:_MOST_SECRETS])

    def _hiding(self, shown: dict[str, Any], hidden: redaction.Hidden) -> dict[str, Any]:
        """Hide secrets in all that a client or an answer said; what the mock itself says of it stays."""
        return {name: value if name in _OWN else hidden.tree(value) for name, value in shown.items()}


class Journal:
    """The last exchanges of a session, bounded in entries and bytes, and the sums of all.

    Its bytes count among those of all journals too, of which the oldest exchange goes first.
    """

    def __init__(self, most: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES, among: Journals | None = None) -> None:
        self.entries: deque[Entry] = deque()
        self._among, self.counted = among, False
        self._most, self._most_bytes = most, most_bytes
        self._last = self._bytes = 0
        self.total = 0
        self.refused: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()

    def next_id(self) -> int:
        """Return an id that no entry of this journal has had."""
        self._last += 1
        return self._last

    def open(self, entry: Entry) -> None:
        """Keep an exchange that has arrived."""
        self.total += 1
        self.entries.append(entry)
        if len(self.entries) > self._most:
            self.drop()
        if not self.counted and self._among is not None:
            self._among.join(self, entry.started)

    def close(self, entry: Entry) -> None:
        """Take note of the end of an exchange, and forget the oldest ones that are too many bytes."""
        if entry.violations and not entry.size:
            self.refused.update(violation.rule for violation in entry.violations)
        if entry.notes and not entry.size:
            for note in entry.notes:
                self.noted[note.rule] += 1
        if self.entries and entry.id >= self.entries[0].id:
            before, entry.size = entry.size, _size(entry)
            self._bytes += entry.size - before
            while self._bytes > self._most_bytes and len(self.entries) > 1:
                self.drop()
            if self._among is not None:
                self._among.change(entry.size - before)

    def get(self, number: int) -> Entry | None:
        """Return an exchange by its number, if it is still kept."""
        place = number - self.entries[0].id if self.entries else -1
        return self.entries[place] if 0 <= place < len(self.entries) else None

    def where(self, fits: Callable[[Entry], bool]) -> list[Entry]:
        """Return the exchanges that fit, oldest first."""
        return [entry for entry in self.entries if fits(entry)]

    def clear(self) -> None:
        """Forget every exchange and all sums; ids go on."""
        if self._among is not None:
            self._among.bound.change(-self._bytes)
        self.entries.clear()
        self._bytes = self.total = 0
        self.refused.clear()
        self.noted.clear()

    def end(self) -> None:
        """Forget every exchange, and count among other journals no more, whatever is still journalled here."""
        self.clear()
        if self._among is not None and self.counted:
            self._among.leave(self)
        self._among = None

    @property
    def oldest(self) -> float | None:
        """When the oldest exchange came in (`Entry.started`); None if there is none."""
        return self.entries[0].started if self.entries else None

    def drop(self) -> None:
        """Forget the oldest exchange."""
        size = self.entries.popleft().size
        self._bytes -= size
        if self._among is not None:
            self._among.bound.change(-size)


def _size(entry: Entry) -> int:
    texts = len(entry.request) + len(entry.answer) + len(entry.path) + len(entry.query) + len(entry.traceback)
    held = entry.headers
    said = (*entry.violations, *entry.notes)
    texts += sum(len(each.pointer) + len(each.message) + len(each.hint or "") for each in said) if said else 0
    return _OVERHEAD + texts + (held.size if isinstance(held, Headers) else sum(map(len, (*held, *held.values()))))
