"""Ways to a host by an address, with TLS: it names the host, or what is said in it does."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

from tests.attack.places import ADDRESS, NAME, SIGN, Place, Way, in_asyncio, request, unverified


def tls_by_keyword(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        unverified().wrap_socket(connection, server_hostname=NAME).close()


def tls_by_place(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        unverified().wrap_socket(connection, False, True, True, NAME).close()


def tls_in_full_width(place: Place) -> None:
    with socket.create_connection((ADDRESS, place.port)) as connection:
        unverified().wrap_socket(connection, server_hostname="ｌocalhost").close()


def tls_of_a_socket_made_before(place: Place) -> Any:
    with unverified().wrap_socket(socket.socket(), server_hostname=NAME) as connection:
        yield
        connection.connect((ADDRESS, place.port))


def tls_in_memory(place: Place) -> None:
    going = ssl.MemoryBIO()
    tls = unverified().wrap_bio(ssl.MemoryBIO(), going, False, NAME)
    with socket.create_connection((ADDRESS, place.port)) as connection:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(going.read())


def tls_without_sni(place: Place) -> None:
    with (
        socket.create_connection((ADDRESS, place.port)) as connection,
        unverified().wrap_socket(connection) as encrypted,
    ):
        encrypted.sendall(request())


def tls_without_sni_that_was_open_before(place: Place) -> Any:
    with (
        socket.create_connection((ADDRESS, place.port)) as connection,
        unverified().wrap_socket(connection) as encrypted,
    ):
        yield
        encrypted.write(request())


def start_tls(place: Place) -> None:
    async def go() -> None:
        _, writer = await asyncio.open_connection(ADDRESS, place.port)
        try:
            await writer.start_tls(unverified(), server_hostname=NAME)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    in_asyncio(go())


WAYS = [
    Way(go, SIGN)
    for go in (
        tls_by_keyword,
        tls_by_place,
        tls_in_full_width,
        tls_of_a_socket_made_before,
        tls_in_memory,
        tls_without_sni,
        tls_without_sni_that_was_open_before,
        start_tls,
    )
]
