"""No request reaches a host that a document names, whichever library asks, and whichever proxy stands in between.

The proxy is a listener that counts; hosts that nobody named reach it, and other listeners, as ever.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pycurl
import pytest
import requests
import urllib3
import uvloop

from kling_contract.documents import load
from kling_contract.interception import HostRefused, LineRefused, Named, Response, intercepted
from tests.answering import Desk
from tests.e2e.listening import Listener

NAMED = Named(url for provider in ("kling", "cometapi", "anyapi") for url in load(provider).base_urls)
HOSTS = sorted(NAMED.hosts)
URLS = [f"{way}://{host}/x" for host in HOSTS for way in ("https", "http")]

Ask = Callable[[str], bytes]


def with_httpx(url: str) -> bytes:
    return httpx.get(url).content


def with_httpx_in_a_loop(url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(ask())


def with_requests(url: str) -> bytes:
    return requests.get(url).content


def with_urllib3(url: str) -> bytes:
    proxy = os.environ.get("HTTPS_PROXY")
    pools = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
    return pools.request("GET", url, retries=False).data


def with_urllib(url: str) -> bytes:
    with urllib.request.build_opener().open(url) as answer:
        return answer.read()


async def aiohttp_asks(url: str, **options: Any) -> bytes:
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(url, **options) as answer:
        return await answer.read()


def with_aiohttp(url: str) -> bytes:
    return asyncio.run(aiohttp_asks(url))


def with_aiohttp_on_uvloop(url: str) -> bytes:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(aiohttp_asks(url))


def with_httpx2(url: str) -> bytes:
    return httpx2.get(url).content


def with_httpx2_in_a_loop(url: str) -> bytes:
    async def ask() -> bytes:
        async with httpx2.AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(ask())


def with_pycurl(url: str) -> bytes:
    written = io.BytesIO()
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEDATA, written)
    handle.perform()
    handle.close()
    return written.getvalue()


ANSWERED = [with_httpx, with_httpx_in_a_loop, with_requests, with_urllib3]
ERRORS = (urllib.error.URLError, aiohttp.ClientConnectorError, httpx2.ConnectError, HostRefused)
REFUSED = [with_urllib, with_aiohttp, with_aiohttp_on_uvloop, with_httpx2, with_httpx2_in_a_loop, with_pycurl]


@pytest.fixture
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Return a listener that is the proxy of the environment, or, for the parameter False, that nobody knows."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Listener() as listener:
        if getattr(request, "param", True):
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
                monkeypatch.setenv(name, listener.url)
        yield listener


both = pytest.mark.parametrize("proxy", [True, False], ids=["by proxy", "directly"], indirect=True)


def refusal(error: BaseException) -> HostRefused | LineRefused:
    """Return the refusal that is the reason of an error."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, HostRefused | LineRefused):
        reason = reason.__cause__ or reason.__context__ or getattr(reason, "reason", None)
    assert reason is not None, repr(error)
    return reason


@both
@pytest.mark.parametrize("ask", ANSWERED)
def test_what_is_intercepted_is_answered_here(ask: Ask, proxy: Listener) -> None:
    desk = Desk([Response(200, {}, b"ours")])
    with intercepted(NAMED, desk):
        assert {ask(url) for url in URLS} == {b"ours"}
    assert [request.url for request in desk.asked] == [
        f"{way}://{host}/x" for host in HOSTS for way in ("https", "http")
    ]
    assert proxy.connections == 0


@both
@pytest.mark.parametrize("ask", REFUSED)
def test_what_is_not_intercepted_is_refused(ask: Ask, proxy: Listener) -> None:
    for url in URLS:
        with intercepted(NAMED, Desk()), pytest.raises(ERRORS) as failed:
            ask(url)
        assert refusal(failed.value).host in url
        assert "kling_server" in str(refusal(failed.value))
    assert proxy.connections == 0


@both
@pytest.mark.parametrize("ask", ANSWERED + REFUSED)
def test_hosts_that_nobody_named_are_reached_as_ever(ask: Ask, proxy: Listener) -> None:
    by_proxy = "HTTPS_PROXY" in os.environ
    with intercepted(NAMED, Desk()), Listener() as listener:
        assert ask("http://unnamed.example/x" if by_proxy else listener.url) == b"ok"
    assert (proxy.connections, listener.connections) == ((1, 0) if by_proxy else (0, 1))


ADDRESSES = Named(["http://[::1]:1/v1", "http://127.0.0.1"])
LITERALS = {
    "::1": ["[::1]", "[0:0:0:0:0:0:0:1]", "[0::1]"],
    "127.0.0.1": ["127.0.0.1", "0x7f000001", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]"],
}


@pytest.mark.parametrize("listens", LITERALS)
@pytest.mark.parametrize("ask", ANSWERED)
@pytest.mark.parametrize("proxy", [False], indirect=True)
def test_an_address_that_a_document_names_is_answered_here(ask: Ask, listens: str, proxy: Listener) -> None:
    desk = Desk([Response(200, {}, b"ours")])
    with Listener(host=listens) as listener, intercepted(ADDRESSES, desk):
        assert {ask(f"http://{host}:{listener.port}/x") for host in LITERALS[listens]} == {b"ours"}
    assert {urlsplit(request.url).port for request in desk.asked} == {listener.port}
    assert [urlsplit(request.url).hostname in ADDRESSES for request in desk.asked] == [True] * len(LITERALS[listens])
    assert listener.connections == 0


