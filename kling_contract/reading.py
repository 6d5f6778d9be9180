"""From bytes to JSON to compute with: what cannot be read, and numbers and depths that nobody should compute with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

from kling_contract.errors import Violation

DIGITS, EXPONENT, DEPTH = 40, 40, 64
VALUES = 100_000  # of one JSON text; the largest that is documented has a few hundred
MOST_REMARKS = 50  # that are listed of one kind; the last line says how many more there are

Place: TypeAlias = tuple[str | int, ...]

_WINDOW = 4096  # bytes, in which quotes are counted one by one
_FEW = 65_536  # bytes, which cannot hold too many values
_DEEPEST = 1000  # levels, about, that the parser reads
_LONGEST_NAME = 200  # characters of a name in a pointer
_MORE = "remarks.more"

_UTF8_HINT = "send UTF-8 without a byte order mark"


def _number(text: str) -> float | Decimal:
    """Return a number that `repr` writes as it was written, as a float if it can be one.

    Two decimals of at most 15 digits are never the same float, so the shortest text of each is its own.
    """
    return float(text) if len(text) <= 16 and "e" not in text and "E" not in text else Decimal(text)


_DECIMALS = msgspec.json.Decoder(float_hook=Decimal)
_NUMBERS = msgspec.json.Decoder(float_hook=_number)


def parse(data: bytes, *, decimals: bool = True) -> tuple[Any, list[Violation]]:
    """Return the JSON in `data` and what is wrong with it.

    Numbers with a point are the decimals that were written; without `decimals` those that a float writes in the same
    way are floats, which are faster to check. Rules: `json.malformed` (cut off, not UTF-8, NaN, a lone surrogate,
    ...), `json.depth`, `json.values` (more than a hundred thousand), `number.precision`.
    """
    if len(data) > _FEW and (count := _values_in(data)) > VALUES:
        return None, [_too_many(count)]
    try:
        return (_DECIMALS if decimals else _NUMBERS).decode(data), []
    except RecursionError:
        return None, [_too_deep(())]
    except (msgspec.ValidationError, InvalidOperation):
        return None, [_imprecise(())]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, [_malformed(data, error)]


def listed(remarks: Sequence[Violation], more: int = 0) -> list[Violation]:
    """Return the first fifty remarks, and one that says how many there are besides, `more` of them not among these."""
    own = [each for each in remarks if each.rule != _MORE]
    more += len(own[MOST_REMARKS:]) + sum(each.found for each in remarks if each.rule == _MORE)
    rest = [Violation("", _MORE, f"and {more:,} more", more)] if more else []
    return [*own[:MOST_REMARKS], *rest]


def _values_in(data: bytes) -> int:
    """Return about how many values of a JSON text would be read: no parser goes on where one is nested without end."""
    commas = _count(data, b",")
    return commas + min(_count(data, b"[") + _count(data, b"{"), _DEEPEST * (commas + 1))


def _too_many(count: int) -> Violation:
    message = f"the body has some {count:,} values, and none is read that has more than {VALUES:,}"
    return Violation("", "json.values", message, count, "send what the operation asks for")


def repeated(data: bytes, body: Any) -> list[Violation]:
    """Return a note (`json.duplicate`) on each key that an object in `data` has more than once.

    `body` is what `parse` made of it, which keeps the last one. Quotes are counted first, since a key that was dropped
    leaves more of them in the text than the body has: that costs a hundredth of reading the text once more.
    """
    try:
        if _quotes_in(data) == _quotes_of(body):
            return []
        node = json.loads(data, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        return list(_repeats(node, ()))
    except RecursionError:
        return []


class _Pairs(list[tuple[str, Any]]):
    """An object with all that was written in it."""


def _quotes_in(data: bytes) -> int:
    """Count the quotes that a JSON text says, written out or escaped."""
    return _count(data, b'"') + _count(data, b"\\u0022")


def _count(data: bytes, sign: bytes) -> int:
    """Count a sign; a long stretch without its first byte, as base64 is, is passed over at the speed of memory."""
    found, at = 0, data.find(sign[:1])
    while at >= 0:
        end = at + _WINDOW
        found += data.count(sign, at, end + len(sign) - 1)
        at = data.find(sign[:1], end)
    return found


def _quotes_of(node: Any) -> int:
    """Return how many quotes there are in a text that says a body."""
    if type(node) is str:
        return 2 + (node.count('"') if '"' in node else 0)
    if type(node) is list:
        return sum(map(_quotes_of, node))
    return sum(map(_quotes_of, (*node, *node.values()))) if type(node) is dict else 0


def _repeats(node: Any, place: Place) -> Iterator[Violation]:
    if isinstance(node, _Pairs):
        for key, times in Counter(key for key, _ in node).items():
            if times > 1:
                message = f"{key[:_WINDOW]} is given {times} times in one object; the last one counts"
                yield Violation(pointer_to((*place, key)), "json.duplicate", message, times, "give it once")
    if isinstance(node, list):
        inner = node if isinstance(node, _Pairs) else enumerate(node)
        for step, value in inner:
            yield from _repeats(value, (*place, step))


def unreadable(body: Any) -> dict[Place, Violation]:
    """Return what makes a body no JSON to compute with, by place: numbers too long, NaN, nesting without end."""
    return {} if type(body) is dict and _is_plain(body) else dict(_scan(body, ()))


def without(node: Any, places: Mapping[Place, Any], at: Place = ()) -> Any:
    """Return a copy of a body with null at `places`."""
    if at in places:
        return None
    if isinstance(node, Mapping):
        return {key: without(value, places, (*at, key)) for key, value in node.items()}
    if isinstance(node, list):
        return [without(value, places, (*at, index)) for index, value in enumerate(node)]
    return node


def pointer_to(place: Sequence[str | int]) -> str:
    """Return the JSON pointer of a place in a body."""
    return "".join("/" + _step(step).replace("~", "~0").replace("/", "~1") for step in place)


def _step(step: str | int) -> str:
    """Return a step as a text; a name may be as long as the body, and stands in every remark."""
    text = str(step)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."


def _malformed(data: bytes, error: Exception) -> Violation:
    encoding = json.detect_encoding(data)
    if not data:
        return Violation("", "json.malformed", "the body is empty", None, "send a JSON object")
    if encoding == "utf-8-sig":
        return Violation("", "json.malformed", "the body begins with a byte order mark", None, _UTF8_HINT)
    if encoding != "utf-8":
        message = f"the body is {encoding[:6].upper()} and must be UTF-8"
        return Violation("", "json.malformed", message, None, _UTF8_HINT)
    return Violation("", "json.malformed", f"the body is not JSON: {_not_utf8(data) or error}")


def _not_utf8(data: bytes) -> str | None:
    """Name the first byte that is not UTF-8, counted from the start of the body and not of the text it stands in."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8: {error.reason}"
    return None


