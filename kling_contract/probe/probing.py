"""One provider's plan, carried out step by step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import httpx

from kling_contract.probe.classify import Judgement, judge
from kling_contract.probe.guard import AGAIN, Allowed, Guard, Stopped, proxy_for, trusted
from kling_contract.probe.host import Connect, reach
from kling_contract.probe.plan import REAL, Left
from kling_contract.probe.sending import Sending, client
from kling_contract.probe.spending import Spending
from kling_contract.probe.tripwire import Tripwire

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    from kling_contract.auth import KeyCredential, TokenCredential
    from kling_contract.probe.exchange import Exchange
    from kling_contract.probe.hiding import Secrets
    from kling_contract.probe.manner import Manner
    from kling_contract.probe.plan import Plan, Step

_REACHED = ("host.reachable", "tls.expiring", "net.proxy")
_PASSING = ("net.timeout", "net.reset", "net.refused", "net.protocol", "server.error")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step came to; level 0 has no exchange. `stopped` says why it was not asked again, where it was to be."""

    step: Step
    judgement: Judgement
    exchange: Exchange | None = None
    stopped: str | None = None


@dataclass
class Outcome:
    """What one provider's plan came to: what was seen, what was left out, and why it was stopped, if it was."""

    plan: Plan
    seen: list[Seen] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    tripped: str | None = None
    stopped: str | None = None

    @classmethod
    def of(cls, plan: Plan) -> Outcome:
        """Return what a plan has come to before it is carried out."""
        return cls(plan, left=list(plan.left), stopped=plan.over)

    def leave(self, steps: Iterable[Step], why: str) -> None:
        """Note steps that were not taken."""
        self.left += [Left(step.level, step.name, why) for step in steps if step.operation is not None]


@dataclass(frozen=True)
class Probing:
    """A plan and what it is carried out with. `transport` is what httpx sends through, unless a proxy is in force."""

    plan: Plan
    credential: KeyCredential | TokenCredential | None
    secrets: Secrets
    manner: Manner
    connect: Connect
    transport: httpx.BaseTransport | None
    stop: threading.Event
    progress: Callable[[Plan, Step], None]

    def run(self, outcome: Outcome) -> None:
        """Carry the plan out. A trip of the wire sets `stop`, so that nothing more leaves for any provider."""
        (host, *steps) = self.plan.steps
        proxy = None if self.transport else proxy_for(self.plan.base_url)
        guard = self.guard(
            self.transport or httpx.HTTPTransport(proxy=proxy, verify=trusted(self.plan.base_url, proxy))
        )
        with client(guard, self.manner) as http:
            outcome.seen.append(self._host(host, proxy))
            if outcome.seen[0].judgement.reason in _REACHED:
                given = (self.plan, self.credential, self.secrets, self.manner)
                sending = Sending(http, *given, proxied=proxy is not None)
                self._requests(outcome, steps, sending, guard)
            else:
                outcome.leave(steps, "the host was not reached")
        outcome.seen = _without_blanket(outcome.seen)

    def guard(self, inner: httpx.BaseTransport) -> Guard:
        """Return the transport that lets nothing through but this plan."""
        allowed = [_allowed(self.plan.base_url, step) for step in self.plan.steps if step.level]
        needed = sum(each.times for each in allowed)
        return Guard(inner, allowed, needed if self.manner.budget is None else self.manner.budget, self.stop)

    def _host(self, step: Step, proxy: str | None) -> Seen:
        self.progress(self.plan, step)
        if proxy is not None:
            words = f"a proxy is in force, {httpx.URL(proxy).host}; what lies behind it is not looked at"
            return Seen(step, Judgement("net.proxy", words))
        manner = self.manner
        reached = reach(self.plan.base_url, manner.timeout, manner.clock.now(), manner.days, self.connect)
        return Seen(step, Judgement(reached.reason, reached.detail))

    def _requests(self, outcome: Outcome, steps: Sequence[Step], sending: Sending, guard: Guard) -> None:
        wire, spending = Tripwire(self.plan.provider), Spending(self.plan, sending, guard, self.progress)
        for number, step in enumerate(steps):
            self.progress(self.plan, step)
            try:
                if step.level == REAL and step.operation is not None:
                    seen = Seen(step, *spending.run(step, step.operation))
                else:
                    seen = self._step(sending, step, wire)
            except Stopped as stopped:
                outcome.stopped = sending.hide(str(stopped))
                return outcome.leave(steps[number:], outcome.stopped)
            outcome.seen.append(seen)
            if seen.stopped is not None:
                outcome.stopped = seen.stopped
                return outcome.leave(steps[number + 1 :], seen.stopped)
            if seen.judgement.reason == "probe.created_task":
                outcome.tripped = f"{step.name}: {seen.judgement.detail}"
                self.stop.set()
                return outcome.leave(steps[number + 1 :], "the probe was stopped")
            if seen.judgement.reason == "rate.limited":
                return outcome.leave(steps[number + 1 :], "the provider asked for fewer requests")
        return None

    def _step(self, sending: Sending, step: Step, wire: Tripwire) -> Seen:
        """Send a step; a GET that met something passing is sent again."""
        attempt, seen = 0, None
        while True:
            self.manner.clock.sleep(self.manner.pause)
            try:
                exchange = sending.send(step)
            except Stopped as stopped:
                if seen is None:
                    raise
                return replace(seen, stopped=str(stopped))
            judgement = self._judged(exchange, wire)
            seen = Seen(step, judgement, _shown(exchange))
            if step.method != "GET" or judgement.reason not in _PASSING or attempt >= AGAIN:
                return seen
            attempt += 1
            self.manner.clock.sleep(self.manner.again * attempt)

    def _judged(self, exchange: Exchange, wire: Tripwire) -> Judgement:
        """Judge an answer. One that defeats the judges is no refusal, so that a create may have been accepted by it."""
        try:
            return wire.judge(exchange) or judge(self.plan.provider, exchange, self.manner.slow * 1000)
        except Exception as error:
            reason = "probe.created_task" if exchange.is_create else "answer.unclear"
            return Judgement(
                reason, f"HTTP {exchange.status}, an answer that cannot be judged ({type(error).__name__})"
            )


def _shown(exchange: Exchange) -> Exchange | None:
    """Return what is kept of an exchange: nothing of one whose secrets cannot be hidden."""
    try:
        return exchange.shown
    except Exception:
        return None


def _allowed(base_url: str, step: Step) -> Allowed:
    url = str(httpx.URL(base_url + step.path))
    return Allowed(step.method, url, step.body or b"", step.key, 1 + AGAIN if step.method == "GET" else 1)


def _without_blanket(seen: Sequence[Seen]) -> list[Seen]:
    """Return what was seen without the control; if that too wanted credentials, wanting them proves nothing."""
    controls = [each for each in seen if each.step.level and each.step.operation is None]
    rest = [each for each in seen if each not in controls]
    if not any(each.judgement.reason == "auth.required" for each in controls):
        return rest
    detail = f"{controls[0].step.path}, which is not there, asks for them too"
    blanket = Judgement("auth.blanket", detail)
    return [replace(each, judgement=blanket) if each.judgement.reason == "auth.required" else each for each in rest]
