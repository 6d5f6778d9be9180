"""Named hosts are refused to whatever is not intercepted, and all is as it was when that is over."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from asyncio import selector_events, sslproto
from pathlib import Path

import httpcore
import pycurl
import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from respx.mocks import HTTPCoreMocker, HTTPXMocker

from kling_contract.interception import HostRefused, LineRefused, Named, intercepted
from kling_contract.interception.proxies import bypassed
from tests.answering import HOST, NAMED, Desk


@given(
    host=st.sampled_from([HOST, "api.anyapi.ai"]),
    upper=st.sets(st.integers(0, 20)),
    dot=st.sampled_from(["", "."]),
    port=st.sampled_from(["", ":443", ":8080"]),
)
def test_a_host_is_known_however_it_is_written(host: str, upper: set[int], dot: str, port: str) -> None:
    written = "".join(char.upper() if place in upper else char for place, char in enumerate(host)) + dot + port
    assert written in NAMED
    assert written.encode() in NAMED
    assert f"x{written}" not in NAMED
    assert f"x.{written}" not in NAMED


@pytest.mark.parametrize("host", ["", ":443", ".", "::1", None, 7, "cometapi.com", f"{HOST}.evil.example"])
def test_others_are_not_named(host: object) -> None:
    assert host not in NAMED
    assert NAMED.hosts == {HOST, "api.anyapi.ai"}


SPELLED = {
    "http://[::1]:8000/base": [
        *(
            "::1",
            "[::1]",
            "[::1]:9",
            "::0001",
            "0:0:0:0:0:0:0:1",
            "[0:0:0:0:0:0:0:1]:80",
            "::1%lo",
            "[::1%25lo]:80",
            b"::1",
        )
    ],
    "https://[2001:DB8::A]": ["2001:db8::a", "[2001:0db8:0:0:0:0:0:00A]", b"[2001:DB8::A]:443"],
    "http://192.0.2.1": [
        *("192.0.2.1:80", "192.0.2.1.", "::ffff:192.0.2.1", "[::FFFF:C000:201]:80"),
        *("0xC0.0.2.1", "192.0.513", "3221225985", "0300.0.2.1:80"),
    ],
    "http://[::ffff:192.0.2.1]": ["192.0.2.1", "::ffff:c000:201"],
    "https://b\u00fccher.example": ["B\u00dcCHER.example", "xn--bcher-kva.example.", "b\u00fccher\u3002example"],
    "https://xn--bcher-kva.example/v1": ["b\u00fccher.example", "XN--BCHER-KVA.example", "B%C3%BCCHER.example"],
    "https://api.cometapi.com": [
        *("api\u3002cometapi\u3002com", "api\uff0ecometapi\uff61com", "\uff21\uff50\uff49.cometapi.com\u3002"),
        *("api.comet\u00ada\u200bpi.com", "\U0001d4bepi.cometapi.com".replace("\U0001d4be", "\U0001d4ea")),
        *("\U0001f130pi.cometapi.com", "api%2Ecometapi.com", "%41pi.cometapi.com", "api.cometapi.com.:443"),
        "\uff41pi.cometapi.com".encode(),
    ],
    "http://192.0.2.7": ["\uff11\uff19\uff12\u30020\uff0e2.7", "192%2e0.2.7"],
}


@pytest.mark.parametrize(
    ("url", "written"), [(url, written) for url, several in SPELLED.items() for written in several]
)
def test_an_address_is_known_however_it_is_written(url: str, written: str | bytes) -> None:
    assert written in Named([url])


@pytest.mark.parametrize(
    "host", ["::2", "[::1]x", "::1:8000", "192.0.2.10", "1.192.0.2.1", "0xc0.0.2.2", "192.0.2.1.example", "1:2:3"]
)
def test_other_addresses_are_not_named(host: str) -> None:
    assert host not in Named(["http://[::1]", "http://192.0.2.1"])


def test_a_base_url_without_a_host_names_nobody() -> None:
    assert Named(["/v1", "http://[::1", "{scheme}://{host}"]).hosts <= {"{host}"}


PLACES = [
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (asyncio.BaseEventLoop, "create_connection"),
    (socket, "getaddrinfo"),
    (socket, "gethostbyname"),
    (socket, "gethostbyname_ex"),
    (asyncio.BaseEventLoop, "getaddrinfo"),
    (selector_events._SelectorSocketTransport, "write"),  # type: ignore[attr-defined]
    (socket.socket, "send"),
    (socket.socket, "sendall"),
    (socket.socket, "sendmsg"),
    (ssl.SSLContext, "wrap_socket"),
    (ssl.SSLContext, "wrap_bio"),
    (ssl.SSLContext, "_wrap_socket"),
    (ssl.SSLContext, "_wrap_bio"),
    (ssl.SSLSocket, "send"),
    (ssl.SSLSocket, "write"),
    (ssl.SSLObject, "write"),
    (sslproto._SSLProtocolTransport, "write"),  # type: ignore[attr-defined]
    (asyncio.BaseEventLoop, "create_datagram_endpoint"),
    (socket.socket, "sendto"),
    (pycurl, "Curl"),
    (httpcore.ConnectionPool, "handle_request"),
    (httpcore.HTTPProxy, "handle_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
    (httpcore.AsyncHTTPProxy, "handle_async_request"),
    (urllib3.HTTPConnectionPool, "urlopen"),
    (HTTPCoreMocker, "handler"),
    (HTTPXMocker, "async_handler"),
]


def there() -> list[object]:
    return [vars(owner).get(name) for owner, name in PLACES]


def test_everything_is_put_back() -> None:
    before, environment = there(), dict(os.environ)
    with intercepted(NAMED, Desk()):
        once = there()
        assert not set(before) & set(once)
        with intercepted(NAMED, Desk()):
            assert not set(once) & set(there())
        assert there() == once
    assert there() == before
    assert dict(os.environ) == environment


def test_everything_is_put_back_after_an_error() -> None:
    before = there()
    with pytest.raises(LookupError), intercepted(NAMED, Desk()):
        raise LookupError
    assert there() == before


EXEMPTIONS = st.none() | st.sampled_from(["", "a.example", "a.example,b.example"])


@given(upper=EXEMPTIONS, lower=EXEMPTIONS)
def test_exemptions_from_proxies_gain_the_hosts_and_lose_nothing(upper: str | None, lower: str | None) -> None:
    given_ = {name: value for name, value in (("NO_PROXY", upper), ("no_proxy", lower)) if value is not None}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NO_PROXY", raising=False)
        patch.delenv("no_proxy", raising=False)
        for name, value in {"HTTPS_PROXY": "http://proxy.example", **given_}.items():
            patch.setenv(name, value)
        counted = lower or upper or ""
        with bypassed(NAMED.hosts):
            for name in ("NO_PROXY", "no_proxy"):
                now = set(os.environ[name].split(","))
                assert now == NAMED.hosts | set(filter(None, (given_.get(name) or counted).split(",")))
        assert {name: os.environ[name] for name in ("NO_PROXY", "no_proxy") if name in os.environ} == given_


@pytest.mark.parametrize("variables", [{}, {"HTTPS_PROXY": "http://proxy.example", "no_proxy": "*"}])
def test_exemptions_are_left_alone_where_they_would_change_more(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with bypassed(NAMED.hosts):
        assert {name: value for name, value in os.environ.items() if name.lower() == "no_proxy"} == {
            name: value for name, value in variables.items() if name == "no_proxy"
        }


def test_a_refusal_names_the_host_and_the_way_out() -> None:
    with intercepted(NAMED, Desk()):
        for resolve in (socket.gethostbyname, socket.gethostbyname_ex, lambda host: socket.getaddrinfo(host, 443)):
            with pytest.raises(HostRefused, match=r"API\.cometapi\.com.*kling_server") as refused:
                resolve("API.cometapi.com")
            assert refused.value.errno == socket.EAI_NONAME
        assert socket.getaddrinfo(host="127.0.0.1", port=80)
        assert socket.getaddrinfo(None, 80)


@pytest.mark.parametrize("host", [HOST, "192.0.2.1", "2001:db8::a", b"192.0.2.1"])
def test_a_socket_does_not_connect_to_a_named_host_that_was_not_looked_up(host: str | bytes) -> None:
    family = socket.AF_INET6 if ":" in str(host) else socket.AF_INET
    named = Named([f"https://{HOST}", "http://192.0.2.1", "http://[2001:db8:0::a]"])
    with socket.socket(family) as connection, intercepted(named, Desk()):
        for connect in (connection.connect, connection.connect_ex):
            with pytest.raises(HostRefused, match="kling_server"):
                connect((host, 9))


def test_a_socket_connects_to_others(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as connection:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        with intercepted(NAMED, Desk()):
            assert connection.connect_ex(str(tmp_path / "socket")) == 0


def test_tls_with_a_named_host_does_not_begin() -> None:
    context = ssl.create_default_context()
    one, other = socket.socketpair()
    with one, other, intercepted(NAMED, Desk()):
        with pytest.raises(HostRefused):
            context.wrap_socket(one, server_hostname=HOST)
        with pytest.raises(HostRefused):
            context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)
        assert context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="other.example")
        assert not _readable(other)


def _readable(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


REFUSED = [
    b"CONNECT api.cometapi.com:443 HTTP/1.1\r\n",
    b"POST https://api.cometapi.com/x HTTP/1.1\r\n",
    b"GET http://API.anyapi.ai:80/x HTTP/1.1\r\n",
    b"GET http://user:word@api.anyapi.ai/x HTTP/1.1\r\n",
    b"GET http://api.anyapi.ai?x HTTP/1.1\r\n",
    b"CONNECT [2001:DB8::A]:443 HTTP/1.1\r\n",
    b"CONNECT 2001:db8:0:0::a:443 HTTP/1.1\r\n",
    b"GET http://[2001:db8::a]:80/x HTTP/1.1\r\n",
]
SENT = [
    b"",
    b"CONNECT other.example:443 HTTP/1.1\r\n",
    b"CONNECT [2001:db8::b]:443 HTTP/1.1\r\n",
    b"GET http://other.example/?http://api.anyapi.ai/x HTTP/1.1\r\n",
    b"GET /https://api.cometapi.com/x HTTP/1.1\r\n",
    b"x CONNECT api.cometapi.com:443",
]


def test_no_line_names_a_host_to_a_proxy() -> None:
    one, other = socket.socketpair()
    named = Named([*(f"https://{host}" for host in NAMED.hosts), "https://[2001:db8::a]"])
    with one, other, intercepted(named, Desk()):
        for line in REFUSED:
            for send in (one.send, one.sendall, lambda data: one.sendmsg([data])):
                for data in (line, bytearray(line), memoryview(line)):
                    with pytest.raises(LineRefused, match="kling_server"):
                        send(data)
        assert not _readable(other)
        for line in SENT:
            one.sendall(line)
            one.sendmsg(iter([line, b"!"]))
            other.setblocking(True)
            assert other.recv(500) == line + line + b"!"
        with pytest.raises(TypeError, match="bytes-like"):
            one.send("CONNECT api.cometapi.com")  # type: ignore[arg-type]
