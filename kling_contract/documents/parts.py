"""What a document says in one place each: how a task lives, what a result is, who may ask, and one kind of error."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from kling_contract.envelopes import Mismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.envelopes import Envelope

REQUIRED_ROWS = ("route.unknown", "task.missing", "request.invalid")


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

    @property
    def longest(self) -> float:
        """The seconds that a task takes at most, from its create to its end."""
        return sum(step.most for step in self.transitions)

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

    @property
    def asks(self) -> bool:
        """Whether any credential is asked for."""
        return self.key or self.hs256


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
