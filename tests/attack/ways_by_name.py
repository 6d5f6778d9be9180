"""Ways to a host by its name, in whatever form: whoever is asked looks it up."""

from __future__ import annotations

import _socket
import asyncio
import ftplib
import http.client
import imaplib
import io
import logging
import logging.handlers
import multiprocessing.connection
import smtplib
import socket
import ssl
import urllib.request
import xml.sax
import xmlrpc.client
from socket import getaddrinfo, gethostbyname, gethostbyname_ex
from typing import Any

import aiohttp
import anyio
import botocore.awsrequest
import botocore.httpsession
import httpx
import httpx2
import pycurl
import requests
import urllib3

from tests.attack.places import FULL_WIDTH, NAME, SCRIPT, Place, Way, in_asyncio, in_uvloop


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


def http_client(place: Place) -> None:
    connection = http.client.HTTPConnection(NAME, place.port)
    try:
        connection.request("GET", "/x")
        connection.getresponse().read()
    finally:
        connection.close()


def urllib_request(place: Place) -> None:
    urllib.request.build_opener().open(place.named).close()


def urllib_request_with_escapes(place: Place) -> None:
    urllib.request.build_opener().open(f"http://%6cocal%68ost:{place.port}/x").close()


def xml_rpc(place: Place) -> None:
    with xmlrpc.client.ServerProxy(place.named) as server:
        server.ping()


def xml_sax(place: Place) -> None:
    xml.sax.parse(place.named, xml.sax.ContentHandler())


def ftp(place: Place) -> None:
    with ftplib.FTP() as client:
        client.connect(NAME, place.greeting)


def smtp(place: Place) -> None:
    smtplib.SMTP(NAME, place.greeting, local_hostname="here").close()


def imap(place: Place) -> None:
    imaplib.IMAP4(NAME, place.greeting).shutdown()


def _log(handler: logging.Handler) -> None:
    try:
        handler.emit(logging.makeLogRecord({"msg": "x"}))
    finally:
        handler.close()


class _Loud:
    """Raises what a handler of logs would write on stderr."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise


class _OverTcp(_Loud, logging.handlers.SocketHandler):
    pass


class _OverUdp(_Loud, logging.handlers.DatagramHandler):
    pass


def log_over_tcp(place: Place) -> None:
    _log(_OverTcp(NAME, place.port))


def log_over_udp(place: Place) -> None:
    _log(_OverUdp(NAME, place.port))


def syslog(place: Place) -> None:
    _log(logging.handlers.SysLogHandler((NAME, place.port)))


def multiprocessing_client(place: Place) -> None:
    multiprocessing.connection.Client((NAME, place.port)).close()


def certificate_of_a_server(place: Place) -> None:
    ssl.get_server_certificate((NAME, place.port))


def with_httpx(place: Place) -> None:
    httpx.get(place.named)


def with_httpx_in_a_loop(place: Place) -> None:
    async def go() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(place.named)

    in_asyncio(go())


def with_httpx2(place: Place) -> None:
    httpx2.get(place.named)


def with_requests(place: Place) -> None:
    requests.get(place.named)


def with_requests_in_upper_case(place: Place) -> None:
    requests.get(f"HTTP://{NAME.upper()}:{place.port}/x")


def with_urllib3(place: Place) -> None:
    with urllib3.PoolManager() as pools:
        pools.request("GET", place.named, retries=False)


def with_botocore(place: Place) -> None:
    session = botocore.httpsession.URLLib3Session()
    session.send(botocore.awsrequest.AWSPreparedRequest("GET", place.named, {}, b"", False))
    session.close()


async def _aiohttp(url: str, **options: Any) -> None:
    async with aiohttp.ClientSession() as session, session.get(url, **options) as answer:
        await answer.read()


def with_aiohttp(place: Place) -> None:
    in_asyncio(_aiohttp(place.named))


def with_aiohttp_in_script(place: Place) -> None:
    in_asyncio(_aiohttp(f"http://{SCRIPT}:{place.port}/x"))


def with_aiohttp_on_uvloop(place: Place) -> None:
    in_uvloop(_aiohttp(place.named))


def _curl(url: str | bytes, **options: object) -> None:
    handle = pycurl.Curl()
    try:
        handle.setopt(pycurl.WRITEDATA, io.BytesIO())
        handle.setopt(pycurl.URL, url)
        for name, value in options.items():
            handle.setopt(getattr(pycurl, name), value)
        handle.perform()
    finally:
        handle.close()


def with_pycurl(place: Place) -> None:
    _curl(place.named)


def with_pycurl_with_escapes(place: Place) -> None:
    _curl(f"http://local%68ost:{place.port}/x")


def with_pycurl_and_one_slash(place: Place) -> None:
    _curl(f"http:/{NAME}:{place.port}/x".encode())


def with_pycurl_without_a_scheme(place: Place) -> None:
    _curl(f"{NAME}:{place.port}/x?or=//other.example")


WAYS = [
    *map(
        Way,
        (
            *(connect, connect_ex, connect_in_upper_case, connect_in_full_width, connect_by_bytes),
            *(connect_of_the_c_class, connect_that_was_taken_before, create_connection),
            *(getaddrinfo_that_was_taken_before, gethostbyname_that_was_taken_before),
            *(gethostbyname_ex_that_was_taken_before, getaddrinfo_of_the_c_module, getaddrinfo_in_full_width),
            *(udp_sendto, udp_sendto_with_flags, udp_sendto_in_full_width, udp_sendmsg, udp_connect),
            *(udp_of_the_c_class, stream_of_asyncio, stream_of_uvloop, create_connection_of_asyncio),
            *(create_connection_of_uvloop, datagrams_of_asyncio, datagrams_of_uvloop),
            *(datagrams_of_asyncio_to_anybody, sock_connect_of_asyncio, sock_connect_of_uvloop),
            *(sock_sendto_of_asyncio, anyio_stream, anyio_datagrams, http_client, urllib_request),
            *(urllib_request_with_escapes, xml_rpc, xml_sax, ftp, smtp, imap, log_over_tcp, log_over_udp),
            *(syslog, multiprocessing_client, certificate_of_a_server, with_httpx),
            *(with_httpx_in_a_loop, with_httpx2, with_requests, with_requests_in_upper_case),
            *(with_urllib3, with_botocore, with_aiohttp, with_aiohttp_in_script, with_aiohttp_on_uvloop),
            *(with_pycurl, with_pycurl_with_escapes, with_pycurl_and_one_slash, with_pycurl_without_a_scheme),
        ),
    )
]
