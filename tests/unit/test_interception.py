"""Requests to named hosts are answered here, whichever library asks; others are none of ours."""

from __future__ import annotations

import asyncio
import contextvars
import gzip
import io
import socket
import subprocess
import sys
import threading
from typing import Any

import httpcore
import httpx
import pytest
import requests
import respx
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from kling_contract.interception import Broken, Named, Refusal, Request, Response, intercepted
from kling_contract.interception.desk import DELIVERY
from mock_server.callbacks.modes import MARK
from tests.answering import HOST, NAMED, URL, Desk, answering


def test_httpx_is_answered_in_its_own_thread() -> None:
    threads = []
    before = httpx.Client()

    def answer(request: Request) -> Response:
        threads.append(threading.current_thread())
        return Response(201, {"X-Kind": "mock"}, request.body)

    with before, intercepted(NAMED, answer), httpx.Client() as after:
        for client in (before, after):
            found = client.post("https://API.cometapi.com./kling/x?a=%20b", content=b"body")
            assert (found.status_code, found.content, found.headers["x-kind"]) == (201, b"body", "mock")
            assert found.headers["content-length"] == "4"
    assert threads == [threading.current_thread()] * 2


def test_what_httpx_asks_is_told_as_it_was_meant() -> None:
    desk = Desk()
    with intercepted(NAMED, desk), httpx.Client(headers=[("X-Two", "1"), ("x-two", "2")]) as client:
        client.post("http://api.anyapi.ai:8080/a%2Fb?c=d", content=iter([b"in ", b"parts"]))
    [request] = desk.asked
    assert (request.method, request.url, request.body) == ("POST", "http://api.anyapi.ai:8080/a%2Fb?c=d", b"in parts")
    assert request.headers["x-two"] == "1, 2"
    assert request.headers["host"] == "api.anyapi.ai:8080"


def test_httpx_awaits_the_other_answer() -> None:
    async def aanswer(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(200, {}, b"awaited " + request.body)

    async def ask() -> list[str]:
        async with httpx.AsyncClient() as before:
            with intercepted(NAMED, Desk(), aanswer):
                async with httpx.AsyncClient() as after:
                    return [(await client.post(URL, content=b"x")).text for client in (before, after)]

    assert asyncio.run(ask()) == ["awaited x"] * 2


def test_httpx_without_another_answer_is_answered_all_the_same() -> None:
    async def ask() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(URL)).text

    with intercepted(NAMED, Desk()):
        assert asyncio.run(ask()) == "ours"


HTTPX_ERRORS = [
    ("cut", httpx.RemoteProtocolError),
    ("reset", httpx.ReadError),
    ("closed", httpx.RemoteProtocolError),
    ("silent", httpx.ReadTimeout),
]


@pytest.mark.parametrize(("kind", "error"), HTTPX_ERRORS)
def test_httpx_raises_its_own_error_for_a_broken_connection(kind: str, error: type[Exception]) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(URL)

    with intercepted(NAMED, answering(Broken(kind))):  # type: ignore[arg-type]
        with pytest.raises(error) as found, httpx.Client() as client:
            client.get(URL)
        assert found.value.request.url == URL
        with pytest.raises(error):
            asyncio.run(ask())


REQUESTS_ERRORS = [
    ("cut", requests.exceptions.ChunkedEncodingError),
    ("reset", requests.ConnectionError),
    ("closed", requests.ConnectionError),
    ("silent", requests.exceptions.ReadTimeout),
]


@pytest.mark.parametrize(("kind", "error"), REQUESTS_ERRORS)
def test_requests_raises_its_own_error_for_a_broken_connection(kind: str, error: type[Exception]) -> None:
    with intercepted(NAMED, answering(Broken(kind))), pytest.raises(error):  # type: ignore[arg-type]
        requests.get(URL)


@pytest.mark.parametrize("kind", ["cut", "reset", "closed"])
def test_urllib3_raises_its_own_error_for_a_broken_connection(kind: str) -> None:
    with intercepted(NAMED, answering(Broken(kind))), pytest.raises(urllib3.exceptions.ProtocolError):  # type: ignore[arg-type]
        urllib3.PoolManager().request("GET", URL, retries=False)


LEFT = """
import requests
from kling_contract.interception import Broken, intercepted
from tests.answering import NAMED, URL, answering

for kind in ("cut", "reset", "closed", "silent"):
    with intercepted(NAMED, answering(Broken(kind))):
        try:
            requests.get(URL, timeout=1)
        except requests.RequestException:
            print(kind)
"""


def test_nothing_is_left_of_a_broken_connection() -> None:
    found = subprocess.run([sys.executable, "-Xdev", "-c", LEFT], capture_output=True, text=True, check=True)
    assert (found.stdout.split(), found.stderr) == (["cut", "reset", "closed", "silent"], "")


PATIENCE = [(None, None), (3, 3), ((1, 2), 2)]


