"""What must be refused, and what only just must not: each rule of each operation, one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kling_contract import strategies
from kling_contract.contract import check_request
from kling_contract.strategies.requests import each_boundary, each_broken
from kling_contract.verify.conformance.bodies import breaches, fresh, variants
from kling_contract.verify.conformance.expecting import expect_refusal, expect_success
from kling_contract.verify.conformance.failure import caught
from kling_contract.verify.conformance.searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy

    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asking
    from kling_contract.verify.conformance.failure import Failure
    from kling_contract.verify.conformance.supply import Supply


def acceptances(
    asking: Asking, operation: Operation, supply: Supply, *, number: int, examples: int
) -> Iterator[Failure]:
    """Yield how the server refuses what keeps the contract: bodies that are drawn, each field, each listed value."""

    def accept(body: Any) -> None:
        asking.making("request.accepted", operation)
        expect_success(asking.create(operation, fresh(operation, body)), "request.accepted")

    found = search(supply.valid, accept, number=number, examples=examples) if supply.valid is not None else None
    if found:
        yield found
    for about, body in variants(operation, supply.pool):
        for failure in caught(partial(accept, body)):
            yield failure.about(about)


def refusals(asking: Asking, operation: Operation, supply: Supply, *, number: int, examples: int) -> Iterator[Failure]:
    """Yield, for each rule of a create, how the server fails to refuse what breaks it, or to accept what does not."""
    provider, name = asking.provider, operation.id

    def refuse(body: Any, check: str = "request.refused") -> None:
        asking.making(check, operation)
        broken = check_request(operation, body)[0]
        row, asked = provider.error_for(broken.rule).name, asking.create(operation, fresh(operation, body))
        expect_refusal(asking, asked, row, check, f", although {broken.message}")

    def split(boundary: strategies.Boundary) -> None:
        asking.making("request.boundary", operation)
        for body in boundary.allowed:
            expect_success(asking.create(operation, fresh(operation, body)), "request.boundary")
        for body in boundary.refused:
            refuse(body, "request.boundary")

    for about, body in breaches(operation, supply.pool):
        for failure in caught(partial(refuse, body)):
            yield failure.about(about)
    if supply.valid is None:
        return
    for rule in strategies.rules(name, provider=provider):
        yield from _searched(rule, each_broken(operation, rule), refuse, number, examples // 5)
    for limit in strategies.limits(name, provider=provider):
        yield from _searched(limit, each_boundary(operation, limit), split, number, examples // 10)


def _searched(
    rule: str, ways: Sequence[SearchStrategy[Any]], check: Callable[[Any], None], number: int, examples: int
) -> Iterator[Failure]:
    """Yield a failure for each of the ways to break a rule; each is tried, and all together `examples` times or so."""
    for way in ways:
        found = search(way, check, number=number, examples=max(1, -(-examples // len(ways))))
        if found:
            yield found.about(rule)
