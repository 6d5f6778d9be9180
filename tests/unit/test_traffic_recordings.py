"""Recordings of each tool, whole and broken: what can be read of them, and one line for what cannot."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tracemalloc
import zlib
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from recorded import betamax, dumped, found, go, har, made, ruby, rules, vcrpy

from kling_contract.verify.traffic import Exchange, Flaw, read
from kling_contract.verify.traffic.coding import MOST, decoded
from kling_contract.verify.traffic.exchange import moment

entries = cache(made)


def har_entries(said: list[Any]) -> list[Any]:
    """As some tools write HAR entries: with nothing around them."""
    return said


def all_of(data: bytes) -> list[Exchange | Flaw]:
    return list(read(io.BytesIO(data)))


def flaws(data: bytes) -> list[str]:
    return [str(each) for each in all_of(data) if isinstance(each, Flaw)]


def whole(data: bytes) -> int:
    return sum(isinstance(each, Exchange) for each in all_of(data))


FORMS: dict[str, tuple[Any, str]] = {
    "vcrpy": (vcrpy, "yaml"),
    "VCR": (ruby, "yaml"),
    "VCR in JSON": (ruby, "json"),
    "Betamax": (betamax, "json"),
    "go-vcr": (go, "yaml"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_cassette_is_read_as_a_har_is(name: str) -> None:
    form, kind = FORMS[name]
    data = dumped(form(entries()), kind)
    assert found(data) == []
    for one, other in zip(all_of(data), all_of(har(entries())), strict=True):
        assert isinstance(one, Exchange)
        assert isinstance(other, Exchange)
        assert (one.method, one.url, one.status) == (other.method, other.url, other.status)
        assert (one.body.read()[0] or b"", one.answer.read()) == (other.body.read()[0] or b"", other.answer.read())
        assert int(one.started or 0) == int(other.started or 0)
    assert all(isinstance(each, Exchange) and each.ordered for each in all_of(data))


@pytest.mark.parametrize("name", FORMS)
def test_what_is_broken_in_a_cassette_is_found_there(name: str) -> None:
    form, kind = FORMS[name]
    first = entries()[0]
    body = {**json.loads(first["request"]["postData"]["text"]), "duration": "7"}
    sent = {**first["request"], "postData": {"text": json.dumps(body)}}
    assert rules(dumped(form([*entries()[:2], {**first, "request": sent}]), kind)) == [(2, "schema.enum")]


def test_vcrpy_in_json() -> None:
    cassette = vcrpy(entries())
    for each in cassette["interactions"]:
        each["response"]["body"]["string"] = gzip.decompress(each["response"]["body"]["string"]).decode()
    assert found(dumped(cassette, "json")) == []
    assert whole(dumped(cassette, "json")) == len(entries())


def test_older_spellings_of_cassettes() -> None:
    text = """
http_interactions:
- request: {method: ":get", uri: "http://a.example/", body: plain, headers: {A: b}}
  response: {status_code: 200, content: !binary aGVq, headers: {}}
