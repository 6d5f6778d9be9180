"""What is asked beside tasks: closed routes, no credentials, tasks and paths that are not there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kling_contract.verify.conformance.bodies import examples
from kling_contract.verify.conformance.expecting import expect_contract, expect_refusal
from kling_contract.verify.conformance.failure import caught

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asking
    from kling_contract.verify.conformance.failure import Failure

_NOWHERE = "kling-contract-verify-no-such-path"


def closed(asking: Asking, operations: Iterable[Operation]) -> Iterator[Failure]:
    """Yield which routes that are documented as not served answer otherwise."""
    for operation in operations:
        yield from caught(partial(_answers_as_closed, asking, operation))


def outside(asking: Asking, operations: list[Operation]) -> Iterator[Failure]:
    """Yield how routes fail without credentials, for a task that is not there, and for a path that is not there."""
    for operation in operations:
        if asking.provider.auth.asks:
            yield from caught(partial(_wants_credentials, asking, operation))
        if operation.kind == "get":
            yield from caught(partial(_misses, asking, operation))
    if operations:
        yield from caught(partial(_knows_its_paths, asking, operations[0]))


def _answers_as_closed(asking: Asking, operation: Operation) -> None:
    asking.making("availability.closed", operation)
    asked = asking.any(operation, next(examples(operation), {}))
    expect_refusal(asking, asked, asking.provider.closed(operation), "availability.closed")


def _wants_credentials(asking: Asking, operation: Operation) -> None:
    asking.making("auth.required", operation)
    expect_refusal(asking, asking.any(operation, {}, key=False), "auth.missing", "auth.required")


def _misses(asking: Asking, get: Operation) -> None:
    asking.making("task.missing", get)
    asked = asking.get(get, asking.provider.id_prefix + "0" * asking.provider.id_digits)
    expect_refusal(asking, asked, "task.missing", "task.missing")
    expect_contract(asked)


def _knows_its_paths(asking: Asking, operation: Operation) -> None:
    parent = operation.path.partition("{")[0].rstrip("/").rpartition("/")[0]
    asking.making("route.unknown", None)
    asked = asking.ask(None, f"{parent}/{_NOWHERE}")
    expect_refusal(asking, asked, "route.unknown", "route.unknown")
    # No operation describes what is no path of it; where its neighbour has such a status, it is the same error.
    known = {str(asked.status), f"{asked.status // 100}XX", "default"} & operation.responses.keys()
    if known and asking.provider.errors["route.unknown"].is_json:
        expect_contract(replace(asked, operation=operation))
