"""What is shown of JSON and of other bodies in a copy: what the document knows, and a digest of each image."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kling_contract.images import describe, is_url
from kling_contract.reading import pointer_to
from kling_contract.redaction import Discretion, blank, fields_of, items_of

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from kling_contract.reading import Place

_LEAST_IMAGE = 200  # characters of base64; nothing shorter is looked into outside an image field
_PAIR = 2  # items of a list that is a name and its value


class Bodies(Discretion):
    """What is shown of JSON, with a digest in the place of each image; `places` has those of image fields."""

    def __init__(self, known: Collection[str] = (), **options: Any) -> None:
        super().__init__(known, **options)
        self.places: dict[str, dict[str, Any]] = {}

    def image(self, text: str, schema: Mapping[str, Any], place: Place) -> str | None:
        """Return the digest of an image; None for every other text."""
        if text and "x-image" in schema and not is_url(text):
            digest = f"[image {_in_words(text)}]"
            self.places[pointer_to(place)] = {"pointer": pointer_to(place), "image": digest, "violations": []}
            return digest
        if len(text) >= _LEAST_IMAGE and describe(text).get("type", "unknown") != "unknown":
            return f"[image {_in_words(text)}]"
        return None

    def other(self, value: Any) -> Any:
        """Return what is shown of bytes."""
        return {"!binary": self.binary(value, "", {})} if isinstance(value, bytes) else value

    def binary(self, data: bytes, content_type: str, schema: Mapping[str, Any]) -> str:
        """Return bytes as base64; what stands in them as plain text is redacted as a text is."""
        text = data.decode("utf-8", "surrogateescape")
        shown = self.fielded(text, content_type, schema)
        shown = self.loose(text, whole=False) if shown is None else shown
        return b64encode(shown.encode("utf-8", "surrogateescape")).decode()


class UnknownForms(Bodies):
    """What is shown of a form that nobody knows: the names and values of fields, in whatever they are wrapped."""

    def value(self, value: Any, schema: Mapping[str, Any], place: Place = ()) -> Any:
        """Return what is shown of a value; a list of two may be a name and its value."""
        if isinstance(value, list) and len(value) == _PAIR and isinstance(value[0], str):
            return [self.name(value[0]), self._of(value[0], value[1], schema, place)]
        if isinstance(value, Mapping) and {"name", "value"} <= value.keys() and isinstance(value["name"], str):
            rest = {name: each for name, each in value.items() if name != "value"}
            shown: dict[str, Any] = super().value(rest, schema, place)
            return {**shown, "value": self._of(value["name"], value["value"], schema, place)}
        return super().value(value, schema, place)

    def _of(self, name: str, value: Any, schema: Mapping[str, Any], place: Place) -> Any:
        known = fields_of(schema)
        if name in known or self.knows(name):
            return self.value(value, known.get(name, {}), (*place, name))
        return blank(value)

    def said(self, text: str, depth: int = 0) -> str:
        """Return what is shown of a text, which may be a form of its own."""
        shown = self.fielded(text, "", {})
        return self.loose(text, whole=False) if shown is None else shown


def _in_words(text: str) -> str:
    about = describe(text)
    if "type" in about:
        return "{type} {width}x{height} {bytes} bytes sha256:{sha256}".format_map(about)
    return f"of {len(text)} characters, sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def names_of(provider: Provider, operation: Operation) -> Collection[str]:
    """Return the names of the fields that the document gives to requests, answers and errors."""
    found: Collection[str] | None = operation.memo.get(names_of)
    if found is None:
        found = operation.memo[names_of] = frozenset(_names(provider, operation))
    return found


def _names(provider: Provider, operation: Operation) -> Iterator[str]:
    yield from operation.properties
    yield from _keys(operation.envelope.template)
    for row in provider.errors.values():
        yield from _keys(row.body.template)
    for answer in operation.responses.values():
        for kind in answer.get("content", {}).values():
            yield from _properties(kind.get("schema", {}))


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        fields = fields_of(schema)
        yield from fields
        for each in (*fields.values(), items_of(schema)):
            yield from _properties(each) if each else ()


def _keys(template: Any) -> Iterator[str]:
    for key, part in template.items() if isinstance(template, Mapping) else ():
        yield str(key)
        yield from _keys(part)
