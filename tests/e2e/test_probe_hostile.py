"""Providers that want a probe to spend money, to tell its key, to hang, or to cry wolf: over real sockets."""

from __future__ import annotations

import base64
import datetime
import gzip
import html
import ipaddress
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hostile import (
    FAMILY,
    KEY,
    MADE,
    PATIENCE,
    REFUSED,
    SHORT,
    TASK,
    Asked,
    Behaviour,
    Line,
    Server,
    Still,
    always,
    everything,
    found,
    probed,
    target,
    to_creates,
    whole,
)
from ports import unheard

from kling_contract.auth import KeyCredential
from kling_contract.cli import main
from kling_contract.probe import Manner, probe
from kling_contract.probe.hiding import Secrets
from kling_contract.probe.reports import text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_provider_that_accepts_everything_is_asked_for_one_create_that_none_accepts() -> None:
    with Server(to_creates(whole("200 OK", MADE))) as server:
        run = probed(server)
    assert len(server.posts) == 1
    assert "authorization" not in server.posts[0].headers
    assert run.exit_code == 4
    assert TASK in run.tripped[0]
    assert TASK in text.render(run)
    assert [left.name for left in run.left["kling", server.url]] == [
        "getImageToVideo",
        "createImageToVideo",
        "listImageToVideos",
    ]


NAMES_A_TASK: dict[str, bytes] = {
    "in a body": whole("200 OK", MADE),
    "deep in a body": whole("400 Bad Request", {**REFUSED, "debug": [{"x": {"task_id": TASK}}]}),
    "in a text of a body": whole("400 Bad Request", {**REFUSED, "message": json.dumps(MADE)}),
    "as a number": whole("400 Bad Request", b'{"code": 1201, "data": {"task_id": ' + TASK.encode() + b"}}"),
    "with an escaped key": whole("400 Bad Request", b'{"code": 1201, "\\u0074ask_\\u0069d": "' + TASK.encode() + b'"}'),
    "in JSON that is broken off": whole("200 OK", json.dumps(MADE).encode()[:-20]),
    "in a header": whole("404 Not Found", {}, X_Task_Id=TASK),
    "in a header of another name": whole("404 Not Found", {}, X_Debug=f"task_id={TASK}"),
    "in a Location": whole("303 See Other", b"", Location=f"/v1/videos/image2video/{TASK}?x=1"),
    "in the query of a Location": whole("302 Found", b"", Location=f"https://example.com/?task_id={TASK}"),
    "in a cookie": whole("404 Not Found", {}, Set_Cookie=f"task_id={TASK}; HttpOnly"),
    "in a cookie after another": whole("404 Not Found", {}, Set_Cookie=f"a=1\r\nSet-Cookie: b=x; TaskId={TASK}"),
    "in what a cookie holds": whole("404 Not Found", {}, Set_Cookie=f"s={quote(json.dumps(MADE), safe='')}; Path=/"),
    "in UTF-16": whole("400 Bad Request", json.dumps(MADE).encode("utf-16")),
    "in UTF-16 without a mark": whole("400 Bad Request", json.dumps(MADE).encode("utf-16-be")),
    "in UTF-32": whole("400 Bad Request", json.dumps(MADE).encode("utf-32")),
    "in UTF-16 with an escaped key": whole("400 Bad", f'{{"\\u0074ask_id": "{TASK}"}}'.encode("utf-16")),
    "in UTF-16 beside other letters": whole("400 Bad", f'{{"message": "成功", "task_id": "{TASK}"}}'.encode("utf-16")),
    "in UTF-16 that is called so": whole(
        "400 Bad", f"<task_id>{TASK}</task_id>".encode("utf-16-le"), Content_Type="text/xml; charset=utf-16le"
    ),
    "in HTML that is escaped": whole("500 Oops", f"<pre>{html.escape(json.dumps(MADE))}</pre>".encode()),
    "in a page": whole("200 OK", f"<html><p>Task ID: {TASK}</p></html>".encode(), Content_Type="text/html"),
    "in a script of a page": whole("200 OK", f"<script>x={{'task_id': '{TASK}'}}</script>".encode()),
    "in XML": whole("400 Bad Request", f"<error><task_id>{TASK}</task_id></error>".encode()),
    "in a form": whole("400 Bad Request", f"code=0&task_id={TASK}".encode(), Content_Type="text/plain"),
    "compressed": whole("400 Bad Request", gzip.compress(json.dumps(MADE).encode()), Content_Encoding="gzip"),
    "after bytes that are no text": whole("400 Bad Request", b"\xff\xfe" + json.dumps(MADE).encode()),
    "in an answer that breaks off": whole("400 Bad Request", MADE, Content_Length="100000"),
}


