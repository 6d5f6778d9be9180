"""Answers made by one side's template, and what the reader of the other gets from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_callback, check_response
from kling_contract.envelopes import Mismatch
from kling_contract.verify.diff.templates import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.envelopes import Envelope
    from kling_contract.errors import Violation

_INDEX = re.compile(r"/[0-9]+(?=/|$)")
_MADE = 1_790_000_000_000
_IMAGE = {"index": 0, "url": "https://files.example/0.png"}
_VIDEO = {"result_id": "1", "url": "https://files.example/0.mp4", "duration": "5.041"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a side; `part` is `answer` or `callback`."""

    title: str
    part: str
    operation: Operation
    envelope: Envelope
    schema: Mapping[str, Any]
    status: int

    @classmethod
    def of(cls, title: str, operation: Operation) -> Answer:
        """Return what an operation answers when all is well."""
        status = next((each for each in operation.responses if each.startswith("2")), "200")
        content = operation.responses.get(status, {}).get("content", {}).get("application/json", {})
        number = int(status) if status.isdecimal() else 200
        return cls(title, "answer", operation, operation.envelope, content.get("schema", {}), number)

    @classmethod
    def called(cls, title: str, operation: Operation) -> Answer | None:
        """Return what is posted to the application; None where nothing is."""
        if operation.callback is None:
            return None
        return cls(title, "callback", operation, operation.callback, operation.callback_schema or {}, 200)

    def check(self, body: Any) -> list[Violation]:
        """Return what is wrong with an answer by this side's document."""
        if self.part == "callback":
            return check_callback(self.operation, body)
        return check_response(self.operation, self.status, body)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an old reader makes of new answers: keys whose values it gets wrong, and places that offend it."""

    lost: set[str] = field(default_factory=set)
    broken: dict[str, tuple[str, Any]] = field(default_factory=dict)


def heard(old: Answer, new: Answer) -> Heard:
    """Read answers of `new` as one who knows only `old` does."""
    found = Heard()
    for values in _values(new):
        body = new.envelope.render(values)
        if new.check(body):
            continue
        got: Mapping[str, Any] = {}
        try:
            got = old.envelope.match(body)
        except Mismatch as error:
            found.broken.setdefault(error.pointer, (str(error), body))
        for violation in old.check(body):
            found.broken.setdefault(_INDEX.sub("/*", violation.pointer), (str(violation), body))
        said, told = dict(_flat(got)), dict(_flat(new.envelope.match(body)))
        found.lost.update(key for key, value in told.items() if said.get(key) != value)
    return found


def _flat(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, list):
            yield from (pair for each in value[:1] for pair in _flat(each, f"{prefix}{name}."))
        else:
            yield f"{prefix}{key_of(name)[0]}", value


def _values(answer: Answer) -> Iterator[dict[str, Any]]:
    """Yield what answers may say: each status, with all that can be said and with the least."""
    for status in answer.operation.statuses or ("submitted",):
        for task in _tasks(status):
            yield {"tasks": [task], "request_id": "r"} if answer.operation.kind == "list" else task


def _tasks(status: str) -> Iterator[dict[str, Any]]:
    least: dict[str, Any] = {"id": "1", "status": status, "created_ms": _MADE, "updated_ms": _MADE + 5000}
    ended = {"reason": "r"} if status == "failed" else {}
    for results in ({"images": [_IMAGE]}, {"videos": [_VIDEO]}):
        done = results if status == "succeed" else {}
        yield {**least, **done, **ended}
        yield {**least, **done, **ended, "request_id": "r", "external_id": "mine", "units": "1"}
