"""Statements about the fields of one object: what stands where, and what each of them is.

A statement is True, False, or a tuple: `("has", path)`, `("is", path, keyword, argument as JSON)`, `("not", one)`,
`("all", ...)` or `("some", ...)`. Equal statements are equal tuples, so they are keys.
"""

from __future__ import annotations

import functools
import json
import operator
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Path: TypeAlias = tuple[str, ...]
Fact: TypeAlias = tuple[Any, ...]
Statement: TypeAlias = bool | Fact


def has(path: Path) -> Statement:
    """Return that a field is there; the body itself always is."""
    return ("has", path) if path else True


def fits(path: Path, keyword: str, argument: Any) -> Statement:
    """Return that the value of a field satisfies one keyword of JSON Schema."""
    return ("is", path, keyword, json.dumps(argument))


def is_object(path: Path) -> Statement:
    """Return that what stands there is an object."""
    return fits(path, "type", "object")


def negated(one: Statement) -> Statement:
    """Return the opposite."""
    if isinstance(one, bool):
        return not one
    return one[1] if one[0] == "not" else ("not", one)


def every(parts: Iterable[Statement]) -> Statement:
    """Return that all parts are so."""
    return _joined("all", parts, neutral=True)


def some(parts: Iterable[Statement]) -> Statement:
    """Return that at least one part is so."""
    return _joined("some", parts, neutral=False)


def one_of(parts: Iterable[Statement]) -> Statement:
    """Return that exactly one part is so."""
    known = list(parts)
    return every([some(known), *(negated(every(pair)) for pair in combinations(known, 2))])


def implied(condition: Statement, consequence: Statement) -> Statement:
    """Return that where the condition is so, the consequence is too."""
    return some([negated(condition), consequence])


def _joined(kind: str, parts: Iterable[Statement], *, neutral: bool) -> Statement:
    found: dict[Statement, None] = {}
    for part in parts:
        if isinstance(part, bool):
            if part is not neutral:
                return part
        elif part[0] == kind:
            found.update(dict.fromkeys(part[1:]))
        else:
            found[part] = None
    return neutral if not found else next(iter(found)) if len(found) == 1 else (kind, *found)


def settled(one: Statement, known: Mapping[Statement, bool]) -> Statement:
    """Return what is left to be seen of a statement, once some facts are known."""
    if isinstance(one, bool):
        return one
    if one[0] in ("has", "is"):
        return known.get(one, one)
    before = one[1:]
    parts = [settled(part, known) for part in before]
    if all(map(operator.is_, parts, before)):
        return one  # most facts are about few statements
    return negated(parts[0]) if one[0] == "not" else every(parts) if one[0] == "all" else some(parts)


def asked(statements: Iterable[Statement]) -> dict[Path, list[Fact]]:
    """Return each `has` and `is` that statements are about, by path."""
    found: dict[Path, dict[Fact, None]] = {}
    for statement in statements:
        for fact in _facts(statement):
            found.setdefault(fact[1], {})[fact] = None
    return {path: list(each) for path, each in found.items()}


@functools.lru_cache(maxsize=4096)  # plans of one space differ in few of their statements
def _facts(one: Statement) -> tuple[Fact, ...]:
    if isinstance(one, bool):
        return ()
    return (one,) if one[0] in ("has", "is") else tuple(fact for part in one[1:] for fact in _facts(part))
