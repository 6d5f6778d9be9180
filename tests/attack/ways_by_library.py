"""Ways to a host by its name, in whatever form, by clients of Python and of others."""

from __future__ import annotations

import ftplib
import http.client
import imaplib
import io
import logging
import logging.handlers
import multiprocessing.connection
import smtplib
import ssl
import urllib.request
import xml.sax
import xmlrpc.client
from typing import Any

import aiohttp
import botocore.awsrequest
import botocore.httpsession
import httpx
import httpx2
import pycurl
import requests
import urllib3

from tests.attack.places import NAME, SCRIPT, Place, Way, in_asyncio, in_uvloop


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


def curl(url: str | bytes, **options: object) -> None:
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
    curl(place.named)


def with_pycurl_with_escapes(place: Place) -> None:
    curl(f"http://local%68ost:{place.port}/x")


def with_pycurl_and_one_slash(place: Place) -> None:
    curl(f"http:/{NAME}:{place.port}/x".encode())


def with_pycurl_without_a_scheme(place: Place) -> None:
    curl(f"{NAME}:{place.port}/x?or=//other.example")


WAYS = [
    *map(
        Way,
        (
            http_client,
            urllib_request,
            urllib_request_with_escapes,
            xml_rpc,
            xml_sax,
            ftp,
            smtp,
            imap,
            log_over_tcp,
            log_over_udp,
            syslog,
            multiprocessing_client,
            certificate_of_a_server,
            with_httpx,
            with_httpx_in_a_loop,
            with_httpx2,
            with_requests,
            with_requests_in_upper_case,
            with_urllib3,
            with_botocore,
            with_aiohttp,
            with_aiohttp_in_script,
            with_aiohttp_on_uvloop,
            with_pycurl,
            with_pycurl_with_escapes,
            with_pycurl_and_one_slash,
            with_pycurl_without_a_scheme,
        ),
    )
]
