"""What a document says: a provider and its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from kling_contract.envelopes import Mismatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kling_contract.envelopes import Envelope

Kind = Literal["create", "get", "list"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A step of a task's life: the status it reaches, and the seconds that typically takes."""

    to: str
    typical: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A number that depends on what a request field holds: `values` by its text, `otherwise` for any other or none."""

    otherwise: int
    by: str | None = None
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Footage:
    """The picture of a video: its shorter side in pixels, and its frames a second."""

    short_side: Choice = Choice(720)
    rate: Choice = Choice(24)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How a task of an operation lives, and what it leaves.

    `count` and `slots` are a number, or the name of the request field that holds it. `units` are the provider's
    billing units for one result.
    """

    result: str
    count: int | str
    slots: int | str
    units: float | None
    transitions: tuple[Transition, ...]
    video: Footage = Footage()

    def results(self, body: Mapping[str, Any]) -> int:
        """Return how many results the request asks for."""
        return int(body.get(self.count) or 1) if isinstance(self.count, str) else self.count


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way for a task to go: how it ends, at which pace of its lifecycle, and the reason a failed one gives."""

    name: str
    summary: str
    ends: Literal["succeed", "failed", "never"]
    pace: Literal["least", "typical", "most", "spread"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When result files are cleared, in days after the task succeeded (None: never), and what answers then."""

    days: float | None = None
    status: int = 403


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How stubbornly callbacks are sent: seconds before each further attempt, and those that an attempt may take."""

    retries: tuple[float, ...] = ()
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the provider serves the route: as documented or observed, on which day."""

    state: Literal["available", "unavailable", "unverified"]
    observed: str | None = None
    reply: str | None = None
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """What the provider takes as a bearer: a key, or an HS256 token of `lifetime` seconds, good `early` seconds ago."""

    key: bool
    hs256: bool
    lifetime: int = 1800
    early: int = 5


@dataclass(frozen=True, eq=False)
class ErrorRow:
    """One row of the error table: the answer it is, and what it means."""

    name: str
    status: int
    means: str
    body: Envelope
    any_status: bool = False
    retry: bool = False
    rules: tuple[str, ...] = ()
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON."""
        return "json" in self.content_type

    def answers(self, rule: str) -> bool:
        """Whether a request that breaks `rule` is answered with this row."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)

    def closeness(self, body: Any) -> tuple[int, int, bool]:
        """Return how well a matching body fits: constants, equal texts, and whether the row takes whatever is left."""
        return self.body.constants, self.body.equal_texts(body), "*" in self.rules

    def match(self, status: int, body: Any) -> dict[str, Any] | None:
        """Return what an answer says if it is made after this row, else None."""
        if status != self.status and not self.any_status:
            return None
        try:
            return self.body.match(body) if self.is_json else None
        except Mismatch:
            return None


@dataclass(frozen=True, eq=False)
class Operation:
    """One call of one provider. Schemas hold no references; `path` is OpenAPI's template of it.

    `external` is the field that holds the caller's own id of the task; `blank` are the fields whose empty text means
    that they are absent. `ids` says which ids a get accepts (`task`, `external`); `page` and `size` are a list's
    query parameters.
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

    def images(self, body: Mapping[str, Any]) -> list[str]:
        """Return the texts of the image fields of a body, in the order of the body, however deep they stand."""
        return [text for _, text in self.pictures(body)]

    def pictures(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the same texts, each after the canonical name of the field of the body in which it stands."""
        pictured = self._pictured
        found = ((name, _images(pictured[name], body[name])) for name in body if name in pictured)
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
    "auth.early": "auth.invalid",
    "auth.expired": "auth.invalid",
    "method.unknown": "route.unknown",
}
REQUIRED_ROWS = ("auth.missing", "route.unknown", "task.missing", "request.invalid")
