"""From a call's fields to the body of its request: canonical names in, the provider's names and types out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract.client.explanations import explained, official_place
from kling_contract.contract import check_request
from kling_contract.errors import ContractViolation, Violation
from kling_contract.images import encode
from kling_contract.names import known_as, meant

if TYPE_CHECKING:
    from kling_contract.documents import Operation

_IMAGE = (str, bytes, bytearray, memoryview, os.PathLike)
_UNREADABLE = "?"
_JSON = msgspec.json.Encoder(decimal_format="number")


def build_request(operation: Operation, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that says `fields`, by the provider's names and types.

    `fields` go by their canonical names. An image is a path, bytes, a URL or base64, and is read here. None means
    absent, and so does "" or [] where the document says so (`blank`). An integer becomes a text where the provider
    wants one. Raises `ContractViolation` with every violation, unknown names (`field.unknown`) included: pointers are
    the provider's, hints go by canonical names. Raises OSError for an image that cannot be read, which names the field.
    """
    own = {canonical: name for name, canonical in operation.canonicals.items()}
    given = {name: value for name, value in fields.items() if not operation.means_absent(own.get(name, name), value)}
    translation = _Translation(operation)
    body = translation.fields(operation.request or {}, given, "")
    violations = check_request(operation, body)
    if violations or translation.found:
        known = {violation.pointer for violation in translation.found}
        others = [each for each in violations if each.pointer not in known]
        raise ContractViolation(operation.id, translation.found + explained(operation, others, translation.texts))
    return body


def to_json(body: Mapping[str, Any]) -> bytes:
    """Return the body as JSON, each number as it was written: 0.1 as 0.1, a Decimal as a number."""
    return _JSON.encode(body)


@dataclass(frozen=True, slots=True)
class _Translation:
    """One walk over the fields along the schema; what cannot be sent is noted in `found`, and a text takes its place.

    `texts` are the texts that were given for images, by their pointers.
    """

    operation: Operation
    found: list[Violation] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def fields(self, schema: Mapping[str, Any], given: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = {each.get("x-canonical-name", own): own for own, each in properties.items()}
        body: dict[str, Any] = {}
        for name, value in given.items():
            own = names.get(name) if properties else name
            if own is None and value is not None:
                known = known_as(str(name), properties)
                self.found.append(self._unknown(str(name), names, known, given, pointer))
            elif own is not None and value is not None:
                body[own] = self._value(properties.get(own, {}), value, f"{pointer}/{own}")
        return body

    def _value(self, schema: Mapping[str, Any], value: Any, pointer: str) -> Any:
        if value is None:
            return None
        if isinstance(value, _IMAGE) and "x-image" in schema:
            return self._image(value, pointer)
        if isinstance(value, Mapping):
            return self.fields(schema, value, pointer)
        if isinstance(value, list | tuple):
            return self._list(schema.get("items", {}), value, pointer)
        if isinstance(value, int) and not isinstance(value, bool) and _is_plain_text(schema):
            return str(int(value))
        return value if isinstance(value, int | float | Decimal) else self._text(value, pointer)

    def _image(self, value: Any, pointer: str) -> str:
        if isinstance(value, str):
            self.texts[pointer] = value
        try:
            return encode(value)
        except ValueError as error:
            self.found.append(Violation(pointer, "image.bytes", str(error)))
            return _UNREADABLE
        except OSError as error:
            error.strerror = f"{error.strerror} (given as {official_place(self.operation, pointer)})"
            raise

    def _list(self, schema: Mapping[str, Any], values: list[Any] | tuple[Any, ...], pointer: str) -> list[Any]:
        holder = _only_image(schema)
        wrapped = [{holder: each} if holder and isinstance(each, _IMAGE) else each for each in values]
        return [self._value(schema, each, f"{pointer}/{index}") for index, each in enumerate(wrapped)]

    def _text(self, value: Any, pointer: str) -> str:
        if not isinstance(value, str):
            message = f"{type(value).__name__} is nothing that JSON can say"
            hint = "give a path or the file's bytes" if hasattr(value, "read") else None
            self.found.append(Violation(pointer, "schema.type", message, None, hint))
        elif not value.isascii() and has_lone_surrogate(value):
            self.found.append(Violation(pointer, "json.malformed", "has a lone surrogate, which UTF-8 cannot say"))
        else:
            return str.__str__(value)
        return _UNREADABLE

    def _unknown(
        self, name: str, names: Mapping[str, str], known: str | None, given: Mapping[str, Any], pointer: str
    ) -> Violation:
        """Return the violation of a name that no field has; `known` is the one that others call so."""
        official = {own: canonical for canonical, own in names.items()}
        canonical, title = official.get(name), self.operation.title
        hint = f"did you mean {official[known]!r}?" if known else meant(name, names, given)
        if canonical:
            hint = f"{title}'s name for {canonical}; give {canonical}"
        message = f"{name} is not a field of {self.operation.id} in {title}'s document"
        return Violation(f"{pointer}/{name}", "field.unknown", message, None, hint)


def _is_plain_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and "x-image" not in schema


def _only_image(schema: Mapping[str, Any]) -> str | None:
    """Return the canonical name of an item's one required field, if that is an image."""
    required = schema.get("required", ())
    if len(required) != 1:
        return None
    only = schema.get("properties", {}).get(required[0], {})
    return only.get("x-canonical-name", required[0]) if "x-image" in only else None


def has_lone_surrogate(text: str) -> bool:
    """Whether a text has half of a pair, which UTF-8 cannot say."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)
