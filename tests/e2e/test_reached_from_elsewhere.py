"""A server that others reach (`--host 0.0.0.0`, or a proxy before it): what they cannot do through it."""

from __future__ import annotations

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from asking import URL
from serving import Serve
from wire import wire

from mock_server import MockServer
from tests.neighbours import served

VIDEOS = "/v1/videos/image2video"
TOKEN = {"x-kling-admin-token": "s3cret"}
AUTO = ("--provider", "kling", "--clock", "auto")


@contextmanager
def neighbour() -> Iterator[tuple[int, list[str]]]:
    """A service of this machine alone, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(204)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the name that the base class looks for

        def log_message(self, *about: Any) -> None:
            pass

    with served(Handler) as port:
        yield port, asked


def until(state: str, url: str, callback: str) -> str:
    """Create a task that is called back, and wait until that ended so; return why it was not taken."""
    made = httpx.post(
        url + VIDEOS,
        json={"image": URL, "callback_url": callback},
        headers={"authorization": "Bearer test"},
        trust_env=False,
    )
    assert made.status_code == 200
    asked = f"{url}/__admin/deliveries?timeout=10&task={made.json()['data']['task_id']}&state={state}"
    found = httpx.get(asked, headers=TOKEN, trust_env=False).json()
    return str(found["deliveries"][0]["attempts"][-1]["error"] or "")


def open_video(url: str, image: str) -> None:
    """Make a video of an image, and open it."""
    key = {"authorization": "Bearer test"}
    made = httpx.post(url + VIDEOS, json={"image": image}, headers=key, trust_env=False)
    got = httpx.get(f"{url}{VIDEOS}/{made.json()['data']['task_id']}", headers=key, trust_env=False)
    (video,) = got.json()["data"]["task_result"]["videos"]
    assert httpx.get(video["url"], trust_env=False).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433"])
def test_who_asks_from_elsewhere_reaches_no_service_of_this_machine(host: str) -> None:
    with (
        neighbour() as (port, asked),
        MockServer(host="0.0.0.0", provider="kling", clock="auto", admin_token="s3cret") as server,
    ):
        why = until("refused", server.url, f"http://{host}:{port}/shutdown")
    assert asked == []
    assert "allowed by --callback-to" in why


def test_a_service_of_this_machine_is_called_back_where_it_is_named() -> None:
    with (
        neighbour() as (port, asked),
        Serve(
            *AUTO, "--host", "0.0.0.0", "--callback-to", f"127.0.0.1:{port}", KLINGMOCK_ADMIN_TOKEN="s3cret"
        ) as server,
    ):
        assert until("delivered", server.url, f"http://127.0.0.1:{port}/hook") == ""
        assert until("delivered", server.url, f"{server.url}/__inbox/mine") == ""
        assert "allowed by --callback-to 127.0.0.1" in until("refused", server.url, "http://127.0.0.1:1/hook")
    assert set(asked) == {"POST /hook"}


def test_a_server_of_this_machine_alone_calls_it_back_as_ever() -> None:
    with neighbour() as (port, asked), MockServer(provider="kling", clock="auto") as server:
        assert until("delivered", server.url, f"http://127.0.0.1:{port}/hook") == ""
    assert set(asked) == {"POST /hook"}


@pytest.mark.parametrize("host", ["localhost", "[::ffff:7f00:1]"])
def test_any_host_is_no_host_of_this_machine(host: str) -> None:
    with neighbour() as (port, asked), MockServer(provider="kling", clock="auto", fetch_from=("*",)) as server:
        open_video(server.url, f"http://{host}:{port}/credentials")
    assert asked == []


def test_a_host_that_is_named_is_fetched_from_beside_any_host() -> None:
    with (
        neighbour() as (port, asked),
        MockServer(provider="kling", clock="auto", fetch_from=("*", "localhost")) as server,
    ):
        open_video(server.url, f"http://localhost:{port}/mine.png")
    assert asked == ["GET /mine.png"]


FOREIGN = [
    ("X-Real-IP: 203.0.113.9",),
    ("Forwarded: for=203.0.113.9;proto=https",),
    ('Forwarded: for="[2001:db8::1]"',),
    ("X-Forwarded-For: 127.0.0.1", "X-Real-IP: 203.0.113.9"),
    ("Sec-Fetch-Site: cross-site",),
    ("Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"),
]
OWN = [
    ("X-Real-IP: 127.0.0.1",),
    ("Forwarded: for=127.0.0.1",),
    ("Sec-Fetch-Site: none",),
    ("Sec-Fetch-Site: same-origin",),
    ("Sec-Fetch-Site: same-site", "Origin: http://localhost:3000"),
]


@pytest.mark.parametrize(("more", "status"), [*((each, 403) for each in FOREIGN), *((each, 204) for each in OWN)])
def test_who_comes_through_a_proxy_or_a_page_of_elsewhere_may_not_use_admin(more: tuple[str, ...], status: int) -> None:
    with MockServer(provider="kling") as server, wire(server.url) as connection:
        connection.send("POST /__admin/reset HTTP/1.1", "Host: localhost", *more, "Content-Length: 0")
        assert connection.reply().status == status


def test_what_is_reachable_is_said_at_the_start() -> None:
    with Serve("--host", "0.0.0.0", "--fetch-from", "a.example") as server:
        pass
    told = server.err.partition("this server listens beyond this machine; whoever reaches it\n")[2]
    assert told.splitlines()[:5] == [
        "  creates tasks and asks for them, with any credential, since no --api-key says which is good",
        "  opens the files of results, and posts to inboxes, /__inbox/NAME, with none",
        "  has callbacks sent to inboxes alone; --callback-to HOST allows more, also of this machine",
        "  has images fetched from a.example",
        "  does not use admin, /__admin, which answers 403 while KLINGMOCK_ADMIN_TOKEN is not set",
    ]


def test_what_is_reachable_with_more_options_is_said_too() -> None:
    options = (
        "--api-key",
        "sk-secret",
        "--callback-to",
        "web,10.0.0.0/8",
        "--callback-map",
        "https://a.example=http://web:1",
    )
    with Serve("--host", "0.0.0.0", *options, KLINGMOCK_ADMIN_TOKEN="s3cret") as server:
        pass
    told = server.err.partition("this server listens beyond this machine; whoever reaches it\n")[2]
    assert told.splitlines()[:4] == [
        "  creates tasks and asks for them, with a credential that you gave",
        "  opens the files of results, and posts to inboxes, /__inbox/NAME, with none",
        "  has callbacks sent to web, 10.0.0.0/8, http://web:1",
        "  uses admin, /__admin, with the token of KLINGMOCK_ADMIN_TOKEN alone",
    ]
    assert "secret" not in told.replace("KLINGMOCK_ADMIN_TOKEN", "")
    assert "s3cret" not in told


def test_a_server_of_this_machine_alone_says_nothing_of_it() -> None:
    with Serve() as server:
        pass
    assert "beyond this machine" not in server.err