@pytest.mark.parametrize("how", NAMES_A_TASK)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_answer_that_names_a_task_stops_everything(how: str, method: str) -> None:
    refused = whole("400 Bad Request", REFUSED)
    with Server(lambda line, asked: line.send(NAMES_A_TASK[how] if asked.method == method else refused)) as server:
        run = probed(server)
    assert run.exit_code == 4
    assert TASK in run.tripped[0]
    assert len(server.asked) == (2 if method == "POST" else 1)


NAMES_NONE: dict[str, bytes] = {
    "the id that was asked for": whole("400 Bad Request", {**REFUSED, "data": {"task_id": "0" * 18}}),
    "the same in words": whole("400 Bad Request", {**REFUSED, "message": f"task_id: {'0' * 18} not found"}),
    "null": whole("400 Bad Request", {**REFUSED, "data": {"task_id": None}}),
    "nothing": whole("400 Bad Request", {**REFUSED, "task_id": ""}),
    "words": whole("400 Bad Request", {**REFUSED, "message": "task_id: required, a string of 18 digits"}),
    "a bare id": whole("400 Bad Request", {**REFUSED, "id": TASK}, Set_Cookie=f"id={TASK}; session={TASK}"),
    "words in UTF-16": whole("400 Bad Request", json.dumps(REFUSED).encode("utf-16"), Set_Cookie="task=1; a=task_id"),
    "a request id": whole("400 Bad Request", {**REFUSED, "request_id": TASK}, X_Request_Id=TASK),
}


@pytest.mark.parametrize("how", NAMES_NONE)
def test_an_answer_that_names_no_task_stops_nothing(how: str) -> None:
    refused = whole("400 Bad Request", REFUSED)
    with Server(lambda line, asked: line.send(NAMES_NONE[how] if "0" * 18 in asked.target else refused)) as server:
        run = probed(server)
    assert run.tripped == ()
    assert len(server.asked) == 5
    assert found(run)["2 getImageToVideo"] == ("contract.schema" if "UTF-16" in how else "route.alive")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_any_success_of_a_create_that_no_sign_explains_stops_everything(status: int) -> None:
    body = b"" if status == 204 else {"fine": True}
    with Server(
        to_creates(whole(f"{status} Fine", body, **({"Content_Length": None} if status == 204 else {})))
    ) as server:
        run = probed(server)
    assert (run.exit_code, len(server.posts)) == (4, 1)
    assert f"HTTP {status}" in run.tripped[0]
    assert run.tripped[0].endswith(", to a create that must be refused")


