"""Ways to a host by somebody else, who is told its name."""

from __future__ import annotations

import http.client
import socket
import urllib.request

import aiohttp
import httpx
import httpx2
import requests
import urllib3

from tests.attack.places import ADDRESS, FULL_WIDTH, NAME, SIGN, Place, Way, in_asyncio, unverified
from tests.attack.ways_by_library import curl

END = b" HTTP/1.1\r\n\r\n"
SOCKS5 = b"\x05\x01\x00"  # a greeting with one method, to show nothing
SOCKS5_REQUEST = b"\x05\x01\x00\x03" + bytes([len(NAME)]) + NAME.encode() + b"\x01\xbb"


def _written(place: Place, *parts: bytes) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        for part in parts:
            connection.sendall(part)


def connect_at_once(place: Place) -> None:
    _written(place, b"CONNECT localhost:443" + END)


def connect_in_two_parts(place: Place) -> None:
    _written(place, b"CONNECT ", b"localhost:443" + END)


def connect_split_in_the_name(place: Place) -> None:
    _written(place, b"CONNECT local", b"host:443" + END)


def connect_byte_by_byte(place: Place) -> None:
    _written(place, *(bytes([byte]) for byte in b"CONNECT localhost:443" + END))


def connect_in_lower_case(place: Place) -> None:
    _written(place, b"connect  LOCALHOST.:443" + END)


def connect_after_an_empty_line(place: Place) -> None:
    _written(place, b"\r\n", b"CONNECT localhost:443" + END)


def connect_with_host_alone(place: Place) -> None:
    _written(place, b"CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n")


def url_in_upper_case(place: Place) -> None:
    _written(place, b"POST HTTP://localhost/x" + END)


def url_of_another_scheme(place: Place) -> None:
    _written(place, b"GET ftp://localhost/x" + END)


def url_with_a_user(place: Place) -> None:
    _written(place, b"GET http://user@name:word@localhost/x" + END)


def url_with_a_long_user(place: Place) -> None:
    _written(place, b"GET http://" + b"u" * 5000 + b"@localhost/x" + END)


def url_with_escapes(place: Place) -> None:
    _written(place, b"GET http://local%68ost/x" + END)


def url_in_full_width(place: Place) -> None:
    _written(place, f"GET http://{FULL_WIDTH}/x".encode() + END)


def url_in_two_parts(place: Place) -> None:
    _written(place, b"GET ht", b"tp://localhost/x" + END)


def _greeted(place: Place, greeting: bytes, *parts: bytes) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        connection.sendall(greeting)
        connection.recv(2)
        for part in parts:
            connection.sendall(part)


def socks5(place: Place) -> None:
    _greeted(place, SOCKS5, SOCKS5_REQUEST)


def socks5_byte_by_byte(place: Place) -> None:
    _greeted(place, SOCKS5, *(bytes([byte]) for byte in SOCKS5_REQUEST))


def socks5_at_once(place: Place) -> None:
    _written(place, SOCKS5 + SOCKS5_REQUEST)


def socks5_with_a_password(place: Place) -> None:
    _greeted(place, b"\x05\x01\x02", b"\x01\x01u\x01p", SOCKS5_REQUEST)


def socks4a(place: Place) -> None:
    _written(place, b"\x04\x01\x01\xbb\0\0\0\x01user\0localhost\0")


def http_client_tunnel(place: Place) -> None:
    connection = http.client.HTTPSConnection(ADDRESS, place.port)
    connection.set_tunnel(NAME)
    try:
        connection.request("GET", "/")
    finally:
        connection.close()


def proxy_asked_by_tls(place: Place) -> None:
    connection = http.client.HTTPSConnection(ADDRESS, place.port, context=unverified())
    try:
        connection.request("GET", f"http://{NAME}/x")
    finally:
        connection.close()


def urllib_proxy(place: Place) -> None:
    handler = urllib.request.ProxyHandler({"http": place.proxy})
    urllib.request.build_opener(handler).open(f"http://{NAME}/x").close()


def urllib_proxy_with_escapes(place: Place) -> None:
    handler = urllib.request.ProxyHandler({"http": place.proxy})
    urllib.request.build_opener(handler).open("http://local%68ost/x").close()


def requests_proxy(place: Place) -> None:
    requests.get(f"http://{NAME}/x", proxies={"http": place.proxy})


def urllib3_proxy(place: Place) -> None:
    with urllib3.ProxyManager(place.proxy) as pools:
        pools.request("GET", f"http://{NAME}/x", retries=False)


def httpx_proxy(place: Place) -> None:
    with httpx.Client(proxy=place.proxy) as client:
        client.get(f"http://{NAME}/x")


def httpx2_proxy(place: Place) -> None:
    with httpx2.Client(proxy=place.proxy) as client:
        client.get(f"http://{NAME}/x")


def aiohttp_proxy(place: Place) -> None:
    async def go() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"https://{NAME}/x", proxy=place.proxy):
            pass

    in_asyncio(go())


def pycurl_proxy(place: Place) -> None:
    curl(f"http://{NAME}/x", PROXY=place.proxy)


def pycurl_socks(place: Place) -> None:
    curl(f"http://{NAME}/x", PROXY=f"socks5h://{ADDRESS}:{place.port}")


def pycurl_pre_proxy(place: Place) -> None:
    curl(place.address, PRE_PROXY=f"socks5h://{NAME}:{place.port}")


def pycurl_proxy_that_is_named(place: Place) -> None:
    curl("http://other.example/x", PROXY=f"{NAME}:{place.port}")


def pycurl_connect_to(place: Place) -> None:
    curl("http://other.example/x", CONNECT_TO=[f"other.example:80:{NAME}:{place.port}"])


def pycurl_connect_to_in_upper_case(place: Place) -> None:
    curl("http://other.example/x", CONNECT_TO=[f"::{NAME.upper()}:{place.port}"])


def pycurl_proxy_header(place: Place) -> None:
    curl("http://other.example/x", PROXY=place.proxy, HTTPHEADER=[f"host: {NAME}"])


WAYS = [
    *(
        Way(go, SIGN)
        for go in (
            *(connect_at_once, connect_in_two_parts, connect_split_in_the_name, connect_byte_by_byte),
            *(connect_in_lower_case, connect_after_an_empty_line, connect_with_host_alone, url_in_upper_case),
            *(url_of_another_scheme, url_with_a_user, url_with_a_long_user, url_in_two_parts, socks5),
            *(socks5_byte_by_byte, socks5_at_once, socks5_with_a_password, socks4a, http_client_tunnel),
            *(proxy_asked_by_tls, urllib_proxy, requests_proxy, urllib3_proxy, httpx_proxy, httpx2_proxy),
            *(aiohttp_proxy, pycurl_proxy, pycurl_socks, pycurl_proxy_header),
        )
    ),
    Way(url_with_escapes, b"%68ost"),
    Way(urllib_proxy_with_escapes, b"%68ost"),
    Way(url_in_full_width, FULL_WIDTH.encode()),
    *map(Way, (pycurl_pre_proxy, pycurl_proxy_that_is_named, pycurl_connect_to, pycurl_connect_to_in_upper_case)),
]
