"""The steps of a verification, in their order, each with why it may make no request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kling_contract.verify.conformance.bodies import counted, fresh
from kling_contract.verify.conformance.callbacks import Listener, asking_back, called_back
from kling_contract.verify.conformance.expecting import expect_success
from kling_contract.verify.conformance.failure import Failure, caught
from kling_contract.verify.conformance.fuzzing import fuzz
from kling_contract.verify.conformance.lifecycle import live
from kling_contract.verify.conformance.outside import closed, outside
from kling_contract.verify.conformance.refusals import acceptances, refusals
from kling_contract.verify.conformance.unchecked import (
    NO_SCHEMATHESIS,
    NOT_CLOSED,
    NOT_SERVED,
    Reasons,
    Unchecked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.verify.conformance.asking import Asking
    from kling_contract.verify.conformance.scope import Scope
    from kling_contract.verify.conformance.supply import Supply


class Step(NamedTuple):
    """A step: its name, what it finds as it is taken, and why it made no request, if it makes none."""

    name: str
    checks: Iterator[Failure]
    reason: str


def steps(asking: Asking, scope: Scope, supplies: Mapping[str, Supply]) -> Iterator[Step]:
    """Yield the steps."""
    yield Step("closed routes", closed(asking, scope.shut), NOT_CLOSED)
    yield Step("refusals without a body", outside(asking, scope.served), NOT_SERVED)
    for listing in scope.lists:
        yield Step(f"{listing.id}: a page", caught(partial(_page, asking, listing)), "")
    for create in scope.creates:
        yield from _of_create(asking, scope, create, supplies)
    yield Step("Schemathesis", _fuzzed(asking, scope, supplies), _why_not_fuzzed(scope))


def _of_create(asking: Asking, scope: Scope, create: Operation, supplies: Mapping[str, Supply]) -> Iterator[Step]:
    settings, supply, reasons = scope.settings, supplies[create.id], Reasons(scope, supplies)
    drawing = {"number": settings.seed, "examples": settings.examples}
    parts = {
        "lives": (_lives(asking, create, supply, settings.lives), "lifecycle.ends"),
        "callbacks": (_callbacks(asking, scope, create, supply), "callback.comes"),
        "what is accepted": (acceptances(asking, create, supply, **drawing), "request.accepted"),
        "what is refused": (refusals(asking, create, supply, **drawing), "request.refused"),
    }
    for name, (checks, check) in parts.items():
        yield Step(f"{create.id}: {name}", checks, reasons.why(check, create))


def _page(asking: Asking, listing: Operation) -> None:
    expect_success(asking.page(listing, 1, 1), "answer.contract")


def _lives(asking: Asking, create: Operation, supply: Supply, number: int) -> Iterator[Failure]:
    """Follow the document's examples, and some bodies that are drawn, to their ends; one asks for two results."""
    for body in (*supply.examples, *supply.drawn[:number], counted(create, supply.pool)):
        if body is not None:
            yield from caught(partial(live, asking, create, fresh(create, body, named=True)))


def _callbacks(asking: Asking, scope: Scope, create: Operation, supply: Supply) -> Iterator[Failure]:
    """Ask for callbacks with an example of the document, or with a body that is drawn."""
    if not scope.settings.callbacks or create.callback_field is None or create.callback is None:
        return
    with Listener() as listener:
        body = asking_back(create, (*supply.examples, *supply.drawn), listener.url)
        if body is not None:
            yield from caught(partial(called_back, asking, create, body, listener))


def _why_not_fuzzed(scope: Scope) -> str:
    if not scope.settings.schemathesis:
        return NO_SCHEMATHESIS
    return "Schemathesis made no case of these operations" if scope.served else NOT_SERVED


def _fuzzed(asking: Asking, scope: Scope, supplies: Mapping[str, Supply]) -> Iterator[Failure]:
    """Let Schemathesis look at what is served; a body that is to be good is mended by one of the supply."""
    settings = scope.settings
    if not settings.schemathesis:
        return
    mended = [each for each in scope.served if each.kind != "create" or supplies[each.id].pool]
    if mended:
        yield from fuzz(asking, mended, seed=settings.seed, examples=settings.examples)
    for each in scope.served:
        if each not in mended:
            asking.unchecked.append(Unchecked(("schemathesis",), each.id, supplies[each.id].reason))
