"""Envelopes: one template of an answer, rendered by the mock and matched by the client.

    {code: 0, message: SUCCEED, request_id: $request_id, data: {task_id: $id, task_status: $status, ...}}

In a template
    $name                a value; an absent one leaves its key out. `_ms`, `_s` and `_iso` at the end of a name are
                         three ways to write the same time
    "text $name text"    a text with values in it
    {$each: name, item}  one item for each value of a list
    {$equals: x}         renders as x, and must be there for an answer to match; `$name` in it stands for any text
    anything else        renders as itself. A number, boolean or null must be equal for an answer to match;
                         a text need not be (providers send "success" and "SUCCEED" by turns)

`ANSWER_NAMES` are the names that an answer may use, `ERROR_NAMES` those that a row of `x-errors` may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kling_contract.errors import Portable

_TIMES = frozenset(f"{time}_{unit}" for time in ("created", "updated") for unit in ("ms", "s", "iso"))
_TASK = frozenset({"id", "status", "external_id", "reason", "units", "images", "videos"})
_RESULT = frozenset({"index", "url", "result_id", "duration"})
ANSWER_NAMES = _TIMES | _TASK | _RESULT | {"request_id", "tasks"}
ERROR_NAMES = frozenset({"request_id", "message", "field", "found", "id", "model", "limit"})

Values = Mapping[str, Any]
_Render = Callable[[Values], Any]

_ABSENT: Any = object()
_VARIABLE = re.compile(r"\$([a-z][a-z0-9_]*)")
_TIME = re.compile(r"(.+)_(s|iso)$")
_LATEST = 10**11  # seconds; the year 5138


class Mismatch(Portable, Exception):
    """An answer that is not made after the template; `pointer` says where they part."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        super().__init__(f"{pointer or '/'}: {message}")


class Envelope:
    """One template, compiled once. `statuses` maps each canonical status to the provider's word."""

    def __init__(self, template: Any, statuses: Mapping[str, str] | None = None) -> None:
        self.template = template
        self._words = dict(statuses or {})
        self._canonical = {word: status for status, word in self._words.items()}
        self._render = _renderer(template, self._words)
        self.constants = sum(_constants(template))

    def render(self, values: Values) -> Any:
        """Return the body that says `values`."""
        rendered = self._render(values)
        return None if rendered is _ABSENT else rendered

    def match(self, body: Any) -> dict[str, Any]:
        """Return the values that `body` says. Raises `Mismatch` where a constant differs or the shape does.

        A status word is translated back; one that no status has is kept as `unknown_status`.
        """
        values: dict[str, Any] = {}
        self._match(self.template, body, "", values)
        return values

    def equal_texts(self, body: Any) -> int:
        """Return how many texts of the template, besides constants, stand in `body` as they are."""
        return _equal_texts(self.template, body)

    def _match(self, template: Any, body: Any, pointer: str, values: dict[str, Any]) -> None:
        if isinstance(template, dict):
            self._match_object(template, body, pointer, values)
        elif isinstance(template, str):
            self._match_text(template, body, values)
        elif isinstance(template, list):
            self._match_list(template, body, pointer, values)
        elif body is not template and (body != template or type(body) is not type(template)):
            raise Mismatch(pointer, f"{_short(body)} instead of {_short(template)}")

    def _match_object(self, template: dict[str, Any], body: Any, pointer: str, values: dict[str, Any]) -> None:
        if "$each" in template:
            self._match_each(template, body, pointer, values)
        elif "$equals" in template:
            expected = template["$equals"]
            if not (isinstance(body, str) and _fits(str(expected), body)):
                raise Mismatch(pointer, f"{_short(body)} instead of {_short(expected)}")
        elif body is None and not any(_constants(template)):
            return  # Some write null for what is not there yet.
        elif not isinstance(body, dict):
            raise Mismatch(pointer, f"{_short(body)} instead of an object")
        else:
            for key, part in template.items():
                if key in body:
                    self._match(part, body[key], f"{pointer}/{key}", values)
                elif any(_constants(part)):
                    raise Mismatch(f"{pointer}/{key}", "is missing")

    def _match_text(self, template: str, body: Any, values: dict[str, Any]) -> None:
        variable = _VARIABLE.fullmatch(template)
        if variable is None or body is None:
            return
        name = variable.group(1)
        if name == "status":
            word = self._canonical.get(body) if self._canonical and isinstance(body, str) else body
            values["status" if word is not None else "unknown_status"] = body if word is None else word
        else:
            name, value = _read_time(name, body)
            values[name] = value

    def _match_list(self, template: list[Any], body: Any, pointer: str, values: dict[str, Any]) -> None:
        if not isinstance(body, list) or len(body) < len(template):
            raise Mismatch(pointer, f"{_short(body)} instead of a list of {len(template)}")
        for index, part in enumerate(template):
            self._match(part, body[index], f"{pointer}/{index}", values)

    def _match_each(self, template: dict[str, Any], body: Any, pointer: str, values: dict[str, Any]) -> None:
        if body is None:
            return
        if not isinstance(body, list):
            raise Mismatch(pointer, f"{_short(body)} instead of a list")
        items: list[dict[str, Any]] = []
        for index, item in enumerate(body):
            found: dict[str, Any] = {}
            self._match(template["item"], item, f"{pointer}/{index}", found)
            items.append(found)
        values[template["$each"]] = items


