"""What Schemathesis loads: bodies are mended so that they keep every rule, and each answer meets our checks too.

Loaded by `SCHEMATHESIS_HOOKS` in a process of its own; `fuzzing` starts it.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import schemathesis

from kling_contract.clock import RealClock
from kling_contract.contract import check_request
from kling_contract.documents import load
from kling_contract.reading import parse
from kling_contract.routes import Route, Routes
from kling_contract.verify.conformance.asking import Asked
from kling_contract.verify.conformance.bodies import fresh, nearest
from kling_contract.verify.conformance.expecting import expect_contract, shown
from kling_contract.verify.conformance.failure import Broken
from kling_contract.verify.conformance.records import VARIABLE, Record, Task
from kling_contract.verify.conformance.supply import Supply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from requests import PreparedRequest

    from kling_contract.documents import Operation

    Case = schemathesis.Case[Any]

# Our checks of an answer, by the names that they have there.
OURS = {
    "our_answer_contract": "answer.contract",
    "our_request_accepted": "request.accepted",
    "our_request_refused": "request.refused",
}
# What a valid body may be refused for besides its contents.
_OTHERWISE = frozenset({"rate", "balance", "authentication", "permission", "policy", "duplicate"})


class Desk:
    """One run: the provider, what Schemathesis makes of a case, and the file of exchanges."""

    def __init__(self, task: Task) -> None:
        self._task, self._clock = task, RealClock()
        self.provider = load(task.document)
        self._routes = Routes(self.provider)
        self._pools: dict[str, Sequence[Mapping[str, Any]]] = {}

    @cached_property
    def _before(self) -> str:
        return urlsplit(self._task.base_url).path.rstrip("/")

    def operation(self, case: Case) -> Operation | None:
        """Return our operation of a case."""
        return self.provider.operations.get(case.operation.definition.raw.get("operationId", ""))

    def mended(self, case: Case) -> None:
        """Replace a body that is to be good, and is not, by the nearest that is."""
        operation = self.operation(case)
        if operation is not None and operation.request is not None and is_positive(case):
            case.body = dict(nearest(operation, case.body, self._pool(operation)))

    def freshen(self, case: Case) -> None:
        """Give a good body an id that no body before it had, and no callback."""
        operation = self.operation(case)
        if operation is not None and isinstance(case.body, dict) and not check_request(operation, case.body):
            case.body = fresh(operation, case.body)

    def asked(self, case: Case, response: schemathesis.Response) -> Asked:
        """Return the exchange; its operation is None where the request went past it."""
        return self._exchange(
            case,
            response.request,
            response.status_code,
            {name.lower(): ", ".join(values) for name, values in response.headers.items()},
            response.content,
            round(response.elapsed * 1000),
        )

    def unanswered(self, case: Case, request: PreparedRequest) -> Asked:
        """Return an exchange without an answer."""
        return self._exchange(case, request, 0, {}, b"", 0)

    def write(self, case: Case, asked: Asked, failed: tuple[str, str] | None = None) -> None:
        """Write an exchange down, or that a check failed on one."""
        phase = str(case.meta.phase.name.value) if case.meta else ""
        with open(self._task.log, "a", encoding="utf-8") as log:
            log.write(Record(asked, phase, is_positive(case), failed).line() + "\n")

    def _exchange(self, case: Any, request: Any, status: int, headers: Any, data: bytes, ms: int) -> Asked:
        url, method = str(request.url), str(request.method)
        route = self._routes.find(method, urlsplit(url).path.removeprefix(self._before))
        operation = self.operation(case)
        met = isinstance(route, Route) and route.operation is operation and method == route.operation.method
        body = request.body.encode() if isinstance(request.body, str) else request.body
        key = "authorization" in {name.lower() for name in request.headers}
        return Asked(operation if met else None, method, url, key, body, status, headers, data, ms, self._clock.now())

    def _pool(self, operation: Operation) -> Sequence[Mapping[str, Any]]:
        if operation.id not in self._pools:
            self._pools[operation.id] = Supply.of(operation, self.provider, self._task.seed).pool
        return self._pools[operation.id]


def is_positive(case: Case) -> bool:
    """Whether the body of a case is meant to keep the schema; that of an example says nothing of its own."""
    if case.meta is None:
        return False
    parts = case.meta.components.items()
    mode = next((part.mode for place, part in parts if place.name == "BODY"), case.meta.generation.mode)
    return mode == schemathesis.GenerationMode.POSITIVE


def is_judged(response: schemathesis.Response, asked: Asked) -> bool:
    """Whether what the gate says of the body is what the answer is about: the rest of the request is in order."""
    sent = str(response.request.headers.get("content-type", ""))
    whole = asked.key and asked.body is not None and sent.partition(";")[0] == "application/json"
    return whole and asked.operation is not None and asked.operation.request is not None


desk = Desk(Task.read(os.environ[VARIABLE]))


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: Case) -> Case:
    """Mend a body, in whatever phase."""
    desk.mended(case)
    return case


@schemathesis.hook
def before_add_examples(context: schemathesis.HookContext, examples: list[Case]) -> None:
    """Mend the document's own examples, which `map_case` does not see."""
    for case in examples:
        desk.mended(case)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Send no caller's own id twice."""
    desk.freshen(case)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Write down an exchange."""
    desk.write(case, desk.asked(case, response))


@schemathesis.hook
def filter_failure(context: schemathesis.HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Write down that a check failed, whichever it was."""
    name, said = failure.title, failure.message
    check = next((check for ours, check in OURS.items() if ours in name), None)
    desk.write(case, desk.asked(case, response), (check or name, " ".join(said.split())))
    return True


@schemathesis.hook
def after_network_error(context: Any, case: Case, request: PreparedRequest) -> None:
    """Write down that there was no answer."""
    desk.write(case, desk.unanswered(case, request), ("server.answers", "no answer"))


@schemathesis.check
def our_answer_contract(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Hold an answer against the gate."""
    asked = desk.asked(case, response)
    if asked.key or not isinstance(asked.json, str):  # what is refused for want of a key may be a page
        try:
            expect_contract(asked)
        except Broken as broken:
            raise AssertionError(broken.failure.message) from None


@schemathesis.check
def our_request_accepted(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """See whether a body that the gate takes was taken."""
    asked = desk.asked(case, response)
    if is_judged(response, asked) and not asked.succeeded and not _violations(asked):
        found = desk.provider.classify(asked.status, asked.json)
        if found is None or found[0].means not in _OTHERWISE:
            raise AssertionError(f"HTTP {asked.status}: {shown(asked)}")


@schemathesis.check
def our_request_refused(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """See whether a body that the gate refuses was refused."""
    asked = desk.asked(case, response)
    if is_judged(response, asked) and asked.succeeded and asked.values:
        violations = _violations(asked)
        if violations:
            raise AssertionError(f"it was accepted: {violations[0]}")


def _violations(asked: Asked) -> list[Any]:
    body, flaws = parse(asked.body or b"")
    return [*flaws] or (check_request(asked.operation, body) if asked.operation else [])
