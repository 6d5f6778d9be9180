"""The whole verification of a server, part by part; each failure once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from kling_contract import strategies
from kling_contract.clock import RealClock
from kling_contract.verify.conformance.asking import Asked, Asking
from kling_contract.verify.conformance.bodies import examples, fresh
from kling_contract.verify.conformance.callbacks import Listener, called_back
from kling_contract.verify.conformance.expecting import closed_row, expect_refusal
from kling_contract.verify.conformance.failure import Broken, Failure
from kling_contract.verify.conformance.lifecycle import live, missing
from kling_contract.verify.conformance.refusals import refusals
from kling_contract.verify.conformance.searching import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.clock import Clock
    from kling_contract.documents import Operation, Provider

_NOWHERE = "kling-contract-verify-no-such-path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is verified: from which `seed`, how many `examples` of each kind are drawn, how long is waited.

    `poll` and `patience` are seconds between two looks at a task, and until it must have ended. `callbacks` says
    whether the server can reach a port of this machine.
    """

    api_key: str = "verify"
    seed: int = 0
    examples: int = 20
    lives: int = 3
    poll: float = 0.2
    patience: float = 120.0
    callbacks: bool = True
    operations: tuple[str, ...] = ()


@dataclass
class Verification:
    """What came of it: the failures, how many requests each operation got, and how many of them succeeded."""

    provider: Provider
    base_url: str
    settings: Settings
    failures: list[Failure] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Operation -> requests, and those that were answered with success."""
        every = Counter(each.operation.id for each in self.asked if each.operation)
        good = Counter(each.operation.id for each in self.asked if each.operation and 200 <= each.status < 300)
        return {name: (every[name], good[name]) for name in every}


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
        for part, checks in _parts(asking, settings):
            progress(part)
            verification.failures += _distinct(checks)
        verification.asked = asking.all
    verification.failures += _guards(verification)
    return verification


def _parts(asking: Asking, settings: Settings) -> Iterator[tuple[str, Iterator[Failure]]]:
    wanted = [each for each in asking.provider.operations.values() if _is_wanted(each, settings)]
    creates = [each for each in wanted if each.kind == "create" and not closed_row(asking, each)]
    yield "closed routes", _closed(asking, [each for each in wanted if closed_row(asking, each)])
    yield "refusals without a body", _outside(asking, [each for each in wanted if not closed_row(asking, each)])
    for create in creates:
        yield f"{create.id}: lives", _lives(asking, create, settings)
        if settings.callbacks:
            yield f"{create.id}: callbacks", _callbacks(asking, create)
        yield f"{create.id}: rules", refusals(asking, create, number=settings.seed, examples=settings.examples)


def _is_wanted(operation: Operation, settings: Settings) -> bool:
    return not settings.operations or operation.id in settings.operations


def _caught(check: Callable[[], Any]) -> Iterator[Failure]:
    try:
        check()
    except Broken as broken:
        yield broken.failure


def _distinct(failures: Iterator[Failure]) -> Iterator[Failure]:
    """Yield one failure for each check and message."""
    seen = set()
    for failure in failures:
        key = (failure.check, failure.operation, failure.message)
        if key not in seen:
            seen.add(key)
            yield failure


def _closed(asking: Asking, operations: list[Operation]) -> Iterator[Failure]:
    for operation in operations:
        yield from _caught(partial(_answers_as_closed, asking, operation))


def _answers_as_closed(asking: Asking, operation: Operation) -> None:
    if operation.kind == "create":
        asked = asking.create(operation, next(examples(operation), {}))
    else:
        asked = asking.get(operation, "0")
    expect_refusal(asking, asked, asking.provider.closed(operation), "availability.closed")


def _outside(asking: Asking, operations: list[Operation]) -> Iterator[Failure]:
    """Ask without credentials, for a task that is not there, and for a path that is not there."""
    for operation in operations:
        yield from _caught(partial(_wants_credentials, asking, operation))
        if operation.kind == "get":
            yield from _caught(partial(missing, asking, operation))
    if operations:
        yield from _caught(partial(_knows_its_paths, asking, operations[0]))


def _wants_credentials(asking: Asking, operation: Operation) -> None:
    if operation.kind == "create":
        asked = asking.create(operation, {}, key=False)
    else:
        asked = asking.get(operation, "0", key=False)
    expect_refusal(asking, asked, "auth.missing", "auth.required")


def _knows_its_paths(asking: Asking, operation: Operation) -> None:
    parent = operation.path.partition("{")[0].rstrip("/").rpartition("/")[0]
    expect_refusal(asking, asking.ask(None, f"{parent}/{_NOWHERE}"), "route.unknown", "route.unknown")


def _lives(asking: Asking, create: Operation, settings: Settings) -> Iterator[Failure]:
    """Follow the document's examples, and some bodies that are drawn, to their ends."""
    bodies = [
        *examples(create),
        *drawn(strategies.valid(create.id, provider=asking.provider), number=settings.seed, examples=settings.lives),
    ]
    for body in bodies:
        yield from _caught(partial(live, asking, create, fresh(create, body, named=True)))


def _callbacks(asking: Asking, create: Operation) -> Iterator[Failure]:
    body = next(examples(create), None)
    if body is not None and create.callback_field:
        with Listener() as listener:
            yield from _caught(partial(called_back, asking, create, body, listener))


def _guards(verification: Verification) -> Iterator[Failure]:
    """Yield that an operation never succeeded, or that every answer was about credentials."""
    provider = verification.provider
    for name, (asked, succeeded) in verification.counts.items():
        if not succeeded and provider.operation(name).availability.state != "unavailable":
            yield Failure("guard.success", name, f"none of its {asked} answers was a success")
    keyed = [each for each in verification.asked if each.key]
    if keyed and all(each.status == 401 for each in keyed):
        yield Failure("guard.auth", None, f"all {len(keyed)} answers were about credentials", keyed[0])
