"""How a provider is reached: hosts, keys, paths, ids, lists, and whether a route is served at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.verify.diff.difference import Difference, Move, between
from kling_contract.verify.diff.fields import Field, Fields
from kling_contract.verify.diff.rows import answer
from kling_contract.verify.diff.words import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.documents import Auth, Availability, Operation, Provider
    from kling_contract.verify.diff.difference import Kind

    Side = tuple[str, Provider]

_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Reached:
    """An operation as one side has it; `title` is what the side is called."""

    title: str
    provider: Provider
    operation: Operation


def providers(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs for every operation. A side is its title and its provider."""
    looks: tuple[tuple[Kind, Callable[[Provider], Any], Callable[[Side, Side], Move]], ...] = (
        ("base-url", lambda provider: list(provider.base_urls), _base_url),
        ("auth", lambda provider: _auth(provider.auth), _key),
        ("ids", lambda provider: [provider.id_prefix, provider.id_digits], _id_form),
        ("expiry", lambda provider: [provider.expiry.days, provider.expiry.status], _expiry),
    )
    for kind, look, say in looks:
        shown = (look(one[1]), look(other[1]))
        if shown[0] != shown[1]:
            yield between("", kind, kind, shown, (one, other), say)


def absent(operation: Operation, title: str) -> Difference:
    """Return the difference of an operation that only the first side has; `title` is the other side's."""
    route = f"{operation.method} {operation.path}"
    there = Move(f"do without {operation.id} ({route}): {title} documents no such route", "refused")
    back = Move(f"{operation.id} is there as well, at {route}")
    return Difference(operation.id, "route", "route", route, None, there, back)


def routes(one: Reached, other: Reached) -> Iterator[Difference]:
    """Yield what differs in reaching one operation."""
    name, (mine, theirs) = one.operation.id, (one.operation, other.operation)
    if _route(mine) != _route(theirs):
        shown = (f"{mine.method} {mine.path}", f"{theirs.method} {theirs.path}")
        yield between(name, "route", "route", shown, (one, other), _path)
    if mine.availability.state != theirs.availability.state:
        shown = (mine.availability.state, theirs.availability.state)
        yield between(name, "availability", "availability", shown, (one, other), _availability)
    if set(mine.ids) != set(theirs.ids):
        yield between(name, "ids", "ids", (list(mine.ids), list(theirs.ids)), (one, other), _ids)
    yield from Fields(name).compare(_query(one), _query(other), "?")
    yield from _lifecycle(one, other)


def _route(operation: Operation) -> tuple[str, str]:
    return operation.method, _PARAMETER.sub("{}", operation.path)


def _path(old: Reached, new: Reached) -> Move:
    verb = "poll" if new.operation.kind == "get" else "call"
    before, after = (f"{each.operation.method} {each.operation.path}" for each in (old, new))
    return Move(f"{verb} {after} instead of {before}", "refused")


def _availability(old: Reached, new: Reached) -> Move:
    says: Availability = new.operation.availability
    seen = f", as observed on {says.observed}" if says.observed else ""
    route = f"{new.title}'s {new.operation.method} {new.operation.path}"
    if says.state == "unavailable":
        return Move(f"do not count on it: {route} is documented and not served{seen}; {_reply(new)}", "refused")
    if says.state == "unverified":
        return Move(f"try it before you count on it: nobody has seen {route} answer")
    return Move(f"{route} is served{seen}")


def _reply(side: Reached) -> str:
    return f"it answers {answer(side.provider.error(side.provider.closed(side.operation)))}"


def _ids(old: Reached, new: Reached) -> Move:
    lost = [each for each in old.operation.ids if each not in new.operation.ids]
    if not lost:
        more = listing(each for each in new.operation.ids if each not in old.operation.ids)
        return Move(f"{new.title} also finds a task by its {more} id")
    taken = listing(new.operation.ids)
    return Move(f"ask by the {taken} id only: {new.title} does not take the {listing(lost)} id", "refused")


def _query(side: Reached) -> Field:
    """Return the query parameters as an object; those that page a list go by what they are for."""
    operation = side.operation
    roles = {operation.page: "page", operation.size: "size"}
    found = [each for each in operation.parameters if each["in"] == "query"]
    names = {each["name"]: roles.get(each["name"], each["name"]) for each in found}
    named = {each["name"]: {**each["schema"], "x-canonical-name": names[each["name"]]} for each in found}
    required = [each["name"] for each in found if each.get("required")]
    return Field(side.title, "", {"properties": named, "required": required})


def _lifecycle(one: Reached, other: Reached) -> Iterator[Difference]:
    mine, theirs = one.operation.lifecycle, other.operation.lifecycle
    if mine and theirs and mine.result != theirs.result:
        yield between(one.operation.id, "result", "lifecycle", (mine.result, theirs.result), (one, other), _result)
    if mine and theirs and mine.units != theirs.units:
        yield between(one.operation.id, "units", "lifecycle", (mine.units, theirs.units), (one, other), _units)


def _result(old: Reached, new: Reached) -> Move:
    return Move(f"expect results of the kind {_of(new).result}, not {_of(old).result}", response="lost")


def _units(old: Reached, new: Reached) -> Move:
    before, after = (_price(_of(side).units) for side in (old, new))
    if _of(new).units is None:
        return Move(f"what a result costs is {after} ({before} until now)")
    return Move(f"expect to pay {after} for a result ({before} until now)")


def _price(units: Any) -> str:
    return "not stated" if units is None else f"{units} units"


def _of(side: Reached) -> Any:
    return side.operation.lifecycle


def _base_url(old: Side, new: Side) -> Move:
    return Move(f"send requests to {listing(new[1].base_urls) or 'another host'}", "refused")


def _auth(auth: Auth) -> list[str]:
    return [name for name, taken in (("key", auth.key), ("hs256", auth.hs256)) if taken]


def _key(old: Side, new: Side) -> Move:
    kinds, had = _auth(new[1].auth), _auth(old[1].auth)
    lost = [each for each in had if each not in kinds]
    if not lost:
        return Move(f"{new[0]} also takes {listing(each for each in kinds if each not in had)}")
    return Move(f"authenticate by {listing(kinds) or 'nothing'}: {new[0]} does not take {listing(lost)}", "refused")


def _id_form(old: Side, new: Side) -> Move:
    form = f"{new[1].id_prefix!r} and {new[1].id_digits} digits" if new[1].id_prefix else f"{new[1].id_digits} digits"
    return Move(f"keep task ids as texts and leave room: {new[0]}'s have {form}")


def _expiry(old: Side, new: Side) -> Move:
    days, status = new[1].expiry.days, new[1].expiry.status
    if days is None:
        return Move(f"{new[0]} is not said to clear results")
    return Move(f"save results within {days:g} days: {new[0]} then answers HTTP {status}")
