from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.encodings import Undecodable, decoded

MOST = 10_000
BODY = b'{"prompt": "' + b"cat " * 100 + b'"}'


def raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "GZIP ": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", PACKED)
def test_a_compressed_body_is_what_was_compressed(coding: str) -> None:
    assert decoded(PACKED[coding](BODY), coding, MOST) == BODY


@pytest.mark.parametrize("coding", ["identity", "", " Identity"])
def test_a_plain_body_is_itself(coding: str) -> None:
    assert decoded(BODY, coding, MOST) is BODY


def test_a_bare_deflated_stream_and_gzip_of_several_members_are_read() -> None:
    assert decoded(raw(BODY), "deflate", MOST) == BODY
    assert decoded(gzip.compress(BODY[:50]) + gzip.compress(BODY[50:]), "gzip", MOST) == BODY
    assert decoded(gzip.compress(b""), "gzip", MOST) == decoded(b"", "gzip", MOST) == b""


@given(st.binary(max_size=3000))
def test_any_body_comes_back(body: bytes) -> None:
    for packed, coding in ((gzip.compress(body), "gzip"), (zlib.compress(body), "deflate"), (raw(body), "deflate")):
        assert decoded(packed, coding, 3000) == body


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_no_bytes_make_it_stumble(body: bytes, coding: str) -> None:
    try:
        assert len(decoded(body, coding, 100)) <= 100
    except Undecodable as error:
        assert str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "deflate,gzip", "nonsense"])
def test_another_coding_is_refused_by_name(coding: str) -> None:
    with pytest.raises(Undecodable, match=f"Content-Encoding '{coding}' is not read") as found:
        decoded(BODY, coding, MOST)
    assert (found.value.unknown, found.value.large) == (True, False)


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (BODY, "gzip", "the body is no gzip"),
        (gzip.compress(BODY)[:-1], "gzip", "ends too early"),
        (gzip.compress(BODY)[:20], "gzip", "ends too early"),
        (gzip.compress(BODY) + b"more", "gzip", "the body is no gzip"),
        (b"\xff\xff\xff", "deflate", "the body is no deflate"),
        (zlib.compress(BODY)[:-2], "deflate", "ends too early"),
        (zlib.compress(BODY) + b"more", "deflate", "stands behind the end"),
        (b"", "deflate", "ends too early"),
    ],
    ids=["plain", "cut", "half", "longer", "no deflate", "cut deflate", "longer deflate", "empty"],
)
def test_a_broken_body_is_named(body: bytes, coding: str, said: str) -> None:
    with pytest.raises(Undecodable, match=said) as found:
        decoded(body, coding, MOST)
    assert (found.value.unknown, found.value.large) == (False, False)


@pytest.mark.parametrize(
    "bomb",
    [gzip.compress(bytes(MOST + 1)), gzip.compress(bytes(MOST)) + gzip.compress(b"1")],
    ids=["one member", "two members"],
)
def test_a_body_that_grows_too_large_is_refused(bomb: bytes) -> None:
    with pytest.raises(Undecodable, match="larger than 10000 bytes once it is decoded") as found:
        decoded(bomb, "gzip", MOST)
    assert found.value.large


def test_many_small_members_are_read_no_further_than_a_body_may_be_long() -> None:
    with pytest.raises(Undecodable, match="larger than 10 bytes"):
        decoded(gzip.compress(b"abc") * 5, "gzip", 10)
    assert decoded(gzip.compress(b"") * 16, "gzip", 10) == b""
    with pytest.raises(Undecodable, match="more than 16 members"):
        decoded(gzip.compress(b"") * 17, "gzip", 10)
    assert decoded(gzip.compress(b"a" * 10), "gzip", 10) == b"a" * 10
