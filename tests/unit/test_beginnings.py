"""Whom the beginning of what is written names, in how many pieces it is written, and what is no such beginning."""

from __future__ import annotations

import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.interception import HostRefused, LineRefused, Named, Refusal, intercepted
from kling_contract.interception.audits import heard
from kling_contract.interception.beginnings import LONGEST, read
from kling_contract.interception.told import Told
from tests.answering import HOST, NAMED, Desk

SOCKS5 = b"\x05\x01\x00\x03" + bytes([len(HOST)]) + HOST.encode() + b"\x01\xbb"
NAMING = [
    f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode(),
    f"connect {HOST.upper()}. HTTP/1.0\n\n".encode(),
    f"\r\nPOST HTTP://{HOST}/x HTTP/1.1\r\n\r\n".encode(),
    f"GET ftp://a@b:c@{HOST}?x\r\n".encode(),
    f"GET http://{HOST}\\x HTTP/1.1\r\n\r\n".encode(),
    f"PROPFIND\t/x\tHTTP/1.1\r\nAccept: */*\r\n hOST : {HOST}:443 \r\n\r\n".encode(),
    f"GET / HTTP/1.1\nHost:{HOST}\n\n".encode(),
    SOCKS5,
    b"\x05\x01\x00" + SOCKS5,
    b"\x04\x01\x01\xbb\0\0\0\x07user\0" + HOST.encode() + b"\0",
]
OTHERS = [
    b"",
    b"\r\n",
    b"\x16\x03\x01\x02\x00\x01" + HOST.encode(),
    b'{"url": "https://' + HOST.encode() + b'/x"}',
    b"HTTP/1.1 200 OK\r\nHost: " + HOST.encode() + b"\r\n\r\n",
    b"prompt a cat\r\nHost: " + HOST.encode() + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: other.example\r\nReferer: https://" + HOST.encode() + b"/\r\n\r\n",
    b"GET / HTTP/1.1\r\nX-Forwarded-Host: " + HOST.encode() + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\nHost: " + HOST.encode(),
    b"GET http://" + HOST.encode() + b"@other.example/ HTTP/1.1\r\n\r\n",
    b"GET http://" + HOST.encode() + b".evil.example/ HTTP/1.1\r\n\r\n",
    b"\x05\x02\x00\x02",
    b"\x05\x01\x00\x01\x7f\0\0\1\0\x50",
    b"\x04\x01\0\x50\x7f\0\0\1\0",
    b"\x05",
    b"\x04",
]


class Connection:
    pass


def write(told: Told, data: bytes, cuts: set[int]) -> None:
    connection, places = Connection(), sorted({0, len(data), *(cut % (len(data) or 1) for cut in cuts)})
    for start, end in pairwise(places):
        told.refuse(connection, data[start:end])


@given(data=st.sampled_from(NAMING), cuts=st.sets(st.integers(0, 200)))
def test_a_name_is_refused_in_however_many_pieces(data: bytes, cuts: set[int]) -> None:
    with pytest.raises(LineRefused, match=r"(?i)api\.cometapi\.com"):
        write(Told(NAMED), data, cuts)


@given(data=st.sampled_from(OTHERS), cuts=st.sets(st.integers(0, 200)))
def test_others_are_let_through_in_however_many_pieces(data: bytes, cuts: set[int]) -> None:
    if data.startswith(b"GET http://"):
        cuts = set()  # a name is read as if it ended where the piece does
    write(Told(NAMED), data, cuts)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(data: bytes) -> None:
    beginning = read(data)
    assert not beginning.is_open or len(data) < LONGEST


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::a"])
def test_an_address_that_is_named_is_not_told_to_socks(address: str) -> None:
    family, kind = (socket.AF_INET6, b"\x04") if ":" in address else (socket.AF_INET, b"\x01")
    with pytest.raises(LineRefused):
        Told(Named([f"http://[{address}]" if ":" in address else f"http://{address}"])).refuse(
            Connection(), b"\x05\x01\x00" + kind + socket.inet_pton(family, address) + b"\0\x50"
        )


def test_what_is_kept_of_a_connection_is_bounded_and_goes_with_it() -> None:
    told = Told(NAMED)
    connection = Connection()
    told.refuse(connection, b"GET /" + b"x" * LONGEST)
    assert len(told._open) == 0
    told.refuse(connection, b"GET /")
    assert len(told._open) == 1
    del connection
    assert len(told._open) == 0


def test_a_body_after_a_head_begins_anew() -> None:
    told, connection = Told(NAMED), Connection()
    told.refuse(connection, b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
    told.refuse(connection, b"Host: " + HOST.encode() + b"\r\n")
    with pytest.raises(LineRefused):
        told.refuse(connection, b"GET / HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n")


def test_the_server_of_the_mock_may_be_asked_as_anybody_and_no_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_server(("127.0.0.1", 0)) as other:
        named = Named([f"https://{HOST}"], own=f"http://127.0.0.1:{own.getsockname()[1]}")
        asked = b"GET / HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n"
        with intercepted(named, Desk()), socket.create_connection(own.getsockname()) as connection:
            connection.sendall(asked)
            with socket.create_connection(other.getsockname()) as foreign, pytest.raises(LineRefused):
                foreign.sendall(asked)


def test_of_nested_mocks_each_refuses_its_own_at_the_events_and_none_afterwards() -> None:
    told: list[Refusal] = []
    outer, inner = Named(["http://localhost"], tell=told.append), Named(["http://127.0.0.1"], tell=told.append)
    resolve = socket.gethostbyname
    with heard(outer):
        with heard(inner):
            for host in ("localhost", "127.0.0.1"):
                with pytest.raises(HostRefused):
                    resolve(host)
        with pytest.raises(HostRefused):
            resolve("localhost")
        assert resolve("127.0.0.1") == "127.0.0.1"
    assert resolve("localhost") == "127.0.0.1"
    assert [refusal.host for refusal in told] == ["localhost", "127.0.0.1", "localhost"]
