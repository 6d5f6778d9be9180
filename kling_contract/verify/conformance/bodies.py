"""Bodies that are sent: with an id of the caller's own, no callback but where one is awaited, and near to another."""

from __future__ import annotations

import uuid
import zlib
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kling_contract.documents import Operation

    Body = Mapping[str, Any]

# What lax servers take for a value of a type.
_MISTYPED: dict[str, tuple[Any, ...]] = {
    "number": ("0.5", True),
    "integer": ("1", 1.5, True),
    "string": (1, ["a"]),
    "boolean": ("true", 1),
    "array": ({}, "a"),
    "object": ([], "a"),
}


def fresh(operation: Operation, body: Any, *, callback: str | None = None, named: bool = False) -> Any:
    """Return a body whose caller's own id nobody has used, since one that was drawn twice would be refused.

    Where `named`, it has one in any case. Its callback goes to `callback`, or nowhere. What breaks the contract stays.
    """
    if not isinstance(body, dict):
        return body
    sent, broken = dict(body), {each.pointer for each in check_request(operation, body)}
    own, back = operation.external, operation.callback_field
    if own and own in operation.properties and f"/{own}" not in broken and (named or sent.get(own)):
        sent[own] = _new_id(operation, sent, own)
    if back and f"/{back}" not in broken:
        sent.pop(back, None)
    return {**sent, back: callback} if back and callback else sent


def _new_id(operation: Operation, body: Body, own: str) -> str:
    """Return an id that nobody has used: as long as a long one of the body, or as the contract lets it be."""
    new, given = uuid.uuid4().hex, str(body.get(own, ""))
    longest = operation.properties[own].get("maxLength", len(new))
    ids = (
        new + given[len(new) :] if len(given) > len(new) else f"verify-{new}",
        new,
        new[:longest],
        str(uuid.uuid4().int)[:longest],
        given,
    )
    known = [each.pointer for each in check_request(operation, body)]
    trials = ((each, check_request(operation, {**body, own: each})) for each in ids)
    return next((each for each, found in trials if [flaw.pointer for flaw in found] == known), given)


def examples(operation: Operation) -> Iterator[Body]:
    """Yield the document's examples of a request that keep its contract."""
    for example in operation.examples.values():
        if isinstance(example, dict) and not check_request(operation, example):
            yield example


def nearest(operation: Operation, body: Any, pool: Sequence[Body]) -> Body:
    """Return a body that keeps the contract, with as much of `body` as fits to one of the pool; the same one each time.

    The bodies of the pool keep the contract, and there is one at least.
    """
    wanted: Body = body if isinstance(body, dict) else {}
    if wanted and not check_request(operation, wanted):
        return wanted
    current = pool[zlib.crc32(repr(body).encode("utf-8", "replace")) % len(pool)]
    for name, value in wanted.items():
        trial = {**current, name: value}
        current = current if check_request(operation, trial) else trial
    return _least(operation, current, wanted)


def having(operation: Operation, name: str, value: Any, pool: Sequence[Body]) -> Body | None:
    """Return the least body in which a field has a value; None where nothing in the pool lets it."""
    for each in pool:
        trial = {**each, name: value}
        if not check_request(operation, trial):
            return _least(operation, trial, (name,))
    return None


def variants(operation: Operation, pool: Sequence[Body]) -> Iterator[tuple[str, Body]]:
    """Yield a body for each value that a field enumerates, and one for each other field, with what it is about."""
    for name, schema in operation.properties.items():
        given = [each[name] for each in pool if name in each]
        for value in schema.get("enum") or ([False, True] if schema.get("type") == "boolean" else given[:1]):
            body = having(operation, name, value, pool)
            if body is not None:
                yield (f"{name} {value!r}" if "enum" in schema else name), body


def breaches(operation: Operation, pool: Sequence[Body]) -> Iterator[tuple[str, Body]]:
    """Yield a body without each required field, and one for each field of another type, with what it is about.

    Nothing else is wrong with them.
    """
    body: Body = min(pool, key=len, default={})
    if check_request(operation, body):
        return
    for name in (operation.request or {}).get("required", ()):
        yield f"without {name}", {other: value for other, value in body.items() if other != name}
    for name, schema in operation.properties.items():
        for value in _MISTYPED.get(str(schema.get("type")), ()):
            trial = {**body, name: value}
            if {each.pointer for each in check_request(operation, trial)} == {f"/{name}"}:
                yield f"{name} {value!r}", trial


def counted(operation: Operation, pool: Sequence[Body]) -> Body | None:
    """Return a body that asks for two results, where a field says how many."""
    name = operation.lifecycle.count if operation.lifecycle else 1
    if not isinstance(name, str):
        return None
    return having(operation, name, 2, pool) or having(operation, name, "2", pool)


def _least(operation: Operation, body: Body, kept: Any) -> Body:
    """Return a body without the fields that it can do without, but for those that are kept."""
    for name in [name for name in body if name not in kept]:
        trial = {other: value for other, value in body.items() if other != name}
        body = body if check_request(operation, trial) else trial
    return body
