"""A redacted copy, and what the mock tells of its requests, hold none of the secrets that were put into them."""

from __future__ import annotations

import base64
import copy
import io
import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from desk import Desk
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kling_contract.verify.traffic import CassettePen, Finding, Flaw, HarPen, RedactedCopy
from mock_server.exchange import Exchange
from mock_server.log import text
from tests.attack.secrets_in_recordings import ECHOES, PLACES, Place, Spoilt, entries_of, key_and_prompt, left, spoilt
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
    return "\n".join(sorted(set(said_in(read))))


def said_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (str(key), *said_in(each))]
    if isinstance(value, list):
        return [text for each in value for text in said_in(each)]
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
    # What stands in another entry is not known yet; and the report quotes the beginning of an answer that is no JSON.
    elsewhere = {place.name for place in PLACES if place.echo is not None} | {"an answer that is a text"}
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


def sent_to(desk: Desk, entry: Entry) -> None:
    """Ask a mock what a recording asked."""
    sent = entry["request"]
    parts = urlsplit(sent["url"])
    posted = sent.get("postData", {})
    text = posted.get("text", "")
    data = base64.b64decode(text) if posted.get("encoding") else text.encode()
    headers = {each["name"].lower(): each["value"] for each in sent["headers"]}
    desk.mock.answer(Exchange(sent["method"], parts.path, parts.query, headers, data, "http://mock.test"))


# The mock has neither the answers nor the hosts of a recording, and no fragment reaches a server.
NOT_SENT = ("a fragment", "a password in the URL", "a field of a form", "a field of a form nobody knows")
SENT = [place for place in PLACES if place.echo is None and place.name not in NOT_SENT]
KEY_AND_PROMPT = [
    Place(f"{kind} key {name}", key_and_prompt(make), kind)
    for name, make in ECHOES.items()
    for kind in ("mixed", "signs")
]


def shown_by(desk: Desk, heard: list[Any]) -> dict[str, str]:
    """Return everything that a mock tells of what it was asked."""
    entries = list(desk.mock.sessions.get("default").journal.entries)
    return {
        "requests": "\n".join(said_in(desk.admin("GET", "requests?limit=1000").body)),
        "unmatched": "\n".join(said_in(desk.admin("GET", "requests/unmatched").body)),
        "sessions": json.dumps(desk.admin("GET", "sessions").body),
        "events": "\n".join(said_in(json.loads(json.dumps(heard, default=str)))),
        "log": "\n".join(text(entry.brief()) for entry in entries),
        "log as JSON": "\n".join(
            "\n".join(said_in(json.loads(json.dumps(entry.as_dict(), default=str)))) for entry in entries
        ),
    }


@pytest.mark.parametrize("verbose", [False, True])
def test_no_secret_is_told_by_a_mock_that_was_sent_it(verbose: bool) -> None:
    desk, heard = Desk("cometapi", verify_answers=False, verbose=verbose), list[Any]()
    desk.mock.sessions.listen("default", heard.append)
    attack = spoilt([*SENT, *KEY_AND_PROMPT], original())
    for entry in attack.entries[len(original()) :]:
        sent_to(desk, entry)
    shown = shown_by(desk, heard)
    assert shown["requests"].count("[redacted]") > len(SENT)
    own = {place.name: attack.secrets[place.name] for place in (*SENT, *KEY_AND_PROMPT) if _is_sent(place)}
    assert {name: left(told, own) for name, told in shown.items()} == {name: {} for name in shown}


def _is_sent(place: Place) -> bool:
    """Whether a secret is in what is asked, and not in an answer that the mock never gives."""
    entry = entries_of(place, "8159263748", original())[-1]
    return "8159263748" not in json.dumps(entry["response"])


@pytest.mark.thorough
@settings(max_examples=200, phases=[Phase.generate])  # what is left tells its place: nothing is to be shrunk
@given(st.integers(1, 10**6), st.lists(st.sampled_from(PLACES), min_size=20, max_size=60), st.booleans())
def test_no_secret_is_left_whatever_it_is_and_in_whatever_company(
    seed: int, places: list[Place], cassette: bool
) -> None:
    each_once = list({place.name: place for place in places}.values())
    attack = spoilt(each_once, original(), seed)
    told, written = copied(har(attack.entries), cassette=cassette)
    assert left(texts(written), attack.secrets) == {}
    # Whether a path that no operation has is near to one is told by its letters, and stars stand for some of them.
    again, first = (
        [each for each in verdicts(some) if each[4] != "route.unknown"] for some in (found(written.encode()), told)
    )
    assert again == first
