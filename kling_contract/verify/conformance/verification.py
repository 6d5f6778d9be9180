"""The whole verification of a server, part by part; each failure once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from kling_contract.clock import RealClock, stopwatch
from kling_contract.trust import late_trust
from kling_contract.verify.conformance.asking import Asked, Asking
from kling_contract.verify.conformance.guards import guards, is_locked_out
from kling_contract.verify.conformance.scope import Scope
from kling_contract.verify.conformance.settings import Settings
from kling_contract.verify.conformance.steps import Step, steps
from kling_contract.verify.conformance.supply import Supply
from kling_contract.verify.conformance.unchecked import LOCKED_OUT, NOT_SERVED, Unchecked, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kling_contract.clock import Clock
    from kling_contract.documents import Provider
    from kling_contract.verify.conformance.failure import Failure


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a verification: how many requests and milliseconds it took, and what it found.

    `looked_at` is how many answers to other parts it judged. A part that made no request and judged nothing has not
    been checked; `reason` says why.
    """

    name: str
    requests: int
    failures: tuple[Failure, ...]
    ms: int = 0
    looked_at: int = 0
    reason: str = ""

    @property
    def is_checked(self) -> bool:
        """Whether there was anything to judge by."""
        return bool(self.requests or self.looked_at or self.failures)


@dataclass
class Verification:
    """What came of it, part by part, with every exchange, and what was left out and why.

    `unchecked` are the checks that no request was made for. `again` is the command that verifies the same once more,
    where there is one.
    """

    provider: Provider
    base_url: str
    settings: Settings
    again: str = ""
    parts: list[Part] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        """The failures of all parts."""
        return [failure for part in self.parts for failure in part.failures]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Operation -> requests, and those that were answered with success."""
        every = Counter(each.operation.id for each in self.asked if each.operation)
        good = Counter(each.operation.id for each in self.asked if each.operation and each.succeeded)
        return {name: (every[name], good[name]) for name in every}

    @property
    def judged(self) -> bool:
        """Whether there is a verdict: something failed, or an operation was answered with success."""
        return bool(self.failures) or any(good for _, good in self.counts.values())


def verify(
    provider: Provider,
    base_url: str,
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    progress: Callable[[str], None] = lambda part: None,
) -> Verification:
    """Hold a server against a provider's document. Raises `Down` where nothing answers.

    Every create makes tasks: this is for a server on this machine, or one that somebody pays for.
    """
    settings = settings or Settings()
    verification, scope = Verification(provider, base_url, settings), Scope(provider, settings)
    with httpx.Client(timeout=30, trust_env=False, verify=late_trust()) as http:
        asking = Asking(
            provider,
            http,
            base_url,
            settings.api_key,
            clock or RealClock(),
            settings.poll,
            settings.patience,
            shut=frozenset(each.id for each in provider.operations.values() if scope.is_shut(each)),
        )
        verification.asked = asking.all
        supplies = {each.id: Supply.of(each, provider, settings.seed) for each in scope.creates}
        for step in steps(asking, scope, supplies):
            progress(step.name)
            verification.parts.append(_taken(step, asking, _served(verification, scope)))
    progress("")
    verification.notes += (
        f"{each.id} is not served, as {provider.title} documents it; only that was looked at" for each in scope.shut
    )
    asking.made |= {("guard.success", name) for name, (_, good) in verification.counts.items() if good}
    verification.unchecked = unchecked(asking, scope, supplies, verification.failures)
    verification.parts.append(_guarded(verification, scope, scope.reached(supplies)))
    return verification


def _taken(step: Step, asking: Asking, served: Sequence[Asked]) -> Part:
    """Take a step, and return what came of it.

    Where a create was asked for, and the key is what all answers were about, hundreds of others would say the same.
    """
    creates = any(each.operation and each.operation.kind == "create" and each.key for each in served)
    if creates and is_locked_out(asking.provider, served):
        return Part(step.name, 0, (), reason=LOCKED_OUT)
    before, started = len(asking.all), stopwatch()
    failures = _distinct(step.checks)
    spent = round((stopwatch() - started) * 1000)
    return Part(step.name, len(asking.all) - before, failures, spent, reason=step.reason)


def _guarded(verification: Verification, scope: Scope, reached: set[str]) -> Part:
    served = _served(verification, scope)
    found = guards(scope, reached, verification.counts, served, verification.failures)
    return Part("guards", 0, _distinct(found), looked_at=len(served), reason=NOT_SERVED)


def _served(verification: Verification, scope: Scope) -> list[Asked]:
    return [each for each in verification.asked if each.operation and not scope.is_shut(each.operation)]


def _distinct(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return one failure of each kind."""
    found: dict[object, Failure] = {}
    for failure in failures:
        found.setdefault(failure.kind, failure)
    return tuple(found.values())
