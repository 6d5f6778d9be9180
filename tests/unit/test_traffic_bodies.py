"""Bodies in each form in which recorders keep them: the request is judged, or it is told why not."""

from __future__ import annotations

import base64
import copy
import gzip
import io
import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from recorded import CREATE, KEY, Entry, dumped, found, har, made, rules, vcrpy

from kling_contract.verify.traffic import Exchange, Finding, Flaw, RedactedCopy, read
from kling_contract.verify.traffic.coding import MOST
from kling_contract.verify.traffic.har import beside

IMAGE = "https://example.com/cat.png"
GOOD = {"image": IMAGE, "model_name": "kling-v2-6"}
BAD = {**GOOD, "duration": "7"}
ANSWER = {
    "code": 0,
    "message": "success",
    "request_id": "r",
    "data": {"task_id": "42", "task_status": "submitted", "created_at": 1790000000000, "updated_at": 1790000000000},
}

HEAD = f"""interactions:
- request:
    headers:
      Authorization: [Bearer {KEY}]
    method: POST
    uri: {CREATE}
"""
TAIL = f"""
  response:
    body:
      string: '{json.dumps(ANSWER)}'
    headers: {{Content-Type: [application/json]}}
    status: {{code: 200, message: OK}}
version: 1
"""


def indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def cassette(body: str) -> bytes:
    """Return a cassette of one create, whose request ends with these lines."""
    return f"{HEAD}{indented(body)}{TAIL}".encode()


def binary(data: bytes) -> str:
    return f"!!binary {base64.b64encode(data).decode()}"


def text_of(body: Any) -> str:
    return json.dumps(body)


def one(data: bytes, folder: Path | None = None) -> Exchange:
    (exchange,) = read(io.BytesIO(data), folder)
    assert isinstance(exchange, Exchange)
    return exchange


def lines(body: Any) -> str:
    """Return a body as a mapping, as PyYAML writes it."""
    return "body:\n" + "\n".join(f"  {line}" for line in yaml.safe_dump(body).splitlines())


def file_like(made: str, text: str) -> str:
    return f"body: !!python/object/{made}\n  state: !!python/tuple\n  - {text}\n  - 0\n  - null"


def chunks(*parts: str) -> str:
    items = "\n".join(f"  {'- - ' if not number else '  - '}{part}" for number, part in enumerate(parts))
    return f"body: !!python/object/apply:builtins.iter\n  args:\n{items}\n  state: 0"


def forms(body: Any) -> dict[str, str]:
    """Return the same body in each form of a cassette."""
    text = text_of(body)
    data, quoted = text.encode(), f"'{text}'"
    half = len(data) // 2
    packed = base64.b64encode(data).decode()
    return {
        "a text": f"body: {quoted}",
        "bytes": f"body: {binary(data)}",
        "a text of Python 2": f"body: !!python/unicode {quoted}",
        "aiohttp's mapping": lines(body),
        "a file": file_like("new:_io.BytesIO", binary(data)),
        "a file of texts": file_like("new:_io.StringIO", quoted),
        "a file as it is called": f"body: !!python/object/apply:io.BytesIO\n- {binary(data)}",
        "a generator": chunks(binary(data[:half]), binary(data[half:])),
        "a generator of texts": chunks(f"'{text[:half]}'", f"'{text[half:]}'"),
        "an iterator without a state": f"body: !!python/object/apply:builtins.iter\n- - {binary(data)}",
        "an iterator over bytes": f"body: !!python/object/apply:builtins.iter\n  args:\n  - {binary(data)}\n  state: 0",
        "an array of bytes": f"body: !!python/object/apply:builtins.bytearray\n- {quoted}\n- latin-1",
        "chunks": f"body:\n- {binary(data[:half])}\n- {binary(data[half:])}",
        "Ruby's": f"body: {{encoding: UTF-8, string: {quoted}}}",
        "Ruby's of bytes": f"body: {{encoding: ASCII-8BIT, base64_string: {packed}}}",
        "R's": f"body: {{encoding: '', string: {quoted}, file: no}}",
        "a string alone": f"body: {{string: {quoted}}}",
        "a string that is a mapping": f"body: {{string: {text}}}",
        "typed": f"body: {{type: json, content: {text}}}",
        "typed, as a text": f"body: {{type: application/json, content: {quoted}}}",
        "typed, other names": f"body: {{type: JSON, json: {text}}}",
        "a text that is typed": f"body: {{type: text, value: {quoted}}}",
        "base64 that is typed": f"body: {{type: base64, data: {packed}}}",
        "base64 by its encoding": f"body: {{encoding: base64, content: {packed}}}",
        "json alone": f"body: {{json: {text}}}",
        "parsed beside": f"parsed_body: {text}",
    }


