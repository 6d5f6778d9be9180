"""Many secrets are taken out of many texts in one pass."""

from __future__ import annotations

import json

import pytest
from counting import calls_of
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import redaction
from kling_contract.hiding import Texts
from mock_server.journal import Entry

HEAD = 60_000  # bytes


def entry(headers: dict[str, str], query: str = "") -> Entry:
    return Entry(1, 0, "default", "GET", "/a", headers=headers, query=query)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "Bearer " + "a" * HEAD}, ""),
        ({"authorization": "Bearer " + "ab" * (HEAD // 2) + "c", "x-other": "ab" * 1000}, ""),
        ({"cookie": "; ".join(f"c{n}=value-{n:05}" for n in range(HEAD // 20))}, ""),
        ({"cookie": "; ".join(f"c{n}=value-{n:03}" for n in range(200)), **{f"h{n}": "" for n in range(5000)}}, ""),
        ({"cookie": "; ".join("a" * (8 + n) for n in range(300))}, "b=" + "a" * 20_000),
        ({}, "key=" + "a" * HEAD),
        ({}, "&".join(f"key={n:08}" for n in range(HEAD // 13))),
    ],
    ids=["a key", "a key that begins again and again", "cookies", "headers", "lengths", "a query", "keys of a query"],
)
def test_hiding_what_a_head_says_takes_steps_in_proportion_to_it(headers: dict[str, str], query: str) -> None:
    size = len(query) + sum(len(name) + len(value) for name, value in headers.items())
    assert calls_of(lambda: entry(headers, query).as_dict()) < 20 * size


def test_a_long_secret_is_hidden_and_so_is_its_beginning_in_a_text_that_was_cut() -> None:
    secret = "".join(f"{n:04}" for n in range(2000))
    shown = redaction.without({"a": f"<{secret}>", secret: [f"b {secret[:3000]}... (9000 characters)"]}, [secret])
    assert shown == {"a": "<[redacted]>", "[redacted]": ["b [redacted]... (9000 characters)"]}


def test_one_of_many_secrets_is_hidden_wherever_another_one_stands() -> None:
    secrets = [f"secret-{n:03}-x" for n in range(100)]
    told = " ".join(secrets)
    assert redaction.without(told, secrets) == " ".join(["[redacted]"] * 100)
    assert redaction.without(f"{secrets[7]}{secrets[8]} secret-", secrets) == "[redacted][redacted] secret-"


TEXTS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8)


@given(TEXTS, st.text("abc", max_size=60))
def test_what_is_found_is_all_that_there_is(texts: list[str], said: str) -> None:
    covered = [False] * len(said)
    for text in texts:
        for at in range(len(said)):
            if said.startswith(text, at):
                covered[at : at + len(text)] = [True] * len(text)
    left = "".join(sign for sign, hidden in zip(said, covered, strict=True) if not hidden)
    assert Texts(texts, 2).replaced(said, "*", cut=False).replace("*", "") == left


@given(TEXTS, st.text("abc", max_size=60))
def test_no_beginning_is_left_where_a_text_was_cut(texts: list[str], said: str) -> None:
    shown = Texts(texts, 2).replaced(said, "*", cut=True)
    begun = [text[:length] for text in texts for length in range(2, len(text))]
    assert [each for each in begun if shown.endswith(each)] == []


@given(
    st.lists(st.text("ab", min_size=8, max_size=20), min_size=1, max_size=3, unique=True), st.text("ab", max_size=80)
)
def test_few_secrets_are_hidden_as_many_are(secrets: list[str], said: str) -> None:
    assert not [each for each in secrets if each in str(redaction.without(json.dumps(said), secrets))]


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("a" * 100 + "b" * 100, "a" * 300 + "b" * 50),
        ("ab" * 500 + "c", "x" + "ab" * 200),
        ("ab" * 500 + "c", "ab" * 499 + "aab"),
        ("a" * 500 + "b", "a" * 499 + "c"),
        ("a" * 500 + "b", "a" * 499 + "c" + "a" * 7),
    ],
)
def test_the_longest_beginning_is_hidden_however_often_one_may_begin(secret: str, said: str) -> None:
    begun = max((n for n in range(8, len(secret)) if said.endswith(secret[:n])), default=0)
    assert redaction.without(said, [secret]) == said[: len(said) - begun] + "[redacted]" * bool(begun)
