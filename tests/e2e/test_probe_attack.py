"""Thousands of providers made up by chance, each of them after money, time or the key of who probes it."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hostile import FAMILY, KEY, MADE, PATIENCE, REFUSED, Asked, Line, Server, everything, probed

from kling_contract.probe.exchange import LONGEST
from kling_contract.probe.reports import evidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE = b"<!doctype html><html><title>Welcome</title></html>"
NULL_404 = b'{"code": null, "message": "404"}'
JOB = b'{"code":200,"message":"success","data":{"id":"job-81723"}}'
SUCCESSES = ("200 OK", "200 OK", "200 OK", "201 Created", "202 Accepted", "204 No Content", "206 Partial", "299 Fine")
OTHERS = (
    "400 Bad",
    "401 Who",
    "403 No",
    "404 Not Found",
    "409 X",
    "422 X",
    "500 Oops",
    "503 X",
    "301 Y",
    "303 Y",
    "418 T",
)
TYPES = (
    "application/json",
    "text/html",
    "text/html; charset=utf-16",
    "text/plain",
    "image/png",
    "",
    "application/json, x",
)
LARGE = 20_000  # bytes of a text that is made to be slow
MOST_CALLS = 150_000  # of functions in a run; the largest of these runs has a third of that

WRITINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.swapcase,
    lambda key: key[::-1],
    lambda key: base64.b64encode(key.encode()).decode(),
    lambda key: base64.b64encode(f"u:{key}".encode()).decode().rstrip("="),
    lambda key: base64.urlsafe_b64encode(f"??{key}".encode()).decode(),
    lambda key: base64.b64encode(key.encode())[::-1].decode(),
    lambda key: key.encode().hex(" "),
    lambda key: key.encode().hex().upper(),
    lambda key: quote(quote(quote(key, safe=""), safe=""), safe=""),
    lambda key: "".join(f"&amp;#{ord(each)};" for each in key),
    lambda key: html.escape(html.escape("".join(f"&#x{ord(each):x};" for each in key))),
    lambda key: "".join(f"\\u{ord(each):04x}" for each in key),
    lambda key: "\\n".join(key),
    lambda key: base64.b64encode(base64.b64encode(key.encode())).decode(),
)
PUMPS = (
    b" ",
    b"9",
    b"9,",
    b"[",
    b'{"a":',
    b"\\",
    b'"task_id"',
    b'"task_id" :',
    b"&amp;",
    b"%25",
    b"<!--",
    b"\0",
    b"$ ",
)


@dataclass(frozen=True)
class Given:
    """An answer, whether it is a success that is no known refusal, and how the key is written in it."""

    data: bytes
    is_accepted: bool
    written: str


def made(chance: random.Random) -> Given:
    """Return an answer that is after something."""
    status = chance.choice(SUCCESSES if chance.random() < 0.4 else OTHERS)
    written = chance.choice(WRITINGS)(KEY)
    body = _body(chance, written)
    headers = {"Content-Type": chance.choice(TYPES), "Connection": "close", **_headers(chance, written)}
    sent, is_whole = _framed(chance, headers, body)
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    hints = b"HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n" if chance.random() < 0.1 else b""
    is_page = status.startswith("200") and body.startswith(PAGE)
    is_known = is_whole and (is_page or body == NULL_404) and not status.startswith("204")
    data = hints + "\r\n".join([*lines, "", ""]).encode("latin-1") + sent
    return Given(data, status[0] == "2" and not is_known, written)


def _body(chance: random.Random, written: str) -> bytes:
    pump = chance.choice(PUMPS)
    echo = json.dumps({**REFUSED, "message": "?"}).replace("?", written).encode()
    whole = json.dumps(MADE).encode()
    bodies = [b"", b"{}", PAGE, NULL_404, JOB, echo, echo, echo, whole, json.dumps(MADE).encode("utf-16"), whole[:-9]]
    bodies += [PAGE + written.encode(), b"<x>" + JOB, NULL_404[:-1] + b', "id": "job-1"}', pump * (LARGE // len(pump))]
    return chance.choice(bodies)


def _headers(chance: random.Random, written: str) -> dict[str, str]:
    shown = written.encode("ascii", "replace").decode()
    pairs = {
        "Location": "/jobs/81723",
        "X-Echo": shown,
        "Set-Cookie": f"a={shown}; Path=/",
        "X-Balance": "9," * 8000,
        "X-Blank": " " * 20_000 + "\0",
        "X-Large": "x" * 150_000,
        "X-Many": "task_id=" * 4000,
        "Link": "<" * 8000,
    }
    return {name: pairs[name] for name in pairs if chance.random() < 0.12}


def _framed(chance: random.Random, headers: dict[str, str], body: bytes) -> tuple[bytes, bool]:
    """Return what is sent of a body, and whether it can be read to its end as it was meant."""
    broken = {"X-Blank", "X-Large"} & headers.keys()
    if chance.random() < 0.15:
        headers["Content-Encoding"] = coding = chance.choice(["gzip", "br", "zstd", "gzip, gzip"])
        body = gzip.compress(body) if coding == "gzip" else b"\x8b\x02" + body
        broken |= set() if coding == "gzip" else {coding}
    way = chance.choice(["length", "length", "length", "chunked", "trailer", "close", "short", "twice"])
    if way in ("chunked", "trailer"):
        headers["Transfer-Encoding"] = "chunked"
        trailer = b"X-Job: 81723\r\n" if way == "trailer" else b""
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk + b"0\r\n" + trailer + b"\r\n", not broken
    if way != "close":
        headers["Content-Length"] = str(len(body) + 7 * (way == "short"))
    if way == "twice":
        headers["content-length"] = str(len(body) + 1)
    return body, not broken and way not in ("short", "twice")


class Calls:
    """Counts the calls of functions in the threads that are started while it is there."""

    def __init__(self) -> None:
        self.made = 0

    def __enter__(self) -> Calls:
        threading.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        threading.setprofile(None)

    def _count(self, frame: Any, event: str, argument: Any) -> None:
        self.made += event == "call"


def attacked(seed: int, folder: Path) -> int:
    """Probe a provider of chance, hold the run against every promise, and return whether it was stopped."""
    chance = random.Random(seed)
    given: list[Given] = []
    posted: list[Given] = []

    def behave(line: Line, asked: Asked) -> None:
        answer = made(chance)
        given.append(answer)
        if asked.method == "POST":
            posted.append(answer)
        line.send(answer.data)

    with Server(behave) as server, Calls() as calls:
        run = probed(server, PATIENCE)
    accepted = [each for each in posted if each.is_accepted]
    assert run.tripped or not accepted
    # Nothing was sent after it.
    assert not accepted or given[-1] is accepted[0]
    assert run.exit_code == 4 or not accepted
    assert calls.made < MOST_CALLS
    assert len(given) <= 1 + len(FAMILY) * 3 * 3
    written = evidence.write(run, folder / "evidence")
    told = "\n".join([everything(run, folder), *(each.read_text(encoding="utf-8") for each in written)])
    kept = b"".join(each.exchange.data for each in run.findings if each.exchange).decode("latin-1")
    assert all(len(each.exchange.data) <= LONGEST for each in run.findings if each.exchange)
    for each in {KEY, *(each.written for each in given)}:
        assert each not in told
        assert each not in kept
        assert json.dumps(each)[1:-1] not in told
    return bool(accepted)


def attack(seeds: range, folder: Path) -> None:
    stopped = sum(attacked(seed, folder) for seed in seeds)
    # Enough of these were accepted, and enough refused, for all of this to say something.
    assert 0.2 < stopped / len(seeds) < 0.95


def test_no_provider_of_chance_gets_money_time_or_a_key(tmp_path: Path) -> None:
    attack(range(80), tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(0, 10_000, 500))
def test_none_of_ten_thousand_does(start: int, tmp_path: Path) -> None:
    attack(range(start, start + 500), tmp_path)