def fill(text: str, values: Values) -> str:
    """Return `text` with each `$name` in it replaced."""
    return _VARIABLE.sub(lambda found: str(values.get(found.group(1), found.group(0))), text)


def names_in(template: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each name of a value in a template, and where it stands."""
    if isinstance(template, str):
        yield from ((pointer, name) for name in _VARIABLE.findall(template))
    elif isinstance(template, list):
        for index, part in enumerate(template):
            yield from names_in(part, (*pointer, index))
    elif isinstance(template, dict):
        for key, part in template.items():
            if key == "$each":
                yield (*pointer, key), str(part)
            else:
                yield from names_in(part, (*pointer, key))


def _renderer(template: Any, words: Mapping[str, str]) -> _Render:
    if isinstance(template, dict):
        if "$equals" in template:
            return _renderer(template["$equals"], words)
        if "$each" in template:
            return _each(template["$each"], _renderer(template["item"], words))
        return _object({key: _renderer(part, words) for key, part in template.items()})
    if isinstance(template, list):
        parts = [_renderer(part, words) for part in template]
        return lambda values: [part(values) for part in parts]
    if isinstance(template, str) and "$" in template:
        return _text(template, words)
    return lambda values: template


def _text(template: str, words: Mapping[str, str]) -> _Render:
    variable = _VARIABLE.fullmatch(template)
    if variable is None:
        return lambda values: fill(template, values)
    name = variable.group(1)
    if name == "status" and words:
        return lambda values: words[values["status"]]
    time = _TIME.fullmatch(name)
    if time is not None:
        return _time(f"{time.group(1)}_ms", time.group(2))
    return lambda values: _ABSENT if (value := values.get(name)) is None else value


def _time(name: str, unit: str) -> _Render:
    def render(values: Values) -> Any:
        value = values.get(name)
        if value is None:
            return _ABSENT
        return value // 1000 if unit == "s" else datetime.fromtimestamp(value / 1000, UTC).isoformat()

    return render


def _read_time(name: str, body: Any) -> tuple[str, Any]:
    time = _TIME.fullmatch(name)
    if time is None:
        return name, body
    return f"{time.group(1)}_ms", _from_seconds(body) if time.group(2) == "s" else _from_iso(body)


def _from_seconds(body: Any) -> int | None:
    if not isinstance(body, int | float | Decimal) or isinstance(body, bool):
        return None
    seconds = Decimal(str(body))
    return int(seconds * 1000) if seconds.is_finite() and abs(seconds) < _LATEST else None


def _from_iso(body: Any) -> int | None:
    """Read a time without a zone as UTC, so that no machine's own zone matters."""
    try:
        time = datetime.fromisoformat(body)
    except (TypeError, ValueError):
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _object(parts: dict[str, _Render]) -> _Render:
    items = tuple(parts.items())

    def render(values: Values) -> dict[str, Any]:
        rendered = {}
        for key, part in items:
            value = part(values)
            if value is not _ABSENT:
                rendered[key] = value
        return rendered

    return render


def _each(name: str, item: _Render) -> _Render:
    def render(values: Values) -> Any:
        found = values.get(name)
        return _ABSENT if found is None else [item(each) for each in found]

    return render


def _constants(template: Any) -> list[bool]:
    """Return one True for each constant that an answer must have."""
    if isinstance(template, dict):
        if "$equals" in template:
            return [True]
        return [] if "$each" in template else [each for part in template.values() for each in _constants(part)]
    if isinstance(template, list):
        return [each for part in template for each in _constants(part)]
    return [] if isinstance(template, str) else [True]


def _equal_texts(template: Any, body: Any) -> int:
    if isinstance(template, dict) and isinstance(body, dict):
        return sum(_equal_texts(part, body.get(key)) for key, part in template.items())
    return int(isinstance(template, str) and template == body)


def _fits(expected: str, text: str) -> bool:
    """Whether a text is as expected, with anything in place of each `$name`: looked for once, from left to right."""
    first, *rest = _VARIABLE.split(expected)[::2]
    if not rest:
        return text == first
    at = len(first) if text.startswith(first) else -1
    for piece in rest[:-1]:
        found = text.find(piece, at) if at >= 0 else -1
        at = found + len(piece) if found >= 0 else -1
    return at >= 0 and len(text) - len(rest[-1]) >= at and text.endswith(rest[-1])


def _short(value: Any) -> str:
    """Return the beginning of a value as JSON has it, a text in single quotes."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
