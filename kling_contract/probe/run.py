"""A run: every provider's plan at once, then what it means against the document and the runs before."""

from __future__ import annotations

import importlib.metadata
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kling_contract.errors import ConfigurationError
from kling_contract.probe.findings import Finding, Run
from kling_contract.probe.guard import check_network
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.history import History
from kling_contract.probe.interruption import carried_out, trips
from kling_contract.probe.manner import Manner
from kling_contract.probe.probing import Outcome, Probing
from kling_contract.probe.standing import stand
from kling_contract.probe.tables import reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from kling_contract.auth import KeyCredential, TokenCredential
    from kling_contract.probe.host import Connect
    from kling_contract.probe.plan import Plan, Step
    from kling_contract.probe.probing import Seen


@dataclass(frozen=True, slots=True)
class Target:
    """A plan, the credential that its steps send, and the secrets in it by the text that replaces each."""

    plan: Plan
    credential: KeyCredential | TokenCredential | None = None
    secrets: Secrets = field(default_factory=lambda: Secrets({}))


def probe(
    targets: Sequence[Target],
    *,
    fail_on: Sequence[str] = ("down",),
    manner: Manner | None = None,
    history: History | None = None,
    transport: httpx.BaseTransport | None = None,
    connect: Connect = socket.create_connection,
    progress: Callable[[Plan, Step], None] = lambda plan, step: None,
) -> Run:
    """Carry out the plans, all providers at once and each in order, and return what was found.

    `transport` is what httpx sends through (the network, and the proxy in force, unless given) and `connect` opens the
    connection of level 0. `progress` is told of each step before it is taken, from the provider's own thread. Raises
    `ConfigurationError` where two targets are one provider at one URL, which would be sent the same POST twice, and for
    a proxy or certificate file of the environment that cannot be used; `Interrupted`, which is a `KeyboardInterrupt`,
    for Ctrl-C.
    """
    manner, history = manner or Manner(), history or History()
    refuse_twice(targets)
    if transport is None:
        for each in targets:
            check_network(each.plan.base_url)
    stop, at = threading.Event(), manner.clock.now()
    begun: list[tuple[Plan, Step]] = []

    def begin(plan: Plan, step: Step) -> None:
        begun.append((plan, step))
        progress(plan, step)

    probings = [
        Probing(each.plan, each.credential, each.secrets, manner, connect, transport, stop, begin) for each in targets
    ]
    outcomes = carried_out(probings, stop, begun)
    return Run(
        at=at,
        version=importlib.metadata.version("kling-contract"),
        plans=tuple(each.plan for each in targets),
        findings=tuple(_settled(outcomes, history, manner)),
        left={(each.plan.provider.name, each.plan.base_url): each.left for each in outcomes},
        fail_on=tuple(fail_on),
        tripped=trips(outcomes),
        stopped=tuple(f"{each.plan.provider.name}: {each.stopped}" for each in outcomes if each.stopped),
        notes=tuple(history.notes),
    )


def refuse_twice(targets: Sequence[Target]) -> None:
    """Raise `ConfigurationError` where two targets are one provider at one URL."""
    asked = [f"{each.plan.provider.name} at {each.plan.base_url}" for each in targets]
    twice = next((each for each in asked if asked.count(each) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"{twice} is to be probed twice; once is enough, with the higher level")


def _settled(outcomes: Sequence[Outcome], history: History, manner: Manner) -> list[Finding]:
    hosts = [each.seen[0] for each in outcomes]
    local = bool(hosts) and all(reasons()[each.judgement.reason].verdict == "down" for each in hosts)
    found = []
    for outcome in outcomes:
        for seen in outcome.seen:
            finding = history.settle(_finding(outcome.plan, seen, manner.clock.now(), local=local))
            found.append(stand(finding, seen.step.operation, manner.stale))
    return found


def _finding(plan: Plan, seen: Seen, now: float, *, local: bool) -> Finding:
    step, exchange = seen.step, seen.exchange
    reason, detail = seen.judgement.reason, seen.judgement.detail
    if local and not step.level:
        reason, detail = "net.local", f"{detail} ({reason})"
    return Finding(
        provider=plan.provider.name,
        base_url=plan.base_url,
        level=step.level,
        operation=step.operation.id if step.operation else None,
        method=step.method,
        path=step.path,
        reason=reason,
        detail=detail,
        raw_reason=reason,
        raw_detail=detail,
        at=exchange.at if exchange else now,
        status=exchange.status or None if exchange else None,
        ms=exchange.ms if exchange else None,
        exchange=exchange,
    )
