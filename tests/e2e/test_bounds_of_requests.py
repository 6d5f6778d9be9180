"""Requests that are too large or do not arrive, through a real socket, in process, and by another ASGI server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from wire import wire as connected

from mock_server.app import Mock, create_app
from mock_server.inprocess import MockTransport
from mock_server.server import MockServer
from mock_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = "a" * 200_000
TOO_LARGE = "the head of the request has more than 65536 bytes"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="auto", read_timeout=0.05) as running:
        yield running


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/a", f"/a?key={LARGE[:60_000]}", "/__admin/health", "/__media/1", "/__inbox/a"])
def test_a_head_of_200_kb_is_refused_by_name_through_a_socket(server: MockServer, path: str) -> None:
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {LARGE}"}, trust_env=False) as client:
        assert error(client.get(path)) == (431, TOO_LARGE)
        assert error(client.post(path, content=b"{}")) == (431, TOO_LARGE)


@pytest.mark.parametrize("path", ["/a", "/__admin/health", "/__media/1", "/__inbox/a"])
def test_it_is_refused_in_process_and_by_another_server_too(path: str) -> None:
    headers = {"authorization": f"Bearer {LARGE}"}
    with httpx.Client(transport=MockTransport(Mock(Settings())), base_url="http://mock", headers=headers) as client:
        assert error(client.get(path)) == (431, TOO_LARGE)

    async def elsewhere() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(Settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=headers) as client:
            return await client.get(path)

    assert error(asyncio.run(elsewhere())) == (431, TOO_LARGE)


def test_nothing_is_journalled_of_a_head_that_was_refused(server: MockServer) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        headers = {"x-kling-session": "large", "authorization": f"Bearer {LARGE}"}
        assert client.get("/a", headers=headers).status_code == 431
        assert client.get("/s/large/__admin/requests").json() == {"requests": [], "total": 0}


@pytest.mark.parametrize("begun", [["GET /a HTTP/1.1"], ["GET /a HTTP/1.1", "Host: a"]])
def test_a_head_that_does_not_come_is_answered_and_closed(server: MockServer, begun: list[str]) -> None:
    with connected(server.url) as wire:
        wire.sock.sendall("\r\n".join(begun).encode())
        reply = wire.reply()
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert b"the head of the request did not come within 0.05 s" in reply.body
        assert wire.is_closed()


def test_a_body_that_does_not_come_is_answered_and_closed_and_its_exchange_is_gone(server: MockServer) -> None:
    with connected(server.url) as wire:
        wire.send("POST /s/half/kling/v1/videos/image2video HTTP/1.1", "Host: a", "Content-Length: 10", body=b"{")
        reply = wire.reply()
        assert reply.status == 408
        assert b"the body of the request did not come within 0.05 s" in reply.body
        assert wire.is_closed()
    found = httpx.get(f"{server.url}/s/half/__admin/requests", trust_env=False).json()["requests"]
    assert [each["outcome"] for each in found] == ["gone"]


def test_a_connection_that_idles_stays_open_as_it_did(server: MockServer) -> None:
    with connected(server.url) as wire, connected(server.url) as late:
        wire.send("GET /livez HTTP/1.1", "Host: a")
        assert wire.reply().status == 200
        # Another one is sent away after the time limit, which so has passed.
        late.sock.sendall(b"GET ")
        assert late.reply().status == 408
        wire.send("GET /livez HTTP/1.1", "Host: a")
        assert wire.reply().status == 200
