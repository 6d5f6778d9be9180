"""What was not checked, since no request was made that could have shown it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.envelopes import names_in
from kling_contract.verify.conformance.failure import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asking
    from kling_contract.verify.conformance.failure import Failure
    from kling_contract.verify.conformance.scope import Scope
    from kling_contract.verify.conformance.supply import Supply

_OF_TASKS = ("request.", "lifecycle.", "list.", "result.", "callback.")
_OF_KIND = {
    "create": ("auth.required", *(each for each in CHECKS if each.startswith(_OF_TASKS))),
    "get": ("auth.required", "task.missing", "guard.success"),
    "list": ("auth.required", "guard.success"),
}
NO_CALLBACKS = "the server is not on this machine, or was not to be asked for callbacks"
NO_SCHEMATHESIS = "it was left out"
NOT_CLOSED = "none of the operations is one that the document calls unavailable and that stays closed"
LOCKED_OUT = "every answer with the key was about credentials"
NOT_SERVED = "no operation that is served was asked for"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Checks that were not made of an operation (None: of the server), and why."""

    checks: tuple[str, ...]
    operation: str | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {"checks": list(self.checks), "operation": self.operation, "reason": self.reason}

    def __str__(self) -> str:
        about = f" of {self.operation}" if self.operation else ""
        return f"{', '.join(self.checks)}{about}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a check may not have been made: by what the document has not, by the options, or since nothing came so far.

    `failed` are the failures of the rest, of which one may have kept a task from going on.
    """

    scope: Scope
    supplies: Mapping[str, Supply]
    failed: tuple[Failure, ...] = ()

    def why(self, check: str, operation: Operation) -> str:
        """Return why a check was not made of an operation."""
        if check == "auth.required" and not self.scope.provider.auth.asks:
            return "the document asks for no credential"
        if operation.kind != "create":
            return self._without_task(operation)
        group, _, name = check.partition(".")
        told = {
            "request": self._request,
            "lifecycle": self._lifecycle,
            "result": self._result,
            "list": self._list,
            "callback": self._callback,
        }
        return (group in told and told[group](name, operation)) or self._otherwise(operation)

    def _without_task(self, operation: Operation) -> str:
        create = next((each for each in self.scope.creates if each.family == operation.family), None)
        if create is None:
            return f"no create of its family is served and was asked for, so there was no task for {operation.id}"
        return self._otherwise(create)

    def _request(self, name: str, create: Operation) -> str:
        if reason := self.supplies[create.id].reason:
            return reason
        return {
            "refused": "the document states nothing of a body that one could break",
            "boundary": "the document states no limit that a body could lie beside",
        }.get(name, "")

    def _lifecycle(self, name: str, create: Operation) -> str:
        get = self.scope.beside(create, "get")
        if get is None:
            return "no operation that is served asks for one of its tasks"
        if name in ("external", "duplicate") and create.external is None:
            return "the document has no field for the caller's own id"
        if name == "duplicate" and "task.duplicate" not in self.scope.provider.errors:
            return "the document has no error for an id that comes twice"
        values = {value for _, value in names_in(get.envelope.template)}
        if name == "external" and "external_id" not in values and "external" not in get.ids:
            return f"{get.id} neither repeats the caller's own id nor takes it"
        if name == "times" and not any(each.startswith("updated") for each in values):
            return "no answer says when a task was updated"
        return self._no_result(create) if name == "count" else ""

    def _result(self, name: str, create: Operation) -> str:
        return self._lifecycle(name, create) or self._no_result(create)

    def _no_result(self, create: Operation) -> str:
        return "" if self._broke(create) else "no task came to a result"

    def _list(self, name: str, create: Operation) -> str:
        if self.scope.beside(create, "list") is None:
            return "no operation that is served lists its tasks"
        if name == "pages" and not self._broke(create):
            return "the list never had two tasks"
        return self._lifecycle("ends", create)

    def _callback(self, name: str, create: Operation) -> str:
        if not self.scope.settings.callbacks:
            return NO_CALLBACKS
        if create.callback_field is None or create.callback is None:
            return "the document describes no callback of its tasks"
        if name == "agrees" and self.scope.beside(create, "get") is None:
            return "no operation that is served asks for one of its tasks"
        return "" if self._broke(create) else "no body that asks for a callback to this machine keeps the contract"

    def _otherwise(self, create: Operation) -> str:
        if broke := self._broke(create):
            return f"no task came so far, since {broke.check} failed"
        return self.supplies[create.id].reason or "no task came so far"

    def _broke(self, create: Operation) -> Failure | None:
        family = {each.id for each in self.scope.provider.operations.values() if each.family == create.family}
        return next((each for each in self.failed if each.operation in family), None)


def unchecked(
    asking: Asking, scope: Scope, supplies: Mapping[str, Supply], failed: Iterable[Failure]
) -> list[Unchecked]:
    """Return what was not checked of the operations that are served, those of one reason together."""
    reasons = Reasons(scope, supplies, tuple(failed))
    made = asking.made | {(each.check, each.operation) for each in reasons.failed}
    found: dict[tuple[str, str], list[str]] = {}
    for check, operation in _missing(scope, made):
        found.setdefault((operation.id, reasons.why(check, operation)), []).append(check)
    told = [Unchecked(tuple(checks), name, reason) for (name, reason), checks in found.items()]
    return [*told, *asking.unchecked]


def _missing(scope: Scope, made: set[tuple[str, str | None]]) -> Iterator[tuple[str, Operation]]:
    for operation in scope.served:
        for check in _OF_KIND[operation.kind]:
            if (check, operation.id) not in made:
                yield check, operation
