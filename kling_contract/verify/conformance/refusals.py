"""What must be refused, and what only just must not: each rule of each operation, one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kling_contract import strategies
from kling_contract.contract import check_request
from kling_contract.verify.conformance.bodies import breaches, fresh, variants
from kling_contract.verify.conformance.expecting import expect_refusal, expect_success
from kling_contract.verify.conformance.failure import caught
from kling_contract.verify.conformance.searching import search
from kling_contract.verify.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asking
    from kling_contract.verify.conformance.failure import Failure

POOL = 40  # bodies that others are made of


def acceptances(asking: Asking, operation: Operation, *, number: int, examples: int) -> Iterator[Failure]:
    """Yield how the server refuses what keeps the contract: bodies that are drawn, each field, each listed value."""
    valid = strategies.valid(operation.id, provider=asking.provider)

    def accept(body: Any) -> None:
        expect_success(asking.create(operation, fresh(operation, body)), "request.accepted")

    found = search(valid, accept, number=number, examples=examples)
    if found:
        yield found
    for about, body in variants(operation, drawn(valid, number=number, examples=POOL)):
        for failure in caught(partial(accept, body)):
            yield failure.about(about)


def refusals(asking: Asking, operation: Operation, *, number: int, examples: int) -> Iterator[Failure]:
    """Yield, for each rule of a create, how the server fails to refuse what breaks it, or to accept what does not."""
    provider, name = asking.provider, operation.id

    def refuse(body: Any, check: str = "request.refused") -> None:
        rule = check_request(operation, body)[0].rule
        expect_refusal(asking, asking.create(operation, fresh(operation, body)), provider.error_for(rule).name, check)

    def split(boundary: strategies.Boundary) -> None:
        for body in boundary.allowed:
            expect_success(asking.create(operation, fresh(operation, body)), "request.boundary")
        for body in boundary.refused:
            refuse(body, "request.boundary")

    valid = strategies.valid(name, provider=provider)
    for about, body in breaches(operation, drawn(valid, number=number, examples=POOL)):
        for failure in caught(partial(refuse, body)):
            yield failure.about(about)
    for rule in strategies.rules(name, provider=provider):
        broken = strategies.broken(name, rule, provider=provider)
        found = search(broken, refuse, number=number, examples=max(1, examples // 5))
        if found:
            yield found.about(rule)
    for limit in strategies.limits(name, provider=provider):
        edges = strategies.on_boundary(name, limit, provider=provider)
        found = search(edges, split, number=number, examples=max(1, examples // 10))
        if found:
            yield found.about(limit)
