"""Every seeded contract fault makes a verification red, and is named by its check."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from breaking import Fault, broken, plain_client
from contract_faults import FAULTS

from kling_contract import load
from kling_contract.clock import RealClock
from kling_contract.verify.conformance import CHECKS, Failure, Settings, Verification, verify
from kling_contract.verify.conformance.asking import Asking
from kling_contract.verify.conformance.scope import Scope
from kling_contract.verify.conformance.steps import steps
from kling_contract.verify.conformance.supply import Supply

PROVIDERS = {name: load(name) for name in {fault.provider for fault in FAULTS}}
THEIRS = {"schemathesis"}  # what only Schemathesis finds, which has its own tests


def scope_of(fault: Fault) -> Scope:
    provider = PROVIDERS[fault.provider]
    operations = tuple(name for name in provider.operations if fault.family in name)
    return Scope(provider, Settings(poll=0, examples=4, lives=1, patience=fault.patience, operations=operations))


def verified(fault: Fault) -> Verification:
    scope = scope_of(fault)
    with broken(fault) as url:
        return verify(scope.provider, url, scope.settings)


@functools.cache
def supplies(provider: str, family: str) -> Mapping[str, Supply]:
    scope = scope_of(Fault("", "", provider=provider, family=family))
    return {each.id: Supply.of(each, scope.provider, 0) for each in scope.creates}


def failures(fault: Fault) -> Iterator[Failure]:
    """Yield what a verification finds step by step, so that it need not go on beyond what is looked for."""
    scope = scope_of(fault)
    with broken(fault) as url, plain_client() as http:
        shut = frozenset(each.id for each in scope.shut)
        asking = Asking(scope.provider, http, url, "verify", RealClock(), 0, fault.patience, shut=shut)
        for step in steps(asking, scope, supplies(fault.provider, fault.family)):
            yield from step.checks


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named(fault: Fault) -> None:
    found = []
    for failure in verified(fault).failures if fault.check.startswith("guard.") else failures(fault):
        found.append((failure.check, failure.message))
        if failure.check == fault.check:
            break
    assert fault.check in dict(found), found


def test_the_line_that_shows_an_id_taken_twice_has_it_still() -> None:
    fault = next(each for each in FAULTS if each.check == "lifecycle.duplicate")
    asked = next(failure.asked for failure in verified(fault).failures if failure.check == fault.check)
    assert asked is not None
    assert asked.operation is not None
    assert asked.sent[asked.operation.external] in asked.curl()


@pytest.mark.parametrize("family", ["ImageExpansion", "MultiImageToImage"])
def test_without_a_fault_the_same_is_fine(family: str) -> None:
    verification = verified(Fault("none", "", family=family))
    assert [failure.as_dict() for failure in verification.failures] == []
    assert all(good for _, good in verification.counts.values())


def test_every_check_is_shown_to_fail() -> None:
    assert {fault.check for fault in FAULTS} == set(CHECKS) - THEIRS


def test_the_faults_are_many_and_different() -> None:
    assert len(FAULTS) >= 30
    assert Counter(fault.name for fault in FAULTS).most_common(1)[0][1] == 1
