"""What a part of a document that breaks its JSON Schema is told: what is wrong, and all that is accepted."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from kling_contract.wording import did_you_mean, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_LONGEST = 300


def first(errors: Iterable[Any], schema: Mapping[str, Any]) -> tuple[list[str | int], str] | None:
    """Return where the most telling of a validator's errors is, and its words; None if there is no error.

    A misspelt key tells more than the one that is missing for it.
    """
    error = min(errors, key=lambda error: not _unexpected(error), default=None)
    if error is None:
        return None
    place = [*error.instance_path, *_unexpected(error)[:1]]
    return place, _WORDS.get(error.kind.name, _other)(error, _parent(schema, error))


def nearest(name: str, accepted: Iterable[str]) -> str:
    """Return the words that name the accepted value closest to `name`, or all that are accepted if none is close."""
    known = list(accepted)
    return did_you_mean(name, known) or f"accepted: {', '.join(map(str, known)) or 'none, since there is none'}"


def _unexpected(error: Any) -> list[str]:
    return list(getattr(error.kind, "unexpected", ()))


def _parent(schema: Mapping[str, Any], error: Any) -> Mapping[str, Any]:
    """Return the schema that the failed keyword stands in."""
    found: Any = schema
    for step in error.schema_path[:-1]:
        found = found[step]
    return found if isinstance(found, dict) else {}


def _key(error: Any, parent: Mapping[str, Any]) -> str:
    key = _unexpected(error)[0]
    names = [name for name in parent.get("properties", {}) if name != "$ref"]
    patterns = [f"names that match {pattern}" for pattern in parent.get("patternProperties", {})]
    return _with_hint(f"unknown key; accepted: {', '.join([*names, *patterns])}", key, names)


def _enum(error: Any, parent: Mapping[str, Any]) -> str:
    accepted = parent.get("enum", [parent.get("const")])
    listed = ", ".join(map(str, accepted))
    return _with_hint(f"{_shown(error.instance)} is not accepted; accepted: {listed}", error.instance, accepted)


def _required(error: Any, parent: Mapping[str, Any]) -> str:
    missing = error.kind.property
    strange = [key for key in error.instance if key not in parent.get("properties", {})]
    close = difflib.get_close_matches(missing, strange, n=1)
    return f"has no {missing}" + (f"; is {close[0]!r} meant to be it?" if close else "")


def _type(error: Any, parent: Mapping[str, Any]) -> str:
    accepted = parent.get("type", "something else")
    listed = " or ".join(accepted) if isinstance(accepted, list) else accepted
    found = type_of(error.instance)
    return f"is {'empty (null)' if found == 'null' else found} and must be {listed}"


def _pattern(error: Any, parent: Mapping[str, Any]) -> str:
    return f"{_shown(error.instance)} is not accepted; accepted: {parent.get('description', parent.get('pattern'))}"


def _few(error: Any, parent: Mapping[str, Any]) -> str:
    return "is empty"


def _other(error: Any, parent: Mapping[str, Any]) -> str:
    message = str(error.message)
    return message if len(message) < _LONGEST else message[:_LONGEST] + "..."


def _with_hint(text: str, found: Any, accepted: Iterable[Any]) -> str:
    hint = did_you_mean(found, accepted)
    return f"{text}; {hint}" if hint else text


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_WORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "additionalProperties": _key,
    "enum": _enum,
    "const": _enum,
    "minItems": _few,
    "minProperties": _few,
    "pattern": _pattern,
    "required": _required,
    "type": _type,
}
