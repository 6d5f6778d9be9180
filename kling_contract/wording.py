"""What a failed JSON Schema keyword says to a person: the message, and the nearest thing that is accepted."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from jsonschema_rs import is_valid

from kling_contract.names import normal, renames

_SHOWN = 80
_SECRETS = re.compile(r"(://)[^/\s]*@|\?\S*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,20})?")  # as JSON has numbers, of a length that can be read


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed keyword: the schema that has it, what stands in the body, and what surrounds that.

    `name` is the field's own name, `parent` the object that holds it. `missing` is a field that is required in it.
    """

    keyword: str
    schema: Mapping[str, Any]
    found: Any
    name: str
    missing: str | None
    parent: Mapping[str, Any]
    provider: str

    @property
    def limit(self) -> Any:
        """The value of the keyword."""
        return self.schema.get(self.keyword)

    @property
    def field(self) -> str:
        """The field's name, with its official one where the provider has its own."""
        return f"{self.name}{self.alias(self.schema)}"

    @property
    def known(self) -> Known:
        """Other words for the values of the field."""
        return dict(self.schema.get("x-values-also-known-as", {}))

    def alias(self, schema: Mapping[str, Any]) -> str:
        """Return, in brackets, the official name of a field that the provider renames."""
        canonical = schema.get("x-canonical-name")
        return f" ({self.provider}'s name for {canonical})" if canonical else ""


Words = tuple[str, str | None]
Known = Mapping[str, Iterable[Any]]


def words(failure: Failure) -> Words:
    """Return the message and the hint of a failed keyword."""
    return _WORDS.get(failure.keyword, _other)(failure)


def shown(value: Any) -> Any:
    """Return `value` as short JSON-ready data: numbers as numbers, long texts cut, containers by their size.

    Of a URL neither the credentials nor the query are shown, since either may hold a secret.
    """
    if isinstance(value, Decimal):
        number = float(value) if value.is_finite() else 0.0
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, str):
        text = _SECRETS.sub(_hidden, value) if "://" in value else value
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 20]}... ({len(value)} characters)"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"an object of {counted(len(value), 'key')}" if isinstance(value, Mapping) else value


def _hidden(secret: re.Match[str]) -> str:
    return f"{secret[1]}...@" if secret[1] else "?..."


def counted(count: float, unit: str, units: str = "") -> str:
    """Return a number of things; `units` is their plural where that is no `unit` with an s."""
    number = f"{count:g}" if isinstance(count, float) else count
    return f"{number} {unit}" if count == 1 else f"{number} {units or f'{unit}s'}"


def cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters, cut behind a word with an ellipsis; a longer word is cut itself."""
    if len(text) <= most:
        return text
    whole = text[:most].rpartition(" ")[0]
    return f"{(whole or text[: most - 1]).rstrip(' ,;:')}…"


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def did_you_mean(found: Any, accepted: Iterable[Any], known: Known = MappingProxyType({})) -> str | None:
    """Return a hint that names the accepted value closest to `found`, if one is close, and its type if that differs.

    `known` are the other words for an accepted value, which come before spelling; so does one that differs in case or
    hyphens alone.
    """
    spelt = {_spelt(each): each for each in accepted}
    word = _another_word(found, known)
    close = [word] if word else _same_letters(found, spelt) or difflib.get_close_matches(_spelt(found), spelt, n=1)
    if not close:
        return None
    value = spelt.get(close[0], close[0])
    kind = "" if type_of(value) in ("null", type_of(found)) else f" ({_with_article(type_of(value))})"
    return f"did you mean {_literal(value)}{kind}?"


def _another_word(found: Any, known: Known) -> str | None:
    """Return the value that `found` is another word for."""
    return next((value for value, words in known.items() if any(is_same_word(word, found) for word in words)), None)


def is_same_word(one: Any, other: Any) -> bool:
    """Whether two words for a value are one: of a text, case, hyphens and the like do not count."""
    if isinstance(one, str) and isinstance(other, str):
        return bool(normal(one)) and normal(one) == normal(other)
    return type_of(one) == type_of(other) and bool(one == other)


def _same_letters(found: Any, spelt: Iterable[str]) -> list[str]:
    return [text for text in spelt if isinstance(found, str) and is_same_word(text, found)][:1]


def _spelt(value: Any) -> str:
    return value if isinstance(value, str) else _literal(shown(value))


def _literal(value: Any) -> str:
    """Return a value as it stands in a sentence: a text in quotes, all else as JSON has it."""
    if isinstance(value, str):
        return repr(value)
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def _required(failure: Failure) -> Words:
    missing, properties = str(failure.missing), failure.schema.get("properties", {})
    known = renames(properties, failure.schema.get("required", ()), failure.parent)
    hint = f"rename {known[missing]} to {missing}" if missing in known else None
    return f"{missing} is required{failure.alias(properties.get(missing, {}))}", hint


def _type(failure: Failure) -> Words:
    accepted = failure.limit if isinstance(failure.limit, list) else [failure.limit]
    message = f"{failure.field} is {_with_article(type_of(failure.found))} and must be {_one_of(accepted)}"
    known = failure.known
    hint = _retyped(failure.schema, failure.found) or (did_you_mean(failure.found, (), known) if known else None)
    return message, hint


def _retyped(schema: Mapping[str, Any], found: Any) -> str | None:
    """Return the hint to write a text as a number or boolean, or a number as a text, if the schema accepts that."""
    if isinstance(found, str):
        if found in ("true", "false"):
            return f"send {found} without quotes" if is_valid(dict(schema), found == "true") else None
        number = Decimal(found) if _NUMBER.fullmatch(found) else None
        return f"send {found} without quotes" if number is not None and is_valid(dict(schema), number) else None
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        return None
    return f'send "{found}" as a text' if is_valid(dict(schema), str(found)) else None


def _with_article(kind: str) -> str:
    return kind if kind == "null" else f"{'an' if kind[0] in 'aio' else 'a'} {kind}"


def _one_of(names: list[Any]) -> str:
    return " or ".join(_with_article(str(name)) for name in names)


def _enum(failure: Failure) -> Words:
    accepted = failure.limit if failure.keyword == "enum" else [failure.limit]
    listed = ", ".join(map(_literal, accepted))
    hint = did_you_mean(failure.found, accepted, failure.known)
    found = shown(failure.found)
    told = found if isinstance(failure.found, list | Mapping) else _literal(found)
    return f"{failure.field} value {told} is not accepted; accepted: {listed}", hint


def _beyond(word: str) -> Callable[[Failure], Words]:
    def say(failure: Failure) -> Words:
        return f"{failure.field} is {shown(failure.found)}, {word} {failure.limit}", f"the nearest is {failure.limit}"

    return say


def _length(unit: str, word: str) -> Callable[[Failure], Words]:
    def say(failure: Failure) -> Words:
        size = len(failure.found)
        return f"{failure.field} has {counted(size, unit)}, {word} {failure.limit}", None

    return say


def _pattern(failure: Failure) -> Words:
    examples = failure.schema.get("examples", ())
    hint = f"such as {_literal(examples[0])}" if examples else None
    meaning = failure.schema.get("x-pattern-means")
    wanted = f"must be {meaning}" if meaning else f"must match {failure.limit}"
    return f"{failure.field} is {shown(failure.found)!r} and {wanted}", hint


def _other(failure: Failure) -> Words:
    return f"{failure.field} does not satisfy {failure.keyword}", None


_WORDS: Mapping[str, Callable[[Failure], Words]] = {
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "minimum": _beyond("below the minimum of"),
    "maximum": _beyond("above the maximum of"),
    "exclusiveMinimum": _beyond("not above"),
    "exclusiveMaximum": _beyond("not below"),
    "minLength": _length("character", "fewer than the minimum of"),
    "maxLength": _length("character", "more than the maximum of"),
    "minItems": _length("item", "fewer than the minimum of"),
    "maxItems": _length("item", "more than the maximum of"),
    "pattern": _pattern,
}