@pytest.mark.parametrize(("timeout", "patience"), PATIENCE)
def test_how_long_requests_waits_for_an_answer_is_told(timeout: Any, patience: float | None) -> None:
    desk = Desk()
    with intercepted(NAMED, desk), requests.Session() as session:
        session.get(URL, timeout=timeout)
    assert [request.patience for request in desk.asked] == [patience]


@pytest.mark.parametrize(("timeout", "patience"), [(None, None), (3, 3), (httpx.Timeout(1, read=2), 2)])
def test_how_long_httpx_waits_for_an_answer_is_told(timeout: Any, patience: float | None) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient(timeout=timeout) as client:
            await client.get(URL)

    desk = Desk()
    with intercepted(NAMED, desk), httpx.Client(timeout=timeout) as client:
        client.get(URL)
        asyncio.run(ask())
    assert [request.patience for request in desk.asked] == [patience] * 2


@pytest.mark.parametrize("kind", ["reset", "closed", "silent"])
def test_urllib3_retries_what_is_broken(kind: str) -> None:
    desk = answering(Broken(kind), Broken(kind), Response(200, {}, b"third"))  # type: ignore[arg-type]
    with intercepted(NAMED, desk):
        found = urllib3.PoolManager().request("POST", URL, body=b"x", retries=urllib3.Retry(2, allowed_methods=None))
    assert found.data == b"third"
    assert [request.body for request in desk.asked] == [b"x"] * 3


def test_urllib3_retries_a_status_on_the_same_pool() -> None:
    desk = answering(Response(503, {"retry-after": "0"}, b"busy"), Response(200, {}, b"done"))
    with intercepted(NAMED, desk):
        pool = urllib3.HTTPSConnectionPool(HOST, retries=urllib3.Retry(1, status_forcelist=[503]))
        assert pool.request("GET", "/kling/x").data == b"done"
    assert [request.url for request in desk.asked] == [f"https://{HOST}/kling/x"] * 2


def test_retries_that_are_used_up_are_the_error_of_requests() -> None:
    with intercepted(NAMED, answering(Broken("reset"))), requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=1))
        with pytest.raises(requests.ConnectionError, match="Max retries exceeded"):
            session.get(URL)


@given(parts=st.lists(st.binary(min_size=1, max_size=40), max_size=4), answered=st.binary(max_size=60))
def test_bytes_arrive_unchanged(parts: list[bytes], answered: bytes) -> None:
    desk = answering(Response(200, {}, answered))
    whole = b"".join(parts)
    with intercepted(NAMED, desk):
        bodies = [
            requests.post(URL, data=whole).content,
            requests.post(URL, data=iter(parts)).content,
            requests.post(URL, data=io.BytesIO(whole)).content,
            urllib3.PoolManager().request("POST", URL, body=iter(parts)).data,
            httpx.post(URL, content=iter(parts), trust_env=False).content,
        ]
    assert bodies == [answered] * 5
    assert [request.body for request in desk.asked] == [whole] * 5


def test_requests_are_told_as_they_were_meant_and_answered_in_json() -> None:
    desk = answering(Response(402, {"Content-Type": "application/json"}, b'{"code": 1102}'))
    with requests.Session() as session, intercepted(NAMED, desk):
        found = session.put(URL, json={"n": 1}, headers={"X-A": "b", "X-Bytes": b"c"}, timeout=(3, 0.5))
    assert (found.status_code, found.reason, found.json()) == (402, "Payment Required", {"code": 1102})
    [request] = desk.asked
    assert (request.method, request.url, request.body) == ("PUT", URL, b'{"n": 1}')
    assert (request.headers["x-a"], request.headers["x-bytes"]) == ("b", "c")
    assert request.headers["content-type"] == "application/json"


def test_requests_streams_and_decodes() -> None:
    packed = gzip.compress(b"0123456789")
    with intercepted(NAMED, answering(Response(200, {"content-encoding": "gzip"}, packed))):
        with requests.get(URL, stream=True) as streamed:
            assert b"".join(streamed.iter_content(4)) == b"0123456789"
        with requests.get(URL, stream=True) as raw:
            assert raw.raw.read() == packed
        apart = urllib3.PoolManager().request("GET", URL, preload_content=False, decode_content=False)
        assert apart.read() == packed
        apart.release_conn()


def test_requests_without_a_body_are_answered_without_one() -> None:
    with intercepted(NAMED, answering(Response(200, {"content-length": "70"}, b""))):
        head = requests.head(URL)
    assert (head.headers["content-length"], head.content) == ("70", b"")


REDIRECT = Response(302, {"location": "/kling/there"}, b"")


def test_requests_follows_redirects_if_it_is_told_to() -> None:
    desk = answering(REDIRECT, Response(200, {}, b"there"))
    with intercepted(NAMED, desk):
        assert requests.get(URL).text == "there"
    assert desk.asked[1].url == f"https://{HOST}/kling/there"
    with intercepted(NAMED, answering(REDIRECT)):
        assert requests.get(URL, allow_redirects=False).status_code == 302


