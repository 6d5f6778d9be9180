"""What `verify` did not check is told with its reason, in every report, and is never fine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from breaking import Ask, Call, Fault, Memory, Reply, broken

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from edited_tiny import GONE, POSTER, TINY, edited, tiny

from kling_contract import load
from kling_contract.cli import main
from kling_contract.documents import Provider
from kling_contract.verify.conformance import CHECKS, Settings, Verification, verify
from kling_contract.verify.conformance.fuzzing import PHASES
from kling_contract.verify.conformance.reports import FORMATS
from mock_server import MockServer

CREATE = ("paths", "/make/poster", "post")
CLIP = ("paths", "/make/clip", "post")
EXAMPLES = ("requestBody", "content", "application/json", "examples")
ALONE = ("createPoster", "getPoster")


def verified(provider: Provider, *operations: str, **settings: Any) -> Verification:
    quick = Settings(poll=0, examples=2, lives=1, operations=operations, **settings)
    with MockServer(provider=provider, clock="auto", opened=quick.opened) as server:
        return verify(provider, server.url, quick)


def reasons(verification: Verification) -> dict[str, str]:
    """Return the reason for each check that was not made, by its name or that of its operation and its own."""
    found = {}
    for each in verification.unchecked:
        found.update({f"{each.operation} {check}" if each.operation else check: each.reason for check in each.checks})
    return found


def left(verification: Verification) -> dict[str, str]:
    """Return the reason for each part that made no request."""
    return {part.name: part.reason for part in verification.parts if not part.is_checked}


@pytest.mark.parametrize("name", ["cometapi", "anyapi", "kling", "tiny"])
def test_a_part_without_a_request_is_not_checked_and_every_check_is_accounted_for(name: str) -> None:
    provider = tiny() if name == "tiny" else load(name)
    family = next(each.family for each in provider.operations.values() if each.availability.state != "unavailable")
    found = verified(provider, *(each.id for each in provider.operations.values() if each.family == family))
    assert found.failures == []
    for part in found.parts:
        assert part.is_checked is bool(part.requests or part.looked_at)
        assert part.is_checked or part.reason
    told = FORMATS["text"].render(found)
    assert "0 requests, fine" not in told
    assert all(f"{part.name}: not checked: {part.reason}" in told for part in found.parts if not part.is_checked)
    assert {check for each in found.unchecked for check in each.checks} <= set(CHECKS)
    assert all(each.reason for each in found.unchecked)


def test_what_a_document_does_not_have_is_the_reason() -> None:
    found = verified(tiny(), *ALONE)
    assert left(found) == {
        "closed routes": "none of the operations is one that the document calls unavailable and that stays closed",
        "createPoster: callbacks": "the document describes no callback of its tasks",
        "Schemathesis": "it was left out",
    }
    assert reasons(found) == {
        **{f"createPoster lifecycle.{name}": "the document has no field for the caller's own id"
           for name in ("external", "duplicate")},
        **{f"createPoster list.{name}": "no operation that is served lists its tasks"
           for name in ("contains", "agrees", "pages")},
        **{f"createPoster callback.{name}": "the document describes no callback of its tasks"
           for name in ("comes", "contract", "order", "agrees")},
    }  # fmt: skip


def test_callbacks_are_checked_with_a_body_that_is_drawn_where_there_is_no_example(tmp_path: Path) -> None:
    provider = edited(tmp_path, ((*CLIP, *EXAMPLES), GONE))
    found = verified(provider, "createImageToVideo", "getImageToVideo")
    assert found.failures == []
    assert [part.requests for part in found.parts if part.name.endswith("callbacks")] == [2]
    assert not any("callback" in check for each in found.unchecked for check in each.checks)


def test_what_only_one_of_callback_and_query_has_a_place_for_is_no_difference(tmp_path: Path) -> None:
    told = (*CLIP, "callbacks", "done", "{$request.body#/hook}", "post")
    provider = edited(
        tmp_path,
        ((*told, "x-envelope"), {"event": "job", "about": {"id": "$id", "state": "$status"}}),
        ((*told, "requestBody", "content", "application/json", "schema"), {"type": "object"}),
    )
    found = verified(provider, "createImageToVideo", "getImageToVideo")
    assert found.failures == []
    assert "createImageToVideo callback.agrees" not in reasons(found)


def test_a_document_that_asks_for_no_credential_is_not_checked_for_one(tmp_path: Path) -> None:
    provider = edited(tmp_path, (("info", "x-provider", "auth"), {"key": False}))
    found = verified(provider, "createImageToVideo", "getImageToVideo")
    assert found.failures == []
    assert reasons(found)["createImageToVideo auth.required"] == "the document asks for no credential"


def test_callbacks_that_no_body_may_ask_this_machine_for_are_not_checked(tmp_path: Path) -> None:
    hook = ("components", "schemas", "Clip", "properties", "hook", "pattern")
    provider = edited(tmp_path, (hook, "^https://hooks[.]example/[a-z]+$"))
    found = verified(provider, "createImageToVideo", "getImageToVideo")
    assert [each.check for each in found.failures] == []
    assert left(found)["createImageToVideo: callbacks"] == (
        "no body that asks for a callback to this machine keeps the contract"
    )
    assert reasons(found)["createImageToVideo callback.comes"] == left(found)["createImageToVideo: callbacks"]


def test_callbacks_that_were_not_to_be_asked_for_are_not_checked() -> None:
    found = verified(tiny(), "createImageToVideo", callbacks=False)
    assert "was not to be asked for callbacks" in left(found)["createImageToVideo: callbacks"]


def test_callbacks_of_a_create_without_a_get_are_held_against_their_contract(tmp_path: Path) -> None:
    provider = edited(tmp_path, (("paths", "/jobs/clip/{job}"), GONE), ((*CLIP, "responses", "200", "links"), GONE))
    found = verified(provider, "createImageToVideo")
    told = reasons(found)
    assert found.failures == []
    assert [part.requests for part in found.parts if part.name.endswith("callbacks")] == [1]
    asks = "no operation that is served asks for one of its tasks"
    assert told["createImageToVideo callback.agrees"] == told["createImageToVideo lifecycle.ends"] == asks
    assert told["createImageToVideo result.opens"] == told["createImageToVideo list.contains"] == asks
    assert "createImageToVideo callback.order" not in told


def test_a_schema_that_nothing_can_be_drawn_for_is_looked_at_by_its_examples(tmp_path: Path) -> None:
    provider = edited(tmp_path, ((*POSTER, "properties", "tags"), {"type": "array", "uniqueItems": True}))
    found = verified(provider, *ALONE)
    why = "the strategies cannot build values for 'uniqueItems' at tags"
    assert found.failures == []
    assert found.counts["createPoster"][1] > 1
    assert reasons(found)["createPoster request.boundary"] == why
    assert "createPoster request.refused" not in reasons(found)


def test_without_an_example_either_nothing_of_it_is_checked(tmp_path: Path) -> None:
    tags = ((*POSTER, "properties", "tags"), {"type": "array", "uniqueItems": True})
    provider = edited(tmp_path, tags, ((*CREATE, *EXAMPLES), GONE))
    found = verified(provider, *ALONE, schemathesis=True)
    why = "the strategies cannot build values for 'uniqueItems' at tags"
    assert found.failures == []
    assert {
        name: left(found)[f"createPoster: {name}"] for name in ("lives", "what is accepted", "what is refused")
    } == {
        "lives": why,
        "what is accepted": why,
        "what is refused": why,
    }
    told = reasons(found)
    assert [told[f"createPoster {each}"] for each in ("request.accepted", "lifecycle.ends", "schemathesis")] == [
        why
    ] * 3
    assert told["getPoster guard.success"] == why
    # Schemathesis looks at what is left: a get, to which nothing leads.
    assert f"its phase stateful had no case: {PHASES['stateful']}" in [each.reason for each in found.unchecked]
    assert not found.judged


@pytest.mark.parametrize("name", ["getPoster", "getImageToVideo"])
def test_a_get_alone_has_no_task_and_is_no_failure(name: str) -> None:
    found = verified(tiny(), name)
    assert found.failures == []
    assert not found.judged
    assert reasons(found) == {
        f"{name} guard.success": f"no create of its family is served and was asked for, so there was no task for {name}"
    }


def test_a_get_alone_is_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--provider", "kling", "--operations", "getImageToVideo", "--no-schemathesis"]) == 3
    printed = capsys.readouterr().out
    assert "nothing could be judged: no request was made that an operation has to accept" in printed
    assert "not checked: guard.success of getImageToVideo: no create of its family" in printed


def test_a_list_alone_is_asked_for_a_page() -> None:
    found = verified(tiny(), "listImageToVideos")
    assert found.failures == []
    assert found.judged
    assert [(part.name, part.requests) for part in found.parts if "page" in part.name] == [
        ("listImageToVideos: a page", 1)
    ]


def test_a_sibling_that_is_closed_is_not_asked(tmp_path: Path) -> None:
    shut = {"state": "unavailable", "observed": "2026-01-02", "reply": "route.unknown"}
    provider = edited(tmp_path, (("paths", "/jobs/poster/{job}", "get", "x-availability"), shut))
    found = verified(provider, *ALONE)
    assert found.failures == []
    assert reasons(found)["createPoster lifecycle.ends"] == "no operation that is served asks for one of its tasks"


def test_what_a_failure_kept_from_being_seen_says_so() -> None:
    def refuse(call: Call, ask: Ask, memory: Memory) -> Reply:
        return Reply(500, b'{"code": 5000}') if call.kind == "create" else ask(call)

    with broken(Fault("refuses", "", refuse, provider=str(TINY))) as url:
        found = verify(tiny(), url, Settings(poll=0, examples=1, lives=1, operations=ALONE))
    told = reasons(found)
    since = "no task came so far, since error.row failed"
    assert told["createPoster lifecycle.ends"] == told["createPoster result.opens"] == since
    assert told["getPoster guard.success"] == since


def test_every_report_says_what_was_not_checked_and_why(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("text", "json", "junit", "har")}
    reports = ",".join(f"{name}={file}" for name, file in files.items())
    words = ["--provider", str(TINY), "--operations", ",".join(ALONE), "--examples", "1", "--no-schemathesis"]
    assert main(["verify", *words, "--report", reports]) == 0
    text, archive = (files[name].read_text(encoding="utf-8") for name in ("text", "har"))
    lists = "no operation that is served lists its tasks"
    assert "  Schemathesis: not checked: it was left out\n" in text
    assert f"not checked: list.contains, list.agrees, list.pages of createPoster: {lists}\n" in text
    found = json.loads(files["json"].read_text(encoding="utf-8"))
    parts = {each["name"]: each["not_checked"] for each in found["parts"]}
    assert parts["Schemathesis"] == "it was left out"
    assert parts["refusals without a body"] is None
    assert {"checks": ["list.contains", "list.agrees", "list.pages"], "operation": "createPoster",
            "reason": lists} in found["not_checked"]  # fmt: skip
    suites = ElementTree.parse(files["junit"]).getroot()
    skipped = {
        str(case.get("name")): str(each.get("message"))
        for case in suites.iter("testcase")
        for each in case.iter("skipped")
    }
    assert skipped["Schemathesis"] == "not checked: it was left out"
    assert skipped["createPoster: list.pages"] == f"not checked: {lists}"
    assert suites.get("skipped") == str(len(skipped))
    assert (
        f"not checked: list.contains, list.agrees, list.pages of createPoster: {lists}"
        in (json.loads(archive)["log"]["comment"])
    )