@pytest.mark.parametrize("form", forms(GOOD))
def test_a_body_in_any_known_form_is_judged(form: str) -> None:
    assert found(cassette(forms(GOOD)[form])) == []
    assert rules(cassette(forms(BAD)[form])) == [(0, "schema.enum")]
    data, unread = one(cassette(forms(GOOD)[form])).body.read()
    assert (json.loads(data or b""), unread) == (GOOD, None)


def copied(data: bytes, folder: Path | None = None) -> tuple[list[Finding | Flaw], dict[str, Any], RedactedCopy]:
    """Return what is found in a recording, its redacted copy, and what is told of the copy."""
    out = io.StringIO()
    copy = RedactedCopy(out, "1")
    told = found(data, copy=copy, folder=folder)
    copy.close()
    return told, json.loads(out.getvalue()), copy


def same(data: bytes, folder: Path | None = None) -> dict[str, Any]:
    """Return the first entry of a redacted copy, in which the same is found as in the recording."""
    told, log, _ = copied(data, folder)
    assert found(json.dumps(log).encode()) == told
    assert KEY not in json.dumps(log)
    entry: dict[str, Any] = log["log"]["entries"][0]
    return entry


@pytest.mark.parametrize("form", forms(GOOD))
def test_the_redacted_copy_of_a_known_form_holds_the_request_and_is_judged_the_same(form: str) -> None:
    secret = {**BAD, "api_key": "abcd1234efgh"}
    entry = same(cassette(forms(secret)[form]))
    assert json.loads(entry["request"]["postData"]["text"]) == {**BAD, "api_key": "[redacted]"}
    assert "_unjudged" not in entry


