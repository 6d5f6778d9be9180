"""What is signed is accepted as it is, for five minutes, and not with one byte changed."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from starlette.datastructures import Headers

from kling_contract.clock import RealClock
from kling_contract.errors import ConfigurationError, SignatureError
from kling_contract.signatures import TOLERANCE, check_secret, signed, verify

# The vendor's own example (OFF-ZH26).
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
NAME, TIME = "9876543210", 1781080794
BODY = b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="
HEADERS = {"webhook-id": NAME, "webhook-timestamp": str(TIME), "webhook-signature": SIGNATURE}


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


OTHER = secret_of(b"another secret of the account")

secrets = st.binary(min_size=24, max_size=64).map(secret_of)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
times = st.integers(1_000_000_000, 9_999_999_999)
bodies = st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))


def test_the_vendors_example_is_signed_as_the_vendor_does() -> None:
    assert signed([SECRET], NAME, TIME, BODY) == HEADERS
    verify(HEADERS, BODY, SECRET, now=TIME)


def test_the_vendors_example_is_too_old_by_now() -> None:
    with pytest.raises(SignatureError, match=r"webhook-timestamp is too old: .*five minutes"):
        verify(HEADERS, BODY, SECRET, now=TIME + 86_400)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (TIME + 300.2, "too old: it lies 301 s back, and 300 s (five minutes) are allowed"),
        (TIME - 7200, "too new: it lies 7200 s ahead, and 300 s (five minutes) are allowed"),
    ],
)
def test_five_minutes_are_allowed(now: float, words: str) -> None:
    for fresh in (TIME - TOLERANCE, TIME + TOLERANCE):
        verify(HEADERS, BODY, SECRET, now=fresh)
    with pytest.raises(SignatureError) as caught:
        verify(HEADERS, BODY, SECRET, now=now)
    assert words in str(caught.value)


@given(secrets, secrets, ids, bodies)
def test_what_is_signed_now_is_accepted_by_the_reference_and_here(old: str, new: str, name: str, body: bytes) -> None:
    headers = signed([old, new], name, int(RealClock().now()), body)
    for secret in (old, new):
        Webhook(secret).verify(body, headers, json_parse=False)
        verify(headers, body, secret)


def changed(text: bytes, at: int, to: int) -> bytes:
    at %= len(text)
    return text[:at] + bytes([(text[at] + to) % 256]) + text[at + 1 :]


@given(secrets, ids, times, bodies, st.data())
def test_one_changed_byte_is_refused(secret: str, name: str, now: int, body: bytes, data: st.DataObject) -> None:
    headers = signed([secret], name, now, body)
    verify(headers, body, secret, now=now)
    place = data.draw(st.sampled_from([*headers, *(["body"] if body else [])]))
    at, to = data.draw(st.integers(0, 300)), data.draw(st.integers(1, 255))
    if place == "body":
        body = changed(body, at, to)
    else:
        headers[place] = changed(headers[place].encode(), at, to).decode("latin-1")
    with pytest.raises(SignatureError):
        verify(headers, body, secret, now=now)


@given(secrets, secrets, times, bodies)
def test_another_secret_is_refused(mine: str, other: str, now: int, body: bytes) -> None:
    assume(mine != other)
    with pytest.raises(SignatureError, match="no signature matches: another secret"):
        verify(signed([other], "1", now, body), body, mine, now=now)


@given(st.dictionaries(st.sampled_from([*HEADERS, "x"]), st.text() | st.sampled_from([*HEADERS.values()])), st.binary())
def test_whatever_else_comes_is_a_signature_error(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureError):
        verify(headers, body, SECRET, now=TIME)


@pytest.mark.parametrize(
    "headers",
    [
        {name.upper(): value for name, value in HEADERS.items()},
        httpx.Headers(HEADERS),
        Headers({name.title(): value for name, value in HEADERS.items()}),
        {**HEADERS, "webhook-signature": f"v1a,xyz v2,{SIGNATURE[3:]} {SIGNATURE}"},
        {**HEADERS, "webhook-signature": f"{signed([OTHER], NAME, TIME, BODY)['webhook-signature']} {SIGNATURE}"},
    ],
)
def test_headers_of_any_kind(headers: Any) -> None:
    verify(headers, BODY, SECRET, now=TIME)
    with pytest.raises(SignatureError):
        verify(headers, BODY + b" ", SECRET, now=TIME)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"webhook-id": None}, "not signed: webhook-id missing"),
        ({"webhook-timestamp": ""}, "not signed: webhook-timestamp missing"),
        ({"webhook-id": "", "webhook-signature": ""}, "not signed: webhook-id and webhook-signature missing"),
        ({"webhook-id": "\ud800"}, "webhook-id is malformed: it is no ASCII text"),
        ({"webhook-signature": b"v1,"}, "webhook-signature is malformed: it is no ASCII text"),
        ({"webhook-timestamp": "now"}, "webhook-timestamp is malformed: 'now'; it says whole Unix seconds"),
        ({"webhook-timestamp": f"0{TIME}"}, "webhook-timestamp is malformed"),
        ({"webhook-timestamp": f"{TIME}.0"}, "webhook-timestamp is malformed"),
        ({"webhook-timestamp": f"{TIME}000"}, "webhook-timestamp is malformed: .*; it says whole Unix seconds"),
        ({"webhook-timestamp": f"{TIME}00"}, "too new: it lies"),
        ({"webhook-signature": SIGNATURE[3:]}, "webhook-signature is malformed: .*; it says v1,<base64>"),
        ({"webhook-signature": "v1,x,y"}, "webhook-signature is malformed"),
        ({"webhook-signature": "v1,*"}, "webhook-signature is malformed"),
        ({"webhook-signature": SIGNATURE.replace("v1", "v2")}, "webhook-signature is malformed"),
        # Two texts of one and the same bytes: the last sign before the `=` has two bits to spare.
        ({"webhook-signature": SIGNATURE.replace("4=", "5=")}, "no signature matches"),
    ],
)
def test_a_header_that_is_wrong_says_so(headers: dict[str, Any], words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        verify({**HEADERS, **headers}, BODY, SECRET, now=TIME)


def test_what_is_signed_is_utf8() -> None:
    with pytest.raises(SignatureError, match="the body is not UTF-8"):
        verify(HEADERS, b"\xff", SECRET, now=TIME)
    with pytest.raises(ValueError, match="utf-8"):
        signed([SECRET], NAME, TIME, b"\xff")


@pytest.mark.parametrize(
    ("secret", "flaw"),
    [
        ("", "is empty or no text"),
        (None, "is empty or no text"),
        (SECRET.encode(), "is empty or no text"),
        (SECRET.removeprefix("whsec_"), "does not begin with whsec_"),
        ("whsec_", "has no base64 after whsec_"),
        ("whsec_a-b_" * 8, "has no base64 after whsec_"),
        ("whsec_" + "é" * 40, "has no base64 after whsec_"),
        (secret_of(b"\xfbsecrets" * 3 + b"~").replace("+", "-"), "has no base64 after whsec_"),
        (secret_of(b"hush" * 5), "has 20 bytes"),
        (secret_of(b"hush" * 17), "has 68 bytes"),
    ],
)
def test_a_secret_that_is_none(secret: Any, flaw: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_secret(secret)
    assert str(caught.value) == f"the callback secret {flaw}; accepted: whsec_ and base64 of 24 to 64 bytes"
    with pytest.raises(ConfigurationError):
        signed([SECRET, secret], NAME, TIME, BODY)
    with pytest.raises(ConfigurationError):
        verify({}, BODY, secret)


@pytest.mark.parametrize("secret", [f"{SECRET}\n", SECRET.rstrip("="), f" {SECRET}"])
def test_a_secret_as_a_file_or_another_hand_writes_it(secret: str) -> None:
    assert signed([secret], NAME, TIME, BODY) == HEADERS
