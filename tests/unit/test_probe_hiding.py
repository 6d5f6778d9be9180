"""A secret is found however it is written: whole or in base64, escaped, in capitals, between zeros; short ones too."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probed import plan

from kling_contract import load
from kling_contract.probe.classify import judge
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.tripwire import Tripwire

SIGNS = "".join(map(chr, range(0x21, 0x7F)))
keys = st.text(SIGNS, min_size=4, max_size=30)
around = st.binary(max_size=7)


def decoded(text: str) -> str:
    """Return what a reader finds in a text who takes everything in it for base64, however it is aligned."""
    runs = re.findall(r"[\w+/-]{4,}", text.replace("-", "+").replace("_", "/"))
    found = [run[start:] for run in runs for start in range(4)]
    return "".join(base64.b64decode(each[: len(each) // 4 * 4]).decode("latin-1") + "\n" for each in found)


@settings(deadline=None)
@given(keys, around, around)
def test_base64_of_a_key_with_anything_around_it_is_hidden(key: str, before: bytes, after: bytes) -> None:
    data = before + key.encode() + after
    for written in (base64.b64encode(data), base64.urlsafe_b64encode(data), base64.b64encode(data).rstrip(b"=")):
        for text in (written.decode(), json.dumps(written.decode()), quote(written, safe="")):
            told = Secrets({"!": key}).hide(f"Basic {text}")
            assert key[1:-1] not in decoded(told), told
            assert "!" in told


@settings(deadline=None)
@given(keys)
def test_a_key_that_is_escaped_is_hidden(key: str) -> None:
    quoted = quote(key, safe="")
    writings = [key, key.upper(), repr(f"{key}'\""), json.dumps(key), json.dumps(json.dumps(key)), html.escape(key)]
    writings += [quoted, quoted.lower(), quote(quoted, safe=""), "".join(f"\\u{ord(each):04X}" for each in key)]
    for text in writings:
        told = Secrets({"\n": key}).hide(f"({text})")
        assert "\n" in told
        assert key.casefold() not in unquote(unquote(told)).casefold()


@settings(deadline=None)
@given(keys, st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]))
def test_a_key_between_zeros_is_hidden(key: str, encoding: str) -> None:
    data = json.dumps({"message": f"no {key}!"}).encode(encoding)
    told = Secrets({"$K": key}).hide_bytes(data)
    assert b"$K" in told
    assert key.encode() not in told.replace(b"\0", b"")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
def test_bytes_without_a_secret_stay_as_they_were(encoding: str) -> None:
    data = "\0key: 作品".encode(encoding)
    assert Secrets({"$K": "secret"}).hide_bytes(data) is data


def test_an_empty_secret_hides_nothing_and_a_backslash_in_its_name_is_itself() -> None:
    assert Secrets({"$A": "", r"\1": "test"}).hide("a test") == r"a \1"
    assert Secrets({r"\1": "test"}).hide_bytes(b"a test") == rb"a \1"
    assert Secrets({"$A": "test"}).and_also({"$B": "", "$C": "test"}).hide("a test") == "a $A"


REFUSED = {"code": 1201, "message": "Failed to resolve the request body", "request_id": "r"}
WORDS = ["code", "1201", "message", "null", "request", '"code"', "Failed to resolve the request body"[:6]]


def exchange(key: str, data: bytes, level: int = 1) -> Exchange:
    step = next(each for each in plan(4, "kling").steps if each.level == level and each.operation is not None)
    kind = {"content-type": "application/json"}
    return Exchange(step, "http://x", 0.0, 1, 400, kind, data, secrets=Secrets({"$K": key}))


@pytest.mark.parametrize("key", WORDS)
def test_a_key_that_is_a_word_of_the_answer_changes_no_verdict_and_is_not_told(key: str) -> None:
    given = exchange(key, json.dumps(REFUSED).encode(), 2)
    judgement = judge(load("kling"), given, 5000)
    assert judgement.reason == judge(load("kling"), exchange("unheard of", given.data, 2), 5000).reason
    # `code 1201` and `message ...` are our words for what stands under these names.
    said = judgement.detail.replace("message ", "").replace("code ", "")
    assert key.strip('"') not in said
    assert key.encode() not in given.shown.data


@pytest.mark.parametrize(
    ("key", "task", "told"),
    [
        ("task", "831922345719271433", "names task 831922345719271433,"),
        ("8319", "831922345719271433", "names a task, whose id holds a secret,"),
        ("sk-Ab0123", "sk-Ab0123", "names a task, whose id holds a secret,"),
        # What stands before the slash is a piece of the key, and not the whole of it.
        ("sk-Ab01/23456", "sk-Ab01/23456", "names a task, whose id holds a secret,"),
    ],
)
@pytest.mark.parametrize("text", ["task_id: %s", '{"data": {"task_id": "%s"}}'])
def test_the_id_of_a_task_is_told_as_far_as_it_is_no_key(key: str, task: str, told: str, text: str) -> None:
    if "{" in text and "/" in key:
        text = text.replace("%s", task.replace("/", "\\\\/"))
    judgement = Tripwire(load("kling")).judge(exchange(key, text.replace("%s", task).encode()))
    assert judgement is not None
    assert judgement.reason == "probe.created_task"
    assert told in judgement.detail


def test_what_breaks_the_contract_is_told_without_a_key() -> None:
    key = "sk-0123456789"
    task = {"task_id": "1", "task_status": key, "created_at": 1, "updated_at": 1}
    answer = {"code": 0, "message": "SUCCEED", "request_id": "r", "data": [task]}
    given = replace(exchange(key, json.dumps(answer).encode(), 4), status=200)
    judgement = judge(load("kling"), given, 5000)
    assert judgement.reason == "contract.schema"
    assert "/data/0/task_status: " in judgement.detail
    assert "$K" in judgement.detail
    assert "sk-" not in judgement.detail
