"""The plan of a probe: which requests would be sent, and why each of them cannot create a task."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kling_contract.contract import gate
from kling_contract.probe.invalid import NoInvalidBody, invalid_body

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kling_contract.documents import Operation, Provider

LEVELS = {
    0: "name, TCP, TLS and the days left on the certificate",
    1: "each create without credentials, with an invalid body",
    2: "each query with our key, for a task that cannot exist",
    3: "the named creates with our key, with an invalid body",
    4: "one page of each list",
    5: "one real, cheapest task to its result",
}
KEYED, REAL = 2, 5  # the level from which on our key is sent, and the one that makes a task

_PARAMETER = re.compile(r"\{([^}]*)\}")
_NOWHERE = "kling-contract-probe-no-such-path"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a plan. `operation` is None for the host (level 0) and for the control of level 1.

    `never` is an id that no task has, which an answer may repeat; `expects` what the document says will be answered.
    """

    level: int
    operation: Operation | None
    method: str
    path: str
    why: str
    expects: str
    body: bytes | None = None
    key: bool = False
    never: str = ""

    @property
    def name(self) -> str:
        """The operationId, or what the step is about where it has none."""
        return self.operation.id if self.operation else "control" if self.level else "host"


@dataclass(frozen=True, slots=True)
class Left:
    """What is not in the plan, and why."""

    level: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent to one provider, in order; nothing else can be. `units` are the billing units that it costs.

    `over` says why a real task would cost more than was allowed, if it would.
    """

    provider: Provider
    base_url: str
    level: int
    steps: tuple[Step, ...]
    left: tuple[Left, ...] = ()
    units: float = 0.0
    over: str | None = None

    @property
    def sends_key(self) -> bool:
        """Whether any step sends our key."""
        return any(step.key for step in self.steps)

    @property
    def needs_key(self) -> bool:
        """Whether anything is asked with our key, or would be if there were one and the document let it."""
        return self.sends_key or any(left.level >= KEYED for left in self.left)


@dataclass
class _Planning:
    provider: Provider
    level: int
    names: Sequence[str]
    key: str | None  # why there is no key, or None where there is one
    steps: list[Step] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    def operations(self, kind: str) -> Iterator[Operation]:
        wanted = self.provider.operations.values()
        return (each for each in wanted if each.kind == kind and (not self.names or each.id in self.names))

    def leave(self, level: int, name: str, why: str) -> None:
        self.left.append(Left(level, name, why))


def make_plan(
    provider: Provider,
    base_url: str,
    *,
    level: int = 2,
    operations: Sequence[str] = (),
    no_key: str | None = None,
) -> Plan:
    """Return what a probe up to `level` (0 to 4) sends; each step only if the document makes it safe.

    `operations` are the operationIds to look at (all, unless given); level 3 needs its creates named. `no_key` says
    why there is no key, if there is none: what would need it is left out. Raises `KeyError` for an operation that the
    document has not.
    """
    for name in operations:
        provider.operation(name)
    planning = _Planning(provider, level, operations, no_key)
    planning.steps.append(Step(0, None, "", "", "only connects", "an open port, and a certificate that holds"))
    for asked, add in ((1, _without_credentials), (2, _missing_tasks), (3, _with_our_key), (4, _lists)):
        if level >= asked:
            add(planning)
    return Plan(provider, base_url, level, tuple(planning.steps), tuple(planning.left))


def _without_credentials(planning: _Planning) -> None:
    auth = planning.provider.auth
    if not (auth.key or auth.hs256):
        planning.leave(1, "create", "the document asks for no credentials, so that leaving them out proves nothing")
        return
    expects = _means(planning.provider, "auth.missing")
    before = len(planning.steps)
    for operation in planning.operations("create"):
        _add_create(planning, operation, 1, expects)
    if len(planning.steps) > before:
        planning.steps.insert(before, _control(planning.provider, planning.steps[before]))


def _control(provider: Provider, step: Step) -> Step:
    """Ask for a path beside a create that is not there: if it wants credentials too, wanting them proves nothing."""
    asks = _means(provider, "auth.missing")
    path = f"{step.path.rpartition('/')[0]}/{_NOWHERE}"
    return Step(1, None, "GET", path, "reads a path that is not there, without a key", f"anything but {asks}")


def _with_our_key(planning: _Planning) -> None:
    named = [each for each in planning.operations("create") if each.id in planning.names]
    if not named:
        planning.leave(3, "create", "creates are sent with a key only if --operations names them")
    for operation in named:
        if planning.key:
            planning.leave(3, operation.id, planning.key)
        else:
            _add_create(planning, operation, 3, _means(planning.provider, "request.invalid"), key=True)


def _add_create(planning: _Planning, operation: Operation, level: int, expects: str, *, key: bool = False) -> None:
    if "{" in operation.path:
        planning.leave(level, operation.id, "its path has parameters that nothing fills")
        return
    try:
        body = invalid_body(operation)
    except NoInvalidBody as error:
        planning.leave(level, operation.id, str(error))
        return
    why = "a wrong type at every required field" + ("" if key else ", and no key")
    expects = _closed(planning.provider, operation) or expects
    planning.steps.append(Step(level, operation, operation.method, operation.path, why, expects, body, key))


def _missing_tasks(planning: _Planning) -> None:
    provider = planning.provider
    for operation in planning.operations("get"):
        parameters = _PARAMETER.findall(operation.path)
        never = provider.id_prefix + "0" * provider.id_digits
        if planning.key:
            planning.leave(2, operation.id, planning.key)
        elif len(parameters) != 1 or operation.method != "GET":
            planning.leave(2, operation.id, "its path does not have the one parameter that holds the task's id")
        else:
            path = operation.path.replace(f"{{{parameters[0]}}}", never)
            expects = _closed(provider, operation) or _means(provider, "task.missing")
            step = Step(2, operation, "GET", path, "reads a task that cannot exist", expects, key=True, never=never)
            planning.steps.append(step)


def _lists(planning: _Planning) -> None:
    found = list(planning.operations("list"))
    if not found:
        none = "--operations names no list" if planning.names else "the document describes no list"
        planning.leave(4, "list", none)
    for operation in found:
        query = {str(operation.page): "1", str(operation.size): "1"}
        if planning.key:
            planning.leave(4, operation.id, planning.key)
        elif "{" in operation.path or operation.method != "GET" or gate(operation).parameters(query):
            planning.leave(4, operation.id, "its first page cannot be asked for")
        else:
            path = f"{operation.path}?" + "&".join(f"{name}={value}" for name, value in query.items())
            planning.steps.append(Step(4, operation, "GET", path, "reads one page", "a list", key=True))


def _closed(provider: Provider, operation: Operation) -> str | None:
    """Return the documented answer of a route that is not served."""
    if operation.availability.state != "unavailable":
        return None
    return f"{_means(provider, provider.closed(operation))}, as documented"


def _means(provider: Provider, situation: str) -> str:
    row = provider.error(situation)
    return f"HTTP {row.status} {row.name}"
