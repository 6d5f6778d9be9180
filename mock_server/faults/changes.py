"""Small callables that make another answer of an answer; a `Chain` is one too: `Chain(Latency(1), CutOff(8))`.

None of them sends or waits. Delay and fate are fields of the answer, which whoever sends it carries out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec.structs import replace

from mock_server.exchange import encode
from mock_server.faults.places import holder, place_of, places
from mock_server.tasks import external_id

if TYPE_CHECKING:
    from kling_contract.documents import ErrorRow
    from mock_server.exchange import Answer, Call
    from mock_server.faults.places import Place

_PAGE = "<!doctype html><html><head><title>Welcome</title></head><body><p>Nothing to see here.</p></body></html>\n"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Change(Protocol):
    """Makes another answer of an answer, or returns the same one if it finds nothing to change."""

    def __call__(self, call: Call, answer: Answer, /) -> Answer:
        """Return the changed answer to a call."""
        ...


class Chain:
    """Several changes, one after the other."""

    def __init__(self, *changes: Change) -> None:
        self.changes = changes

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Return what all of them make of the answer."""
        for change in self.changes:
            answer = change(call, answer)
        return answer


class Latency(msgspec.Struct, frozen=True):
    """The answer comes so many seconds of real time later."""

    seconds: float

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Delay the answer."""
        return replace(answer, delay=answer.delay + self.seconds)


class Silence(msgspec.Struct, frozen=True):
    """No answer comes; the connection stays open until the client gives up, or for so many seconds at most."""

    seconds: float

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Let the answer never come."""
        return replace(answer, delay=answer.delay + self.seconds, fate="closed")


class Reset(msgspec.Struct, frozen=True):
    """No answer comes, and the connection is reset."""

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Let the connection be reset."""
        return replace(answer, fate="reset")


class CutOff(msgspec.Struct, frozen=True):
    """The connection ends within the body, after `kept` bytes of it; None is half of them."""

    kept: int | None = None

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Cut the answer off."""
        return replace(answer, fate="cut", kept=self.kept)


class Row(msgspec.Struct, frozen=True):
    """A row of the provider's error table, under its own HTTP status or another one."""

    row: ErrorRow
    retry_after: int | None = None
    status: int | None = None

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Answer with the row."""
        call.entry.row = self.row.name
        body = self.row.body.render(_values(call))
        data = encode(body) if self.row.is_json else str(body).encode()
        headers = {**answer.headers, **self.row.headers}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return replace(
            answer,
            status=self.status or self.row.status,
            body=data,
            content_type=self.row.content_type,
            headers=headers,
        )


class Page(msgspec.Struct, frozen=True):
    """An HTML page with HTTP status 200, as proxies and wrong addresses give."""

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Answer with the page."""
        return replace(answer, status=200, body=_PAGE.encode(), content_type="text/html; charset=utf-8")


class Redirect(msgspec.Struct, frozen=True):
    """HTTP status 301 to another address; None is the root of this server."""

    location: str | None = None

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Send the client elsewhere."""
        headers = {**answer.headers, "location": self.location or f"{call.exchange.origin}/"}
        return replace(answer, status=301, body=b"", content_type="text/html; charset=utf-8", headers=headers)


class InvalidJson(msgspec.Struct, frozen=True):
    """A whole body that is not JSON: it ends too early, and its Content-Length agrees."""

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Break the body."""
        return replace(answer, body=answer.body.rstrip()[:-1] or b"{")


class WrongContentType(msgspec.Struct, frozen=True):
    """The right body under another content type."""

    content_type: str = "text/plain; charset=utf-8"

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Mislabel the body."""
        return replace(answer, content_type=self.content_type)


class MissingField(msgspec.Struct, frozen=True):
    """A field of the body is left out; None is the task id, or the list of tasks where that is empty."""

    pointer: str | None = None

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Leave the field out."""

        def leave_out(parent: Any, key: str | int) -> None:
            del parent[key]

        return _edited(call, answer, self.pointer, leave_out)


class MistypedField(msgspec.Struct, frozen=True):
    """A field of the body has another JSON type; None is the task id, or the list of tasks where that is empty."""

    pointer: str | None = None

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Change the field's type: a text becomes the number of its digits, a number a text, a list an object."""

        def mistype(parent: Any, key: str | int) -> None:
            parent[key] = _of_another_type(parent[key])

        return _edited(call, answer, self.pointer, mistype)


class UnknownStatus(msgspec.Struct, frozen=True):
    """The task has a status word that no document knows; in a list, the first task."""

    word: str

    def __call__(self, call: Call, answer: Answer) -> Answer:
        """Change the status word."""
        body = _decode(answer.body)
        for place in places(call.operation.envelope.template, "status"):
            parent = holder(body, place)
            if parent is not None:
                parent[place[-1]] = self.word
                return replace(answer, body=encode(body))
        return answer


class _Edit(Protocol):
    def __call__(self, parent: Any, key: str | int, /) -> None: ...


def _edited(call: Call, answer: Answer, pointer: str | None, edit: _Edit) -> Answer:
    body = _decode(answer.body)
    for place in [place_of(pointer)] if pointer else _weightiest(call):
        parent = holder(body, place)
        if parent is not None:
            edit(parent, place[-1])
            return replace(answer, body=encode(body))
    return answer


def _weightiest(call: Call) -> list[Place]:
    """Return where the field stands that no client can do without."""
    template = call.operation.envelope.template
    return [*places(template, "id"), *places(template, "tasks")]


def _of_another_type(value: Any) -> Any:
    if isinstance(value, str):
        return int("".join(filter(str.isdecimal, value)) or "0")
    if isinstance(value, list):
        return {}
    return [] if isinstance(value, Mapping) else 0 if value is None else str(value)


def _values(call: Call) -> dict[str, Any]:
    """Return values for whatever a row's template may name, taken from the request where it has them."""
    return {
        "request_id": call.session.request_id(),
        "id": call.value or _external_id(call) or "0",
        "message": "This error was asked for",
        "field": next(iter(call.operation.properties), "id"),
        "found": "this",
        "model": "this",
        "limit": max(len(call.exchange.body) - 1, 0),
    }


def _external_id(call: Call) -> str | None:
    """Return the id that a create's body brings along, if it can be read."""
    try:
        body = msgspec.json.decode(call.exchange.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return external_id(call.operation, body) if isinstance(body, Mapping) else None
