"""What a run found of each route, and what the whole of it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from kling_contract.probe.plan import KEYED
from kling_contract.probe.tables import Verdict, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kling_contract.probe.exchange import Exchange
    from kling_contract.probe.plan import Left, Plan

Standing = Literal["documented", "drift", "stale", "undocumented"]
FAILINGS = ("down", "degraded", "drift", "unknown")
FINE, FAILED, UNJUDGED, STOPPED = 0, 1, 3, 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found. `verdict` and `reason` are those that two runs agree on; `raw_...` those of this run.

    `standing` holds the route against the document: as documented, drift, stale (nobody has looked for too long), or
    undocumented (nothing is known of it). `first` says that no earlier run is known, `pending` that this run differs
    from the ones before and the next must confirm it, `changed` that it has confirmed a difference. `at` is Unix time
    in seconds, `ms` the milliseconds of the whole answer.
    """

    provider: str
    base_url: str
    level: int
    operation: str | None
    method: str
    path: str
    reason: str
    detail: str
    raw_reason: str
    raw_detail: str
    at: float
    status: int | None = None
    ms: int | None = None
    standing: Standing = "undocumented"
    documented: str | None = None
    observed: str | None = None
    first: bool = True
    pending: bool = False
    changed: bool = False
    exchange: Exchange | None = field(default=None, repr=False, compare=False)

    @property
    def verdict(self) -> Verdict:
        """Up, degraded, down or unknown."""
        return reasons()[self.reason].verdict

    @property
    def raw_verdict(self) -> Verdict:
        """The verdict of this run alone."""
        return reasons()[self.raw_reason].verdict

    @property
    def name(self) -> str:
        """The operationId, or `host`."""
        return self.operation or "host"

    @property
    def key(self) -> str:
        """What the same finding of another run is known by."""
        return f"{self.provider} {self.base_url} {self.level} {self.name}"

    def failings(self) -> set[str]:
        """Return what `--fail-on` may say of this finding; a route that is missing as documented fails nothing."""
        if self.standing == "drift":
            return {"drift", self.verdict}
        expected = self.documented == "unavailable" and self.reason == "route.missing"
        return set() if expected else {self.verdict}

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data, with every key present and nothing secret in it."""
        return {
            "provider": self.provider,
            "base_url": self.base_url,
            "level": self.level,
            "operation": self.operation,
            "method": self.method or None,
            "path": self.path or None,
            "verdict": self.verdict,
            "reason": self.reason,
            "detail": self.detail,
            "raw": {"verdict": self.raw_verdict, "reason": self.raw_reason, "detail": self.raw_detail},
            "standing": self.standing,
            "documented": {"state": self.documented, "observed": self.observed},
            "first": self.first,
            "pending": self.pending,
            "changed": self.changed,
            "status": self.status,
            "ms": self.ms,
            "at": iso(self.at),
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run: the findings of all providers, what was left out, and why it was stopped, if it was.

    `left` is by the name of a provider and the base URL at which it was asked.
    """

    at: float
    version: str
    plans: tuple[Plan, ...] = field(repr=False)
    findings: tuple[Finding, ...]
    left: Mapping[tuple[str, str], Sequence[Left]]
    fail_on: tuple[str, ...]
    tripped: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a finding that `fail_on` names, 3 nothing could be judged, 4 stopped for safety."""
        if self.tripped or self.stopped:
            return STOPPED
        if any(finding.failings() & set(self.fail_on) for finding in self.findings):
            return FAILED
        return FINE if self.is_judged else UNJUDGED

    @property
    def is_judged(self) -> bool:
        """Whether anything is known of what was asked: of the routes with our key, where the plans ask for them."""
        keyed = any(plan.needs_key for plan in self.plans)
        asked = [each for each in self.findings if each.level >= KEYED or not keyed]
        return any(each.raw_verdict != "unknown" for each in asked)

    def failing(self) -> Iterator[Finding]:
        """Yield the findings that make the exit code 1."""
        return (each for each in self.findings if each.failings() & set(self.fail_on))

    def as_dict(self) -> dict[str, Any]:
        """Return the run as JSON-ready data, as `openapi/probe-report.yaml` describes it."""
        return {
            "version": self.version,
            "at": iso(self.at),
            "exit_code": self.exit_code,
            "fail_on": list(self.fail_on),
            "providers": [_about(plan) for plan in self.plans],
            "findings": [each.as_dict() for each in self.findings],
            "left_out": [
                {"provider": name, "base_url": url, "level": each.level, "operation": each.name, "why": each.why}
                for (name, url), many in self.left.items()
                for each in many
            ],
            "tripped": list(self.tripped),
            "stopped": list(self.stopped),
            "notes": list(self.notes),
        }


def _about(plan: Plan) -> dict[str, Any]:
    provider = plan.provider
    document = {"date": provider.date, "digest": provider.digest}
    return {"name": provider.name, "base_url": plan.base_url, "level": plan.level, "document": document}


def iso(at: float) -> str:
    """Return Unix time in seconds as ISO text, in UTC and whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")
