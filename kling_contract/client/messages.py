"""What an error answer says to people, and its code and request id: where the rows of its document have theirs.

A row may write out the text that was seen, and the provider say another there; an answer of no known row has its text
at the same place. Places of `$message` come first, then those where some row has a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kling_contract.documents import ErrorRow

Place: TypeAlias = tuple[str | int, ...]
_Found: TypeAlias = dict[Place, set[str]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a document have what they say, with what stands there.

    `words` are texts in which no row has a sentence, `constants` what a row must have, as a code is.
    """

    messages: _Found = field(default_factory=dict)
    sentences: _Found = field(default_factory=dict)
    words: _Found = field(default_factory=dict)
    constants: _Found = field(default_factory=dict)
    traces: _Found = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[ErrorRow]) -> Places:
        """Return the places of some rows; those that are not JSON have none."""
        places = cls()
        for row in rows:
            for place, leaf in _leaves(row.body.template) if row.is_json else ():
                places._kind(leaf).setdefault(place, set()).add(str(leaf))
        return places

    def text(self, body: Any) -> str:
        """Return the provider's text; "" where there is none."""
        words = (place for place in self.words if place not in self.constants)
        found = (*_texts(body, [*self.messages, *self.sentences]), *_usual(body), *_texts(body, words))
        return next(iter(found), "")

    def code(self, body: Any) -> Any:
        """Return the code: under its usual names, else where the rows have what tells them apart; None without one."""
        usual = _usual_code(body)
        if usual is not None:
            return usual
        varied = (place for place, values in self.constants.items() if len(values) > 1)
        told = (_at(body, place) for place in varied if place not in self.messages and place not in self.sentences)
        return next((each for each in told if _is_code(each)), None)

    def trace(self, body: Any) -> str | None:
        """Return the request id; None where there is none."""
        return next(iter(_texts(body, [*self.traces, ("request_id",)])), None)

    def _kind(self, leaf: Any) -> _Found:
        """Return the places to which one of a template's ends belongs."""
        if not isinstance(leaf, str):
            return self.constants if _is_code(leaf) or isinstance(leaf, Mapping) else {}
        if "$message" in leaf:
            return self.messages
        if leaf == "$request_id":
            return self.traces
        return self.sentences if " " in leaf else self.words if leaf and not leaf.startswith("$") else {}


def sentence(body: Any) -> str:
    """Return the longest text of a body that has more than one word, wherever it stands; "" where none has."""
    found = [leaf for _, leaf in _leaves(body) if isinstance(leaf, str) and " " in leaf.strip()]
    return cut(max(found, key=len, default=""))


def cut(text: str) -> str:
    """Return a text that fits in a message."""
    return text if len(text) <= 200 else text[:200] + "..."


def _leaves(node: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield whatever is no object or list, and where it stands; a constant of a template is one too."""
    if isinstance(node, Mapping) and "$equals" not in node:
        for key, each in node.items():
            yield from _leaves(each, (*place, key))
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from _leaves(each, (*place, index))
    else:
        yield place, node


def _texts(body: Any, places: Iterable[Place]) -> list[str]:
    found = (_at(body, place) for place in places)
    return [each for each in found if isinstance(each, str) and each.strip()]


def _usual(body: Any) -> list[str]:
    """Return the texts under the names that almost every API has for them, or the whole of a body that is a text."""
    if isinstance(body, str):
        return [cut(body)] if body else []
    return _texts(body, [("message",), ("error", "message"), ("error",)])


def _usual_code(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    code = body.get("code", error.get("code") if isinstance(error, Mapping) else None)
    return None if code == "" else code


def _is_code(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _at(body: Any, place: Sequence[str | int]) -> Any:
    for step in place:
        if isinstance(step, str):
            body = body.get(step) if isinstance(body, Mapping) else None
        else:
            body = body[step] if isinstance(body, list) and step < len(body) else None
    return body
