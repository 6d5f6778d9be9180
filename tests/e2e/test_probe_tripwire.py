"""A success to a create stops everything, whatever stands around it; a page and a documented refusal do not."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hostile import (
    FAMILY,
    MADE,
    PROVIDER,
    REFUSED,
    SHORT,
    TASK,
    Line,
    Server,
    Still,
    always,
    probed,
    target,
    to_creates,
    whole,
)

from kling_contract.probe import Manner, make_plan, probe
from kling_contract.probe.exchange import Exchange
from kling_contract.probe.tripwire import Tripwire

if TYPE_CHECKING:
    from hostile import Asked

JOB = b'{"code":200,"message":"success","data":{"id":"job-81723"}}'
PAGE = b"<!doctype html><html><title>Welcome</title></html>"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
NULL_404 = {"code": None, "message": "404"}
ACCEPTS: dict[str, bytes] = {
    "JSON that is called HTML": whole("200 OK", JOB, Content_Type="text/html"),
    "an empty object that is called HTML": whole("200 OK", {}, Content_Type="text/html; charset=utf-8"),
    "nothing that is called HTML": whole("200 OK", b"", Content_Type="text/html"),
    "201 with nothing": whole("201 Created", b"", Content_Type="text/html"),
    "204": whole("204 No Content", b"", Content_Length=None, Content_Type="text/html"),
    "205": whole("205 Reset Content", b""),
    "206 with a page": whole("206 Partial Content", PAGE, Content_Type="text/html", Content_Range="bytes 0-1/9"),
    "201 with a page": whole("201 Created", PAGE, Content_Type="text/html"),
    "202 with a page": whole("202 Accepted", PAGE, Content_Type="text/html"),
    "a body in br": whole("200 OK", b"\x8b\x02\x80{}\x03", Content_Type="text/html", Content_Encoding="br"),
    "a body in zstd": whole("200 OK", b"\x28\xb5\x2f\xfd\x04\x00", Content_Type="text/html", Content_Encoding="zstd"),
    "a body in a coding that nobody knows": whole("200 OK", b"<\x00\x01", Content_Encoding="rot13"),
    "a page in a coding that is none": whole("200 OK", gzip.compress(PAGE), Content_Encoding="gzip, gzip"),
    "a job in a Location": whole("200 OK", b"", Content_Type="text/html", Location="/jobs/81723"),
    "XML": whole("200 OK", b"<job><id>81723</id></job>", Content_Type="text/xml"),
    "XML that is called HTML": whole("200 OK", b"<html5><id>81723</id></html5>", Content_Type="text/html"),
    "a page behind JSON": whole("200 OK", JOB + PAGE, Content_Type="text/html"),
    "a comment and JSON": whole("200 OK", b"<!-- <html> -->" + JOB, Content_Type="text/html"),
    "a comment without end": whole("200 OK", b"<!-- <html>" + JOB, Content_Type="text/html"),
    "a page in UTF-16": whole("200 OK", PAGE.decode().encode("utf-16"), Content_Type="text/html; charset=utf-16"),
    "JSON in UTF-16": whole("200 OK", JOB.decode().encode("utf-16"), Content_Type="text/html; charset=utf-16"),
    "another charset": whole("200 OK", JOB, Content_Type="text/html; charset=ibm037"),
    "two types": whole("200 OK", JOB, Content_Type="text/html\r\nContent-Type: application/json"),
    "two statuses": whole("200 OK", JOB, Content_Type="text/html", Status="404 Not Found"),
    "a refusal that holds more": whole("200 OK", {**NULL_404, "data": {"id": "job-81723"}}),
    "a missing path that holds more": whole("200 OK", {"error": {"message": "Invalid URL (x)"}, "id": "job-81723"}),
    "text": whole("200 OK", b"404 page not found", Content_Type="text/plain"),
    "an error in JSON": whole("200 OK", {"code": 1201, "message": "n is invalid"}),
    "JSON without end": whole("200 OK", b'{"code": 1201, "x": "' + b"a" * (1 << 21), Content_Type="text/html"),
    "a page that breaks off": whole("200 OK", PAGE, Content_Length="4000", Content_Type="text/html"),
    "nothing that breaks off": whole("200 OK", b"", Content_Length="4000", Content_Type="text/html"),
    "chunks that break off": CHUNKED + b"5\r\nab",
    "chunks that are none": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a trailer": CHUNKED + b"2\r\n{}\r\n0\r\nX-Job: 81723\r\n\r\n",
    "trailers beyond what is read": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X-Job: 81723\r\n" * 20_000 + b"\r\n",
    "after hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole("200 OK", {}, Content_Type="text/html"),
    "a large header": whole("200 OK", JOB, X_Large="x" * 150_000),
    "a header of megabytes": whole("200 OK", JOB, X_Large="x" * 4_000_000),
    "many headers": whole("200 OK", JOB, **{f"X_{each}": "x" * 100 for each in range(2000)}),
    "a large header after hints": b"HTTP/1.1 100 Continue\r\n\r\n" + whole("201 Created", JOB, X_Large="x" * 150_000),
    "two lengths": whole("200 OK", JOB, X="1\r\nContent-Length: 1"),
    "a negative length": whole("200 OK", JOB, Content_Length="-1"),
    "a header that is none": whole("200 OK", JOB, X="1\r\nno header at all"),
    "a head that breaks off": OK + b"Content-Type: applic",
    "a status of a letter": whole("2OO OK", JOB),
    "a status of four digits": whole("2000 OK", JOB),
    "half a status": b"HTTP/1.1 20",
    "another version of HTTP": whole("200 OK", JOB).replace(b"HTTP/1.1", b"HTTP/2"),
    "a blank line before": b"\r\n" + whole("200 OK", JOB),
    "gzip that is none": whole("200 OK", JOB, Content_Encoding="gzip"),
    "a blank header of which none is read": whole("200 OK", JOB, X=" " * 90_000 + "\0"),
}


@pytest.mark.parametrize("how", ACCEPTS)
def test_a_success_to_a_create_stops_everything_whatever_stands_around_it(how: str) -> None:
    with Server(to_creates(ACCEPTS[how])) as server:
        run = probed(server)
    assert (run.exit_code, len(server.posts)) == (4, 1)
    assert run.tripped[0].startswith("kling createImageToVideo: HTTP 2")
    assert {each.why for each in run.left["kling", server.url]} == {"the probe was stopped"}


REFUSES: dict[str, bytes] = {
    "a page": whole("200 OK", PAGE, Content_Type="text/html"),
    "a page that is called JSON": whole("200 OK", PAGE),
    "a page after a mark, blanks and comments": whole("200 OK", b"\xef\xbb\xbf \r\n<!-- a --><!---->\n<HTML lang=en>"),
    "a page that is compressed": whole("200 OK", gzip.compress(PAGE), Content_Encoding="gzip"),
    "a page in bare deflate": whole("200 OK", zlib.compress(PAGE)[2:-4], Content_Encoding="deflate"),
    "the refusal that a sign names": whole("200 OK", NULL_404),
    "the same under another success": whole("202 Accepted", NULL_404),
    "a redirect": whole("302 Found", b"", Location="https://example.com/login"),
    "an error that breaks off": whole("400 Bad Request", REFUSED, Content_Length="4000"),
    "a large header on an error": whole("400 Bad Request", REFUSED, X_Large="x" * 150_000),
    "no HTTP": b"ICY 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("how", REFUSES)
def test_a_page_and_a_documented_refusal_stop_nothing(how: str) -> None:
    with Server(to_creates(REFUSES[how])) as server:
        run = probed(server)
    assert run.tripped == ()
    assert len(server.posts) == 2


def test_a_create_that_is_accepted_while_its_head_takes_for_ever_stops_everything() -> None:
    def behave(line: Line, asked: Asked) -> None:
        line.send(OK + b"X-A: " if asked.method == "POST" else whole("404 Not Found", {}))
        line.wait()

    with Server(behave) as server:
        run = probed(server, timeout=SHORT)
    assert (run.exit_code, len(server.posts)) == (4, 1)
    assert "HTTP 200 to a create, and then the answer did not end in time" in run.tripped[0]


def test_an_answer_that_was_there_before_it_was_asked_for_is_none() -> None:
    """The refusal that a GET brings along would be taken for the answer of the create that follows it."""
    missing = whole("404 Not Found", {"message": "x"}, Connection=None)
    ahead = missing + whole("400 Bad Request", REFUSED, Connection=None)

    def behave(line: Line, asked: Asked) -> None:
        line.send(ahead)
        line.wait()

    with Server(behave) as server:
        run = probed(server, level=1)
    create = next(each for each in run.findings if each.level)
    assert create.reason == "net.protocol"
    assert create.detail == "the answer was there before it was asked for"


def test_a_task_in_the_second_part_of_a_compressed_answer_is_seen() -> None:
    data = gzip.compress(json.dumps(REFUSED).encode()) + gzip.compress(json.dumps(MADE).encode())
    with Server(to_creates(whole("400 Bad Request", data, Content_Encoding="gzip"))) as server:
        run = probed(server)
    assert TASK in run.tripped[0]


@pytest.mark.parametrize("location", ["http://[", "http://a b/", "x" * 70_000, "//:99999999", "http://\u00ad/"])
def test_a_redirect_to_no_url_ends_no_run(location: str) -> None:
    with Server(always(whole("302 Found", b"", Location=location.encode("utf-8").decode("latin-1")))) as server:
        run = probed(server, level=2)
    assert {each.reason for each in run.findings if each.level} <= {"net.protocol", "route.missing"}


def test_what_defeats_the_judges_is_a_trip_if_a_create_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def defeated(wire: Tripwire, exchange: Exchange) -> None:
        raise RecursionError(exchange.status)

    monkeypatch.setattr(Tripwire, "judge", defeated)
    with Server(always(whole("400 Bad Request", REFUSED))) as server:
        run = probed(server)
    assert (run.exit_code, len(server.posts)) == (4, 1)
    assert run.tripped[0].endswith("HTTP 400, an answer that cannot be judged (RecursionError)")
    with Server(always(whole("400 Bad Request", REFUSED))) as server:
        plan = make_plan(PROVIDER, server.url, level=2, operations=FAMILY[1:2])
        run = probe([replace(target(server.url, 2), plan=plan)], manner=Manner(clock=Still()))
    assert [each.reason for each in run.findings if each.level] == ["answer.unclear"]
    assert run.tripped == ()


def test_what_cannot_be_hidden_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exchange, "shown", property(lambda exchange: 1 / 0))
    with Server(to_creates(whole("200 OK", MADE))) as server:
        run = probed(server)
    assert (run.exit_code, len(server.posts)) == (4, 1)
    assert [each.exchange for each in run.findings] == [None] * len(run.findings)
