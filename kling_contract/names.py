"""Which field a name was meant for."""

from __future__ import annotations

import difflib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_CLOSE = 0.75
_LONGEST, _MOST = 64, 20  # characters of a name, and names: what a body has beyond that is no slip of the pen
_SIGNS = re.compile(r"[^0-9a-z]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def meant(
    name: str, known: Collection[str], given: Collection[str] = (), aliases: Mapping[str, str] = MappingProxyType({})
) -> str | None:
    """Return a hint that names the field that an unknown name was probably meant for, if there is one.

    That is a known one that is spelled like it, itself or by one of its `aliases` (of which each leads to a known one),
    or else its only twin: one with another first word, and not `given`.
    """
    if len(name) > _LONGEST:
        return None
    likeness = {each: closeness(name, each) for each in (*known, *aliases)}
    closest = max(likeness, key=likeness.__getitem__, default=None)
    if closest is not None and likeness[closest] >= _CLOSE:
        return f"did you mean {aliases.get(closest, closest)!r}?"
    twins = [each for each in known if each not in given and _are_twins(name, each)]
    return f"did you mean {twins[0]!r}?" if len(twins) == 1 else None


def known_as(name: str, properties: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the field that others, or earlier versions, call `name`; case, hyphens and underscores do not count."""
    plain = normal(name)
    if not plain:
        return None
    same = (own for own in properties if normal(own) == plain)
    others = (own for own, each in properties.items() if plain in map(normal, each.get("x-also-known-as", ())))
    return next(same, None) or next(others, None)


def aliases_of(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what others call fields -> the field."""
    return {alias: own for own, each in properties.items() for alias in each.get("x-also-known-as", ())}


def normal(name: str) -> str:
    """Return a name in small letters and digits alone; "" for one that is too long to be a slip of the pen."""
    return _SIGNS.sub("", name.lower()) if len(name) <= _LONGEST else ""


def renames(
    properties: Mapping[str, Mapping[str, Any]], required: Iterable[str], given: Collection[str]
) -> dict[str, str]:
    """Return the required fields that are missing under their own name -> the unknown names they probably have.

    A field's official name comes first, then one by which it is known, then the closest spelling, then the only twin.
    No name is taken twice.
    """
    missing = [name for name in required if name not in given]
    unknown = [name for name in given if name not in properties and len(name) <= _LONGEST][:_MOST]
    found: dict[str, str] = {}
    official = {name: str(properties.get(name, {}).get("x-canonical-name")) for name in missing}
    known = {name: known_as(name, properties) for name in unknown}
    pairs = [
        (3.0 if official[own] == name else 2.0 if known[name] == own else closeness(own, name), own, name)
        for own in missing
        for name in unknown
    ]
    for score, own, name in sorted(pairs, key=lambda pair: -pair[0]):
        if score >= _CLOSE and own not in found and name not in found.values():
            found[own] = name
    twins = [(own, name) for _, own, name in pairs if own not in found and name not in found.values()]
    twins = [pair for pair in twins if _are_twins(*pair)]
    return {**found, **dict(twins)} if len(twins) == 1 else found


def closeness(one: str, other: str) -> float:
    """Return from 0 to 1 how alike two names are in the words that differ; what cannot be close is 0."""
    left, right = _words(one), _words(other)
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    matcher = difflib.SequenceMatcher(None, "_".join(left), "_".join(right))
    may_be_close = matcher.real_quick_ratio() >= _CLOSE and matcher.quick_ratio() >= _CLOSE
    return matcher.ratio() if may_be_close else 0.0


def _are_twins(one: str, other: str) -> bool:
    left, right = _words(one), _words(other)
    return len(left) > 1 and len(right) > 1 and left[1:] == right[1:]


def _words(name: str) -> list[str]:
    return _HUMP.sub("_", name).lower().replace("-", "_").split("_")
