"""`check-traffic`: what it prints, writes and ends with."""

from __future__ import annotations

import copy
import errno
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
import yaml
from recorded import KEY, Entry, dumped, har, made, png, vcrpy

from kling_contract.cli import main
from kling_contract.documents import folder, load
from kling_contract.verify.traffic import unjudged
from kling_contract.verify.traffic.unjudged import Ledger, lines


@cache
def original() -> list[Entry]:
    entries = made()
    return [entries[0], entries[1], entries[-1]]


@pytest.fixture
def entries() -> list[Entry]:
    return copy.deepcopy(original())


def broken(entries: list[Entry]) -> list[Entry]:
    """Spoil the create in five ways, and the poll in one."""
    body = json.loads(entries[0]["request"]["postData"]["text"])
    body |= {"duration": "7", "image_tail": png(20, 20), "colour": "red", "prompt": "x" * 2600}
    body |= {"callback_url": "https://me.example/hook?token=t0psecret-token"}
    entries[0]["request"]["postData"]["text"] = json.dumps(body)
    told = json.loads(entries[1]["response"]["content"]["text"])
    told["data"] |= {"queue": 3, "created_at": str(told["data"]["created_at"]), "session_token": "abcdefgh"}
    entries[1]["response"]["content"]["text"] = json.dumps(told)
    teapot = {"status": 418, "headers": [], "content": {"text": '{"message": "I am a teapot", "code": 7}'}}
    return [*entries, {**entries[1], "response": teapot}]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["check-traffic", *map(str, arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


def checked(capsys: pytest.CaptureFixture[str], file: Path, *options: object) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(capsys, file, "--json", *options)
    return code, json.loads(out)


def write(folder: Path, data: bytes, name: str = "a.har") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def test_a_kept_contract_is_fine(entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, write(tmp_path, har(entries)))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "times (half of all / nine in ten / most):",
        "  operation                    exchanges  answered in                 finished in        by the document",
        "  cometapi createImageToVideo  1          0.0125 / 0.0125 / 0.0125 s  164 / 164 / 164 s  164 s (25 to 626)",
        "  cometapi getImageToVideo     2          0.0125 / 0.0125 / 0.0125 s  -",
        "3 entries, 3 judged: 0 violations, 0 notes",
    ]


def test_a_broken_one_is_told_entry_by_entry(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = broken(entries)
    code, out, _ = run(capsys, write(tmp_path, har([*spoilt, *[spoilt[1]] * 9])))
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "violations:"
    assert any(line.startswith("  #0 cometapi createImageToVideo request: schema.enum: /duration: ") for line in lines)
    often = "  #1, #4, #5, #6, #7, #8, #9, #10 and 2 more cometapi getImageToVideo answer: schema.type: "
    assert any(line.startswith(often) for line in lines)
    assert any(line.endswith("[accepted with 200]") for line in lines)
    assert "notes, candidates for drift:" in lines
    assert lines[-1].startswith("13 entries, 13 judged: ")


def test_findings_as_json(entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = checked(capsys, write(tmp_path, har(broken(entries))))
    rules = {(each["severity"], each["rule"]): each for each in told["findings"]}
    assert code == 1
    assert set(rules) == {
        ("violation", "schema.enum"),
        ("violation", "schema.maxLength"),
        ("violation", "image.sides"),
        ("violation", "schema.type"),
        ("note", "field.unknown"),
        ("note", "answer.field"),
        ("note", "answer.error"),
    }
    assert rules["violation", "image.sides"]["entries"] == [0]
    assert rules["violation", "image.sides"]["pointer"] == "/image_tail"
    assert told["violations"] == 4
    create = told["operations"][0]
    assert create["document"] == {"typical": 164, "least": 25, "most": 626}
    assert create["finished"]["p50"] == 164
    assert KEY not in json.dumps(told)
    assert "t0psecret" not in json.dumps(told)


def test_an_answer_moves_no_terminal_and_writes_no_line_of_its_own(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps({"message": "\x1b[2J\n1 entry, 1 judged: 0 violations", "code": 7, "\x1b[31m": 1})
    odd = {**entries[1], "response": {"status": 418, "headers": [], "content": {"text": text}}}
    code, out, _ = run(capsys, write(tmp_path, har([odd])))
    assert code == 0
    assert "\x1b" not in out
    assert "1 entry, 1 judged: 0 violations" not in [line[:31] for line in out.splitlines()[:-1]]
    assert r"code 7: \x1b[2J\n1 entry" in out
    _, _, err = run(capsys, write(tmp_path, b'{"\\u001b[2J": 1}'))
    assert r"this file has \x1b[2J" in err


def test_nothing_of_a_provider_is_its_own_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"request": {"url": "https://other.example/"}, "response": {"status": 200}}
    code, out, _ = run(capsys, write(tmp_path, har([entry])))
    assert code == 3
    assert out.splitlines() == [
        "not judged:",
        "  1 entry (#0): no document names its host (--provider P takes any): other.example",
        "1 entry, and none belongs to an operation of a provider",
    ]


def everything(entries: list[Entry]) -> list[Any]:
    """Return a recording in which something is not judged for each reason there is."""
    other = {"request": {"url": "https://bank.example/", "method": "GET"}, "response": {"status": 200, "content": {}}}
    cdn = {**other, "request": {"url": "http://cdn.example:81/", "method": "GET"}}
    path = {**other, "request": {"url": "https://api.cometapi.com/kling/v1/videos/image2vidoe/1", "method": "GET"}}
    asked_first = {**entries[1], "request": {**entries[1]["request"], "method": "OPTIONS"}}
    url = json.loads(entries[2]["response"]["content"]["text"])["data"]["task_result"]["videos"][0]["url"]
    fetched = {**other, "request": {"url": url, "method": "GET"}}
    create, lost, cut = (copy.deepcopy(entries[0]) for _ in range(3))
    create["response"] = {"status": 0, "content": {}}
    del lost["request"]["postData"]
    cut["response"]["content"]["text"] = cut["response"]["content"]["text"][:20]
    cut["response"]["content"]["size"] = 200
    return [other, other, cdn, path, asked_first, 7, *entries, fetched, create, lost, cut]


WHY = [
    ("entry", "host", [0, 1], "bank.example"),
    ("entry", "host", [2], "cdn.example:81"),
    ("entry", "path", [3], "api.cometapi.com"),
    ("entry", "preflight", [4], None),
    ("entry", "unreadable", [5], None),
    ("entry", "result", [9], None),
    ("answer", "unanswered", [10], None),
    ("request", "not-recorded", [11], None),
    ("answer", "cut", [12], None),
]


def test_what_was_not_judged_is_counted_by_reason_and_listed(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, har(everything(entries)))
    _, told = checked(capsys, file)
    assert [(each["part"], each["reason"], each["entries"]) for each in told["unjudged"]] == [each[:3] for each in WHY]
    assert [each["detail"] for each in told["unjudged"]][:7] == [each[3] for each in WHY][:7]
    assert all(each["count"] == len(each["entries"]) and each["message"] for each in told["unjudged"])
    assert {each["file"] for each in told["unjudged"]} == {str(file)}
    code, out, _ = run(capsys, file)
    assert code == 2
    size = len(entries[0]["request"]["postData"]["text"])
    began = out.splitlines().index("not judged:")
    assert out.splitlines()[began + 1 : began + 9] == [
        "  3 entries (#0, #1, #2): no document names its host (--provider P takes any): bank.example; cdn.example:81",
        "  1 entry (#3): no operation has such a path: api.cometapi.com",
        "  1 entry (#4): a browser asks whether it may send a request (OPTIONS)",
        "  1 entry (#5): it cannot be read",
        "  1 entry (#9): it fetches a result, of which only the time is judged",
        "  1 answer (#10): none came, or none was recorded",
        f"  1 request (#11): the body was not recorded: the recording does not have its {size} bytes",
        "  1 answer (#12): the body was cut off by the recorder: the recording has 20 of 200 bytes",
    ]
    assert out.splitlines()[-1].startswith("12 entries, 6 judged (1 without an answer), 7 not: ")


def test_a_host_that_is_not_asked_for_is_no_reason_where_any_host_counts(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, write(tmp_path, har(everything(entries))), "--provider", "cometapi")
    assert "  4 entries (#0, #1, #2, #3): no operation has such a path: bank.example; " in out
    assert "no document names its host" not in out


def test_reasons_are_cut_behind_a_word_and_apart_from_each_other() -> None:
    ledger = Ledger()
    long = "the recording has it as base64, and it is none of the forms that anybody knows (17 characters)"
    ledger.add("a.har", "answer", "form", 0, long)
    ledger.add("a.har", "answer", "form", 1, "it is kept as xml, which is not read here")
    (told,) = lines(ledger, named=False)
    assert told.endswith(
        ": the recording has it as base64, and it is none of the forms…; it is kept as xml, which is not read here"
    )


def test_bodies_of_which_none_can_be_read_are_no_kept_contract(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create, poll = entries[0], entries[1]
    del create["request"]["postData"]
    create["response"] = {"status": 0, "content": {}}
    poll["response"]["content"] = {}
    file = write(tmp_path, har([create, poll]))
    code, out, _ = run(capsys, file)
    assert code == 3
    assert out.splitlines()[-1] == "2 entries, 0 judged (1 without an answer), 2 not: 0 violations, 3 notes"
    _, told = checked(capsys, file)
    assert (told["matched"], told["judged"]) == (2, 0)


def test_five_thousand_images_do_not_drown_the_report(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [
        {
            "request": {"url": f"https://cdn{number % 50}.example/{number}.png", "method": "GET"},
            "response": {"status": 200},
        }
        for number in range(5000)
    ]
    file = write(tmp_path, har([*images, *entries]))
    _, out, _ = run(capsys, file)
    assert len(out.splitlines()) == 7
    assert "  5000 entries (#0, #1, #2, #3, #4, #5, #6, #7 and 4992 more): no document names its host" in out
    assert " and 42 more" in out
    _, told = checked(capsys, file)
    assert sorted(entry for group in told["unjudged"] for entry in group["entries"]) == list(range(5000))


def test_hosts_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unjudged, "MOST", 3)
    ledger = unjudged.Ledger()
    for number in range(10):
        ledger.add("a.har", "entry", "host", number, f"{number}.example")
    assert len(ledger.groups) == 4
    assert ledger.entries == 10


def test_the_report_as_junit_xml(entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.xml"
    run(capsys, write(tmp_path, har([*everything(entries), *broken(entries)])), "--junit", out)
    suite = ElementTree.parse(out).getroot()[0]
    assert {name: suite.get(name) for name in ("failures", "errors", "skipped")} == {
        "failures": "2",
        "errors": "1",
        "skipped": "8",
    }
    failed = {case.get("name"): case.find("failure") for case in suite if case.find("failure") is not None}
    assert set(failed) == {"createImageToVideo", "getImageToVideo"}
    create = failed["createImageToVideo"]
    assert create is not None
    assert "schema.enum" in (create.text or "")
    skipped = {str(case.get("name")): case.find("skipped") for case in suite if case.find("skipped") is not None}
    (host,) = (each for name, each in skipped.items() if "names its host" in name)
    assert host is not None
    assert host.get("message", "").startswith("3 entries (#0, #1, #2): no document names its host")
    told = suite.find("system-out")
    assert told is not None
    assert "answer.error" in (told.text or "")


def test_failed_tasks_are_told_apart_with_their_reasons(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(entries[2]["response"]["content"]["text"])
    del told["data"]["task_result"]
    told["data"] |= {"task_status": "failed", "task_status_msg": f"refused; token={KEY}\x1b[2J"}
    entries[2]["response"]["content"]["text"] = json.dumps(told)
    code, out, _ = run(capsys, write(tmp_path, har([*entries, entries[2]])))
    assert code == 0
    assert out.splitlines()[:2] == [
        "failed tasks:",
        f"  #2 cometapi getImageToVideo task: task.failed: task {told['data']['task_id']} failed: "
        "refused; token=[redacted]\\x1b[2J",
    ]
    assert out.splitlines()[-1] == "4 entries, 4 judged: 0 violations, 1 note"


def test_what_was_read_before_a_file_was_cut_off_is_told(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = write(tmp_path, har(entries)), write(tmp_path, har(broken(entries))[:-200], "cut.har")
    code, out, err = run(capsys, cut, whole, tmp_path / "none.har")
    assert code == 2
    assert f"{cut} #0 cometapi createImageToVideo request: schema.enum" in out
    assert "6 entries" in out
    first, second = err.splitlines()
    assert first.startswith(f"kling-contract check-traffic: {cut}: entry 3, before byte ")
    assert second == f"kling-contract check-traffic: {tmp_path / 'none.har'}: {os.strerror(errno.ENOENT)}"


@pytest.mark.parametrize("kind", ["har", "yaml"])
def test_a_redacted_copy_has_the_same_findings_and_no_secret(
    kind: str, entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"request": {"url": "https://bank.example/?me=1"}, "response": {"status": 200, "content": {"text": "mine"}}}
    other |= {"startedDateTime": entries[0]["startedDateTime"]}
    spoilt = [other | {"request": {**other["request"], "headers": [], "method": "GET"}}, *broken(entries)]
    for each in spoilt[1:]:
        each["request"]["headers"] += [{"name": "Cookie", "value": "c00kie"}]
    spoilt[0]["response"]["headers"] = []
    recording = write(tmp_path, har(spoilt) if kind == "har" else dumped(vcrpy(spoilt)))
    out = tmp_path / "out.har"
    code, told = checked(capsys, recording, "--redact", out)
    again, retold = checked(capsys, out)
    assert (code, again) == (1, 1)
    assert [{**each, "file": ""} for each in retold["findings"]] == [{**each, "file": ""} for each in told["findings"]]
    assert retold["operations"] == told["operations"]
    written = out.read_text()
    for secret in (KEY, "c00kie", "t0psecret", "abcdefgh", "bank.example", "mine", png(20, 20)[:60]):
        assert secret not in written
    assert "[image png 20x20 " in written
    copied = json.loads(written)["log"]
    assert jsonschema_rs.is_valid(HAR, copied)
    assert len(copied["entries"]) == len(spoilt)


def test_tasks_are_followed_in_each_recording_by_itself(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    har_file, cassette = write(tmp_path, har(entries)), write(tmp_path, dumped(vcrpy(entries)), "a.yaml")
    code, out, _ = run(capsys, har_file, cassette, har_file)
    assert (code, out.splitlines()[-1]) == (0, "9 entries, 9 judged: 0 violations, 0 notes")


def test_what_http_2_says_again_as_headers_hides_no_host_and_keeps_no_key(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in entries:
        host, path = "api.cometapi.com", each["request"]["url"].partition(".com")[2]
        each["request"]["url"] += "?key=S3Kq"
        told = {":authority": host, ":path": f"{path}?key=S3Kq", ":method": "POST", "authority": host}
        each["request"]["headers"] += [{"name": name, "value": value} for name, value in told.items()]
    recording, out = write(tmp_path, har(entries)), tmp_path / "out.har"
    code, told = checked(capsys, recording, "--redact", out)
    again, retold = checked(capsys, out)
    assert (code, told["judged"]) == (again, retold["judged"])
    assert retold["judged"] == len(entries)
    written = out.read_text()
    assert "https://api.cometapi.com/kling/v1/videos/image2video" in written
    assert "S3Kq" not in written


def test_what_a_redacted_copy_leaves_out_is_told_with_the_reason(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = "abcd1234efgh"
    asked = {**entries[1]["request"], "url": f"https://api.cometapi.com/kling/v1/videos/image2vidoe/1?sid={hidden}"}
    answer = {"status": 404, "headers": [], "content": {"text": hidden}}
    unknown = {**entries[1], "request": {**asked, "postData": {"text": hidden}}, "response": answer}
    other = {**entries[1], "request": {**asked, "url": "https://bank.example/"}}
    ask_first = {**entries[1], "request": {**entries[1]["request"], "method": "OPTIONS"}}
    recording = write(tmp_path, har([other, unknown, 7, unknown, ask_first, *entries]))
    out = tmp_path / "out.har"
    code, told, err = run(capsys, recording, "--redact", out)
    assert code == 2
    assert [line.partition(str(out))[2] for line in err.splitlines() if str(out) in line] == [
        " 2 entries are left out: neither the request of an operation nor of a result",
        " 2 entries are without headers and bodies: no operation has such a path",
        " 1 entry is left out: not readable",
    ]
    written = out.read_text()
    assert hidden not in written
    copied = json.loads(written)["log"]
    assert jsonschema_rs.is_valid(HAR, copied)
    assert [bool(each.get("comment")) for each in copied["entries"]] == [True] * 5 + [False] * 3
    assert copied["entries"][1]["response"]["status"] == 404
    again, retold, _ = run(capsys, out)
    notes = [line for line in told.splitlines() if "route.unknown" in line]
    assert (again, [line for line in retold.splitlines() if "route.unknown" in line]) == (0, notes)
    assert notes[0].startswith("  #1, #3 cometapi request: route.unknown: GET /kling/v1/videos/image2vidoe/1 is not in")


TAGGED = """
- request:
    method: POST
    uri: https://api.cometapi.com/kling/v1/videos/image2video
    headers: {Authorization: [Bearer KEY]}
    body: !!python/object/apply:os.system ['echo KEY; touch never']
  response: {status: {code: 200}, headers: {Content-Encoding: [gzip]}, body: {string: !!binary bm9wZQD/}}
"""


@pytest.mark.parametrize("name", ["out.har", "out.yaml"])
def test_a_copy_tells_of_the_bodies_that_nobody_could_read(
    name: str, entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = dumped(vcrpy(entries)).decode().partition("version: 1")[0]
    recording = write(tmp_path, f"{head}{TAGGED.replace('KEY', KEY)}version: 1\n".encode(), "a.yaml")
    out = tmp_path / name
    code, told, err = run(capsys, recording, "--redact", out)
    assert code == 0
    assert [line.partition(str(out))[2] for line in err.splitlines()] == [
        " 1 body is copied unread (request: the body has a form that is not known);"
        " look for secrets there before you send it",
        " 1 body is copied unread (answer: the body cannot be decoded); look for secrets there before you send it",
    ]
    written = out.read_text()
    assert KEY not in written
    assert "!!python/object/apply:os.system" in written
    assert "echo [redacted]; touch never" in written
    again, retold, _ = run(capsys, out)
    assert (again, retold) == (0, told)


@pytest.mark.parametrize("kind", ["har", "yaml"])
def test_a_copy_may_be_a_cassette_that_is_judged_the_same(
    kind: str, entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"request": {"url": "https://bank.example/?me=1", "method": "GET", "headers": []}}
    other |= {"response": {"status": 200, "headers": [], "content": {"text": "mine"}}}
    other |= {"startedDateTime": entries[0]["startedDateTime"]}
    spoilt = [other, *broken(entries)]
    recording = write(tmp_path, har(spoilt) if kind == "har" else dumped(vcrpy(spoilt)), f"a.{kind}")
    out = tmp_path / "out.yaml"
    code, told = checked(capsys, recording, "--redact", out)
    again, retold = checked(capsys, out)
    assert (code, again) == (1, 1)
    assert [{**each, "file": ""} for each in retold["findings"]] == [{**each, "file": ""} for each in told["findings"]]
    assert retold["operations"] == told["operations"]
    written = out.read_text()
    for secret in (KEY, "t0psecret", "abcdefgh", "bank.example", "mine", png(20, 20)[:60]):
        assert secret not in written
    assert "!!python" not in written
    assert [each["request"]["uri"] for each in yaml.safe_load(written)["interactions"]][1].endswith("/image2video")


def test_a_cassette_of_nothing_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.yml"
    run(capsys, write(tmp_path, har([])), "--redact", out)
    assert yaml.safe_load(out.read_text()) == {"interactions": [], "version": 1}


TEXT, NUMBER = {"type": "string"}, {"type": "number"}
MESSAGE = {"httpVersion": TEXT, "cookies": {"type": "array"}, "headersSize": NUMBER, "bodySize": NUMBER}
PAIRS = {"type": "array", "items": {"required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}}}


def shape(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


# What HAR 1.2 requires: http://www.softwareishard.com/blog/har-12-spec/
HAR = shape(
    version=TEXT,
    creator=shape(name=TEXT, version=TEXT),
    entries={
        "type": "array",
        "items": shape(
            startedDateTime=TEXT,
            time=NUMBER,
            request=shape(method=TEXT, url=TEXT, headers=PAIRS, queryString=PAIRS, **MESSAGE),
            response=shape(
                status=NUMBER,
                statusText=TEXT,
                headers=PAIRS,
                content=shape(size=NUMBER, mimeType=TEXT),
                redirectURL=TEXT,
                **MESSAGE,
            ),
            cache=shape(),
            timings=shape(send=NUMBER, wait=NUMBER, receive=NUMBER),
        ),
    },
)


def follow(document: dict[str, Any], target: str) -> dict[str, Any]:
    """Return the node of a JSONPath of the form $.paths['...'].method."""
    path, _, method = target.removeprefix("$.paths['").rpartition("'].")
    found: dict[str, Any] = document["paths"][path][method]
    return found


def test_what_was_observed_is_an_overlay_that_a_document_takes(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "seen.yaml"
    code, _, err = run(capsys, write(tmp_path, har(broken(entries))), "--learn", out)
    assert code == 1
    assert f"what was observed of CometAPI is in {out}" in err
    learned = yaml.safe_load(out.read_text())
    assert learned["overlay"] == "1.0.0"
    assert set(learned) == {"overlay", "info", "extends", "actions"}
    assert learned["extends"] == "cometapi.yaml"
    document = yaml.safe_load((folder() / learned["extends"]).read_text())
    for action in learned["actions"]:
        assert set(action) == {"target", "description", "update"}
        follow(document, action["target"]).update(action["update"])
    (tmp_path / "common.yaml").write_text((folder() / "common.yaml").read_text())
    combined = tmp_path / "combined.yaml"
    combined.write_text(yaml.safe_dump(document, sort_keys=False))
    assert load(str(combined)).operations.keys() == load("cometapi").operations.keys()
    create, get = (action["update"]["x-observed"] for action in learned["actions"])
    assert create["finished"]["p50"] == 164
    assert {"side": "request", "pointer": "/colour", "type": "string", "times": 1} in create["fields"]
    assert {"pointer": "/duration", "rule": "schema.enum", "times": 1} in create["accepted"]
    assert {"side": "answer", "pointer": "/data/queue", "type": "integer", "times": 1} in get["fields"]
    assert get["errors"] == [{"status": 418, "code": 7, "times": 1}]


def test_texts_are_learned_only_where_they_are_asked_for(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = write(tmp_path, har(broken(entries))), tmp_path / "seen.json"
    run(capsys, file, "--learn", out)
    assert "teapot" not in out.read_text()
    run(capsys, file, "--learn", out, "--with-texts")
    get = json.loads(out.read_text())["actions"][1]["update"]["x-observed"]
    assert get["errors"] == [{"status": 418, "code": 7, "message": "I am a teapot", "times": 1}]


NAMES = ("cometapi", "kling")


def test_two_providers_are_learned_of_apart(
    entries: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = copy.deepcopy(entries[0])
    foreign["request"]["url"] = "https://api.klingai.com/v1/videos/image2video"
    run(capsys, write(tmp_path, har([*entries, foreign])), "--learn", tmp_path / "seen.yaml")
    actions = {name: yaml.safe_load((tmp_path / f"seen.{name}.yaml").read_text())["actions"] for name in NAMES}
    assert {name: len(found) for name, found in actions.items()} == {"cometapi": 2, "kling": 1}


def test_nothing_seen_is_nothing_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, write(tmp_path, har([])), "--learn", tmp_path / "seen.yaml")
    assert code == 3
    assert "no overlay written" in err
    assert not (tmp_path / "seen.yaml").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a.har", "b.har", "--redact", "c.har"], "--redact copies one FILE at a time"),
        (["a.har", "--redact", "a.har"], "--redact a.har is the recording itself; choose another file"),
        (["a.har", "--learn", "./a.har"], "--learn ./a.har is the recording itself; choose another file"),
        (["a.har", "--junit", "a.har"], "--junit a.har is the recording itself; choose another file"),
        (["a.har", "--redact", "b", "--learn", "./b"], "--redact and --learn both write ./b; choose two files"),
        (["a.har", "--learn", "b", "--junit", "b"], "--learn and --junit both write b; choose two files"),
        (["a.har", "--with-texts"], "--with-texts goes with --learn"),
    ],
)
def test_wrong_use_is_one_line(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *options) == (2, "", f"kling-contract check-traffic: {message}\n")


def test_a_recording_that_is_not_there_leaves_no_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, tmp_path / "none.har", "--redact", tmp_path / "out.har")
    assert code == 2
    assert os.strerror(errno.ENOENT) in err
    assert not (tmp_path / "out.har").exists()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in sys.modules if name.startswith("kling_contract.verify.traffic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ijson", None)
    code, _, err = run(capsys, "a.har")
    assert code == 2
    assert "pip install 'kling-contract[traffic]'" in err