def test_urllib3_follows_redirects_if_it_is_told_to() -> None:
    for pool, url in ((urllib3.PoolManager(), URL), (urllib3.HTTPSConnectionPool(HOST), "/kling/x")):
        with intercepted(NAMED, answering(REDIRECT, Response(200, {}, b"there"))):
            assert pool.request("GET", url).data == b"there"
        with intercepted(NAMED, answering(REDIRECT)):
            assert pool.request("GET", url, redirect=False).status == 302


def test_an_error_of_the_answer_is_nobody_elses() -> None:
    def answer(request: Request) -> Response:
        raise LookupError("a bug")

    with intercepted(NAMED, answer):
        for ask in (httpx.get, requests.get):
            with pytest.raises(LookupError, match="a bug"):
                ask(URL)


@pytest.mark.parametrize("error", [TimeoutError("no database"), ConnectionRefusedError("no database")])
def test_an_error_of_the_answer_is_none_of_the_connection(error: OSError) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        raise error

    with intercepted(NAMED, answer):
        with pytest.raises(OSError, match="no database") as found:
            urllib3.PoolManager().request("GET", URL)
        with pytest.raises(requests.ConnectionError, match="no database") as wrapped:
            requests.get(URL)
    assert found.value is error is wrapped.value.args[0]
    assert len(asked) == 2


@pytest.mark.parametrize("path", ["//kling/x", "/kling//x"])
def test_a_path_of_two_slashes_names_no_other_host(path: str) -> None:
    desk = Desk()
    with intercepted(NAMED, desk):
        assert urllib3.PoolManager().request("GET", f"https://{HOST}{path}").data == b"ours"
    assert [request.url for request in desk.asked] == [f"https://{HOST}{path}"]


def test_what_passes_is_judged_without_its_body() -> None:
    judged: list[Request] = []
    with intercepted(NAMED, Desk(), passes=lambda request: bool(judged.append(request))):
        requests.post(URL, data=b"x", headers={"X-A": "b"})
        httpx.post(URL, content=b"x", headers={"X-A": "b"})
    assert [(each.method, each.url, each.headers["x-a"], each.body) for each in judged] == [("POST", URL, "b", b"")] * 2


def test_deliveries_of_the_mock_are_not_answered() -> None:
    assert DELIVERY == MARK
    desk = Desk()
    with intercepted(NAMED, desk):
        for ask in (httpx.post, requests.post):
            with pytest.raises((httpx.ConnectError, requests.ConnectionError), match="kling_server"):
                ask(URL, headers={MARK: "1"})
    assert desk.asked == []


def test_a_refusal_is_told_with_what_was_asked_where_that_is_known() -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await client.put(URL)

    told: list[Refusal] = []
    with intercepted(Named([f"https://{HOST}"], tell=told.append), Desk(), passes=lambda request: True):
        for refused in (lambda: httpx.get(URL), lambda: requests.post(URL), lambda: asyncio.run(ask())):
            with pytest.raises((httpx.ConnectError, requests.ConnectionError)):
                refused()
        with pytest.raises(OSError, match="kling_server"):
            socket.getaddrinfo(f"{HOST.upper()}.", 443)
    assert [each.host for each in told] == [HOST] * 4
    assert [each.request and (each.request.method, each.request.url) for each in told] == [
        ("GET", URL),
        ("POST", URL),
        ("PUT", URL),
        None,
    ]


def test_a_refusal_beneath_a_request_to_another_host_is_none_of_that_request() -> None:
    told: list[Refusal] = []
    with respx.mock() as routes, intercepted(Named([f"https://{HOST}"], tell=told.append), Desk()):
        other = routes.get("https://other.example/")
        other.mock(side_effect=lambda request: socket.getaddrinfo(HOST, 443))  # type: ignore[arg-type]
        with pytest.raises(OSError, match="kling_server"):
            httpx.get("https://other.example/")
    assert told == [Refusal(HOST, None)]


@pytest.mark.parametrize("ask", [httpx.get, requests.get])
def test_a_refusal_while_a_request_is_answered_is_none_of_that_request(ask: Any) -> None:
    def answer(request: Request) -> Response:
        with pytest.raises(OSError, match="kling_server"):
            socket.getaddrinfo(HOST, 443)
        return Response(200, {}, b"")

    told: list[Refusal] = []
    with intercepted(Named([f"https://{HOST}"], tell=told.append), answer):
        ask(URL)
    assert told == [Refusal(HOST, None)]


def test_a_request_that_is_given_up_in_another_context_leaves_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def waiting(pool: Any, request: Any) -> None:
        await asyncio.Event().wait()

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            asked = client.get("https://other.example/")
            contextvars.copy_context().run(asked.send, None)
            asked.close()

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", waiting)
    with intercepted(NAMED, Desk()):
        asyncio.run(ask())


def test_the_inner_of_two_answers_and_the_outer_what_is_left() -> None:
    outer, inner = answering(Response(200, {}, b"outer")), answering(Response(200, {}, b"inner"))
    with intercepted(NAMED, outer), intercepted(Named([f"https://{HOST}"]), inner):
        for ask in (httpx.get, requests.get):
            assert (ask(URL).text, ask("https://api.anyapi.ai/x").text) == ("inner", "outer")
