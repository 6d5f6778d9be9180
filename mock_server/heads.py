"""How large the head of a request may be: its request line and its headers, names included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.exchange import Answer, Headers, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.exchange import Exchange

MOST = 65_536  # bytes
_LINE, _FIELD = 12, 4  # bytes besides method and target, and besides a name and its value


def size(line: int, fields: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the bytes of a head, whose method and target have `line` ones."""
    return _LINE + line + sum(len(name) + len(value) + _FIELD for name, value in fields)


def refusal(exchange: Exchange) -> Answer | None:
    """Return the answer to a request whose head is too large, which comes before anything is made of it."""
    headers = exchange.headers
    if isinstance(headers, Headers):
        held = headers.size + len(headers) * _FIELD
    else:
        held = sum(len(name) + len(value) + _FIELD for name, value in headers.items())
    line = len(exchange.method) + len(exchange.path) + len(exchange.query)
    return too_large() if _LINE + line + held > MOST else None


def too_large() -> Answer:
    """Return the answer to a request whose head is too large."""
    return _own(431, f"the head of the request has more than {MOST} bytes", f"at most {MOST} bytes for all headers")


def late(seconds: float, *, head: bool) -> Answer:
    """Return the answer to a request of which the head, or else the body, did not come in time."""
    if head:
        return _own(408, f"the head of the request did not come within {seconds:g} s", "a head that comes at once")
    accepted = f"a body that comes within {seconds:g} s, or goes on coming"
    return _own(408, f"the body of the request did not come within {seconds:g} s", accepted)


def _own(status: int, message: str, accepted: str) -> Answer:
    body = encode({"error": {"message": message, "accepted": accepted}})
    return Answer(status, body, "application/json", {"connection": "close"})
