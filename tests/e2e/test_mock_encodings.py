"""Compressed request bodies: decoded within the bound of a plain one, and named where they are not read."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest
from asking import URL, Core

from kling_contract.testing import mock
from mock_server import MockServer

VIDEO, VIDEOS = "createImageToVideo", "/v1/videos/image2video"
BODY = {"image": URL, "model_name": "kling-v2-6", "prompt": "a cat"}
PLAIN = json.dumps(BODY).encode()
ANSWERED = [
    ("gzip", gzip.compress(PLAIN)),
    ("deflate", zlib.compress(PLAIN)),
    ("deflate", zlib.compress(PLAIN)[2:-4]),
    ("identity", PLAIN),
]


def asked(body: bytes, coding: str, **settings: Any) -> Any:
    return Core("kling", **settings).create(VIDEO, body, content_encoding=coding)


@pytest.mark.parametrize(("coding", "body"), ANSWERED, ids=["gzip", "zlib", "bare", "identity"])
def test_a_compressed_body_is_taken_as_what_it_says(coding: str, body: bytes) -> None:
    answer = asked(body, coding)
    assert answer.status == 200, answer.body
    assert answer.entry.as_dict()["body"] == BODY
    noted = [note.rule for note in answer.entry.notes]
    assert noted == ([] if coding == "identity" else ["body.encoding"])


def test_a_compressed_body_is_held_against_the_contract() -> None:
    answer = asked(gzip.compress(b'{"image": 1}'), "gzip")
    assert (answer.status, answer.entry.violations[0].rule) == (400, "schema.type")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "made-up"])
def test_another_coding_is_refused_by_name_in_the_mocks_own_words(coding: str) -> None:
    answer = asked(PLAIN, coding)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "gzip, deflate")
    assert answer.body == {
        "error": {
            "message": f"Content-Encoding {coding!r} is not read",
            "accepted": "gzip, deflate, or a plain body without Content-Encoding",
        }
    }
    assert answer.headers["x-kling-mock-exchange"] == answer.entry.name
    assert [each.rule for each in answer.entry.violations] == ["body.encoding"]


@pytest.mark.parametrize(
    "body", [PLAIN, gzip.compress(PLAIN)[:-9], gzip.compress(PLAIN) + b"x"], ids=["plain", "cut", "longer"]
)
def test_a_broken_body_is_answered_as_the_provider_would_and_named(body: bytes) -> None:
    answer = asked(body, "gzip", lenient=True)
    assert (answer.status, answer.body["code"]) == (400, 1201)
    assert answer.entry.violations[0].rule == "body.encoding"
    assert "gzip" in answer.body["message"] or "ends too early" in answer.body["message"]


def test_a_body_that_grows_beyond_the_bound_is_too_large() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    answer = asked(bomb, "gzip", max_body=100_000)
    assert len(bomb) < 100_000
    assert (answer.status, answer.entry.violations[0].rule) == (413, "body.bytes")
    assert "larger than 100000 bytes once it is decoded" in answer.entry.violations[0].message


def test_who_may_not_ask_is_told_so_before_anything_is_decoded() -> None:
    answer = Core("kling").create(VIDEO, b"no gzip", key=None, content_encoding="gzip")
    assert answer.status == 401


def test_a_compressed_body_is_taken_over_a_socket_and_in_process() -> None:
    headers = {"authorization": "Bearer test", "content-type": "application/json", "content-encoding": "gzip"}
    packed = gzip.compress(PLAIN)
    with MockServer(provider="kling") as server:
        answer = httpx.post(server.url + VIDEOS, content=packed, headers=headers, trust_env=False)
        refused = httpx.post(server.url + VIDEOS, content=packed, headers={**headers, "content-encoding": "br"})
    assert (answer.status_code, refused.status_code) == (200, 415)
    with mock(provider="kling") as kling:
        httpx.post("https://api-singapore.klingai.com" + VIDEOS, content=packed, headers=headers)
        assert kling.requests(VIDEO).last.body == BODY
        kling.assert_kept()