@pytest.mark.parametrize("host", ["another", "the same"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, host: str) -> None:
    with Server(always(whole("200 OK", {}))) as other, Server(lambda line, asked: behave(line, asked)) as server:
        where = other if host == "another" else server

        def behave(line: Line, asked: Asked) -> None:
            line.send(whole(f"{status} Moved", b"", Location=f"{where.url}{asked.target}"))

        run = probed(server)
    assert other.asked == []
    assert len(server.asked) == 5
    assert set(found(run).values()) == {"route.missing"}
    assert (run.exit_code, {each.standing for each in run.findings if each.level}) == (1, {"drift"})


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Behaviour:
    """Write a head, and then the same piece until the probe has gone."""

    def behave(line: Line, asked: Asked) -> None:
        line.send(head)
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            line.send(piece)
            if pause:
                time.sleep(pause)
        raise AssertionError("the probe did not let go")

    return behave


HEAD = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
SILENT: dict[str, Behaviour] = {
    "nothing": lambda line, asked: line.wait(),
    "half a status line": lambda line, asked: (line.send(b"HTTP/1.1 4"), line.wait()),
    "a head": lambda line, asked: (line.send(HEAD + b"Content-Length: 10\r\n\r\n"), line.wait()),
    "a body a byte at a time": endless(HEAD + b"Content-Length: 100000\r\n\r\n", b" ", SHORT / 5),
    "a head a byte at a time": endless(HEAD + b"X-A: ", b"a", SHORT / 5),
    "hints that go on": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", SHORT / 5),
    "chunks a byte at a time": endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", SHORT / 5),
}


@pytest.mark.parametrize("how", SILENT)
def test_a_provider_that_takes_its_time_is_let_go(how: str) -> None:
    with Server(SILENT[how]) as server:
        run = probed(server, timeout=SHORT, level=2)
    assert found(run) == {"1 createImageToVideo": "net.timeout", "2 getImageToVideo": "net.timeout"}
    assert run.exit_code == 1
    assert len(server.posts) == 1


def test_a_create_that_was_accepted_and_then_goes_on_for_ever_stops_everything() -> None:
    forever = endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ", SHORT / 5)
    missing = always(whole("404 Not Found", {}))
    with Server(lambda line, asked: (forever if asked.method == "POST" else missing)(line, asked)) as server:
        run = probed(server, timeout=SHORT)
    assert (run.exit_code, len(server.posts)) == (4, 1)


LARGE = 64 * 1024 * 1024  # bytes that the buffers of two sockets may take beyond what is read
ENDLESS = {
    "a gigabyte": (HEAD + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65_536),
    "no length": (HEAD + b"\r\n", b'{"code": 1201, "message": "' * 2000),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
}


@pytest.mark.parametrize("how", ENDLESS)
def test_of_an_answer_without_end_no_more_is_read_than_is_needed(how: str) -> None:
    with Server(endless(*ENDLESS[how])) as server:
        run = probed(server, level=2)
    assert server.written < LARGE
    assert all(len(each.exchange.data) <= 1 << 20 for each in run.findings if each.exchange)
    assert "1 createImageToVideo" in found(run)
    assert not any(each.verdict == "up" for each in run.findings if each.level)


def bomb(times: int, size: int = 40_000_000) -> bytes:
    """Return zeros that are compressed so many times."""
    data = bytes(size)
    for _ in range(times):
        data = zlib.compress(data, 9)
    return data


BOMBS = {"deflate": bomb(1), "gzip": bomb(1), "gzip, gzip": bomb(2), "deflate, deflate, deflate": bomb(3)}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_does_not_go_off(coding: str) -> None:
    with Server(always(whole("400 Bad Request", BOMBS[coding], Content_Encoding=coding))) as server:
        tracemalloc.start()
        run = probed(server, level=2)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000
    assert not any(each.verdict == "up" for each in run.findings if each.level)


ESCAPES = ["&", "%", "&#" + "9" * 5000, "&#x110000;", "&" + "a" * 32, "%2", "\0", "\0&amp;"]


@pytest.mark.parametrize("filler", ["\\", "{", "[", '"task_id"', '"task_id" : {', " ", "task_id ", "<", *ESCAPES])
def test_a_body_made_to_be_read_for_ever_is_read_at_once(filler: str) -> None:
    data = (filler * ((1 << 20) // len(filler) + 1))[: 1 << 20].encode()
    with Server(always(whole("418 No", data, Content_Type=None))) as server:
        run = probed(server, level=2)
    assert set(found(run).values()) == {"answer.unclear"}


BROKEN: dict[str, tuple[Behaviour, str]] = {
    "before a byte": (lambda line, asked: line.reset(), "net.reset"),
    "without a word": (lambda line, asked: None, "net.reset"),
    "in the head": (lambda line, asked: line.send(HEAD[:20]), "net.reset"),
    "in the body": (lambda line, asked: line.send(whole("400 Bad", REFUSED, Content_Length="4000")), "net.reset"),
    "in a chunk": (lambda line, asked: line.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "net.reset"),
    "with another protocol": (lambda line, asked: line.send(b"SSH-2.0-OpenSSH_9.9\r\n"), "net.reset"),
    "with no HTTP": (lambda line, asked: line.send(b"ICY 200 OK\r\n\r\n"), "net.protocol"),
    "with binary": (lambda line, asked: line.send(bytes(range(256)) * 40 + b"\r\n\r\n"), "net.protocol"),
    "with a giant header": (
        lambda line, asked: line.send(whole("400 Bad", REFUSED, X_Large="x" * 4_000_000)),
        "net.protocol",
    ),
    "with many headers": (
        lambda line, asked: line.send(whole("400 Bad", REFUSED, **{f"X_{n}": "x" * 100 for n in range(20_000)})),
        "net.protocol",
    ),
    "with two lengths": (
        lambda line, asked: line.send(whole("400 Bad", REFUSED, X="1\r\nContent-Length: 1")),
        "net.protocol",
    ),
    "with a negative length": (
        lambda line, asked: line.send(whole("400 Bad", REFUSED, Content_Length="-1")),
        "net.protocol",
    ),
    "with a broken chunk": (
        lambda line, asked: line.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        "net.protocol",
    ),
    "with gzip that is none": (
        lambda line, asked: line.send(whole("400 Bad", REFUSED, Content_Encoding="gzip")),
        "net.protocol",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_connection_that_breaks_is_down_and_only_a_get_is_tried_again(how: str) -> None:
    behave, reason = BROKEN[how]
    with Server(behave) as server:
        run = probed(server, level=2)
    assert found(run) == {"1 createImageToVideo": reason, "2 getImageToVideo": reason}
    assert Counter(each.method for each in server.asked) == {"GET": 6, "POST": 1}
    assert run.exit_code == 1


ODD: dict[str, tuple[bytes, str]] = {
    "invalid UTF-8": (whole("200 OK", b'{"code": 1201, "message": "\xff\xfe\x80"}'), "contract.schema"),
    "UTF-16": (whole("400 Bad Request", json.dumps(REFUSED).encode("utf-16")), "contract.schema"),
    "10,000 lists": (whole("200 OK", b"[" * 10_000 + b"]" * 10_000), "contract.schema"),
    "10,000 objects": (whole("400 Bad Request", b'{"a":' * 10_000 + b"1" + b"}" * 10_000), "contract.schema"),
    "a number without end": (whole("400 Bad Request", b"9" * 100_000), "contract.schema"),
    "a tiny number": (whole("400 Bad Request", b'{"code": 1e-5000000}'), "contract.schema"),
    "NaN": (whole("400 Bad Request", b'{"code": NaN}'), "contract.schema"),
    "the same key twice": (whole("400 Bad Request", b'{"code": 0, "code": 1201}'), "contract.schema"),
    "a lone surrogate": (whole("400 Bad Request", b'{"code": 1201, "message": "\\ud800"}'), "contract.schema"),
    "nothing at all": (whole("200 OK", b"", Content_Type=None), "route.missing"),
    "a colour": (whole("400 Bad Request", {**REFUSED, "message": "\x1b[2J\x1b]0;x\x07\u202e"}), "route.alive"),
    "HTTP 1.0": (whole("400 Bad Request", REFUSED).replace(b"HTTP/1.1", b"HTTP/1.0"), "route.alive"),
    "a long message": (whole("400 Bad Request", {**REFUSED, "message": "x" * 500_000}), "route.alive"),
}


@pytest.mark.parametrize("how", ODD)
def test_an_odd_answer_is_judged_and_shown_in_one_line(how: str, tmp_path: Path) -> None:
    answer, reason = ODD[how]
    with Server(to_creates(whole("401 Unauthorized", {**REFUSED, "code": 1001}), others=answer)) as server:
        run = probed(server, level=2)
    assert found(run)["2 getImageToVideo"] == reason
    shown = text.render(run)
    assert all(line.isprintable() and len(line) < 600 for line in shown.splitlines())
    assert everything(run, tmp_path)


@pytest.mark.parametrize("depth", [50, 64, 65, 200, 300, 400, 500, 700, 900, 990, 1100, 2000])
def test_no_depth_of_nesting_breaks_a_run(depth: int) -> None:
    body = (
        b'{"code": 1201, "message": "x", "request_id": "r", "data": ' + b'{"a":' * depth + b"[]" + b"}" * depth + b"}"
    )
    with Server(always(whole("400 Bad Request", body))) as server:
        run = probed(server, level=2)
    assert run.exit_code in (0, 1, 3)
    assert "2 getImageToVideo" in found(run)


def in_json(key: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in key)


def in_base64(key: str, before: str = "") -> str:
    return base64.b64encode(f"{before}{key}".encode()).decode()


ECHOES: dict[str, Callable[[str], bytes]] = {
    "a body": lambda key: whole("400 Bad Request", {**REFUSED, "message": f"bad header Bearer {key}"}),
    "a code": lambda key: whole("400 Bad Request", {"code": key, "message": "x"}),
    "an escaped body": lambda key: whole("400 Bad Request", b'{"message": "' + in_json(key).encode() + b'"}'),
    "a header": lambda key: whole("404 Not Found", {}, X_Echo=f"Bearer {key}", Content_Type=f"text/{key}"),
    "the name of a header": lambda key: whole("404 Not Found", {}, **{f"X-{key.replace('/', '')}": "1"}),
    "a Location": lambda key: whole("302 Found", b"", Location=f"https://example.com/{key}?k={quote(key, safe='')}"),
    "the reason phrase": lambda key: whole(f"400 {key}", REFUSED),
    "no HTTP": lambda key: f"Bearer {key}\r\n\r\n".encode(),
    "base64": lambda key: whole("400 Bad Request", {**REFUSED, "message": f"Basic {in_base64(key)}"}),
    "base64 in a header": lambda key: whole("404 Not Found", {}, WWW_Authenticate=f"Basic {in_base64(key, 'a:')}"),
    "UTF-16": lambda key: whole("400 Bad Request", json.dumps({"message": key}).encode("utf-16")),
    "UTF-32": lambda key: whole("400 Bad Request", json.dumps({"message": key}).encode("utf-32-be")),
    "a cookie": lambda key: whole("404 Not Found", {}, Set_Cookie=f"key={key}; task_id={key}"),
    "a page": lambda key: whole("500 Oops", f"<html>{key}".encode(), Content_Type="text/html"),
    "the end of what is read": lambda key: whole("400 Bad Request", b" " * ((1 << 20) - 5) + key.encode() * 3),
    "a task id": lambda key: whole("400 Bad Request", {"task_id": key}),
}


@pytest.mark.parametrize("where", ECHOES)
@pytest.mark.parametrize("secret", [KEY, "q7/Z"])
def test_a_key_that_is_written_back_is_told_nowhere(where: str, secret: str, tmp_path: Path) -> None:
    def behave(line: Line, asked: Asked) -> None:
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        line.send(ECHOES[where](key) if key else whole("404 Not Found", {"message": "x"}))

    with Server(behave) as server:
        given = replace(target(server.url), credential=KeyCredential(secret), secrets=Secrets({"$KLING_KEY": secret}))
        run = probe([given], manner=Manner(timeout=PATIENCE, clock=Still()))
    assert any("authorization" in each.headers for each in server.asked)
    told = everything(run, tmp_path)
    kept = b"".join(each.exchange.data for each in run.findings if each.exchange).decode("latin-1").replace("\0", "")
    parts = [secret, quote(secret, safe=""), in_json(secret), secret.replace("/", "").casefold(), secret[:12]]
    for part in [*parts, in_base64(secret)[:-4], in_base64(secret, "a:")[4:-4]]:
        assert not part or part not in told
        assert not part or part not in kept


def test_a_short_key_does_not_hide_a_task() -> None:
    with Server(to_creates(whole("400 Bad Request", MADE))) as server:
        given = replace(target(server.url, 1), credential=KeyCredential("task"), secrets=Secrets({"$KEY": "task"}))
        run = probe([given], manner=Manner(clock=Still()))
    assert run.exit_code == 4
    assert f"names task {TASK}" in run.tripped[0]


def test_a_short_key_is_told_nowhere_and_changes_no_verdict(tmp_path: Path) -> None:
    with Server(always(whole("400 Bad Request", {**REFUSED, "message": "Bearer code is refused"}))) as server:
        given = replace(target(server.url), credential=KeyCredential("code"), secrets=Secrets({"$KEY": "code"}))
        run = probe([given], manner=Manner(clock=Still()))
    assert found(run)["2 getImageToVideo"] == "route.alive"
    assert "Bearer code" not in everything(run, tmp_path)
    assert "Bearer $KEY is refused" in text.render(run)


@pytest.mark.parametrize("headers", [{"Retry_After": "86400"}, {"Retry_After": "x"}, {}])
def test_a_provider_that_asks_for_fewer_requests_gets_none_and_is_not_down(headers: dict[str, str]) -> None:
    with Server(always(whole("429 Too Many Requests", {"message": "slow down"}, **headers))) as server:
        run = probed(server)
    assert len(server.asked) == 1
    assert (run.exit_code, found(run)) == (3, {})
    assert {left.why for left in run.left["kling", server.url]} == {"the provider asked for fewer requests"}


def test_nothing_is_asked_of_a_host_that_is_not_there() -> None:
    with unheard() as place:
        run = probe([target(f"http://{place}")], manner=Manner(clock=Still()))
    assert [(each.reason, each.verdict) for each in run.findings] == [("net.local", "unknown")]
    assert run.exit_code == 3


def test_a_host_that_is_not_there_beside_one_that_is_is_down() -> None:
    with Server(always(whole("404 Not Found", {"code": 1, "message": "x"}))) as server, unheard() as place:
        targets = [target(f"http://{place}"), target(server.url, 0, "cometapi")]
        run = probe(targets, manner=Manner(clock=Still()))
    assert [each.reason for each in run.findings] == ["net.refused", "host.reachable"]
    assert run.exit_code == 1


def test_one_provider_that_hangs_delays_no_other() -> None:
    done = threading.Event()
    waited: list[bool] = []

    def hang(line: Line, asked: Asked) -> None:
        waited.append(done.wait(PATIENCE))
        line.send(whole("404 Not Found", {"message": "x"}))

    def answer(line: Line, asked: Asked) -> None:
        if "image2video/" in asked.target:
            done.set()
        line.send(whole("400 Bad Request", REFUSED))

    with Server(hang) as slow, Server(answer) as quick:
        run = probe([target(slow.url, 2), target(quick.url, 2, "cometapi")], manner=Manner(clock=Still()))
    assert waited[0]
    assert all(waited)
    assert {each.provider for each in run.findings if each.level == 2} == {"kling", "cometapi"}


def test_a_task_that_one_provider_made_stops_the_others() -> None:
    begun, tripped = threading.Event(), threading.Event()

    def accept(line: Line, asked: Asked) -> None:
        assert begun.wait(PATIENCE)
        line.send(whole("200 OK", MADE, Connection=None))
        # The connection is kept until the probe has done with this provider.
        line.wait()
        tripped.set()

    def hold(line: Line, asked: Asked) -> None:
        begun.set()
        assert tripped.wait(PATIENCE)
        line.send(whole("400 Bad Request", REFUSED))

    with Server(accept) as bad, Server(hold) as good:
        run = probe([target(bad.url), target(good.url, 2, "cometapi")], manner=Manner(clock=Still()))
    assert (run.exit_code, len(run.tripped)) == (4, 1)
    assert len(good.asked) == 1
    assert run.stopped == ("cometapi: the probe was stopped",)


_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Authority:
    """Makes certificates for 127.0.0.1, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
        self.certificate = folder / "authority.pem"
        root = self._signed(self._name, self._key, days=3650, authority=True)
        self.certificate.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def context(self, days: float, name: str = "127.0.0.1") -> ssl.SSLContext:
        """Return what a server speaks TLS with, by a certificate that ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key, days)
        file = self._folder / f"server{days}.pem"
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
        file.write_bytes(secret + certificate.public_bytes(encoding))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, subject: Any, key: Any, days: float, *, authority: bool = False) -> Any:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address(subject.rfc4514_string()[3:] if not authority else "127.0.0.1"))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days, minutes=5))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        )
        # What RFC 5280 wants of both, Python 3.13 insists on.
        own = self._key.public_key()
        if authority:
            signs = x509.KeyUsage(**dict.fromkeys(_USES, False) | {"key_cert_sign": True})
            builder = builder.add_extension(signs, critical=True)
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
        else:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(own)
            builder = builder.add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("days", "name", "words"),
    [(-2, "127.0.0.1", "expired"), (90, "127.0.0.2", "IP address mismatch"), (90, "127.0.0.1", "local issuer")],
)
def test_nothing_is_said_to_who_cannot_be_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, days: float, name: str, words: str
) -> None:
    if words != "local issuer":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with Server(always(whole("200 OK", MADE)), authority.context(days, name)) as server:
        alone = probe([target(server.url)], manner=Manner(clock=Still()))
        with Server(always(whole("404 Not Found", {"message": "x"}))) as other:
            targets = [target(server.url), target(other.url, 0, "cometapi")]
            beside = probe(targets, manner=Manner(clock=Still()))
    assert server.asked == []
    assert (alone.findings[0].reason, alone.exit_code) == ("net.local", 3)
    assert words in alone.findings[0].detail
    assert (beside.findings[0].reason, beside.exit_code) == ("tls.invalid", 1)