"""
    (exchange,) = all_of(text.encode())
    assert isinstance(exchange, Exchange)
    assert (exchange.method, exchange.status, exchange.answer.read()) == ("GET", 200, (b"hej", None))
    assert (exchange.body.read(), exchange.headers) == ((b"plain", None), {"a": "b"})


def test_an_alias_names_what_an_earlier_interaction_holds() -> None:
    shared = {"Accept": ["*/*"]}
    one = {"request": {"uri": "http://a.example/", "headers": shared}, "response": {"status": {"code": 200}}}
    data = yaml.safe_dump({"interactions": [one, {**one, "request": dict(one["request"])}]}).encode()
    assert b"&id001" in data
    first, second = all_of(data)
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert first.headers == second.headers == {"accept": "*/*"}


ENTRY = {"request": {"url": "https://a.example/", "method": "GET"}, "response": {"status": 200, "content": {}}}
ONE = json.dumps(ENTRY)
CUT = f'{{"log": {{"entries": [{ONE}, '
DEEP = "[" * 1000 + "]" * 1000
CASSETTE = 'interactions:\n- request: {uri: "http://a.example/"}\n  response: {status: {code: 200}}\n'

NO_RECORDING = (
    "this is no recording: a HAR has log.entries, "
    "a cassette has interactions or http_interactions, or is a list of them"
)
NO_LIST = f"{NO_RECORDING}; this file is a list whose first item has no request"

MALFORMED: dict[str, tuple[str | bytes, int, str]] = {
    "cut off": (f'{CUT}{{"request": {{"url": "ht', 1, "entry 1, before byte 149: the file is cut off"),
    "no JSON": (f"{CUT}nope]}}}}", 1, "entry 1, before byte 133: it is no JSON here ("),
    "a key beside the fault": (f'{CUT}{{"key": "sk-secret" x}}', 1, "it is no JSON here ("),
    "not UTF-8": (CUT.encode() + b'"\xff"]}}', 1, "entry 1, byte 127: byte 0xff is not UTF-8"),
    "UTF-16": (f"{CUT}]}}}}".encode("utf-16"), 0, "byte 0: the file is UTF-16; save it as UTF-8"),
    "compressed": (zlib.compress(b"{}", 9), 0, "byte 0: the file is compressed; unpack it, or record to a name"),
    "empty": (" \n", 0, "byte 0: the file is empty"),
    "no log": ('{"entries": []}', 0, "this is no recording: a HAR has log.entries, a cassette has"),
    "no entries": ('{"log": {"version": "1.2"}}', 0, "the file has no log.entries"),
    "a list": ("[1, 2]", 0, "this is no recording"),
    "an entry of another shape": (f"{CUT}7, {ONE}]}}}}", 2, "entry 1: the entry has no request.url"),
    "an entry without status": (
        f'{CUT}{{"request": {{"url": ""}}}}]}}}}',
        1,
        "entry 1: the entry has no response.st",
    ),
    "a thousand deep": (f'{CUT}{{"a": {DEEP}}}, {ONE}]}}}}', 2, "entry 1: the entry has no request.url"),
    "deeper than memory": (CUT + "[" * 10**6, 1, "entry 1, byte 5123: it is nested deeper than 5000 levels"),
    "a cut cassette": (f"{CASSETTE}- request: {{uri", 1, "entry 1, line 5: it is no YAML here"),
    "cut between lines": (f"{CASSETTE}- request: {{}}", 1, "entry 1, line 4: the interaction has no response"),
    "a cassette that is no UTF-8": (
        (CASSETTE + CASSETTE.partition("\n")[2]).encode() + b"- \xff",
        2,
        "entry 2, byte 160: byte 0xff is not UTF-8",
    ),
    "a cassette with a control character": (
        f"{CASSETTE}- request: {{}}\0",
        1,
        "entry 1, byte 99: byte 0x00 is a control character, which no YAML has",
    ),
    "a deep cassette": (f"{CASSETTE}- {'[' * 300}{']' * 300}", 1, "line 4: it is nested deeper than 200 levels"),
    "a cassette as deep as no parser reads": (f"{CASSETTE}- {DEEP}", 1, "line 4: it is "),
    "another YAML": (
        "version: 1\nsteps: []",
        0,
        f"line 1: {NO_RECORDING}; this file has version, steps",
    ),
    "a text": ("hello", 0, f"line 1: {NO_RECORDING}"),
    "a comment alone": ("# nothing", 0, "the file is empty"),
    "cut in a mapping body": (
        f"{CASSETTE}- request: {{uri: x, body: {{a: 1, b",
        1,
        "entry 1, line 5: it is no YAML here",
    ),
    "an alias of itself": (
        f"{CASSETTE}- &a {{request: *a}}",
        1,
        "entry 1, line 4: the alias a stands in what it names",
    ),
    "a picture": (b"\x89PNG\r\n\x1a\n", 0, "byte 0: byte 0x89 is not UTF-8"),
    "an interaction without URL": (
        "interactions: [{request: {}, response: {status: 200}}]",
        0,
        "entry 0, line 1: the request has no uri or url",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read_is_one_line_and_nothing_else_is_lost(name: str) -> None:
    given, count, message = MALFORMED[name]
    data = given.encode() if isinstance(given, str) else given
    (line,) = flaws(data)
    assert message in line
    assert "\n" not in line
    assert "sk-secret" not in line
    assert whole(data) == count


@given(st.data(), st.sampled_from([b"\xff", b"\0", b"\x1b"]))
def test_no_interaction_before_the_one_with_the_bad_byte_is_lost(data: st.DataObject, bad: bytes) -> None:
    text = (CASSETTE + CASSETTE.partition("\n")[2] * 4).encode()
    place = data.draw(st.integers(0, len(text)))
    begun = text[:place].count(b"\n-")
    spoilt = text[:place] + bad + text[place:]
    assert whole(spoilt) == max(begun - 1, 0)
    assert len(flaws(spoilt)) == 1


def test_what_is_broken_behind_the_list_takes_nothing_from_it() -> None:
    assert whole(f"{CASSETTE}recorded_with: me\0".encode()) == 1


NO_LISTS = {
    "null": ("interactions: null", "interactions is no list"),
    "null beside a list": ("{version: 1, interactions: null, more: []}", "interactions is no list"),
    "an object": ("interactions: {}", "interactions is no list"),
    "an object with an item": ("interactions: {item: []}", "interactions is no list"),
    "a text": ("http_interactions: x", "http_interactions is no list"),
    "a number": ("interactions: 5", "interactions is no list"),
    "something else": ("{steps: [], version: 1}", f"{NO_RECORDING}; this file has steps, version"),
    "nothing": ("{}", NO_RECORDING),
    "a list": ("[1]", NO_LIST),
    "a list of lists": ("[[], {request: {}}]", NO_LIST),
    "a list of something else": ("[{name: a, steps: []}, {request: {}}]", NO_LIST),
}


@pytest.mark.parametrize(("form", "kind"), [*FORMS.values(), (har_entries, "json"), (har_entries, "yaml")])
def test_a_cassette_whose_root_is_the_list_is_read_as_one_that_names_it(form: Any, kind: str) -> None:
    said = form(entries())
    named = next((each for each in said.values() if isinstance(each, list)), None) if isinstance(said, dict) else said
    data = dumped(named, kind)
    assert found(data) == []
    assert whole(data) == whole(har(entries()))
    for one, other in zip(all_of(data), all_of(har(entries())), strict=True):
        assert isinstance(one, Exchange)
        assert isinstance(other, Exchange)
        assert (one.method, one.url, one.status) == (other.method, other.url, other.status)
        assert (one.body.read()[0] or b"", one.answer.read()) == (other.body.read()[0] or b"", other.answer.read())


LIST = '- request: {uri: "http://a.example/"}\n  response: {status: {code: 200}}\n'
BROKEN_LISTS = {
    "empty": ("[]", 0, []),
    "an item that is none": (f"{LIST}- 7\n", 1, ["entry 1, line 3: the interaction is no object"]),
    "cut off": (f"{LIST}- request: {{uri", 1, ["entry 1, line 4: it is no YAML here"]),
    "cut off in JSON": (f"[{ONE}, {ONE[:20]}", 1, ["entry 1, before byte "]),
    "two": (f"{LIST}---\n{LIST}", 1, ["line 3: a second document begins here"]),
}


@pytest.mark.parametrize("name", BROKEN_LISTS)
def test_a_list_that_is_broken_loses_no_more_than_a_cassette_does(name: str) -> None:
    text, count, messages = BROKEN_LISTS[name]
    told = flaws(text.encode())
    assert len(told) == len(messages)
    assert all(message in line for message, line in zip(messages, told, strict=True))
    assert whole(text.encode()) == count


@pytest.mark.parametrize("name", NO_LISTS)
def test_a_cassette_without_a_list_is_told_alike_in_yaml_and_json(name: str) -> None:
    text, message = NO_LISTS[name]
    for data in (f"--- {text}\n" if text[0] in "{[" else text, json.dumps(yaml.safe_load(text))):
        (flaw,) = all_of(data.encode())
        assert isinstance(flaw, Flaw)
        assert (flaw.entry, flaw.message) == (None, message)


def test_a_har_whose_entries_are_no_list_is_told() -> None:
    assert flaws(b'{"log": {"version": "1.2", "entries": null}}') == ["log.entries is no list"]


def test_an_empty_list_is_a_recording_of_nothing_in_yaml_and_json() -> None:
    assert all_of(b"interactions: []\n") == all_of(b'{"interactions": []}') == []


SECONDS = {
    "YAML": f"{CASSETTE}---\n{CASSETTE}",
    "YAML with a start": f"---\n{CASSETTE}...\n---\n{CASSETTE}",
    "YAML and what stands behind the list": f"{CASSETTE}version: 1\n---\nx: 1",
    "JSON": '{"interactions": [ONE]}{"interactions": [ONE]}',
    "JSON by lines": '{"interactions": [ONE]}\n{"interactions": [ONE]}\n',
    "a HAR": '{"log": {"entries": [ONE]}}\n{"log": {"entries": [ONE]}}',
    "what is no JSON": '{"log": {"entries": [ONE]}} and more',
    "behind a byte order mark": '\ufeff{"log": {"entries": [ONE]}}\n{}',
}


@pytest.mark.parametrize("name", SECONDS)
def test_a_second_document_is_told_alike_in_yaml_and_json(name: str) -> None:
    data = SECONDS[name].replace("ONE", ONE).encode()
    *read, flaw = all_of(data)
    assert len(read) == 1
    assert isinstance(flaw, Flaw)
    assert flaw.entry is None
    assert flaw.message.startswith("a second document begins here, and only the first one is read")


def test_a_byte_order_mark_is_passed_over() -> None:
    assert flaws(b"\xef\xbb\xbf" + har([ENTRY])) == []
    assert flaws(b"\xef\xbb\xbf" + CASSETTE.encode()) == []


def test_an_empty_har_is_one() -> None:
    assert all_of(har([])) == []


def content(**fields: Any) -> Exchange:
    headers = [{"name": "Content-Encoding", "value": fields.pop("coding", "")}]
    (found,) = all_of(har([{**ENTRY, "response": {"status": 200, "headers": headers, "content": fields}}]))
    assert isinstance(found, Exchange)
    return found


PLAIN = b'{"a": 1}'


@pytest.mark.parametrize(
    ("coding", "data"),
    [("gzip", gzip.compress(PLAIN, mtime=0)), ("deflate", zlib.compress(PLAIN)), ("br", PLAIN), ("", PLAIN)],
)
def test_bodies_are_read_through_base64_and_compression(coding: str, data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert content(text=text, encoding="base64", coding=coding).answer.read() == (PLAIN, None)


@pytest.mark.parametrize(
    ("coding", "data", "flaw"),
    [
        ("gzip", b"nope", "it should be compressed with gzip and is not readable as such"),
        ("x-own", b"\0\1", "it is compressed with x-own, which cannot be read here; record with the request header"),
        ("gzip", gzip.compress(bytes(MOST + 1), mtime=0), f"decompressed it has more than {MOST} bytes"),
    ],
)
def test_what_cannot_be_decompressed_is_told(coding: str, data: bytes, flaw: str) -> None:
    found, told = decoded(data, coding)
    assert found is None
    assert told is not None
    assert told.startswith(flaw)


def test_what_is_no_base64_is_told() -> None:
    data, flaw = content(text="%%%", encoding="base64").answer.read()
    assert data is None
    assert flaw == ("encoding", "the recording has it as base64, and it is none (3 characters)")


def test_a_large_body_is_one_entry_at_a_time_in_memory() -> None:
    large = {**ENTRY, "response": {"status": 200, "content": {"text": "A" * 1_000_000, "encoding": "base64"}}}
    data = har([large] * 12)
    tracemalloc.start()
    try:
        assert sum(isinstance(each, Exchange) for each in read(io.BytesIO(data))) == 12
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    for prefix in (b"", b'{"log": {"entries": [', b"interactions:\n- "):
        assert all(isinstance(each, Exchange | Flaw) for each in read(io.BytesIO(prefix + data)))


NAMES = st.sampled_from(["request", "response", "url", "uri", "status", "headers", "body", "content", "text", "code"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each) | st.dictionaries(NAMES, each),
    max_leaves=12,
)


@given(VALUES)
def test_no_entry_makes_the_reader_raise(entry: Any) -> None:
    cassette = {"interactions": [entry]}
    for data in (har([entry, ENTRY]), dumped(cassette, "json"), dumped(cassette)):
        assert all(isinstance(each, Exchange | Flaw) for each in read(io.BytesIO(data)))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T01:01:00.5+01:00", 60.5),
        ("1970-01-01T00:01:00", 60),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60),
        ("yesterday", None),
        ("", None),
        (7, None),
    ],
)
def test_times_of_all_tools(text: Any, seconds: float | None) -> None:
    assert moment(text) == seconds


def test_durations_of_go() -> None:
    text = 'interactions: [{request: {url: "http://a.example/"}, response: {code: 200, duration: 1m2.5s}}]'
    (exchange,) = all_of(text.encode())
    assert isinstance(exchange, Exchange)
    assert exchange.took == 62.5
