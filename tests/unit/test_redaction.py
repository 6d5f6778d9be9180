"""Known secrets in every form, what the names of things say, and work that grows with the text alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import redaction
from kling_contract.documents import load
from kling_contract.redaction import Discretion, Hidden
from mock_server.exchange import Exchange  # noqa: F401 - what a mock is asked with, for the journal below
from mock_server.journal import Entry
from tests.counting import calls_of

KEY = "sK-9f8e7d6c5b4a3Zyx"


def journalled(header: str, prompt: str = "rain") -> Callable[[], Any]:
    entry = Entry(1, 0, "default", "POST", "/x", headers={"authorization": header}, request=prompt.encode())
    return entry.as_dict


def test_a_long_key_takes_no_more_steps_than_a_short_one() -> None:
    short, long = (journalled(f"Bearer {'k7' * size}", "k7" * 900) for size in (50, 100_000))
    assert calls_of(long) <= calls_of(short) * 1.5


@pytest.mark.parametrize(
    "piece", ["ab12,", "a=b7;", "x7y8 ", "eyJ-", "sk-", "%41", "&amp;", "\\u0041", '{"', "//", "k="]
)
def test_twice_the_text_takes_at_most_twice_the_steps(piece: str) -> None:
    hidden = Hidden([KEY])
    shows = Discretion(hidden=hidden)

    def work(times: int) -> Callable[[], Any]:
        text = piece * times
        return lambda: (
            hidden.text(text),
            shows.said(text),
            shows.posted(text, "", {}),
            redaction.secrets({"cookie": text}, text),
        )

    assert calls_of(work(8000)) <= calls_of(work(4000)) * 2.2


def test_many_secrets_take_no_more_steps_than_few_for_a_text() -> None:
    text = "the quick brown fox " * 500
    few, many = (Hidden([f"{number:06}{KEY}" for number in range(size)]) for size in (100, 3000))
    assert calls_of(lambda: many.text(text)) <= calls_of(lambda: few.text(text)) * 1.1


FORMS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "backwards": lambda text: text[::-1],
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 within": lambda text: base64.urlsafe_b64encode(b"?" + text.encode() + b">").decode().rstrip("="),
    "a URL": lambda text: quote(text, safe=""),
    "a URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON twice": lambda text: json.dumps(json.dumps(text)),
    "numbers of HTML": lambda text: "".join(f"&#{ord(each)};" for each in text),
}


@given(st.text("abcXYZ0123456789-_.~+/=%&;\"'\\<é雨 ", min_size=8, max_size=40), st.sampled_from(sorted(FORMS)))
def test_a_secret_is_found_in_each_form(secret: str, form: str) -> None:
    written = FORMS[form](secret)
    shown = Hidden([secret]).text(f"before (({written})) after")
    assert shown.startswith("before ((")
    assert shown.endswith(")) after")
    assert written.strip('"') not in shown or written.strip('"') in redaction.MARK
    assert len(shown) <= len(f'before ((,,{redaction.MARK}==""\\\\\\"\\"{redaction.MARK})) after') + 8


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bytes_keep_all_that_is_no_secret(before: bytes, after: bytes) -> None:
    data = before + b" " + KEY.encode() + b" " + after
    assert Hidden([KEY]).data(data) == before + b" [redacted] " + after


def test_texts_of_two_bytes_a_letter_hide_nothing() -> None:
    for coding in ("utf-16-le", "utf-16-be", "utf-32-le"):
        assert KEY.encode() not in Hidden([KEY]).data(f"a {KEY} b".encode(coding)).replace(b"\0", b"")


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    hidden = Hidden(["a1b2", "zq9"])
    assert hidden.text("a1b2 xa1b2 a1b2x (A1B2) zq9") == "[redacted] xa1b2 a1b2x ([redacted]) zq9"


def test_words_of_a_cookie_are_hidden_nowhere_else_and_a_word_that_is_a_key_is() -> None:
    assert redaction.secrets({"cookie": "lang=en; theme=english; on=true; sid=a1B2c3D4e5"}, "") == [
        "lang=en; theme=english; on=true; sid=a1B2c3D4e5",
        "a1B2c3D4e5",
    ]
    assert redaction.secrets({"authorization": "Bearer hunter"}, "") == ["Bearer hunter", "hunter"]


@pytest.mark.parametrize(
    "name",
    [
        "taskId",
        "image2video",
        "kling-v1-6",
        "model_name",
        "X-RateLimit-Limit",
        "created_at",
        "h264",
        "subject_image_list",
        "雨",
    ],
)
def test_a_name_is_a_word(name: str) -> None:
    assert redaction.is_word(name)


@pytest.mark.parametrize(
    "name", ["k3yAb91xZq", "831922345719271433", "fosnfeoyDoyNzuSlK3g9x", "a1b2c3d4", "x" * 90, "bcdfghjk"]
)
def test_a_key_is_no_word(name: str) -> None:
    assert not redaction.is_word(name)


@pytest.mark.parametrize(
    "name", ["passphrase", "pass", "otp", "userPin", "db_pass", "API_KEY_2", "x-otp", "keys", "totp", "passcode"]
)
def test_names_of_secrets(name: str) -> None:
    assert redaction.is_secret(name)


@pytest.mark.parametrize("name", ["bypass", "passage", "spinning", "options", "keyframe", "author", "max_age", "mode"])
def test_names_of_other_things(name: str) -> None:
    assert not redaction.is_secret(name)


def test_what_stands_for_a_value_is_of_its_type() -> None:
    asked = {
        "password": [1, 2.5, True, None, "x", {"a": 7}],
        "colour": 12,
        "zone": 123456,
        "place": "south",
        "no": "ab",
    }
    assert Discretion().value(asked, {"properties": {}}) == {
        "password": [0, 0.0, True, None, redaction.MARK, {"a": 0}],
        "colour": 12,
        "zone": 0,
        "place": redaction.MARK,
        "no": "ab",
    }


def test_a_text_with_bounds_keeps_its_length() -> None:
    schema = {"type": "string", "maxLength": 30}
    for said in (f"see {KEY}", f"use sk-{'0' * 40} now"):
        assert len(Discretion(hidden=Hidden([KEY])).value(said, schema)) == len(said)


def test_values_of_an_enum_are_no_secret_even_where_a_key_is_the_same_word() -> None:
    operation = load("kling").operation("createImageToVideo")
    shows = Discretion(hidden=Hidden(["std-1"]), words=redaction.words_of(operation))
    asked = {"mode": "pro", "prompt": "std-1"}
    assert shows.value(asked, redaction.request_of(operation)) == {"mode": "pro", "prompt": "[redacted]"[:5]}