async def by_stream(url: str) -> bytes:
    await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    return b""


def with_a_stream(url: str) -> bytes:
    return asyncio.run(by_stream(url))


def with_a_stream_on_uvloop(url: str) -> bytes:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(by_stream(url))


def with_a_socket(url: str) -> bytes:
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET6 if ":" in str(parts.hostname) else socket.AF_INET) as connection:
        connection.connect((parts.hostname, parts.port))
    return b""


@pytest.mark.parametrize("listens", LITERALS)
@pytest.mark.parametrize("ask", [*REFUSED, with_a_stream, with_a_stream_on_uvloop, with_a_socket])
@pytest.mark.parametrize("proxy", [False], indirect=True)
def test_an_address_that_a_document_names_is_refused_to_others(ask: Ask, listens: str, proxy: Listener) -> None:
    with Listener(host=listens) as listener:
        for host in LITERALS[listens]:
            with intercepted(ADDRESSES, Desk()), pytest.raises(ERRORS) as failed:
                ask(f"http://{host}:{listener.port}/x")
            assert refusal(failed.value).host in ADDRESSES
    assert listener.connections == 0


@pytest.mark.parametrize("ask", ANSWERED + REFUSED)
def test_no_proxy_is_told_of_an_address_that_a_document_names(ask: Ask, proxy: Listener) -> None:
    with intercepted(ADDRESSES, Desk([Response(200, {}, b"ours")])):
        if ask in ANSWERED:
            assert ask("http://[::1]:1/x") == b"ours"
        else:
            with pytest.raises((LineRefused, *ERRORS)):
                ask("http://[::1]:1/x")
    assert proxy.heads == []


def test_clients_that_knew_the_proxy_before_are_answered_here(proxy: Listener) -> None:
    async def ask(client: httpx.AsyncClient) -> bytes:
        return (await client.get(f"https://{HOSTS[0]}")).content

    clients = httpx.Client(), requests.Session(), httpx.AsyncClient()
    with clients[0], clients[1], intercepted(NAMED, Desk()):
        assert {client.get(f"https://{HOSTS[0]}").content for client in clients[:2]} == {b"ours"}
        assert asyncio.run(ask(clients[2])) == b"ours"
    assert proxy.connections == 0


def by_tunnel(proxy: Listener) -> None:
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.port)
    connection.set_tunnel(HOSTS[0])
    try:
        connection.request("GET", "/")
    finally:
        connection.close()


def by_opener(proxy: Listener) -> None:
    request = urllib.request.Request(f"http://{HOSTS[0]}/")
    request.set_proxy(f"127.0.0.1:{proxy.port}", "http")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)


def by_aiohttp(proxy: Listener) -> None:
    asyncio.run(aiohttp_asks(f"https://{HOSTS[0]}/", proxy=proxy.url))


def by_httpx2(proxy: Listener) -> None:
    with httpx2.Client(proxy=proxy.url) as client:
        client.get(f"https://{HOSTS[0]}/")


@pytest.mark.parametrize("ask", [by_tunnel, by_opener, by_aiohttp, by_httpx2])
def test_a_proxy_that_is_told_by_name_hears_nothing(ask: Callable[[Listener], None], proxy: Listener) -> None:
    with intercepted(NAMED, Desk()), pytest.raises((LineRefused, *ERRORS)) as failed:
        ask(proxy)
    assert refusal(failed.value).host == HOSTS[0]
    assert proxy.heads == []


@pytest.mark.parametrize("way", ["https", "http"])
def test_what_a_loop_was_to_tell_a_proxy_is_refused_to_who_asks(proxy: Listener, way: str) -> None:
    async def ask() -> None:
        async with httpx2.AsyncClient(proxy=proxy.url) as client:
            await client.get(f"{way}://{HOSTS[0]}/")

    with intercepted(NAMED, Desk()), pytest.raises(LineRefused, match=f"{HOSTS[0]} is out of bounds.*kling_server"):
        asyncio.run(ask())
    assert proxy.heads == []


def test_a_loop_that_is_not_pythons_gets_no_further_than_its_proxy(proxy: Listener) -> None:
    with intercepted(NAMED, Desk()), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        asked = aiohttp_asks(f"https://{HOSTS[0]}/", proxy=proxy.url)
        with pytest.raises(ERRORS) as failed:
            runner.run(asked)
    assert refusal(failed.value).host == HOSTS[0]
    assert [head.split()[0] for head in proxy.heads] == ["CONNECT"]


def test_an_address_found_before_is_of_no_use(proxy: Listener) -> None:
    async def ask(found: socket.socket) -> None:
        await asyncio.open_connection(sock=found, ssl=True, server_hostname=HOSTS[0])

    found = socket.create_connection(("127.0.0.1", proxy.port))
    with found, intercepted(NAMED, Desk()), pytest.raises(HostRefused):
        asyncio.run(ask(found))
    assert proxy.heads == []


def test_afterwards_the_proxy_is_asked_again(proxy: Listener) -> None:
    with intercepted(NAMED, Desk()):
        pass
    assert with_requests(f"http://{HOSTS[0]}/x") == b"ok"
    assert proxy.connections == 1
    assert socket.getaddrinfo("127.0.0.1", proxy.port)
