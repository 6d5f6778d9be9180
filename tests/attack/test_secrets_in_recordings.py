"""A redacted copy, and what the mock tells of its requests, hold none of the secrets that were put into them."""

from __future__ import annotations

import copy
import io
import json
from functools import cache
from typing import Any

import pytest
import yaml

from kling_contract.verify.traffic import CassettePen, Finding, Flaw, HarPen, RedactedCopy
from tests.attack.secrets_in_recordings import PLACES, Spoilt, left, spoilt
from tests.recorded import Entry, dumped, found, har, made, vcrpy

original = cache(made)


@cache
def attacked() -> Spoilt:
    return spoilt(PLACES, original())


def copied(data: bytes, *, cassette: bool = False, keep: tuple[str, ...] = ()) -> tuple[list[Finding | Flaw], str]:
    """Return what is found in a recording, and its redacted copy."""
    out = io.StringIO()
    pen = RedactedCopy(out, "1", CassettePen if cassette else HarPen, keep=keep)
    told = found(data, copy=pen)
    pen.close()
    return told, out.getvalue()


def verdicts(findings: list[Finding | Flaw]) -> list[tuple[Any, ...]]:
    """Return what was decided, without the words of it."""
    assert all(isinstance(each, Finding) for each in findings)
    found = [each for each in findings if isinstance(each, Finding)]
    return [(each.entry, each.operation, each.side, each.broken, each.violation.rule) for each in found]


def texts(copy: str) -> str:
    """Return every text that a copy says once its JSON or YAML is read, each once; nothing else is written in it."""
    read = (
        json.loads(copy)
        if copy.startswith("{")
        else yaml.load(copy, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )
    return "\n".join(sorted(set(_said(read))))


def _said(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (str(key), *_said(each))]
    if isinstance(value, list):
        return [text for each in value for text in _said(each)]
    return [value.decode("latin-1") if isinstance(value, bytes) else str(value)]


FORMS = {
    "a HAR of a HAR": (har, False),
    "a cassette of a HAR": (har, True),
    "a cassette of a cassette": (lambda entries: dumped(vcrpy(entries)), True),
}


def test_there_are_places_enough_and_no_two_have_the_same_secret() -> None:
    assert len(PLACES) >= 87
    assert len({place.name for place in PLACES}) == len(set(attacked().secrets.values())) == len(PLACES)
    assert set(left(texts(har(attacked().entries).decode()), attacked().secrets)) >= {
        place.name for place in PLACES if "bytes" not in place.name and "Basic" not in place.name
    }


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_left_in_a_copy_which_is_judged_as_the_recording_was(form: str) -> None:
    dump, cassette = FORMS[form]
    told, written = copied(dump(attacked().entries), cassette=cassette)
    assert left(texts(written), attacked().secrets) == {}
    assert [each for each in attacked().secrets.values() if each in written] == []
    assert verdicts(found(written.encode())) == verdicts(told)


def test_what_is_found_tells_no_secret_of_its_own_exchange() -> None:
    told, _ = copied(har(attacked().entries))
    assert {each.violation.rule for each in told if isinstance(each, Finding)} >= {"answer.field", "json.malformed"}
    elsewhere = {place.name for place in PLACES if place.echo is not None}
    own = {name: said for name, said in attacked().secrets.items() if name not in elsewhere}
    said = "\n".join(json.dumps(each.violation.as_dict()) for each in told if isinstance(each, Finding))
    assert left(said, own) == {}


def entry_with(entries: list[Entry], **fields: Any) -> Entry:
    entry = copy.deepcopy(entries[0])
    body = json.loads(entry["request"]["postData"]["text"])
    entry["request"]["postData"]["text"] = json.dumps(body | fields)
    return entry


def test_what_the_document_knows_can_still_be_read() -> None:
    entries = copy.deepcopy(original())
    ask = {"model_name": "kling-v2-6", "prompt": "A test of the english garden, en plein air", "duration": "7"}
    entries[0] = entry_with(entries, **ask, colour="red", callback_url="https://me.example/hook")
    for each in entries:
        each["request"]["headers"] += [
            {"name": "Cookie", "value": "lang=en; theme=english; on=true; n=5"},
            {"name": "X-Request-Id", "value": "0f8fad5b-d9cb-469f-a165-70867728950e"},
            {"name": "Content-Type", "value": "application/json; charset=utf-8"},
        ]
        each["response"]["headers"] += [{"name": "CF-Ray", "value": "8f1c2b3d4e5f-FRA"}]
    answer = json.loads(entries[1]["response"]["content"]["text"])
    answer["message"] = "the key is wrong, so the token cannot be read"
    entries[1]["response"]["content"]["text"] = json.dumps(answer)
    _, written = copied(har(entries))
    copies = json.loads(written)["log"]["entries"]
    sent = json.loads(copies[0]["request"]["postData"]["text"])
    assert {name: sent[name] for name in ask} == ask
    assert (sent["colour"], sent["callback_url"]) == ("[redacted]", "https://me.example/hook")
    assert json.loads(copies[1]["response"]["content"]["text"]) == answer
    last = json.loads(entries[-1]["response"]["content"]["text"])
    retold = json.loads(copies[-1]["response"]["content"]["text"])
    assert (retold["data"]["task_id"], retold["data"]["task_status"]) == (last["data"]["task_id"], "succeed")
    assert copies[1]["request"]["url"] == entries[1]["request"]["url"]
    shown = {each["name"]: each["value"] for each in copies[1]["request"]["headers"]}
    assert shown["x-request-id"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert (shown["content-type"], shown["cookie"]) == ("application/json; charset=utf-8", "[redacted]")
    assert {"name": "cf-ray", "value": "8f1c2b3d4e5f-FRA"} in copies[1]["response"]["headers"]


def test_what_is_kept_by_name_is_shown_and_nothing_else_is() -> None:
    entries = copy.deepcopy(original())
    entries[0] = entry_with(entries, colour="ultramarine", seed_token="t0ken-of-seed", shade="vermilion")
    entries[0]["request"]["headers"] += [{"name": "X-Tenant", "value": "acme"}, {"name": "X-Tribe", "value": "wolves"}]
    entries[1]["request"]["url"] += "?zone=south&area=north"
    told, written = copied(har(entries), keep=("Colour", "seed_token", "x-tenant", "zone"))
    sent = json.loads(json.loads(written)["log"]["entries"][0]["request"]["postData"]["text"])
    assert (sent["colour"], sent["seed_token"], sent["shade"]) == ("ultramarine", "t0ken-of-seed", "[redacted]")
    assert '"acme"' in written
    assert "?zone=south&area=[redacted]" in written
    assert "wolves" not in written
    assert verdicts(found(written.encode())) == verdicts(told)