AMBIGUOUS: dict[str, tuple[str, Any]] = {
    "a field beside string": ("body: {string: x, prompt: y}", {"string": "x", "prompt": "y"}),
    "a type that is no kind of body": ("body: {type: video, content: x}", {"type": "video", "content": "x"}),
    "a text alone": ("body: {text: hello}", {"text": "hello"}),
    "an encoding that is none": ("body: {encoding: fast, data: x}", {"encoding": "fast", "data": "x"}),
    "an encoding alone": ("body: {encoding: x}", {"encoding": "x"}),
    "base64_string that is a number": ("body: {base64_string: 5}", {"base64_string": 5}),
    "a type and three more": ("body: {type: json, content: x, mode: std}",
                              {"type": "json", "content": "x", "mode": "std"}),
    "a type and two contents": ("body: {type: json, content: x, data: y}",
                                {"type": "json", "content": "x", "data": "y"}),
    "an empty mapping": ("body: {}", {}),
    "an empty list": ("body: []", []),
    "a list of texts": ("body: [a, b]", ["a", "b"]),
    "a number": ("body: 5", 5),
    "a boolean": ("body: yes", True),
    "numbers as they are written": ("body: {a: 0.1, b: 1.0e+30, c: -7, d: 0x1f, e: 0o17, f: 017, g: null}",
                                    {"a": 0.1, "b": 1e30, "c": -7, "d": 31, "e": "0o17", "f": 15, "g": None}),
    "keys that are no texts": ("body: {2: a, true: b, null: c}", {"2": "a", "true": "b", "null": "c"}),
    "a tuple in JSON": ("body: {a: !!python/tuple [1, 2]}", {"a": [1, 2]}),
    "standard tags": ("body: {a: !!int '5', b: !!str 5, c: !!float '1.5', d: !!bool 'no', e: !!python/long '5'}",
                      {"a": 5, "b": "5", "c": 1.5, "d": False, "e": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_could_be_a_form_or_the_request_itself_is_the_request(name: str) -> None:
    text, expected = AMBIGUOUS[name]
    data, unread = one(cassette(text)).body.read()
    assert unread is None
    assert json.loads(data or b"") == expected


def test_numbers_of_a_mapping_are_judged_as_they_are_written() -> None:
    data, _ = one(
        cassette("body: {a: 0.30000000000000000000000000000000000001, b: 123456789012345678901234567890}")
    ).body.read()
    assert data == b'{"a":0.30000000000000000000000000000000000001,"b":123456789012345678901234567890}'


UNKNOWN: dict[str, tuple[str, str]] = {
    "a call": ("body: !!python/object/apply:os.system ['touch /tmp/never']", "!!python/object/apply:os.system"),
    "a call in a mapping": ("body: {a: !!python/object/apply:os.system [ls]}",
                            "it holds !!python/object/apply:os.system"),
    "a call as a text": ("body: !!python/object/apply:os.system ls", "!!python/object/apply:os.system"),
    "a file of calls": ("body: !!python/object/new:_io.BytesIO\n  state: !!python/object/apply:os.system [ls]",
                        "!!python/object/new:_io.BytesIO"),
    "chunks that are calls": (chunks("!!python/object/apply:os.system [ls]"), "neither bytes nor texts"),
    "a name": ("body: !!python/name:os.system ''", "!!python/name:os.system"),
    "a module": ("body: !!python/module:os ''", "!!python/module:os"),
    "a form of aiohttp": ("body: !!python/object:aiohttp.formdata.FormData\n  _fields: []",
                          "aiohttp.formdata.FormData"),
    "fields of a form": ("body:\n- !!python/tuple [image, x]", "fields of a form"),
    "a form with bytes": ("body: {a: !!binary AAAA}", "it holds bytes"),
    "a tag of its own": ("body: !own {a: 1}", "!own"),
    "a set": ("body: !!set {a, b}", "!!set"),
    "no number of JSON": ("body: {a: .inf}", "a number that JSON does not have"),
    "a typed form": ("body: {type: form, content: {a: b}}", "form"),
    "a typed file": ("body: {type: multipart/form-data, content: x}", "multipart/form-data"),
    "R's file": ("body: {encoding: '', string: ../file.json, file: yes}", "a file of its own"),
    "a used iterator": ("body: !!python/object/apply:builtins.iter\n  args:\n  - []\n  state: 0", "read to its end"),
    "base64 that is none": ("body: {encoding: base64, content: '%%%'}", "base64"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_body_whose_form_is_not_known_is_not_judged_with_the_reason(name: str) -> None:
    text, reason = UNKNOWN[name]
    data = cassette(text)
    assert rules(data) == []
    (note,) = [each for each in found(data) if isinstance(each, Finding)]
    assert (note.side, note.violation.rule) == ("request", "request.body")
    assert note.violation.message.startswith("the body was not judged: ")
    assert reason in note.violation.message
    assert one(data).body.read()[0] is None


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_body_whose_form_is_not_known_is_copied_as_it_is(name: str) -> None:
    entry = same(cassette(UNKNOWN[name][0]))
    assert entry["_unjudged"]["request"]["reason"] in ("form", "file", "encoding", "not-recorded")
    assert "python/" not in json.dumps(entry["request"]) or "!tag" in json.dumps(entry["request"])


def test_what_can_be_seen_of_an_unknown_form_has_no_secret_in_its_copy() -> None:
    body = f"body: !own\n  token: t0psecret-one\n  {KEY}: x\n  list: ['Bearer {KEY}', 'api_key=abcd1234efgh', plain]"
    told, log, copy = copied(cassette(body))
    written = json.dumps(log)
    for secret in ("t0psecret", KEY, "abcd1234efgh"):
        assert secret not in written + str(told)
    assert "plain" in written
    assert copy.copied_unread == {"request: the body has a form that is not known": 1}


def test_bytes_that_cannot_be_read_are_copied_without_the_secrets_that_stand_in_them() -> None:
    data = cassette(f"content_type: x\nbody: {{a: {binary(b'--x' + bytes([0, 255]) + KEY.encode())}}}")
    entry = same(data)
    assert KEY.encode() not in base64.b64decode(entry["request"]["_body"]["a"]["!binary"])
    assert bytes([0, 255]) in base64.b64decode(entry["request"]["_body"]["a"]["!binary"])


def bomb(levels: int) -> str:
    first = "bomb:\n- &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, levels))


PLACES = {
    "a body": "body: *a8",
    "a body in a mapping": "body: {a: *a8}",
    "a header": "headers: {X: *a8}",
    "a key": "body:\n  ? *a8\n  : x",
    "a method": "method: *a8",
    "another field": "x: *a8",
}


@pytest.mark.parametrize("place", PLACES)
def test_aliases_that_stand_for_more_than_memory_are_told_and_cost_nothing(place: str) -> None:
    data = (bomb(9) + cassette(PLACES[place]).decode()).encode()
    (flaw,) = read(io.BytesIO(data))
    assert isinstance(flaw, Flaw)
    assert f"aliases stand for more than {MOST} characters" in str(flaw)


@pytest.mark.parametrize("text", ["body: &a {x: *a}", "body: &a [*a]", "headers: &a\n  X: [*a]"])
def test_an_alias_within_what_it_names_is_told(text: str) -> None:
    (flaw,) = read(io.BytesIO(cassette(text)))
    assert "the alias a stands in what it names" in str(flaw)


def test_aliases_nest_no_deeper_than_what_is_written_out() -> None:
    text = "x: &a " + "[" * 150 + "]" * 150 + "\nbody: " + "[" * 100 + "*a" + "]" * 100
    (flaw,) = read(io.BytesIO(cassette(text)))
    assert "nested deeper than 200 levels" in str(flaw)


def test_a_deep_mapping_of_a_json_cassette_is_not_judged() -> None:
    loaded = yaml.safe_load(cassette("body: x"))
    deep = '{"a": ' * 1000 + "1" + "}" * 1000
    data = json.dumps(loaded).replace('"body": "x"', f'"body": {deep}').encode()
    (note,) = [each for each in found(data) if isinstance(each, Finding)]
    assert "nested deeper than 200 levels" in note.violation.message
    assert "_unjudged" in same(data)


def test_an_alias_names_a_body_of_an_earlier_interaction() -> None:
    second = HEAD.partition("\n")[2] + "    body: *id001" + TAIL.replace('"42"', '"43"')
    first = cassette("body: &id001 {image: 'https://example.com/cat.png', duration: '7'}").decode()
    data = first.replace("version: 1\n", "") + second
    assert rules(data.encode()) == [(0, "schema.enum"), (1, "schema.enum")]


@cache
def original() -> list[Entry]:
    return made()


@pytest.fixture
def entry() -> Entry:
    """A create, as a HAR entry."""
    return copy.deepcopy(original()[0])


def posted(entry: Entry, content: Any, **more: Any) -> bytes:
    """Return a HAR of a create with this `postData`, and these fields of the request."""
    entry["request"].pop("postData", None)
    entry["request"]["headers"] = [each for each in entry["request"]["headers"] if each["name"] != "content-length"]
    if content is not None:
        entry["request"]["postData"] = content
    entry["request"] |= more
    return har([entry])


def headers(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


TEXT = text_of(BAD)
PACKED = base64.b64encode(TEXT.encode()).decode()


def zipped(data: bytes) -> str:
    return base64.b64encode(data).decode()


KEPT: dict[str, dict[str, Any]] = {
    "HTTP Toolkit's _content": {"_requestBodyStatus": "discarded:not-representable", "bodySize": len(TEXT),
                                "_content": {"text": PACKED, "size": len(TEXT), "encoding": "base64"}},
    "_content as a text": {"_content": {"text": TEXT, "size": len(TEXT)}},
    "base64": {"postData": {"text": PACKED, "encoding": "base64"}},
    "gzip": {"postData": {"text": zipped(gzip.compress(TEXT.encode(), mtime=0)), "encoding": "base64"},
             "headers": headers(("Content-Encoding", "gzip"))},
    "deflate": {"postData": {"text": zipped(zlib.compress(TEXT.encode())), "encoding": "base64"},
                "headers": headers(("Content-Encoding", "deflate"))},
    "deflate without its head": {"postData": {"text": zipped(zlib.compress(TEXT.encode(), wbits=-15)),
                                              "encoding": "base64"},
                                 "headers": headers(("Content-Encoding", "deflate"))},
    "gzip twice": {"postData": {"text": zipped(gzip.compress(gzip.compress(TEXT.encode()))), "encoding": "base64"},
                   "headers": headers(("Content-Encoding", "gzip, x-gzip"))},
    "gzip that was taken off": {"postData": {"text": TEXT}, "headers": headers(("Content-Encoding", "gzip"))},
    "sizes that are too large": {"postData": {"text": TEXT}, "bodySize": 10**6,
                                 "headers": headers(("Content-Length", "99999"))},
    "chunks of Polly.js": {"postData": {"text": json.dumps([zipped(gzip.compress(TEXT.encode())[:20]),
                                                            zipped(gzip.compress(TEXT.encode(), mtime=0)[20:])]),
                                        "encoding": "base64"},
                           "headers": headers(("Content-Encoding", "gzip"))},
    "chunks of an older Polly.js": {"postData": {"text": json.dumps([gzip.compress(TEXT.encode()).hex()])},
                                    "headers": headers(("Content-Encoding", "gzip"))},
}  # fmt: skip


@pytest.mark.parametrize("form", KEPT)
def test_a_body_in_any_known_form_of_a_har_is_judged(form: str, entry: Entry) -> None:
    fields = copy.deepcopy(KEPT[form])
    data = posted(entry, fields.pop("postData", None), **fields)
    assert rules(data) == [(0, "schema.enum")]
    assert json.loads(same(data)["request"]["postData"]["text"]) == BAD


CUT: dict[str, tuple[dict[str, Any], str, str]] = {
    "by bodySize": ({"postData": {"text": TEXT[:30]}, "bodySize": len(TEXT)}, "cut",
                    f"the recording has 30 of {len(TEXT)} bytes"),
    "by Content-Length": ({"postData": {"text": TEXT[:30]}, "bodySize": -1,
                           "headers": headers(("Content-Length", str(len(TEXT))))}, "cut", "the recording has 30 of"),
    "by a comment": ({"postData": {"text": TEXT[:30], "comment": "body truncated"}, "bodySize": 30}, "cut",
                     "the recorder says: body truncated"),
    "by a comment of the request": ({"postData": {"text": TEXT[:30]}, "bodySize": -1, "comment": "Too large, cut"},
                                    "cut", "the recorder says: Too large, cut"),
    "by its last words": ({"postData": {"text": TEXT[:30] + "... [truncated]"}, "bodySize": -1}, "cut",
                          "it ends with a mark that it was cut"),
    "to nothing": ({"postData": {"text": ""}, "bodySize": len(TEXT)}, "not-recorded",
                   f"the recording does not have its {len(TEXT)} bytes"),
    "by HTTP Toolkit": ({"_requestBodyStatus": "discarded:too-large", "bodySize": len(TEXT),
                         "comment": "Body discarded during HAR generation: longer than limit of 500000 bytes"},
                        "not-recorded", "the recorder says: discarded:too-large, Body discarded"),
    "to the fields of a form": ({"postData": {"params": [{"name": "image", "value": "x"}]}, "bodySize": 7}, "form",
                                "the fields of a form"),
    "not at all": ({"bodySize": 5}, "not-recorded", "the recording does not have its 5 bytes"),
    "in compressed form": ({"postData": {"text": zipped(gzip.compress(TEXT.encode())[:-20]), "encoding": "base64"},
                            "headers": headers(("Content-Encoding", "gzip"))}, "cut",
                           "it is compressed with gzip and ends too early"),
    "with br": ({"postData": {"text": zipped(b"\x8b\x03\x80nope\x03"), "encoding": "base64"},
                 "headers": headers(("Content-Encoding", "x-own"))}, "encoding", "x-own, which cannot be read here"),
    "as no gzip": ({"postData": {"text": zipped(b"nope"), "encoding": "base64"},
                    "headers": headers(("Content-Encoding", "gzip"))}, "encoding", "not readable as such"),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_a_body_that_the_recorder_does_not_have_whole_is_not_judged(name: str, entry: Entry) -> None:
    fields, reason, told = copy.deepcopy(CUT[name])
    data = posted(entry, fields.pop("postData", None), **fields)
    assert rules(data) == []
    (note,) = [each for each in found(data) if isinstance(each, Finding)]
    assert note.violation.rule == "request.body"
    assert told in note.violation.message
    assert same(data)["_unjudged"]["request"]["reason"] == reason


def test_an_answer_that_was_cut_is_not_judged(entry: Entry) -> None:
    content = entry["response"]["content"]
    whole = content["text"]
    entry["response"]["content"] = {**content, "text": whole[:50], "size": len(whole)}
    assert rules(har([entry])) == []
    (note,) = [each for each in found(har([entry])) if isinstance(each, Finding)]
    assert (note.side, note.violation.rule) == ("answer", "answer.body")
    assert f"the recording has 50 of {len(whole)} bytes" in note.violation.message
    assert whole[:20] in same(har([entry]))["response"]["content"]["text"]


def test_a_body_that_its_size_shows_to_be_whole_is_judged(entry: Entry) -> None:
    data = posted(entry, {"text": TEXT[:30]}, bodySize=30, headers=headers(("Content-Length", "30")))
    assert rules(data) == [(0, "json.malformed")]
    entry["response"]["content"] |= {"size": 300, "compression": -296, "text": "nope"}  # as mitmproxy counts
    entry["response"]["headers"] = headers(("Content-Encoding", "gzip"), ("Content-Length", "300"))
    (note,) = [each for each in found(har([entry])) if isinstance(each, Finding) and each.side == "answer"]
    assert note.violation.rule == "schema.type"


def test_a_cassette_with_a_cut_body_is_not_judged() -> None:
    text = f"body: '{TEXT[:30]}'\nheaders: {{Content-Length: ['{len(TEXT)}']}}"
    data = cassette(text).replace(f"    headers:\n      Authorization: [Bearer {KEY}]\n".encode(), b"")
    assert rules(data) == []
    assert "the recording has 30 of" in str(found(data))


def attached(entry: Entry, folder: Path, name: str = "0a1b.json", data: bytes = TEXT.encode()) -> bytes:
    if data:
        (folder / "0a1b.json").write_bytes(data)
    return posted(entry, {"mimeType": "application/json", "text": "", "params": [], "_file": name}, bodySize=len(TEXT))


def test_a_file_beside_the_har_is_read(entry: Entry, tmp_path: Path) -> None:
    data = attached(entry, tmp_path)
    assert rules(data, folder=tmp_path) == [(0, "schema.enum")]
    assert json.loads(same(data, tmp_path)["request"]["postData"]["text"]) == BAD
    answer = entry["response"]["content"]
    (tmp_path / "ff.json").write_text(answer.pop("text"))
    answer["_file"] = "ff.json"
    assert found(har([copy.deepcopy(original()[0]) | {"response": entry["response"]}]), folder=tmp_path) == []


NAMES = [
    "../0a1b.json",
    "/etc/hostname",
    "a/b",
    "..",
    ".",
    "",
    "a\\b",
    "C:a",
    "x\0y",
    "folder",
    "link",
    "pipe",
    "none.json",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_plainly_beside_the_har_is_not_read(name: str, entry: Entry, tmp_path: Path) -> None:
    import os

    inner = tmp_path / "inner"
    (inner / "folder").mkdir(parents=True)
    (tmp_path / "0a1b.json").write_text(TEXT)
    (inner / "link").symlink_to(tmp_path / "0a1b.json")
    os.mkfifo(inner / "pipe")
    data = attached(entry, tmp_path, name)
    assert rules(data, folder=inner) == []
    (note,) = [each for each in found(data, folder=inner) if isinstance(each, Finding)]
    assert note.violation.rule == "request.body"
    assert one(data, inner).body.read()[0] is None


def test_a_file_of_a_har_without_a_folder_is_not_read(entry: Entry, tmp_path: Path) -> None:
    (note,) = [each for each in found(attached(entry, tmp_path)) if isinstance(each, Finding)]
    assert "the recorder kept it as 0a1b.json" in note.violation.message


def test_a_file_that_is_too_large_is_not_read(entry: Entry, tmp_path: Path) -> None:
    data = attached(entry, tmp_path)
    with (tmp_path / "0a1b.json").open("r+b") as file:
        file.truncate(MOST + 1)
    (note,) = [each for each in found(data, folder=tmp_path) if isinstance(each, Finding)]
    assert f"more than {MOST} bytes" in note.violation.message


def test_a_folder_in_the_name_of_a_file_is_seen_on_every_system() -> None:
    assert [beside(Path("/x"), name) for name in ("a/b", "a\\b", "..", "c:b", "")] == [None] * 5
    assert beside(Path("/x"), "0a1b.json") == Path("/x/0a1b.json")


STATUSES: list[tuple[Any, int | None]] = [
    (200, 200),
    ("200", 200),
    (200.0, 200),
    ("0200", None),
    ("200 OK", None),
    ("", None),
    (200.5, None),
    (True, None),
    (None, None),
    (-1, 0),
    ([200], None),
    ("²00", None),
    (float("inf"), None),
]


@pytest.mark.parametrize(("status", "read_as"), STATUSES)
def test_a_status_is_a_number_however_it_is_written(status: Any, read_as: int | None, entry: Entry) -> None:
    entry["response"]["status"] = status
    text = json.dumps({"log": {"entries": [entry]}}).replace("Infinity", "1e999")
    given = [text.encode()]
    loaded = yaml.safe_load(cassette("body: x"))
    for form in (status, {"code": status}):
        loaded["interactions"][0]["response"]["status"] = form
        given += [dumped(loaded), dumped(loaded, "json").replace(b"Infinity", b"1e999")]
    for data in given:
        (each,) = read(io.BytesIO(data))
        assert (each.status if isinstance(each, Exchange) else None) == read_as


def test_the_codes_of_other_cassettes_may_be_texts_too() -> None:
    text = 'interactions: [{request: {url: "http://a.example/"}, response: {status: 200 OK, code: "201"}}]'
    assert one(text.encode()).status == 201


PYTHON = ["tuple", "object/new:_io.BytesIO", "object/apply:builtins.iter", "object/apply:os.system"]


@pytest.mark.parametrize("coding", ["deflate\ufeff", "gzip, \u212a", "br, br", "," * 1000])
def test_a_coding_that_is_no_word_makes_nothing_raise(coding: str, entry: Entry) -> None:
    data = posted(entry, {"text": zipped(b"nope"), "encoding": "base64"}, headers=headers(("Content-Encoding", coding)))
    (finding,) = [each for each in found(data) if isinstance(each, Finding)]
    assert finding.violation.rule in ("request.body", "json.malformed")


PLACE = len(TEXT) // 2


@pytest.mark.parametrize("data", [b"\xff", b"\xf0\x9f", b"\xed\xa0\x80"])
def test_a_request_that_is_no_text_is_copied_with_what_is_wrong_with_it(data: bytes) -> None:
    spoilt = TEXT.encode()[:PLACE] + data + f" api_key=abcd1234efgh {KEY}".encode() + TEXT.encode()[PLACE:]
    given = cassette(f"body: {binary(spoilt)}")
    assert rules(given) == [(0, "json.malformed")]
    sent = same(given)["request"]["postData"]
    copied = base64.b64decode(sent["text"]) if sent.get("encoding") else sent["text"].encode()
    assert data in copied
    assert b"abcd1234efgh" not in copied
    assert KEY.encode() not in copied


def test_a_key_in_the_name_of_a_field_is_in_no_copy() -> None:
    name = f"x sk-{'0' * 20} y"
    answer = {**ANSWER, "more": {name: 1}}
    data = cassette("body: {}").decode().replace(json.dumps(ANSWER), json.dumps(answer)).encode()
    assert f"sk-{'0' * 20}" not in json.dumps(same(data))


TAGS = st.sampled_from(["", "!own ", "!!set ", "!!binary ", "!!int ", "! ", *(f"!!python/{each} " for each in PYTHON)])
SCALARS = st.sampled_from(["x", "5", "0.5", "null", "''", "AAAA", "{}", "[]", ".nan", "0x", "1e5", "<<"])


@given(st.recursive(
    st.tuples(TAGS, SCALARS).map("".join),
    lambda each: st.tuples(TAGS, st.lists(each, max_size=3)).map(lambda pair: f"{pair[0]}[{', '.join(pair[1])}]")
    | st.tuples(TAGS, st.sampled_from(["state", "args", "string", "type", "json"]), each).map(
        lambda three: f"{three[0]}{{{three[1]}: {three[2]}}}"
    ),
    max_leaves=8,
))  # fmt: skip
def test_no_tag_makes_the_reader_or_the_copy_raise(text: str) -> None:
    data = cassette(f"body: {text}")
    told, log, _ = copied(data)
    assert all(isinstance(each, Finding | Flaw) for each in told)
    assert [str(each) for each in found(json.dumps(log).encode()) if isinstance(each, Finding)] == [
        str(each) for each in told if isinstance(each, Finding)
    ]


def test_a_cassette_of_mappings_with_images_is_copied_with_digests() -> None:
    body = json.loads(original()[0]["request"]["postData"]["text"])
    entry = same(cassette(lines(body)))
    assert "[image png 640x480" in entry["request"]["postData"]["text"]


def test_vcrpy_of_the_whole_conversation_with_a_mapping_is_kept() -> None:
    loaded = vcrpy(original())
    first = loaded["interactions"][0]["request"]
    first["body"] = json.loads(first["body"])
    assert found(dumped(loaded)) == []
