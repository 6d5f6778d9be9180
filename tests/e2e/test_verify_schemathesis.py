"""What Schemathesis sees with our hooks in it: nothing of the mock as it is, and faults where there are some."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from breaking import Ask, Call, Fault, Memory, Reply, broken, plain_client
from contract_faults import FAULTS

from kling_contract import load
from kling_contract.clock import RealClock
from kling_contract.contract import check_request
from kling_contract.documents import Provider
from kling_contract.verify.conformance import Failure, Settings, verify
from kling_contract.verify.conformance.asking import Asked, Asking
from kling_contract.verify.conformance.fuzzing import fuzz, run
from mock_server import MockServer

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
NAMED = {fault.name: fault for fault in FAULTS}


def fuzzed(provider: Provider, url: str, *names: str, key: str = "verify") -> tuple[list[Failure], list[Asked]]:
    """Let Schemathesis look at some operations of a provider, all if none is named."""
    operations = [each for each in provider.operations.values() if each.id in (names or (each.id,))]
    served = [each for each in operations if each.availability.state != "unavailable"]
    with plain_client() as http:
        asking = Asking(provider, http, url, key, RealClock(), 0, 1)
        return list(fuzz(asking, served, seed=1, examples=3)), asking.all


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["anyapi", "cometapi", "kling"])
def test_the_mock_is_fine(name: str) -> None:
    provider = load(name)
    with MockServer(provider=provider, clock="auto", keys=frozenset({"verify"})) as server:
        failures, asked = fuzzed(provider, server.url)
    assert [failure.as_dict() for failure in failures] == []
    creates = [each for each in asked if each.operation and each.operation.kind == "create" and each.key]
    assert {each.operation.id for each in creates if each.operation and each.succeeded} == {
        each.id
        for each in provider.operations.values()
        if each.kind == "create" and each.availability.state != "unavailable"
    }
    assert any(each.status == 400 for each in creates)


def test_a_document_that_is_named_from_here_and_a_server_below_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Hypothesis keeps in the folder that we are in now serves this run too.
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(Path.cwd() / ".hypothesis"))
    monkeypatch.chdir(TINY.parent)
    provider = load(TINY.name)
    with MockServer(provider=TINY, clock="auto") as server:
        failures, asked = fuzzed(provider, f"{server.url}/s/one", "listImageToVideos", "createPoster", "getPoster")
    assert [failure.as_dict() for failure in failures] == []
    succeeded = {each.operation.id for each in asked if each.operation and each.succeeded}
    assert succeeded == {"listImageToVideos", "createPoster", "getPoster"}


# Four faults in one server, and what is to be seen of each.
SEEN = {
    "type changed": {("answer.contract", "/data/created_at")},
    "fails on an optional field": {("request.accepted", "HTTP 500"), ("schemathesis", "Server error")},
    "types are coerced": {("request.refused", "it was accepted")},
    "refusal is a page": {("answer.contract", "the body is a string")},
}


def all_of(names: Iterable[str]) -> Fault:
    """One fault that does what each of some does, one after the other; what fails with a field, in another family."""

    def after(name: str, ask: Ask, memory: Memory) -> Ask:
        return lambda call: NAMED[name].change(call, ask, memory) if _is_about(name, call) else ask(call)

    def change(call: Call, ask: Ask, memory: Memory) -> Reply:
        for name in names:
            ask = after(name, ask, memory)
        return ask(call)

    return Fault("all", "", change)


def _is_about(name: str, call: Call) -> bool:
    return (name == "fails on an optional field") is ("multi-image" in call.path)


@pytest.fixture(scope="module")
def seen() -> list[Failure]:
    with broken(all_of(SEEN)) as url:
        return fuzzed(load("kling"), url, "createImageExpansion", "getImageExpansion", "createMultiImageToImage")[0]


@pytest.mark.parametrize("name", SEEN)
def test_a_fault_is_seen(name: str, seen: list[Failure]) -> None:
    told = [(each.check, each.message) for each in seen]
    assert all(any(check == one and text in said for one, said in told) for check, text in SEEN[name]), told


def test_each_failure_is_shown_by_a_line_of_shell(seen: list[Failure]) -> None:
    assert all(failure.asked is not None and failure.asked.curl().startswith("curl ") for failure in seen)


@pytest.mark.parametrize("name", ["kling", pytest.param("cometapi", marks=pytest.mark.thorough)])
def test_bodies_that_are_to_be_good_keep_every_rule_in_every_phase(name: str) -> None:
    provider = load(name)
    operations = [provider.operation("createImageToVideo"), provider.operation("getImageToVideo")]
    with MockServer(provider=provider, clock="auto") as server:
        done = run(provider, server.url, "verify", operations, seed=1, examples=3)
    assert [each.failed for each in done.records if each.failed] == []
    sent = [each for each in done.records if each.asked.operation is operations[0] and each.asked.key]
    good = [each for each in sent if each.positive and each.failed is None]
    assert {each.phase for each in good} == {"examples", "coverage", "fuzzing", "stateful"}
    assert [each.asked.body for each in good if check_request(operations[0], each.asked.sent)] == []
    assert any(not each.positive and check_request(operations[0], each.asked.sent) for each in sent)


def test_a_wrong_key_is_no_green_run() -> None:
    provider = load("anyapi")
    with MockServer(provider=provider, clock="auto", keys=frozenset({"right"})) as server:
        failures, asked = fuzzed(provider, server.url, "getImageExpansion", key="wrong")
    assert failures
    assert {each.status for each in asked if each.key and each.operation} == {401}


def test_a_server_that_is_not_there_is_no_green_run() -> None:
    with MockServer(provider="anyapi") as server:
        url = server.url
    failures, _ = fuzzed(load("anyapi"), url, "getImageExpansion")
    assert {failure.check for failure in failures} == {"server.answers"}


def test_redirects_are_not_followed() -> None:
    reached: list[str] = []

    def reach(call: Call, ask: Ask, memory: Memory) -> Reply:
        reached.append(call.path)
        return ask(call)

    with broken(Fault("elsewhere", "", reach, provider="anyapi")) as elsewhere:

        def leave(call: Call, ask: Ask, memory: Memory) -> Reply:
            return Reply(307, b"{}", location=elsewhere + call.path)

        with broken(Fault("redirects", "", leave, provider="anyapi")) as url:
            failures, asked = fuzzed(load("anyapi"), url, "getImageExpansion")
            verify(load("anyapi"), url, Settings(poll=0, examples=1, lives=1, schemathesis=False))
    assert "answer.contract" in {failure.check for failure in failures}
    assert asked
    assert reached == []
