"""Ways to a host by an address that nobody named, asked there as the host that is named."""

from __future__ import annotations

import array
import asyncio
import http.client
import socket
import urllib.request
from typing import Any

import aiohttp
import aiohttp.abc
import anyio
import httpx
import httpx2
import requests
import urllib3

from tests.attack.places import ADDRESS, NAME, SIGN, Place, Way, in_asyncio, in_uvloop, request, unverified
from tests.attack.ways_by_library import curl

AS_NAMED = {"Host": NAME}


class _Resolver(aiohttp.abc.AbstractResolver):
    """Looks nothing up: c-ares and DNS over HTTPS are such ones."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        return [{"hostname": host, "host": ADDRESS, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


async def _by_a_resolver(url: str) -> None:
    connector = aiohttp.TCPConnector(resolver=_Resolver(), ssl=unverified())
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
        await answer.read()


async def _aiohttp(url: str, **options: Any) -> None:
    async with aiohttp.ClientSession() as session, session.get(url, **options) as answer:
        await answer.read()


def aiohttp_with_a_resolver(place: Place) -> None:
    in_asyncio(_by_a_resolver(place.named))


def aiohttp_with_a_resolver_and_tls(place: Place) -> None:
    in_asyncio(_by_a_resolver(place.named.replace("http:", "https:")))


def aiohttp_with_a_resolver_and_tls_on_uvloop(place: Place) -> None:
    in_uvloop(_by_a_resolver(place.named.replace("http:", "https:")))


def aiohttp_with_host(place: Place) -> None:
    in_asyncio(_aiohttp(place.address, headers=AS_NAMED))


def aiohttp_with_server_hostname(place: Place) -> None:
    url = place.address.replace("http:", "https:")
    in_asyncio(_aiohttp(url, server_hostname=NAME, ssl=unverified()))


def httpx_with_host(place: Place) -> None:
    httpx.get(place.address, headers=AS_NAMED)


def httpx_with_host_in_a_loop(place: Place) -> None:
    async def go() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(place.address, headers=AS_NAMED)

    in_asyncio(go())


def httpx_with_sni(place: Place) -> None:
    with httpx.Client(verify=unverified()) as client:
        client.get(place.address.replace("http:", "https:"), extensions={"sni_hostname": NAME})


def httpx2_with_host(place: Place) -> None:
    httpx2.get(place.address, headers=AS_NAMED)


def httpx2_with_host_and_tls(place: Place) -> None:
    with httpx2.Client(verify=unverified()) as client:
        client.get(place.address.replace("http:", "https:"), headers=AS_NAMED)


def requests_with_host(place: Place) -> None:
    requests.get(place.address, headers=AS_NAMED)


def urllib3_with_host(place: Place) -> None:
    with urllib3.PoolManager() as pools:
        pools.request("GET", place.address, headers=AS_NAMED, retries=False)


def urllib3_with_server_hostname(place: Place) -> None:
    with urllib3.HTTPSConnectionPool(ADDRESS, place.port, cert_reqs="CERT_NONE", server_hostname=NAME) as pool:
        pool.request("GET", "/x", retries=False)


def urllib_with_host(place: Place) -> None:
    urllib.request.build_opener().open(urllib.request.Request(place.address, headers=AS_NAMED)).close()


def pycurl_with_host(place: Place) -> None:
    curl(place.address, HTTPHEADER=[f"Host: {NAME}"])


def pycurl_resolve(place: Place) -> None:
    curl(f"http://other.example:{place.port}/", RESOLVE=[f"+other.example:{place.port}:{ADDRESS}"])
    curl(place.named, RESOLVE=[f"+{NAME}:{place.port}:{ADDRESS}"])


def _by_http_client(connection: http.client.HTTPConnection) -> None:
    try:
        connection.request("GET", "/x", headers=AS_NAMED)
        connection.getresponse().read()
    finally:
        connection.close()


def http_client_with_host(place: Place) -> None:
    _by_http_client(http.client.HTTPConnection(ADDRESS, place.port))


def http_client_with_host_and_tls(place: Place) -> None:
    _by_http_client(http.client.HTTPSConnection(ADDRESS, place.port, context=unverified()))


def http_client_connected_before(place: Place) -> Any:
    connection = http.client.HTTPConnection(NAME, place.port)
    connection.connect()
    yield
    _by_http_client(connection)


def _written(place: Place, *parts: bytes) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        for part in parts:
            connection.sendall(part)


def socket_with_host(place: Place) -> None:
    _written(place, request())


def socket_with_host_and_port(place: Place) -> None:
    _written(place, request(f"{NAME.upper()}.:443").replace(b"Host:", b"hOST  :"))


def socket_with_host_in_two_parts(place: Place) -> None:
    whole = request()
    _written(place, whole[:21], whole[21:])


def socket_with_host_byte_by_byte(place: Place) -> None:
    _written(place, *(bytes([byte]) for byte in request()))


def socket_with_a_second_request(place: Place) -> None:
    _written(place, request("other.example"), request())


def socket_sendto(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        connection.sendto(request(), (ADDRESS, place.port))


def socket_sendmsg(place: Place) -> None:
    whole = request()
    with socket.create_connection((ADDRESS, place.port)) as connection:
        connection.sendmsg([whole[:21], memoryview(whole)[21:]])


def socket_makefile(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection, connection.makefile("wb") as file:
        file.write(request())


def socket_with_an_array(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        connection.sendall(array.array("B", request()))


async def _stream(place: Place, **options: Any) -> None:
    reader, writer = await asyncio.open_connection(ADDRESS, place.port, **options)
    try:
        writer.write(request())
        await reader.read(1)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def _sock_sendall(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(connection, request())


def stream_with_host(place: Place) -> None:
    in_asyncio(_stream(place))


def stream_without_sni(place: Place) -> None:
    in_asyncio(_stream(place, ssl=unverified(), server_hostname=""))


def stream_without_sni_on_uvloop(place: Place) -> None:
    in_uvloop(_stream(place, ssl=unverified(), server_hostname=""))


def sock_sendall_with_host(place: Place) -> None:
    in_asyncio(_sock_sendall(place))


def anyio_with_host(place: Place) -> None:
    async def go() -> None:
        async with await anyio.connect_tcp(ADDRESS, place.port) as connection:
            await connection.send(request())

    anyio.run(go)


WAYS = [
    Way(go, SIGN)
    for go in (
        aiohttp_with_a_resolver,
        aiohttp_with_a_resolver_and_tls,
        aiohttp_with_a_resolver_and_tls_on_uvloop,
        aiohttp_with_host,
        aiohttp_with_server_hostname,
        httpx_with_host,
        httpx_with_host_in_a_loop,
        httpx_with_sni,
        httpx2_with_host,
        httpx2_with_host_and_tls,
        requests_with_host,
        urllib3_with_host,
        urllib3_with_server_hostname,
        urllib_with_host,
        pycurl_with_host,
        pycurl_resolve,
        http_client_with_host,
        http_client_with_host_and_tls,
        http_client_connected_before,
        socket_with_host,
        socket_with_host_and_port,
        socket_with_host_in_two_parts,
        socket_with_host_byte_by_byte,
        socket_with_a_second_request,
        socket_sendto,
        socket_sendmsg,
        socket_makefile,
        socket_with_an_array,
        stream_with_host,
        stream_without_sni,
        stream_without_sni_on_uvloop,
        sock_sendall_with_host,
        anyio_with_host,
    )
]
