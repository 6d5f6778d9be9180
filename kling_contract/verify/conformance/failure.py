"""What a server did not keep: one check of a closed list, what happened, and the request that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kling_contract.errors import Portable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.verify.conformance.asking import Asked

# Ids and times, which no two answers share.
_NUMBERS = re.compile(r"\b[0-9a-f-]*\d[0-9a-f-]{3,}\b")

CHECKS = {
    "server.answers": "every request gets an answer",
    "request.accepted": "a body that keeps the contract is accepted",
    "request.refused": "a body that breaks one rule is refused",
    "request.boundary": "a body at the limit of a rule is accepted, and one step beyond it is refused",
    "error.row": "a refusal is the row of the error table that the document has for it",
    "answer.contract": "an answer is what its schema and envelope say",
    "availability.closed": "a route that is documented as not served answers as documented",
    "task.missing": "a task that does not exist is answered as missing",
    "auth.required": "a request without credentials is refused",
    "route.unknown": "a path that no operation has is answered as unknown",
    "lifecycle.ends": "a task comes to its end",
    "lifecycle.backwards": "a status never goes back",
    "lifecycle.terminal": "a task that has ended stays as it is",
    "lifecycle.result": "results come with the status succeed, and only then",
    "lifecycle.count": "there are as many results as were asked for",
    "lifecycle.times": "no time lies before the creation, and an update never before the last one",
    "lifecycle.identity": "the same id is the same task, created at the same time",
    "lifecycle.external": "a task is found by the caller's own id, and repeats it",
    "lifecycle.duplicate": "the caller's own id cannot be used twice",
    "list.contains": "a list contains what was created",
    "list.agrees": "a list and a query say the same of a task",
    "list.pages": "a list keeps to the page and the size that are asked for",
    "result.opens": "the URL of a result answers with a file of its kind",
    "callback.comes": "each change of the status is called back",
    "callback.contract": "a callback is what its schema and envelope say",
    "callback.order": "the statuses of callbacks never go back",
    "callback.agrees": "the last callback and a query say the same of a task",
    "guard.success": "each operation is answered with success at least once",
    "guard.auth": "not every answer is about credentials",
    "schemathesis": "what Schemathesis checks by itself",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed, for an operation (None: for the server). `asked` is the exchange that shows it."""

    check: str
    operation: str | None
    message: str
    asked: Asked | None = None

    def about(self, what: str) -> Failure:
        """Return the failure with what was asked before its message; a broken answer is one whatever was asked."""
        if self.check == "answer.contract":
            return self
        return replace(self, message=f"{what}: {self.message}")

    @property
    def kind(self) -> tuple[str, str | None, str]:
        """What two failures share that are the same but for ids, times and other numbers."""
        return self.check, self.operation, _NUMBERS.sub("#", self.message)

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as JSON-ready data."""
        return {
            "check": self.check,
            "means": CHECKS[self.check],
            "operation": self.operation,
            "message": self.message,
            "curl": self.asked.curl() if self.asked else None,
            "body": self.asked.unshown if self.asked else None,
            "status": self.asked.status if self.asked else None,
        }


class Broken(Portable, Exception):
    """Carries a failure out of a check."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(f"{failure.check}: {failure.message}")


def caught(check: Callable[[], object]) -> Iterator[Failure]:
    """Yield the failure that a check carries out, if it does."""
    try:
        check()
    except Broken as broken:
        yield broken.failure
