"""Ways to a host by its name, in whatever form, that begin with a socket or a loop."""

from __future__ import annotations

import _socket
import asyncio
import socket
from socket import getaddrinfo, gethostbyname, gethostbyname_ex
from typing import Any

import anyio

from tests.attack.places import FULL_WIDTH, NAME, Place, Way, in_asyncio, in_uvloop


def connect(place: Place) -> None:
    with socket.socket() as connection:
        connection.connect((NAME, place.port))


def connect_ex(place: Place) -> None:
    with socket.socket() as connection:
        connection.connect_ex((NAME, place.port))


def connect_in_upper_case(place: Place) -> None:
    with socket.socket() as connection:
        connection.connect((NAME.upper(), place.port))


def connect_in_full_width(place: Place) -> None:
    with socket.socket() as connection:
        connection.connect((FULL_WIDTH, place.port))


def connect_by_bytes(place: Place) -> None:
    with socket.socket() as connection:
        connection.connect((NAME.encode(), place.port))


def connect_of_the_c_class(place: Place) -> None:
    connection = _socket.socket()
    try:
        connection.connect((NAME, place.port))
    finally:
        connection.close()


def connect_that_was_taken_before(place: Place) -> Any:
    with socket.socket() as connection:
        taken = connection.connect
        yield
        taken((NAME, place.port))


def create_connection(place: Place) -> None:
    socket.create_connection((NAME, place.port)).close()


def _to(place: Place, address: str | int) -> None:
    socket.create_connection((str(address), place.port)).close()


def getaddrinfo_that_was_taken_before(place: Place) -> None:
    _to(place, getaddrinfo(NAME, place.port, socket.AF_INET)[0][4][0])


def gethostbyname_that_was_taken_before(place: Place) -> None:
    _to(place, gethostbyname(NAME))


def gethostbyname_ex_that_was_taken_before(place: Place) -> None:
    _to(place, gethostbyname_ex(NAME)[2][0])


def getaddrinfo_of_the_c_module(place: Place) -> None:
    _to(place, _socket.getaddrinfo(NAME, place.port, socket.AF_INET)[0][4][0])


def getaddrinfo_in_full_width(place: Place) -> None:
    _to(place, socket.getaddrinfo(FULL_WIDTH, place.port, socket.AF_INET)[0][4][0])


def udp_sendto(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", (NAME, place.port))


def udp_sendto_with_flags(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", 0, (NAME, place.port))


def udp_sendto_in_full_width(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", (FULL_WIDTH, place.port))


def udp_sendmsg(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendmsg([b"x"], [], 0, (NAME, place.port))


def udp_connect(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.connect((NAME, place.port))
        connection.send(b"x")


def udp_of_the_c_class(place: Place) -> None:
    connection = _socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        connection.sendto(b"x", (NAME, place.port))
    finally:
        connection.close()


async def _stream(place: Place) -> None:
    _, writer = await asyncio.open_connection(NAME, place.port)
    writer.close()
    await writer.wait_closed()


async def _connection_by_keywords(place: Place) -> None:
    transport, _ = await asyncio.get_running_loop().create_connection(
        protocol_factory=asyncio.Protocol, host=NAME, port=place.port
    )
    transport.close()


async def _endpoint(place: Place) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(NAME, place.port), family=socket.AF_INET
    )
    transport.sendto(b"x")
    await asyncio.sleep(0)
    transport.close()


async def _endpoint_to_anybody(place: Place) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, family=socket.AF_INET
    )
    transport.sendto(b"x", (NAME, place.port))
    await asyncio.sleep(0)
    transport.close()


async def _sock_connect(place: Place) -> None:
    with socket.socket() as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (NAME, place.port))


async def _sock_sendto(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_sendto(connection, b"x", (NAME, place.port))


def stream_of_asyncio(place: Place) -> None:
    in_asyncio(_stream(place))


def stream_of_uvloop(place: Place) -> None:
    in_uvloop(_stream(place))


def create_connection_of_asyncio(place: Place) -> None:
    in_asyncio(_connection_by_keywords(place))


def create_connection_of_uvloop(place: Place) -> None:
    in_uvloop(_connection_by_keywords(place))


def datagrams_of_asyncio(place: Place) -> None:
    in_asyncio(_endpoint(place))


def datagrams_of_uvloop(place: Place) -> None:
    in_uvloop(_endpoint(place))


def datagrams_of_asyncio_to_anybody(place: Place) -> None:
    in_asyncio(_endpoint_to_anybody(place))


def sock_connect_of_asyncio(place: Place) -> None:
    in_asyncio(_sock_connect(place))


def sock_connect_of_uvloop(place: Place) -> None:
    in_uvloop(_sock_connect(place))


def sock_sendto_of_asyncio(place: Place) -> None:
    in_asyncio(_sock_sendto(place))


def anyio_stream(place: Place) -> None:
    async def go() -> None:
        async with await anyio.connect_tcp(NAME, place.port):
            pass

    anyio.run(go)


def anyio_datagrams(place: Place) -> None:
    async def go() -> None:
        async with await anyio.create_connected_udp_socket(NAME, place.port, family=socket.AF_INET) as connection:
            await connection.send(b"x")

    anyio.run(go)


WAYS = [
    *map(
        Way,
        (
            connect,
            connect_ex,
            connect_in_upper_case,
            connect_in_full_width,
            connect_by_bytes,
            connect_of_the_c_class,
            connect_that_was_taken_before,
            create_connection,
            getaddrinfo_that_was_taken_before,
            gethostbyname_that_was_taken_before,
            gethostbyname_ex_that_was_taken_before,
            getaddrinfo_of_the_c_module,
            getaddrinfo_in_full_width,
            udp_sendto,
            udp_sendto_with_flags,
            udp_sendto_in_full_width,
            udp_sendmsg,
            udp_connect,
            udp_of_the_c_class,
            stream_of_asyncio,
            stream_of_uvloop,
            create_connection_of_asyncio,
            create_connection_of_uvloop,
            datagrams_of_asyncio,
            datagrams_of_uvloop,
            datagrams_of_asyncio_to_anybody,
            sock_connect_of_asyncio,
            sock_connect_of_uvloop,
            sock_sendto_of_asyncio,
            anyio_stream,
            anyio_datagrams,
        ),
    )
]
