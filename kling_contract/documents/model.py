"""What a document says: a provider and its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kling_contract.documents.parts import (
        Auth,
        Availability,
        Callbacks,
        Choice,
        ErrorRow,
        Expiry,
        Lifecycle,
        Scenario,
    )
    from kling_contract.envelopes import Envelope

Kind = Literal["create", "get", "list"]


@dataclass(frozen=True, eq=False)
class Operation:
    """One call of one provider. Schemas hold no references; `path` is OpenAPI's template of it.

    `external` is the field that holds the caller's own id of the task; `blank` are the fields whose empty text, or
    list, means that they are absent. `ids` says which ids a get accepts (`task`, `external`); `page` and `size` are a
    list's query parameters. `facts` say where these come from.
    """

    id: str
    provider: str
    title: str
    family: str
    kind: Kind
    method: str
    path: str
    summary: str
    call: str | None
    request: Mapping[str, Any] | None
    parameters: tuple[Mapping[str, Any], ...]
    responses: Mapping[str, Mapping[str, Any]]
    envelope: Envelope
    callback: Envelope | None
    callback_schema: Mapping[str, Any] | None
    callback_field: str | None
    statuses: Mapping[str, str]
    availability: Availability
    lifecycle: Lifecycle | None
    external: str | None
    blank: frozenset[str]
    ids: tuple[str, ...]
    page: str | None
    size: str | None
    examples: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def success(self) -> int:
        """The HTTP status of a success: the first of the document that has a body, and 200 where it has none."""
        told = (status for status, says in self.responses.items() if says.get("content") and status.isdecimal())
        return next((int(status) for status in told if status.startswith("2")), 200)

    @cached_property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The fields of the request body."""
        return self.request.get("properties", {}) if self.request else {}

    def given(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a body without the fields whose empty value means that they are absent; the body itself if none is."""
        values = body.values()
        if "" not in values and [] not in values:
            return body
        return {name: value for name, value in body.items() if not self.means_absent(name, value)}

    def means_absent(self, name: str, value: Any) -> bool:
        """Whether a field with this value is as good as none."""
        return isinstance(value, str | list) and not value and self.empties.get(name) == value

    @cached_property
    def empties(self) -> Mapping[str, Any]:
        """The fields of which an empty value means that they are absent, and that value.

        Beside those of `blank` these are required images: no text is no image, so what is told is that it is missing.
        """
        required = (self.request or {}).get("required", ())
        images = (name for name in required if "x-image" in self.properties.get(name, {}))
        return {name: empty_of(self.properties.get(name, {})) for name in (*self.blank, *images)}

    def images(self, body: Mapping[str, Any]) -> list[str]:
        """Return the texts of the image fields of a body, in the order of the body, however deep they stand."""
        return [text for _, text in self.pictures(body)]

    def pictures(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the same texts, each after the canonical name of the field of the body in which it stands."""
        pictured = self._pictured
        found = ((name, _images(pictured[name], value)) for name, value in self.given(body).items() if name in pictured)
        return [(self.canonical(name), text) for name, texts in found for text in texts]

    def chosen(self, choice: Choice, fields: Mapping[str, Any]) -> int:
        """Return the number that fields of a request, by their canonical names, choose."""
        value = None if choice.by is None else fields.get(self.canonical(choice.by))
        return choice.values.get(str(value), choice.otherwise)

    def canonical(self, name: str) -> str:
        """Return the official name of a field of this provider."""
        return self.canonicals.get(name, name)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Canonical name -> this provider's, for the fields that it renames."""
        return {canonical: name for name, canonical in self.canonicals.items() if canonical != name}

    @cached_property
    def canonicals(self) -> Mapping[str, str]:
        """This provider's name of each field of the request body -> the official one."""
        return {name: value.get("x-canonical-name", name) for name, value in self.properties.items()}

    @cached_property
    def _pictured(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: schema for name, schema in self.properties.items() if _holds_image(schema)}


@dataclass(frozen=True, eq=False)
class Provider:
    """One provider, as its document describes it."""

    name: str
    title: str
    date: str
    file: Path
    digest: str
    base_urls: tuple[str, ...]
    auth: Auth
    id_digits: int
    id_prefix: str
    expiry: Expiry
    callbacks: Callbacks
    errors: Mapping[str, ErrorRow]
    scenarios: Mapping[str, Scenario]
    operations: Mapping[str, Operation]
    document: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, str]]

    def operation(self, name: str) -> Operation:
        """Return an operation by its id. Raises `KeyError` naming those there are."""
        try:
            return self.operations[name]
        except KeyError:
            raise KeyError(f"{self.name} has no operation {name!r}; it has {', '.join(self.operations)}") from None

    def sibling(self, operation: Operation, kind: Kind) -> Operation | None:
        """Return the create, get or list operation of the same family."""
        found = (each for each in self.operations.values() if each.family == operation.family and each.kind == kind)
        return next(found, None)

    def closed(self, operation: Operation) -> str:
        """Return the row that answers a closed route: its own, else one that this provider closes another with."""
        replies = (each.availability.reply for each in (operation, *self.operations.values()))
        return next(filter(None, replies), "route.unknown")

    def error(self, situation: str) -> ErrorRow:
        """Return the row of a situation; where the document has none, that of the wider situation."""
        while situation not in self.errors:
            situation = _WIDER.get(situation, "request.invalid")
        return self.errors[situation]

    def error_for(self, rule: str) -> ErrorRow:
        """Return the row that answers a broken rule."""
        return next((row for row in self.errors.values() if row.answers(rule)), self.error("request.invalid"))

    def classify(self, status: int, body: Any) -> tuple[ErrorRow, dict[str, Any]] | None:
        """Return the row that an answer is made after, and what the answer says.

        Of several rows, the one with most constants is taken, then one with the same text, then the widest one.
        """
        found = [(row, values) for row in self.errors.values() if (values := row.match(status, body)) is not None]
        return max(found, key=lambda each: each[0].closeness(body), default=None)


def empty_of(schema: Mapping[str, Any]) -> Any:
    """Return what is empty in a field: a list where the schema wants one, a text otherwise."""
    return [] if schema.get("type") == "array" else ""


def _holds_image(schema: Mapping[str, Any]) -> bool:
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return "x-image" in schema or any(map(_holds_image, below))


def _images(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "x-image" in schema:
            yield value
    elif isinstance(value, Mapping):
        properties = schema.get("properties", {})
        for name, each in value.items():
            if name in properties:
                yield from _images(properties[name], each)
    elif isinstance(value, list):
        for each in value:
            yield from _images(schema.get("items", {}), each)


_WIDER = {
    "auth.invalid": "auth.missing",
    "auth.unknown": "auth.invalid",
    "auth.token": "auth.invalid",
    "auth.early": "auth.invalid",
    "auth.expired": "auth.invalid",
    "method.unknown": "route.unknown",
}
