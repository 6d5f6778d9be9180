"""The parts of a verification: bodies that are sent, bodies that are mended, what is drawn, and what is reported."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract import load, strategies
from kling_contract.clock import RealClock
from kling_contract.contract import check_request
from kling_contract.documents import Operation
from kling_contract.verify.conformance import CHECKS, Failure, Part, Settings, Verification
from kling_contract.verify.conformance.asking import Asked, Asking
from kling_contract.verify.conformance.bodies import breaches, counted, fresh, nearest, variants
from kling_contract.verify.conformance.expecting import expect_contract
from kling_contract.verify.conformance.failure import Broken
from kling_contract.verify.conformance.fuzzing import EXCLUDED, configuration, document, run
from kling_contract.verify.conformance.guards import guards
from kling_contract.verify.conformance.records import Record, Task
from kling_contract.verify.conformance.refusals import refusals
from kling_contract.verify.conformance.reports import FORMATS
from kling_contract.verify.conformance.scope import Scope
from kling_contract.verify.conformance.searching import search
from kling_contract.verify.conformance.supply import Supply
from kling_contract.verify.drawing import drawn

TINY = Path(__file__).parents[1] / "documents" / "tiny.yaml"
DOCS = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
PROVIDERS = {name: load(name) for name in ("cometapi", "anyapi", "kling", str(TINY))}
CREATES = [
    (name, each)
    for name, provider in PROVIDERS.items()
    for each in provider.operations.values()
    if each.kind == "create"
]
NAMED = [(name, each) for name, each in CREATES if each.external and each.callback_field]
KLING = PROVIDERS["kling"]
EXPAND = KLING.operation("createImageExpansion")
SUPPLY = Supply.of(EXPAND, KLING, 0)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=8,
)

each_create = pytest.mark.parametrize(
    ("name", "operation"), CREATES, ids=[f"{Path(name).stem}-{each.id}" for name, each in CREATES]
)


def pool(name: str, operation: Operation) -> list[Any]:
    return drawn(strategies.valid(operation.id, provider=PROVIDERS[name]), number=3, examples=12)


@each_create
def test_the_nearest_body_keeps_the_contract_whatever_it_is_near_to(name: str, operation: Operation) -> None:
    bodies = pool(name, operation)
    fields = st.dictionaries(st.sampled_from(sorted(operation.properties)), JSON, max_size=4)

    @settings(max_examples=25, deadline=None)
    @given(fields | JSON, st.sampled_from(bodies))
    def holds(change: Any, body: dict[str, Any]) -> None:
        wanted = {**body, **change} if isinstance(change, dict) else change
        found = nearest(operation, wanted, bodies)
        assert check_request(operation, found) == []
        assert nearest(operation, wanted, bodies) == found
        if isinstance(wanted, dict) and wanted and not check_request(operation, wanted):
            assert found == wanted

    holds()


def test_the_nearest_body_keeps_what_is_right() -> None:
    bodies = pool("kling", EXPAND)
    wanted = {**bodies[0], "up_expansion_ratio": 9, "prompt": "a garden", "n": 3, "image": ""}
    found = nearest(EXPAND, wanted, bodies)
    assert (found["prompt"], found["n"]) == ("a garden", 3)
    assert set(found) <= set(wanted) | set(EXPAND.request["required"] if EXPAND.request else ())


@each_create
def test_each_variant_keeps_the_contract_and_each_value_has_one(name: str, operation: Operation) -> None:
    found = dict(variants(operation, pool(name, operation)))
    assert all(check_request(operation, body) == [] for body in found.values())
    for field, schema in operation.properties.items():
        assert len([about for about in found if about == field or about.startswith(f"{field} ")]) <= max(
            1, len(schema.get("enum", ()))
        )
    if any("enum" in schema for schema in operation.properties.values()):
        assert any(" " in about for about in found)


@each_create
def test_each_breach_breaks_one_field_alone(name: str, operation: Operation) -> None:
    found = list(breaches(operation, pool(name, operation)))
    assert found
    for about, body in found:
        places = {each.pointer.split("/")[1] for each in check_request(operation, body) if each.pointer}
        assert len(places) <= 1, about
        assert check_request(operation, body), about


@pytest.mark.parametrize(("name", "operation"), NAMED, ids=[f"{Path(name).stem}-{each.id}" for name, each in NAMED])
def test_a_body_that_is_sent_has_an_id_of_its_own_and_calls_nobody(name: str, operation: Operation) -> None:
    for body in pool(name, operation):
        sent = [fresh(operation, body, named=True) for _ in range(2)]
        own, back = str(operation.external), str(operation.callback_field)
        assert sent[0][own] != sent[1][own]
        assert back not in sent[0]
        assert check_request(operation, sent[0]) == []
        assert fresh(operation, body, callback="http://127.0.0.1/x")[back] == "http://127.0.0.1/x"
        assert (own in fresh(operation, body)) == (own in body)


def test_a_long_id_stays_as_long() -> None:
    body = {**next(iter(EXPAND.examples.values())), "external_task_id": "x" * 90}
    sent = fresh(EXPAND, body)["external_task_id"]
    assert len(sent) == 90
    assert sent != fresh(EXPAND, body)["external_task_id"]


def test_what_is_wrong_stays_wrong_when_it_is_sent() -> None:
    body = {**next(iter(EXPAND.examples.values())), "external_task_id": 5, "callback_url": []}
    assert fresh(EXPAND, body)["external_task_id"] == 5
    assert fresh(EXPAND, body)["callback_url"] == []
    assert fresh(EXPAND, [1]) == [1]


def test_a_body_that_is_to_be_refused_has_an_id_of_its_own_too() -> None:
    body = {**next(iter(EXPAND.examples.values())), "external_task_id": "mine", "prompt": 5}
    sent = fresh(EXPAND, body)
    assert sent["external_task_id"] not in ("mine", fresh(EXPAND, body)["external_task_id"])
    assert [each.rule for each in check_request(EXPAND, sent)] == ["schema.type"]


@pytest.mark.parametrize(("name", "results"), [("kling", 2), ("anyapi", 2), ("cometapi", 2)])
def test_one_body_asks_for_two_results(name: str, results: int) -> None:
    operation = PROVIDERS[name].operation("createImageExpansion")
    body = counted(operation, pool(name, operation))
    assert body is not None
    assert operation.lifecycle is not None
    assert operation.lifecycle.results(body) == results
    assert counted(KLING.operation("createImageToVideo"), []) is None


def test_the_smallest_value_that_shows_a_failure_is_told() -> None:
    def check(value: int) -> None:
        if value > 10:
            raise Broken(Failure("server.answers", None, f"{value}"))

    found = search(st.integers(0, 10_000), check, number=1, examples=50)
    assert found is not None
    assert found.message == "11"
    assert search(st.integers(0, 10), check, number=1, examples=50) is None


def test_a_server_that_does_not_do_the_same_twice_is_told_of() -> None:
    answers = iter([False, True, *[False] * 10_000])

    def check(value: int) -> None:
        if next(answers):
            raise Broken(Failure("server.answers", None, "once"))

    found = search(st.integers(), check, number=1, examples=20)
    assert found is not None
    assert found.message == "once"


def test_a_mistake_of_ours_is_no_failure_of_the_server() -> None:
    def check(value: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        search(st.integers(), check, number=1, examples=5)


def test_the_same_seed_draws_the_same() -> None:
    valid = strategies.valid("createImageExpansion", provider=KLING)
    assert drawn(valid, number=7, examples=20) == drawn(valid, number=7, examples=20)
    assert drawn(valid, number=7, examples=20) != drawn(valid, number=8, examples=20)


def test_a_large_value_is_not_printed() -> None:
    def check(value: str) -> None:
        raise Broken(Failure("server.answers", None, "large"))

    assert search(st.just("x" * 2_000_000), check, number=1, examples=2) is not None


def test_a_broken_answer_is_one_failure_whatever_was_asked() -> None:
    answer, refusal = (Failure(check, "createX", "said") for check in ("answer.contract", "request.refused"))
    assert answer.about("copies") == answer.about("words") == answer
    assert refusal.about("copies").message == "copies: said"


class Lax(Asking):
    """A server that does not look at one side of one field."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(KLING, httpx.Client(), "http://127.0.0.1:1", "", RealClock(), 0, 1)
        self.lax = (f"/{name}", rule)

    def create(self, operation: Operation, body: Any, *, key: bool = True, twice: bool = False) -> Asked:
        found = [(each.pointer, each.rule) for each in check_request(operation, body)]
        values = {"id": "1", "status": "submitted", "created_ms": 1, "updated_ms": 1}
        accepted = json.dumps(operation.envelope.render(values)).encode()
        status, said = (200, accepted) if found in ([], [self.lax]) else (400, b"{}")
        return asked(operation=operation, status=status, data=said)


