"""The journal of a session: listed, searched, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from mock_server.admin.asking import Wrong
from mock_server.admin.listing import Pieces, cut, listing, page
from mock_server.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mock_server.admin.asking import Ask, Handlers

_APIECE = 8  # exchanges; to show one takes longest of all things
_UNMATCHED = frozenset({"route.unknown", "method.unknown"})

Text = Annotated[str, Meta(max_length=2000)]


class FindBody(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """{"operation", "method", "path", "status", "outcome", "task", "error": a row, "fault", "rule": a broken rule,
    "body": an object whose fields the request has}, each optional.
    """

    operation: Text | None = None
    method: Text | None = None
    path: Text | None = None
    status: int | None = None
    outcome: Text | None = None
    task: Text | None = None
    error: Text | None = None
    fault: Text | None = None
    rule: Text | None = None
    body: dict[str, Any] | None = None


def listed(ask: Ask) -> Any:
    """Return the last exchanges, oldest first, and how many there were in all.

    `limit` of them, without the `offset` newest, or those of an `operation` alone.
    """
    operation = ask.only("limit", "offset", "operation").get("operation")
    if operation is not None:
        ask.operation(operation)
    found = ask.session.journal.where(lambda entry: operation in (None, entry.operation))
    shown = map(Entry.as_dict, cut(found, *page(ask)))
    return _listing(shown, lambda: ask.session.journal.total)


def one(ask: Ask) -> Any:
    """Return an exchange by its number, or by what X-Kling-Mock-Exchange said."""
    number = ask.value.removeprefix(f"{ask.session.name}-")
    known = number.isascii() and number.isdecimal() and len(number) < 16
    entry = ask.session.journal.get(int(number)) if known else None
    if entry is None:
        raise Wrong(f"session {ask.session.name!r} keeps no exchange {ask.value[:200]!r}", "an id of GET requests", 404)
    return entry.as_dict()


def find(ask: Ask) -> Any:
    """Return the exchanges that are as the body says."""
    return _counted(_found(ask))


def count(ask: Ask) -> Any:
    """Return how many exchanges are as the body says."""
    return Pieces(_count(_found(ask)))


def unmatched(ask: Ask) -> Any:
    """Return the exchanges that no route was found for, each with the nearest one."""
    found = ask.session.journal.where(lambda entry: entry.operation is None and entry.outcome != "arrived")
    return _counted({**entry.as_dict(), "nearest": _nearest(entry, ask)} for entry in found)


def _listing(shown: Iterable[Any], total: Callable[[], int]) -> Pieces:
    return listing("requests", shown, lambda: {"total": total()}, apiece=_APIECE)


def _counted(found: Iterable[dict[str, Any] | None]) -> Pieces:
    """Return a list, and how many are in it."""
    total = 0

    def counting() -> Iterator[Any]:
        nonlocal total
        for each in found:
            total += each is not None
            yield each

    return _listing(counting(), lambda: total)


def _count(found: Iterable[dict[str, Any] | None]) -> Iterator[bytes]:
    total = 0
    for each in found:
        total += each is not None
        yield b""
    yield msgspec.json.encode({"count": total})


def _nearest(entry: Entry, ask: Ask) -> str | None:
    served = ask.addresses.served(entry.provider) if entry.provider else None
    return served.routes.nearest(entry.method, entry.path) if served else None


def _found(ask: Ask) -> Iterator[dict[str, Any] | None]:
    """Return the exchanges that are as the body says, None for one whose own body is not."""
    body = ask.body(FindBody)
    if body.operation is not None:
        ask.operation(body.operation)
    fits = _fitting(body)
    # What the entry itself says is asked first, since only what may be shown of a body is costly to make.
    kept = (entry.as_dict() for entry in ask.session.journal.where(fits))
    return (shown if body.body is None or _has(shown["body"], body.body) else None for shown in kept)


def _fitting(body: FindBody) -> Callable[[Entry], bool]:
    named = {"operation": "operation", "method": "method", "path": "path", "status": "status", "outcome": "outcome"}
    named |= {"task": "task", "error": "row", "fault": "fault"}
    wanted = [(own, getattr(body, name)) for name, own in named.items() if getattr(body, name) is not None]

    def fits(entry: Entry) -> bool:
        if body.rule is not None and body.rule not in [each.rule for each in (*entry.violations, *entry.notes)]:
            return False
        return all(getattr(entry, name) == value for name, value in wanted)

    return fits


def _has(found: Any, wanted: Any) -> bool:
    """Whether what was found has everything that is wanted; objects may have more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and _has(found[key], wanted[key]) for key in wanted)
    return bool(type(found) is type(wanted) or not isinstance(wanted, bool)) and bool(found == wanted)


ROUTES: Handlers = {
    "requests": {"GET": listed},
    "requests/*": {"GET": one},
    "requests/find": {"POST": find},
    "requests/count": {"POST": count},
    "requests/unmatched": {"GET": unmatched},
}
