"""Every seeded contract fault makes a verification red, and is named by its check."""

from __future__ import annotations

from collections import Counter

import pytest
from breaking import Fault, broken
from contract_faults import FAULTS

from kling_contract import load
from kling_contract.verify.conformance import CHECKS, Settings, Verification, verify

PROVIDERS = {name: load(name) for name in {fault.provider for fault in FAULTS}}
THEIRS = {"schemathesis"}  # what only Schemathesis finds, which has its own tests


def verified(fault: Fault) -> Verification:
    provider = PROVIDERS[fault.provider]
    operations = tuple(name for name in provider.operations if fault.family in name)
    settings = Settings(poll=0, examples=4, lives=1, patience=fault.patience, operations=operations)
    with broken(fault) as url:
        return verify(provider, url, settings)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named(fault: Fault) -> None:
    verification = verified(fault)
    found = {failure.check: failure.message for failure in verification.failures}
    assert fault.check in found, found


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
