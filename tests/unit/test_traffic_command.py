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

import jsonschema_rs
import pytest
import yaml
from recorded import KEY, Entry, dumped, har, made, png, vcrpy

from kling_contract.cli import main
from kling_contract.documents import folder, load


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
    assert run(capsys, write(tmp_path, har([entry])))[:2] == (
        3,
        "1 entry, and none belongs to an operation of a provider\n",
    )


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