@pytest.mark.parametrize(
    "name",
    [
        "down_expansion_ratio",
        "n",
        pytest.param("up_expansion_ratio", marks=pytest.mark.thorough),
        pytest.param("right_expansion_ratio", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("rule", ["schema.minimum", "schema.maximum"])
def test_each_limit_of_each_field_is_overstepped(name: str, rule: str) -> None:
    told = refusals(Lax(name, rule), EXPAND, SUPPLY, number=0, examples=1)
    found = [each for each in told if each.check != "error.row"]
    assert {each.check for each in found} == {"request.refused", "request.boundary"}
    assert all(each.message.startswith(f"{rule}: it was accepted, although {name} is ") for each in found)


def test_a_success_of_another_status_than_the_documented_one_is_told_by_it() -> None:
    with pytest.raises(Broken, match=r"HTTP 201 is no success of the document; accepted: 200"):
        expect_contract(asked(status=201, data=b"{}"))


def test_failures_that_differ_in_ids_alone_are_of_one_kind() -> None:
    said = "HTTP 400: {{'request_id': 'b0a72446-d05e-4bef-a341-{}', 'n': {}}}"
    one, two = (Failure("request.accepted", "x", said.format(f"00000000{each}111", each)) for each in (1, 2))
    assert one.kind != two.kind
    assert one.kind == Failure("request.accepted", "x", said.format("000000009111", 1)).kind


@pytest.mark.parametrize("name", PROVIDERS)
def test_schemathesis_gets_a_document_of_what_is_asked_for(name: str) -> None:
    provider = PROVIDERS[name]
    create = next(each for each in provider.operations.values() if each.kind == "create")
    alone = document(provider, [create])
    assert list(alone["paths"]) == [create.path]
    assert all("links" not in answer or not answer["links"] for answer in _answers(alone, create))
    both = document(provider, provider.operations.values())
    assert {node["operationId"] for item in both["paths"].values() for node in _methods(item)} == set(
        provider.operations
    )


def _methods(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (node for node in item.values() if isinstance(node, dict) and "operationId" in node)


def _answers(tree: dict[str, Any], operation: Operation) -> list[dict[str, Any]]:
    return list(tree["paths"][operation.path][operation.method.lower()]["responses"].values())


@each_create
def test_what_keeps_the_contract_keeps_the_loose_schema(name: str, operation: Operation) -> None:
    import jsonschema_rs

    media = document(PROVIDERS[name], [operation])["paths"][operation.path][operation.method.lower()]["requestBody"]
    validator = jsonschema_rs.validator_for(media["content"]["application/json"]["schema"])
    assert all(validator.is_valid(body) for body in pool(name, operation))


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_configuration_of_schemathesis(name: str) -> None:
    provider = PROVIDERS[name]
    read = tomllib.loads(configuration(provider, provider.operations.values()))
    assert read["max-redirects"] == 0
    assert read["warnings"]["fail-on"] == ["missing_auth"]
    assert read["suppress-health-check"] == ["all"]
    assert {check for check, each in read["checks"].items() if not each["enabled"]} == set(EXCLUDED)
    gets = [each["include-operation-id"] for each in read["operations"]]
    assert gets == [each.id for each in provider.operations.values() if each.kind == "get"]


def asked(**changes: Any) -> Asked:
    given: dict[str, Any] = {
        "operation": EXPAND,
        "method": "POST",
        "url": "http://127.0.0.1:1/v1/images/editing/expand",
        "key": True,
        "body": b'{"prompt": "it\'s"}',
        "status": 400,
        "headers": {"content-type": "application/json", "set-cookie": "secret"},
        "data": b'{"code": 1201, "message": "\x00<&>"}',
        "ms": 3,
        "at": 1.5,
    }
    return Asked(**{**given, **changes})


@pytest.mark.parametrize("operation", [EXPAND, None])
@pytest.mark.parametrize("body", [None, b"\xff\x00"])
def test_a_record_comes_back_as_it_was(operation: Operation | None, body: bytes | None) -> None:
    record = Record(asked(operation=operation, body=body), "coverage", True, ("request.refused", "it was accepted"))
    assert Record.read(record.line(), KLING) == record
    task = Task("kling.yaml", "http://127.0.0.1", 3, "log")
    assert Task.read(task.text()) == task


def test_schemathesis_keeps_tables_of_characters_where_this_process_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept: list[str] = []

    def ran(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        kept.append(options["env"]["HYPOTHESIS_STORAGE_DIRECTORY"])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", ran)
    monkeypatch.chdir(tmp_path)
    for named in ("", "kept"):
        monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", named)
        run(load("kling"), "http://127.0.0.1:1", "key", (), seed=1, examples=1)
    assert kept == [str(tmp_path / ".hypothesis"), str(tmp_path / "kept")]


def test_what_is_schemathesis_own_is_said_to_be() -> None:
    theirs = Record(asked(), "fuzzing", True, ("Server error", "500")).failure()
    ours = Record(asked(), "fuzzing", True, ("request.refused", "it was accepted")).failure()
    assert theirs is not None
    assert ours is not None
    assert (theirs.check, theirs.message) == ("schemathesis", "Server error: 500 (phase fuzzing)")
    assert (ours.check, ours.message) == ("request.refused", "it was accepted (phase fuzzing)")
    assert Record(asked(), "fuzzing", True).failure() is None


def test_the_line_of_shell_holds_no_key_and_quotes_the_body() -> None:
    line = asked().curl()
    assert '-H "Authorization: Bearer $KEY"' in line
    assert '\'{"prompt": "it\'"\'"\'s"}\'' in line
    assert asked(body=b'{"prompt": "' + b"x" * 2500 + b'"}').curl().endswith("x\"}'")


@pytest.mark.parametrize("body", [b"x" * 20_001, b"\xff", b'{"prompt": "\x1b[2J"}'])
def test_a_body_that_no_line_can_hold_stands_in_the_report_for_programs(body: bytes) -> None:
    large = asked(body=body)
    assert large.curl().endswith("-d @body.json")
    assert Failure("answer.contract", None, "", large).as_dict()["body"] == body.decode("utf-8", "replace")
    assert Failure("answer.contract", None, "", asked()).as_dict()["body"] is None


def printed(line: str) -> Any:
    """Return the body that a shell makes of a line."""
    script = f'curl() {{ for last; do :; done; printf %s "$last"; }}; {line}'
    return json.loads(subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout)


@pytest.mark.parametrize(("name", "operation"), NAMED, ids=[f"{Path(name).stem}-{each.id}" for name, each in NAMED])
def test_a_line_of_shell_makes_an_id_that_no_server_has(name: str, operation: Operation) -> None:
    example = {**pool(name, operation)[0], "prompt": 'it\'s "$HOME"'}
    body, own = fresh(operation, example, named=True), str(operation.external)
    line = asked(operation=operation, body=json.dumps(body).encode()).curl()
    sent = printed(line)
    assert {**sent, own: body[own]} == body
    assert sent[own][:-10] == body[own][:-10]
    assert abs(int(sent[own][-10:]) - RealClock().now()) < 60
    assert check_request(operation, sent) == []


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ({"external_task_id": "mine-0123456789"}, {"twice": True}),
        ({"external_task_id": 5}, {}),
        ({"external_task_id": ""}, {}),
        ({"external_task_id": "mine-0123456789", "prompt": "mine-0123456789"}, {}),
        ([1], {}),
    ],
)
def test_an_id_that_the_failure_is_about_stays(body: Any, changes: dict[str, Any]) -> None:
    assert printed(asked(body=json.dumps(body).encode(), **changes).curl()) == body


def verification() -> Verification:
    failure = Failure("request.accepted", "createImageExpansion", "HTTP 400: \x00<&>", asked())
    found = Verification(KLING, "http://127.0.0.1:1", Settings(), again="kling-contract verify --seed 3")
    found.parts += [Part("lives", 2, (), 250), Part("rules", 1, (failure, Failure("guard.auth", None, "all")), 1500)]
    found.asked += [asked(status=200), asked(operation=None)]
    found.notes.append("callbacks were not looked at")
    return found


def test_an_operation_that_was_not_reached_is_not_at_fault() -> None:
    refused, name = asked(operation=KLING.operation("listImageExpansions")), "listImageExpansions"
    judged = Scope(KLING, Settings()), {name}, {name: (1, 0)}, [refused]
    assert [each.check for each in guards(*judged, [])] == ["guard.success"]
    assert list(guards(*judged, [Failure("lifecycle.times", "getImageExpansion", "backwards")])) == []


def test_the_report_for_people() -> None:
    assert FORMATS["text"].render(verification()).splitlines()[1:] == [
        "  lives: 2 requests, fine",
        "  rules: 1 request, 2 failed",
        "    request.accepted createImageExpansion",
        "      means: a body that keeps the contract is accepted",
        r"      found: HTTP 400: \x00<&>",
        f"      shown by: {asked().curl()}",
        "    guard.auth the server",
        "      means: not every answer is about credentials",
        "      found: all",
        "note: callbacks were not looked at",
        "2 failures in 2 requests",
        "again: kling-contract verify --seed 3",
    ]


def test_the_report_for_programs() -> None:
    read = json.loads(FORMATS["json"].render(verification()))
    assert [(each["part"], each["check"], each["status"]) for each in read["failures"]] == [
        ("rules", "request.accepted", 400),
        ("rules", "guard.auth", None),
    ]
    assert read["operations"] == {"createImageExpansion": {"requests": 1, "succeeded": 1}}


def test_the_report_for_ci() -> None:
    suites = ElementTree.fromstring(FORMATS["junit"].render(verification()))
    failure = suites.find(".//failure")
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    assert [each.get("time") for each in suites.iter("testcase")] == ["0.250", "1.500"]
    assert [each.get("time") for each in suites.iter("testsuite")] == ["1.750"]
    assert failure is not None
    assert failure.get("message") == r"request.accepted: HTTP 400: \x00<&> (and 1 more)"
    assert "guard.auth" in str(failure.text)


def test_the_archive_has_every_exchange_and_no_secret() -> None:
    text = FORMATS["har"].render(verification())
    entries = json.loads(text)["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [200, 400, 400]
    assert entries[-1]["comment"] == "request.accepted: HTTP 400: \x00<&>"
    assert entries[0]["startedDateTime"] == "1970-01-01T00:00:01.500Z"
    assert "secret" not in text


def test_the_guide_has_every_check_and_what_is_left_out() -> None:
    rows = dict(re.findall(r"^\| `([a-z.]+)` \| (.+) \|$", DOCS, re.MULTILINE))
    assert rows == CHECKS
    assert all(f"`{name}`: {why}" in DOCS for name, why in EXCLUDED.items())
