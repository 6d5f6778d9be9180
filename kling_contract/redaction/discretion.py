"""What is told of a body: what the document knows is shown, and everything else that could be a secret is a mark."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from kling_contract.images import is_url
from kling_contract.redaction.broken import replaced_strings
from kling_contract.redaction.hiding import Hidden
from kling_contract.redaction.known import ANYTHING, Schema, fields_of, items_of
from kling_contract.redaction.marks import MARK, blank, marked
from kling_contract.redaction.names import LEAST, is_secret, is_word
from kling_contract.redaction.nested import DEEPEST, read_nested, written
from kling_contract.redaction.posted import replaced
from kling_contract.redaction.texts import hook, prose

Place = tuple[str | int, ...]

_KEY = re.compile(r"[\w.~+/=%-]{8,}")
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
_NOTHING = Hidden(())


class Discretion:
    """Decides what is shown. `known` are names that count at any place, `kept` those that a person wants to see.

    `words` are texts that the document itself says; `hidden` what is shown nowhere. Where it is not `strict`, names
    that nobody knows are shown too, unless they sound like a secret's. `callback` is the field that says whom to call.
    """

    most_items: int | None = None
    deepest = 100

    def __init__(
        self,
        known: Collection[str] = (),
        *,
        kept: Collection[str] = (),
        words: Collection[str] = (),
        hidden: Hidden = _NOTHING,
        strict: bool = True,
        callback: str | None = None,
    ) -> None:
        self._known, self._words, self._hidden, self._strict = frozenset(known), frozenset(words), hidden, strict
        self._kept, self._callback = frozenset(name.lower() for name in kept), callback

    def value(self, value: Any, schema: Schema, place: Place = ()) -> Any:
        """Return what is shown of a value that the document knows."""
        if isinstance(value, str):
            return self.text(value, schema, place)
        if len(place) > self.deepest:
            return "..."
        if isinstance(value, Mapping):
            return self._object(value, schema, place)
        if isinstance(value, list):
            items = items_of(schema)
            return [self.value(each, items, (*place, index)) for index, each in enumerate(value[: self.most_items])]
        return self.other(value)

    def _object(self, value: Mapping[Any, Any], schema: Schema, place: Place) -> dict[str, Any]:
        fields = fields_of(schema)
        opened = not self._strict or (not fields and schema.get("type") == "object")
        found: dict[str, Any] = {}
        for name, each in list(value.items())[: self.most_items]:
            below = (*place, name)
            if name in fields or name in self._known:
                shown = self.value(each, fields.get(name, {}), below)
            elif name.lower() in self._kept:
                shown = self.value(each, ANYTHING, below)
            elif is_secret(name):
                shown = blank(each)
            else:
                shown = self.value(each, ANYTHING, below) if opened else self.unknown(each, below)
            found[name if name in fields else self._name(name, found)] = shown
        return found

    def unknown(self, value: Any, place: Place) -> Any:
        """Return what is shown of a value whose name nobody knows: its form."""
        if len(place) > self.deepest:
            return "..."
        if isinstance(value, Mapping):
            return self._object(value, {}, place)
        if isinstance(value, list):
            return [self.unknown(each, (*place, index)) for index, each in enumerate(value[: self.most_items])]
        if isinstance(value, str):
            image = self.image(value, {}, place)
            return image if image is not None else value if value in self._words else marked(value)
        return marked(value)

    def _name(self, name: str, taken: Collection[str]) -> str:
        shown = self.name(name)
        if shown != MARK or shown not in taken:
            return shown
        return next(each for number in range(2, len(taken) + 3) if (each := f"{MARK[:-1]} {number}]") not in taken)

    def name(self, name: str) -> str:
        """Return what is shown of the name of a field, a header or a parameter."""
        if name in self._known or name.lower() in self._kept:
            return name
        return shown_name(name) if self._hidden.text(name) == name else MARK

    def text(self, text: str, schema: Schema, place: Place) -> Any:
        """Return what is shown of a text that the document knows; of an image, what it is."""
        if text in self._words or text in schema.get("enum", ()):
            return text
        if place == (self._callback,) and is_url(text):
            return self.fitted(hook(self.said(text)), text, schema)
        image = self.image(text, schema, place)
        return self.fitted(self.said(text), text, schema) if image is None else image

    def image(self, text: str, schema: Schema, place: Place) -> Any:
        """Return what is shown of a text that is an image; None for every other text."""
        return None

    def other(self, value: Any) -> Any:
        """Return what is shown of a value that is neither text, list nor object."""
        return value

    def said(self, text: str, depth: int = 0) -> str:
        """Return a text without secrets, and without those of the JSON that it may be."""
        inner = read_nested(text)
        if inner is not None:
            if depth >= DEEPEST:
                return MARK
            shown = self._nested(inner, depth + 1)
            return text if shown == inner else written(shown)
        return prose(self._hidden.text(text))

    def _nested(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.said(value, depth)
        if isinstance(value, Mapping):
            found: dict[str, Any] = {}
            for name, each in value.items():
                secret = is_secret(name) and name.lower() not in self._kept
                found[self._name(name, found)] = blank(each) if secret else self._nested(each, depth)
            return found
        return [self._nested(each, depth) for each in value] if isinstance(value, list) else value

    def fitted(self, shown: str, text: str, schema: Schema) -> str:
        """Return what is shown with the length of what was said, where the document asks for one."""
        if shown == text or not ("maxLength" in schema or "minLength" in schema):
            return shown
        return shown[: len(text)].ljust(len(text), "*")

    def posted(self, text: str, content_type: str, schema: Schema) -> str:
        """Return what is shown of a body that is no JSON: a form, broken JSON, or words."""
        shown = self.fielded(text, content_type, schema)
        return self.loose(text) if shown is None else shown

    def fielded(self, text: str, content_type: str, schema: Schema) -> str | None:
        """Return what is shown of a form or of broken JSON; None for what is neither."""
        known = fields_of(schema)

        def shows(name: str) -> bool:
            return name in known or self.is_shown(name)

        def named(name: str) -> str:
            return name if name in known else self.name(name)

        def show(name: str, value: str) -> str:
            return _blanked(self.said(value)) if shows(name) else str(blank(value))

        form = replaced(text, content_type, show, named)
        if form is not None:
            return self._hidden.text(form)
        strings = replaced_strings(
            text,
            lambda name, each: show(name, each) if shows(name) else stars(each),
            lambda name: name if named(name) == name else stars(name),
        )
        return None if strings is None else self._hidden.text(strings)

    def is_shown(self, name: str) -> bool:
        """Whether values are shown that have this name, wherever they stand."""
        return self.knows(name) or not (self._strict or is_secret(name))

    def knows(self, name: str) -> bool:
        """Whether a name is the document's, or one that is kept."""
        return name in self._known or name.lower() in self._kept

    def loose(self, text: str, *, whole: bool = True) -> str:
        """Return a text of which nobody knows what it is: words are shown, and what is none has its length.

        A `whole` text that is one word may be a key as any other.
        """
        if whole and self._strict and len(text) >= LEAST and not any(map(str.isspace, text)):
            return stars(text)
        return _KEY.sub(_starred, _blanked(prose(self._hidden.text(text))))


