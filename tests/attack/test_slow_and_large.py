"""Requests that are large in every way there is, and clients that are slow: none of them holds up the others.

What a request costs is counted in calls, in proportion to its bytes; with `--thorough` at the sizes of a real attack.
"""

from __future__ import annotations

import json
import socket
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from asking import example
from desk import Desk

from mock_server.exchange import Exchange
from mock_server.log import text
from mock_server.server import MockServer
from tests.counting import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable

CREATE, IMAGES = "createImageToVideo", "createMultiImageToImage"
HEAD, LARGE = 60_000, 200_000
A_CALL_IS_FOR = 60  # calls for each byte or field, of which most is what hiding a secret takes
ALWAYS = 100_000  # calls of a small request, and of all that is said of it

Head = dict[str, str]


def get(path: str, query: str = "", **headers: str) -> tuple[str, str, str, Head, bytes]:
    return "GET", path, query, headers, b""


def post(body: bytes, **headers: str) -> tuple[str, str, str, Head, bytes]:
    return "POST", "", "", headers, body


def fields(count: int, value: Any = 1) -> bytes:
    return json.dumps({f"promt{number}": value for number in range(count)}).encode()


HEADS: dict[str, Callable[[int], Any]] = {
    "a key": lambda n: get("/a", authorization="Bearer " + "a" * n),
    "a key of one beginning": lambda n: get("/a", authorization="Bearer " + "ab" * (n // 2) + "c", x_a="ab" * 2000),
    "a key with signs": lambda n: get("/a", authorization="Bearer " + "%&/" * (n // 3)),
    "a query": lambda n: get("/a", "key=" + "a" * n),
    "parameters": lambda n: get("/a", "&".join(f"key{i}=value{i}" for i in range(n // 20))),
    "parameters without a value": lambda n: get("/__admin/tasks", "a&" * (n // 2)),
    "cookies": lambda n: get("/a", cookie="; ".join(f"a{i}=value-{i:05}" for i in range(n // 20))),
    "headers": lambda n: get("/a", **{f"h{i}": "v" for i in range(n // 12)}),
    "secret headers": lambda n: get("/a", **{f"token{i}": f"value-{i:05}" for i in range(n // 28)}),
    "a path": lambda n: get("/" + "a" * n),
    "segments": lambda n: get("/" + "a/" * (n // 2)),
    "an escaped path": lambda n: get("/" + "%2e" * (n // 3)),
    "sessions": lambda n: get("/s/" + "a" * n + "/v1/videos/image2video"),
    "a name in admin": lambda n: get("/__admin/" + "tasks" * (n // 5)),
    "ranges": lambda n: get("/__media/1-0.mp4", range="bytes=" + ",".join(["0-0"] * (n // 4))),
    "codings": lambda n: post(b"{}", content_encoding=",".join(["gzip"] * (n // 5))),
    "a media type": lambda n: post(b"{}", content_type="multipart/form-data; boundary=" + "a" * n),
    "wishes": lambda n: post(b"{}", prefer=",".join(["scenario=fail"] * (n // 14))),
}
BODIES: dict[str, Callable[[int], Any]] = {
    "unknown fields": lambda n: post(fields(n // 20)),
    "unknown lists": lambda n: post(fields(n // 20, [1])),
    "fields twice": lambda n: post(("{" + ",".join(f'"a{i}":1,"a{i}":2' for i in range(n // 20)) + "}").encode()),
    "numbers too large": lambda n: post(b'{"a":[' + b",".join([b"1e99"] * (n // 5)) + b"]}"),
    "one number": lambda n: post(b'{"cfg_scale":' + b"9" * n + b"}"),
    "depth": lambda n: post(b'{"a":' * (n // 10) + b"1" + b"}" * (n // 10)),
    "wide and deep": lambda n: post(b'{"a":[' + b",".join([b"[" * 60 + b"]" * 60] * (n // 120)) + b"]}"),
    "empty lists": lambda n: post(b"[" + b"[]," * (n // 3) + b"[]]"),
    "a prompt": lambda n: post(json.dumps({"prompt": "a b" * (n // 3)}).encode()),
    "an image": lambda n: post(json.dumps({"image": "A" * n}).encode()),
    "a mode": lambda n: post(json.dumps({"mode": "pr" * (n // 2)}).encode()),
    "a name": lambda n: post(json.dumps({"a" * n: 1}).encode()),
    "quotes": lambda n: post(json.dumps({"prompt": '"' * (n // 2)}).encode()),
    "no JSON": lambda n: post(b"\xff" * n),
    "parts": lambda n: post(b"--a\r\n" * (n // 5), content_type="multipart/form-data; boundary=a"),
    "a bomb": lambda n: post(zlib.compress(b"[" * n * 10), content_encoding="deflate"),
    "a name for admin": lambda n: ("POST", "/__admin/faults", "", {}, json.dumps({"fault" * (n // 5): 1}).encode()),
    "criteria": lambda n: (
        "POST",
        "/__admin/requests/find",
        "",
        {},
        b'{"body":' * 1 + b'{"a":' * 300 + b"1" + b"}" * 301,
    ),
}
ATTACKS = {**HEADS, **BODIES}


def exchange(desk: Desk, attack: str, size: int) -> Exchange:
    method, path, query, headers, body = ATTACKS[attack](size)
    path = path or desk.provider.operation(CREATE).path
    named = {"host": "localhost", "authorization": "Bearer test", "content-type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(method, path, query, named, body, "http://localhost")


def told(desk: Desk, asked: Exchange) -> None:
    """Answer a request, and say all that can be said of it: in the log, in the journal, and to who listens."""
    answer = desk.mock.answer(asked)
    assert answer.status < 500, answer.body
    assert len(answer.body) < 20_000
    if answer.entry is not None:
        assert len(text(answer.entry.brief())) < 200_000
        answer.entry.as_dict()


def hold(attack: str, size: int) -> None:
    """Fail if an attack costs more than in proportion to its bytes, or harms the next request."""
    desk = Desk(verify_answers=False)
    desk.video()
    told(desk, exchange(desk, attack, 100))
    work = calls_of(lambda: told(desk, exchange(desk, attack, size)))
    assert work < A_CALL_IS_FOR * size + ALWAYS, f"{work} calls"
    assert desk.video()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_work_in_proportion_to_it(attack: str) -> None:
    hold(attack, 20_000)


@pytest.mark.thorough
@pytest.mark.parametrize("attack", HEADS)
def test_a_head_of_the_largest_size_is_no_more(attack: str) -> None:
    hold(attack, HEAD)
    hold(attack, LARGE)


@pytest.mark.thorough
@pytest.mark.parametrize("attack", BODIES)
@pytest.mark.parametrize("size", [2_000_000, 20_000_000])
def test_a_body_of_megabytes_is_no_more(attack: str, size: int) -> None:
    hold(attack, size)


def crowd(server: MockServer, size: int, begun: bytes) -> None:
    """Begin many requests and end none; others are served, and all are sent away."""
    parts = urlsplit(server.url)
    slow = [socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=60) for _ in range(size)]
    try:
        for each in slow:
            each.sendall(begun)
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            assert client.get("/__admin/health").status_code == 200
        for each in slow:
            assert each.recv(12) == b"HTTP/1.1 408"
            while each.recv(65_536):
                pass
    finally:
        for each in slow:
            each.close()


SLOW = [b"G", b"GET /a HTTP/1.1\r\nhost: a\r\nx: ", b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"]


@pytest.mark.parametrize("begun", SLOW, ids=["a letter", "half a head", "half a body"])
def test_a_crowd_that_says_nothing_more_is_sent_away(begun: bytes) -> None:
    with MockServer(read_timeout=0.2) as server:
        crowd(server, 20, begun)


@pytest.mark.thorough
@pytest.mark.parametrize("begun", SLOW, ids=["a letter", "half a head", "half a body"])
def test_a_large_crowd_is_sent_away_too(begun: bytes) -> None:
    with MockServer(read_timeout=0.5) as server:
        crowd(server, 400, begun)


def listed_beside_others(tasks: int) -> int:
    """Return how many requests are answered while a list of so many tasks is read."""
    with MockServer(provider="kling") as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        mock, desk = server.app.state.mock, Desk()
        body = json.dumps(example(desk.provider.operation(CREATE))).encode()
        path = desk.provider.operation(CREATE).path
        for _ in range(tasks):
            mock.answer(Exchange("POST", path, "", {"authorization": "Bearer test"}, body, server.url))
        others, pieces = 0, []
        with client.stream("GET", "/__admin/tasks") as answer, httpx.Client(trust_env=False) as other:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                assert other.get(f"{server.url}/livez").status_code == 200
                others += 1
        assert b"".join(pieces).count(b'"external_id"') == tasks
        return others


def test_a_long_list_is_read_while_others_are_answered() -> None:
    assert listed_beside_others(3000) > 3


@pytest.mark.thorough
def test_a_list_of_two_hundred_thousand_tasks_is_read_while_others_are_answered() -> None:
    assert listed_beside_others(200_000) > 100