def _is_plain(body: dict[Any, Any]) -> bool:
    """Whether all values are at first sight nothing to refuse. A float has 17 digits at most."""
    for value in body.values():
        kind = type(value)
        if kind is float or kind is int:
            if value and not 1e-20 < abs(value) < 1e20:
                return False
        elif kind is not str and kind is not bool:
            return False
    return True


def _scan(node: Any, place: Place) -> Iterator[tuple[Place, Violation]]:
    if len(place) > DEPTH:
        yield place[:2], _too_deep(place[:2])
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if type(value) is not str:
                yield from _scan(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _scan(value, (*place, index))
    elif _is_imprecise(node):
        yield place, _imprecise(place, node)


def _too_deep(place: Place) -> Violation:
    subject = "" if place else "the body is "
    return Violation(pointer_to(place), "json.depth", f"{subject}nested deeper than {DEPTH} levels")


def _is_imprecise(value: Any) -> bool:
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        parts = value.as_tuple()
        return not isinstance(parts.exponent, int) or len(parts.digits) > DIGITS or abs(parts.exponent) > EXPONENT
    return isinstance(value, int) and abs(value) >= 10**DIGITS


def _imprecise(place: Place, value: Any = None) -> Violation:
    message = f"a number must be finite, with at most {DIGITS} significant digits and an exponent within {EXPONENT}"
    found = None if value is None else _written(value)
    return Violation(pointer_to(place), "number.precision", message, found, _nearest(value))


def _written(value: Any) -> str | None:
    """Return the beginning of a number as a text; Python writes no whole number of more than 4300 digits."""
    try:
        text = str(value)
    except ValueError:
        return None
    return text if len(text) <= DIGITS else f"{text[:DIGITS]}... ({len(text)} characters)"


def _nearest(value: Any) -> str:
    if isinstance(value, float | Decimal) and not Decimal(value).is_finite():
        return "JSON has neither NaN nor infinity; leave the field out"
    return f"round it to fewer digits, between 1e-{EXPONENT} and 1e{EXPONENT}"