@pytest.mark.parametrize(("days", "reason"), [(90, "host.reachable"), (5, "tls.expiring")])
def test_a_certificate_that_is_trusted_is_trusted_for_requests_too(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, days: int, reason: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with Server(always(whole("400 Bad Request", REFUSED)), authority.context(days)) as server:
        run = probed(server)
    assert run.findings[0].reason == reason
    assert f"certificate for {days} more days" in run.findings[0].detail
    assert len(server.asked) == 5
    assert found(run)["2 getImageToVideo"] == "route.alive"


def test_a_server_that_never_shakes_hands_is_let_go() -> None:
    with Server(SILENT["nothing"]) as server:
        url = server.url.replace("http", "https")
        run = probe([target(url)], manner=Manner(timeout=SHORT, clock=Still()))
        # What is waited for here is a request, which TLS is none of.
    assert run.findings[0].reason == "net.local"
    assert "net.timeout" in run.findings[0].detail


def command(*options: str) -> int:
    try:
        return main(["probe", *options])
    except SystemExit as end:
        return int(end.code or 0)


def test_the_command_tells_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def behave(line: Line, asked: Asked) -> None:
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        line.send(whole("400 Bad Request", {"code": 1201, "message": f"who is {key}?", "request_id": key}, X_Key=key))

    monkeypatch.setenv("COMETAPI_KEY", KEY)
    history = tmp_path / "history.ndjson"
    with Server(behave) as server:
        options = ("--base-url", server.url, "--operations", ",".join(FAMILY[:2]), "--history", str(history))
        codes = [command(*options, "--level", "3", "--slow", "9") for _ in range(2)]
    assert codes == [0, 0]
    assert len(server.posts) == 4
    captured = capsys.readouterr()
    for told in (captured.out, captured.err, history.read_text(encoding="utf-8")):
        assert KEY not in told
    assert "who is $COMETAPI_KEY?" in captured.out


def test_the_command_stops_with_4_and_names_the_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    with Server(to_creates(whole("200 OK", MADE))) as server:
        assert command("--base-url", server.url) == 4
    assert len(server.posts) == 1
    assert f"STOPPED: cometapi createImageExpansion: HTTP 200 names task {TASK}" in capsys.readouterr().out


@pytest.mark.parametrize("report", ["html=page.html", "html=/nowhere/page.html", "text"])
def test_a_trip_is_told_and_is_exit_4_whatever_can_be_written(
    report: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    options = ("--report", report, "--history", "/dev/null/history.ndjson")
    with Server(to_creates(whole("200 OK", MADE))) as server:
        assert command("--base-url", server.url, *options) == 4
    told = capsys.readouterr()
    assert f"names task {TASK}" in (told.out if report == "text" else told.err)


@pytest.mark.parametrize(
    "headers",
    ["X-Task-Id: 42\r\nX-Task-Id: null", "X-TaskId: 42", "Link: </kling/v1/videos/image2video/42>"],
)
def test_an_id_in_a_header_is_seen_however_it_is_sent(headers: str) -> None:
    body = b'{"code": 1201, "message": "no", "request_id": "r"}'
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with Server(always(f"{head}{headers}\r\n\r\n".encode() + body)) as server:
        run = probed(server)
    assert run.exit_code == 4
    assert "42" in run.tripped[0]


# A suite that runs in the background of a shell has processes that ignore Ctrl-C, unless they say otherwise.
INTERRUPTED = """
import signal, sys
from kling_contract.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


def interrupted(*options: str, asked: threading.Event) -> tuple[int, str, str]:
    command_line = [sys.executable, "-c", INTERRUPTED, "probe", *options, "--timeout", "600"]
    environment = {**os.environ, "COMETAPI_KEY": KEY}
    with subprocess.Popen(
        command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert asked.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_who_interrupts_a_run_waits_for_no_answer_and_has_nothing_more_sent(tmp_path: Path) -> None:
    asked = threading.Event()

    def behave(line: Line, _: Asked) -> None:
        line.send(HEAD + f"X-Key: {KEY}\r\n".encode())
        asked.set()
        line.wait()

    history = tmp_path / "history.ndjson"
    with Server(behave) as server:
        options = ("--base-url", server.url, "--operations", ",".join(FAMILY[:2]), "--history", str(history))
        code, out, err = interrupted(*options, asked=asked)
    assert (code, out) == (130, "")
    assert err == (
        "kling-contract: interrupted; asked: cometapi control; "
        "not asked: cometapi createImageToVideo, cometapi getImageToVideo\n"
    )
    assert len(server.asked) == 1
    assert not history.exists()


def test_a_trip_is_told_though_the_run_is_interrupted() -> None:
    hanging, tripped = threading.Event(), threading.Event()

    def accept(line: Line, asked: Asked) -> None:
        assert hanging.wait(PATIENCE)
        line.send(whole("200 OK", MADE, Connection=None))
        # The connection is kept until the probe has done with this provider.
        line.wait()
        tripped.set()

    def hang(line: Line, asked: Asked) -> None:
        hanging.set()
        line.wait()

    with Server(lambda line, asked: (hang if "/cometapi/" in asked.target else accept)(line, asked)) as server:
        providers = ("--provider", "cometapi", "--provider", "kling")
        code, out, err = interrupted(*providers, "--base-url", f"{server.url}/{{provider}}", asked=tripped)
    assert (code, out) == (4, "")
    first, second = err.splitlines()
    assert first.startswith("STOPPED: kling control: ")
    assert TASK in first
    assert second.startswith("kling-contract: interrupted; asked: ")


def test_what_was_asked_of_many_is_one_line() -> None:
    asked = threading.Event()

    def hang(line: Line, _: Asked) -> None:
        asked.set()
        line.wait()

    with Server(hang) as server:
        code, _, err = interrupted("--provider", "cometapi", "--base-url", server.url, asked=asked)
    assert code == 130
    assert len(err.splitlines()) == 1
    assert re.search(r"asked: cometapi control; not asked: (cometapi \w+(, )?){5} and \d+ more$", err)