def stars(text: str) -> str:
    """Return as many stars as a text has bytes; what makes it no text, or no JSON, stays at its place."""
    return _STARRED.sub(_star, text)


_STARRED = re.compile(r"\\u(?:d[89a-f][0-9a-f]{2}|[0-9a-f]{4})|\\.|[^\x00-\x1f]", re.IGNORECASE | re.DOTALL)
_ESCAPED = '"\\/bfnrt'


def _star(found: re.Match[str]) -> str:
    sign = found[0]
    if "\udc80" <= sign <= "\udcff":
        return sign
    if len(sign) == 1:
        return "*" * len(sign.encode("utf-8", "surrogatepass"))
    if sign[:3].lower() == "\\ud" and sign[3].lower() > "7":
        return "\\ud800"
    return "*" * len(sign.encode("utf-8", "surrogatepass")) if sign[1] in _ESCAPED or len(sign) > 2 else "\\*"


def shown_name(name: str) -> str:
    """Return the name of something that no document knows, if it is a word."""
    return name if is_word(name) and not name.startswith(MARK[:-1]) and prose(name) == name else MARK


def _blanked(text: str) -> str:
    """Keep the length of what may be an image, so that what is wrong with the text is still at the same place."""
    return _RUN.sub(lambda run: "*" * len(run[0]), text)


def _starred(found: re.Match[str]) -> str:
    token = found[0]
    return token if is_word(token) or set(token) == {"*"} or MARK[1:-1] in token else stars(token)
