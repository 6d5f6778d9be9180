"""Ways that cannot be closed in Python, each with the entry of docs/pytest.md under which it is told of."""

from __future__ import annotations

import _socket
import asyncio
import ctypes
import io
import os
import socket
import subprocess
import sys
import tempfile
from typing import Any

import aiohttp
import av
import jsonschema_rs
import pycurl
from pycurl import WRITEDATA, Curl

from tests.attack.places import ADDRESS, NAME, SIGN, Place, Way, in_uvloop, request
from tests.attack.ways_by_library import curl

_ASK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])))"


def another_process(place: Place) -> None:
    command = [sys.executable, "-I", "-S", "-c", _ASK, NAME, str(place.port)]
    subprocess.run(command, check=True)


def a_shell(place: Place) -> None:
    os.system(f"{sys.executable} -I -S -c '{_ASK}' {NAME} {place.port}")


def libc(place: Place) -> None:
    """Connect as a library in C does, which finds the address itself."""
    library = ctypes.CDLL(None)
    with socket.socket() as connection:
        family = socket.AF_INET.to_bytes(2, sys.byteorder)
        address = family + place.port.to_bytes(2, "big") + socket.inet_aton(ADDRESS) + bytes(8)
        library.connect(connection.fileno(), address, len(address))


def ffmpeg(place: Place) -> None:
    av.open(place.named).close()


def rust(place: Place) -> None:
    jsonschema_rs.validator_for({"$ref": place.named})


def pycurl_handle_made_before(place: Place) -> Any:
    handle = pycurl.Curl()
    yield
    handle.setopt(pycurl.URL, place.named)
    handle.setopt(pycurl.WRITEDATA, io.BytesIO())
    handle.perform()
    handle.close()


def pycurl_class_imported_before(place: Place) -> None:
    handle = Curl()
    handle.setopt(pycurl.URL, place.named)
    handle.setopt(WRITEDATA, io.BytesIO())
    handle.perform()
    handle.close()


def pycurl_redirect(place: Place) -> None:
    curl(f"{place.proxy}/redirect", FOLLOWLOCATION=True)


def _connected(place: Place) -> socket.socket:
    return socket.create_connection((ADDRESS, place.port))


def descriptor(place: Place) -> None:
    with _connected(place) as connection:
        os.write(connection.fileno(), request())


def sendfile(place: Place) -> None:
    with _connected(place) as connection, tempfile.TemporaryFile() as file:
        file.write(request())
        file.flush()
        connection.sendfile(file)


def send_that_was_taken_before(place: Place) -> Any:
    with _connected(place) as connection:
        send = connection.send
        yield
        send(request())


def send_of_the_c_class(place: Place) -> None:
    with _connected(place) as connection:
        _socket.socket.send(connection, request())


async def _by_stream(place: Place, line: bytes) -> None:
    reader, writer = await asyncio.open_connection(ADDRESS, place.port)
    writer.write(line)
    await reader.read(1)
    writer.transport.abort()
    await asyncio.sleep(0)


def host_on_uvloop(place: Place) -> None:
    in_uvloop(_by_stream(place, request()))


def proxy_on_uvloop(place: Place) -> None:
    async def go() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"http://{NAME}/x", proxy=place.proxy) as answer:
            await answer.read()

    in_uvloop(go())


def address_without_a_name(place: Place) -> None:
    with _connected(place) as connection:
        connection.sendall(b"GET /unnamed HTTP/1.0\r\n\r\n")


def datagram_without_a_name(place: Place) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"/unnamed", (ADDRESS, place.port))


def http2_to_an_address(place: Place) -> None:
    """Write `:authority` as HTTP/2 does, which most write in a code of bits."""
    block = b"\x82\x84\x86\x01" + bytes([len(NAME)]) + NAME.encode()
    frame = len(block).to_bytes(3, "big") + b"\x01\x05\x00\x00\x00\x01" + block
    with _connected(place) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + frame)


def second_request_in_one_write(place: Place) -> None:
    with _connected(place) as connection:
        connection.sendall(request("other.example") + request())


_PROCESSES = "other processes"
_CODE = "code that is not Python's"
_HANDLES = "handles of pycurl"
_WRITES = "what is written past the methods of a socket"
_UVLOOP = "what uvloop writes without TLS"
_NAMELESS = "an address that was known before"
_HTTP2 = "HTTP/2"
_PIPELINED = "a second request in one write"

WAYS = [
    *(Way(go, open=_PROCESSES) for go in (another_process, a_shell)),
    *(Way(go, open=_CODE) for go in (libc, ffmpeg, rust)),
    *(Way(go, open=_HANDLES) for go in (pycurl_handle_made_before, pycurl_class_imported_before)),
    Way(pycurl_redirect, b"redirected", _HANDLES),
    *(Way(go, SIGN, _WRITES) for go in (descriptor, sendfile, send_that_was_taken_before, send_of_the_c_class)),
    *(Way(go, SIGN, _UVLOOP) for go in (host_on_uvloop, proxy_on_uvloop)),
    *(Way(go, b"unnamed", _NAMELESS) for go in (address_without_a_name, datagram_without_a_name)),
    Way(http2_to_an_address, SIGN, _HTTP2),
    Way(second_request_in_one_write, SIGN, _PIPELINED),
]
