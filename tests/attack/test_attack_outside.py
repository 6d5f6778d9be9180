"""Attacks from outside the process: kills, full disks, and callers who want what listens on the mock's machine alone.

Small as they run by default; `--thorough` takes many more rounds.
"""

from __future__ import annotations

import http.server
import itertools
import json
import random
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import URL

from mock_server import MockServer
from mock_server.outward import Reach, Refused
from mock_server.outward.calls import Outward
from tests.e2e.serving import Serve
from tests.neighbours import served

VIDEOS = "/v1/videos/image2video"
KLING = ("--provider", "kling")
KEY = {"authorization": "Bearer test"}
TOKEN = {"x-kling-admin-token": "s3cret"}

few_or_many = pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.thorough)])


@few_or_many
def test_no_kill_leaves_half_a_line(tmp_path: Path, rounds: int) -> None:
    file, chance = tmp_path / "journal.jsonl", random.Random(rounds)
    for _ in range(rounds):
        with Serve(*KLING, "--journal", str(file)) as server:
            _crowd(server, chance.randrange(1, 60))
            server.end(signal.SIGKILL)
    with Serve(*KLING, "--journal", str(file)):
        pass
    kinds = [each.get("event", "exchange") for each in _lines(file)]
    assert set(kinds) <= {"exchange", "missing"}
    assert kinds.count("missing") <= rounds


def _crowd(server: Serve, requests: int) -> None:
    """Ask from four threads at once."""

    def ask() -> None:
        with httpx.Client(base_url=server.url, headers=KEY, trust_env=False) as client:
            for _ in range(requests):
                assert client.post(VIDEOS, json={"image": URL, "prompt": "x" * 300}).status_code == 200

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@few_or_many
def test_no_disk_that_fills_and_empties_leaves_half_a_line_or_miscounts(tmp_path: Path, rounds: int) -> None:
    file, chance, asked = tmp_path / "journal.jsonl", random.Random(rounds), 0
    with Serve(*KLING, "--journal", str(file)) as server:
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        for _ in range(rounds):
            number = chance.randrange(1, 30)
            room = file.stat().st_size + chance.randrange(5000)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (room, hard))
            assert [server.ask("POST", VIDEOS, {"image": URL}).status_code for _ in range(number)] == [200] * number
            asked += number
            if chance.random() < 0.5:
                resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    found = _lines(file)
    assert sum(each.get("lines", 1) for each in found) == asked
    numbers = [each["id"] for each in found if "id" in each]
    assert numbers == sorted(set(numbers))
    assert "Traceback" not in server.err


def _lines(file: Path) -> list[dict[str, Any]]:
    text = file.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def neighbour() -> Iterator[tuple[int, list[str]]]:
    """A service of this machine alone, on both kinds of loopback, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            asked.append(str(self.client_address))

    with served(Handler) as port:
        yield port, asked


PLAIN = ["127.0.0.1", "localhost", "LOCALHOST.", "0.0.0.0", "0", "127.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"]


def spellings() -> list[str]:
    """Hosts that lead to this machine as somebody reads them: every part decimal, octal or hexadecimal."""
    forms = [("127", "0177", "0x7f", "0x7F", "00177"), ("0", "00", "0x0"), ("0", "000", "0x00"), ("1", "01", "0x1")]
    whole = [".".join(parts) for parts in itertools.product(*forms)][::7]
    short = [
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0x7f.1",
        "127.255.255.254",
        "127.0.0.1.",
        "0.0.0.0",
        "0",
    ]
    six = ["::1", "::", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1"]
    six += ["2002:7f00:1::1", "::ffff:0.0.0.0", "::FFFF:127.0.0.1", "fe80::1", "fd00:ec2::254"]
    names = ["localhost", "LocalHost", "localhost.", "a.localhost", "169.254.169.254", "0xa9fea9fe", "100.100.100.200"]
    return [*PLAIN, *whole, *short, *(f"[{each}]" for each in six), *names]


def urls(host: str, port: int) -> list[str]:
    return [
        f"http://{host}:{port}/",
        f"http://a@{host}:{port}/",
        f"HTTP://{host}:{port}#@a.example",
        f"//{host}:{port}/",
    ]


@pytest.mark.parametrize("hosts", [PLAIN, pytest.param(spellings(), marks=pytest.mark.thorough)], ids=["few", "many"])
@pytest.mark.usefixtures("small_films")
def test_no_spelling_reaches_what_listens_on_this_machine_alone(hosts: list[str]) -> None:
    options: dict[str, Any] = {"provider": "kling", "clock": "auto", "admin_token": "s3cret"}
    with (
        neighbour() as (port, asked),
        MockServer(host="0.0.0.0", callback_to=("*",), fetch_from=("*", "0.0.0.0/0", "::/0"), **options) as server,
        httpx.Client(base_url=server.url, headers={**KEY, **TOKEN}, trust_env=False) as client,
    ):
        for url in itertools.chain.from_iterable(urls(host, port) for host in hosts):
            for body in ({"image": URL, "callback_url": url}, {"image": url}):
                made = client.post(VIDEOS, json=body)
                assert made.status_code in (200, 400)
                if made.status_code == 200:
                    _open(client, made.json()["data"]["task_id"])
        client.get("/__admin/deliveries?timeout=10&state=refused")
        while client.get("/__admin/deliveries?state=waiting").json()["deliveries"]:
            pass
        taken = client.get("/__admin/deliveries?state=delivered").json()["deliveries"]
    assert (asked, taken) == ([], [])


def _open(client: httpx.Client, task: str) -> None:
    """Open the result of a task, which is drawn from what its image is fetched from."""
    client.get(f"{VIDEOS}/{task}")
    got = client.get(f"{VIDEOS}/{task}").json()["data"]
    for video in got.get("task_result", {}).get("videos", ()):
        assert client.get(video["url"]).status_code == 200


@few_or_many
def test_no_name_that_changes_its_address_leads_to_this_machine(rounds: int) -> None:
    chance, tried = random.Random(rounds), [*range(rounds * 10)]
    with neighbour() as (port, asked):
        for _ in tried:
            found = chance.sample(["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "169.254.169.254"], k=3)
            outward = Outward(Reach(["*"], loopback=False), resolve=lambda host, port, found=found: found)
            with pytest.raises(Refused):
                outward.call("GET", f"http://rebound.example:{port}/", {}, b"", timeout=5, most=10)
            outward.close()
    assert asked == []


SAID = [
    *("X-Real-IP", "X-Forwarded-For", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"),
    *("X-Cluster-Client-IP", "X-Forwarded-Host", "x-REAL-ip"),
]
FOREIGN = [
    "203.0.113.9",
    "127.0.0.1, 203.0.113.9",
    "203.0.113.9, 127.0.0.1",
    "for=203.0.113.9",
    "evil.example",
    "unknown",
]


def test_no_proxy_that_says_whom_it_asks_for_opens_admin() -> None:
    with MockServer(provider="kling") as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        for name, value in itertools.product(SAID, FOREIGN):
            for near in ({}, {"Forwarded": "for=127.0.0.1"}, {"X-Forwarded-For": "127.0.0.1"}):
                headers = {**{key: told for key, told in near.items() if key != name}, name: value}
                assert client.post("/__admin/reset", headers=headers).status_code == 403, headers
        for site in ("cross-site", "same-site", "", "same-origin, cross-site", "Cross-Site"):
            told = client.post("/__admin/reset", headers={"Sec-Fetch-Site": site}).status_code
            assert told == (403 if site else 204)
