"""The whole verification of a server, part by part; each failure once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import httpx

from kling_contract import strategies
from kling_contract.clock import RealClock, stopwatch
from kling_contract.verify.conformance.asking import Asked, Asking
from kling_contract.verify.conformance.bodies import counted, examples, fresh
from kling_contract.verify.conformance.callbacks import Listener, called_back
from kling_contract.verify.conformance.failure import Failure, caught
from kling_contract.verify.conformance.fuzzing import fuzz
from kling_contract.verify.conformance.lifecycle import live
from kling_contract.verify.conformance.outside import closed, outside
from kling_contract.verify.conformance.refusals import POOL, acceptances, refusals
from kling_contract.verify.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kling_contract.clock import Clock
    from kling_contract.documents import Operation, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is verified: from which `seed`, how many `examples` of each kind are drawn, how long is waited.

    `poll` and `patience` are seconds between two looks at a task, and until it must have ended. `callbacks` says
    whether the server can reach a port of this machine, `schemathesis` whether that looks too. `operations` are those
    to look at, all if there are none; `opened` are served although the document says that they are not.
    """

    api_key: str = "verify"
    seed: int = 0
    examples: int = 20
    lives: int = 3
    poll: float = 0.2
    patience: float = 120.0
    callbacks: bool = True
    schemathesis: bool = False
    operations: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a verification: how many requests and milliseconds it took, and what it found."""

    name: str
    requests: int
    failures: tuple[Failure, ...]
    ms: int = 0


@dataclass
class Verification:
    """What came of it, part by part, with every exchange, and what was left out and why.

    `again` is the command that verifies the same once more, where there is one.
    """

    provider: Provider
    base_url: str
    settings: Settings
    again: str = ""
    parts: list[Part] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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
    verification = Verification(provider, base_url, settings)
    with httpx.Client(timeout=30, trust_env=False) as http:
        asking = Asking(
            provider, http, base_url, settings.api_key, clock or RealClock(), settings.poll, settings.patience
        )
        verification.asked = asking.all
        for name, checks in _parts(asking, verification):
            progress(name)
            before, started = len(asking.all), stopwatch()
            failures = _distinct(checks)
            spent = round((stopwatch() - started) * 1000)
            verification.parts.append(Part(name, len(asking.all) - before, failures, spent))
    progress("")
    verification.parts.append(Part("guards", 0, _distinct(_guards(verification))))
    return verification


def _parts(asking: Asking, verification: Verification) -> Iterator[tuple[str, Iterator[Failure]]]:
    settings = verification.settings
    wanted = [each for each in asking.provider.operations.values() if each.id in (settings.operations or (each.id,))]
    shut = [each for each in wanted if _is_shut(each, settings)]
    served = [each for each in wanted if each not in shut]
    drawing = {"number": settings.seed, "examples": settings.examples}
    yield "closed routes", closed(asking, shut)
    yield "refusals without a body", outside(asking, served)
    for create in (each for each in served if each.kind == "create"):
        yield f"{create.id}: lives", _lives(asking, create, settings)
        if settings.callbacks:
            yield f"{create.id}: callbacks", _callbacks(asking, create)
        yield f"{create.id}: what is accepted", acceptances(asking, create, **drawing)
        yield f"{create.id}: what is refused", refusals(asking, create, **drawing)
    if settings.schemathesis and served:
        yield "Schemathesis", fuzz(asking, served, seed=settings.seed, examples=settings.examples)
    verification.notes += _left_out(settings, shut, asking.provider)


def _left_out(settings: Settings, shut: list[Operation], provider: Provider) -> Iterator[str]:
    """Yield what was not looked at, and why."""
    if not settings.callbacks:
        yield "callbacks were not looked at: the server is not on this machine, or was not to be asked for them"
    if not settings.schemathesis:
        yield "Schemathesis did not run"
    for each in shut:
        yield f"{each.id} is not served, as {provider.title} documents it; only that was looked at"


def _is_shut(operation: Operation, settings: Settings) -> bool:
    return operation.availability.state == "unavailable" and operation.id not in settings.opened


def _distinct(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return one failure of each kind."""
    found: dict[object, Failure] = {}
    for failure in failures:
        found.setdefault(failure.kind, failure)
    return tuple(found.values())


def _lives(asking: Asking, create: Operation, settings: Settings) -> Iterator[Failure]:
    """Follow the document's examples, and some bodies that are drawn, to their ends; one asks for two results."""
    valid = strategies.valid(create.id, provider=asking.provider)
    pool = drawn(valid, number=settings.seed, examples=POOL)
    for body in (*examples(create), *pool[: settings.lives], counted(create, pool)):
        if body is not None:
            yield from caught(partial(live, asking, create, fresh(create, body, named=True)))


def _callbacks(asking: Asking, create: Operation) -> Iterator[Failure]:
    body = next(examples(create), None)
    if body is not None and create.callback_field:
        with Listener() as listener:
            yield from caught(partial(called_back, asking, create, body, listener))


def _guards(verification: Verification) -> Iterator[Failure]:
    """Yield that an operation never succeeded, or that every answer was about credentials.

    An operation that only was not reached, since another of its family failed, is not at fault.
    """
    provider, settings = verification.provider, verification.settings
    failed = {each.operation for each in verification.failures if each.operation}
    families = {provider.operation(name).family for name in failed}
    for name, (asked, succeeded) in verification.counts.items():
        operation = provider.operation(name)
        reached = name in failed or operation.family not in families
        if reached and not succeeded and not _is_shut(operation, settings):
            yield Failure("guard.success", name, f"none of its {asked} answers was a success")
    served = [each for each in verification.asked if each.operation and not _is_shut(each.operation, settings)]
    keyed = [each for each in served if each.key]
    unknown = {row.status for row in provider.errors.values() if row.means == "authentication"}
    if keyed and all(each.status in unknown for each in keyed):
        yield Failure("guard.auth", None, f"all {len(keyed)} answers were about credentials", keyed[0])
