"""Inputs of results that are given by URL: fetched where a person allowed it, and marked stand-ins everywhere else."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from PIL import Image
from test_results_http import PHOTO, base64_of, expanded, mock, picture

from mock_server.fetching import MOST_BYTES


class Files(ThreadingHTTPServer):
    """A web server on a free port that answers, to all paths but one, what it was given, and remembers who asked."""

    def __init__(self, answers: dict[str, tuple[int, dict[str, str], bytes]]) -> None:
        self.answers, self.asked = answers, list[str]()
        self.slow, self._over = "/slow.png", threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def wait(self) -> None:
        """Wait until the test is over."""
        self._over.wait()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Files

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == self.server.slow:
            self.server.wait()
        status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def files() -> Iterator[Files]:
    answers = {
        "/cat.png": (200, {}, PHOTO),
        "/moved.png": (302, {"Location": "/cat.png"}, b""),
        "/large.png": (200, {}, PHOTO + b"x" * MOST_BYTES),
        "/page.html": (200, {}, b"<html>"),
        "/empty.png": (200, {}, b""),
    }
    with Files(answers) as found:
        yield found


def test_an_input_at_an_allowed_host_is_fetched_once_and_has_its_real_sides(files: Files) -> None:
    with mock(fetch_from=("127.0.0.1",)) as (client, told):
        paths = expanded(client, f"{files.url}/cat.png", n=3)
        assert files.asked == [], "nothing is fetched before a result is wanted"
        pictures = [picture(client.get(each)) for each in paths]
    assert {each.size for each in pictures} == {(600, 300)}
    original = Image.open(io.BytesIO(PHOTO)).convert("RGB").tobytes()
    assert {each.crop((200, 0, 600, 300)).tobytes() for each in pictures} == {original}
    assert (files.asked, told) == (["/cat.png"], [])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/moved.png", "the answer is 302"),
        ("/none.png", "the answer is 404"),
        ("/large.png", f"it is larger than {MOST_BYTES} bytes"),
        ("/page.html", "it is no PNG or JPEG"),
        ("/empty.png", "it is no PNG or JPEG"),
        ("/slow.png", "no answer within 0.2 s"),
    ],
)
def test_what_cannot_be_fetched_has_a_stand_in_and_is_told_once(
    files: Files, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == files.slow:
        monkeypatch.setattr("mock_server.fetching.MOST_SECONDS", 0.2)
    with mock(fetch_from=("127.0.0.1",)) as (client, told):
        for each in [*expanded(client, files.url + name, n=2), *expanded(client, files.url + name)]:
            assert picture(client.get(each)).size == (1536, 768)
    assert files.asked == [name] * 2, "once for each task"
    assert told == [f"a stand-in takes the place of an input at 127.0.0.1: {said}"]


@pytest.mark.parametrize("allowed", [(), ("other.example",)])
def test_no_other_host_is_asked_not_even_this_machine(files: Files, allowed: tuple[str, ...]) -> None:
    with mock(fetch_from=allowed) as (client, told):
        for _ in range(2):
            (path,) = expanded(client, f"{files.url}/cat.png")
            assert picture(client.get(path)).size == (1536, 768)
    assert files.asked == []
    assert len(told) == 1
    assert "--fetch-from 127.0.0.1" in told[0]


TRICKS = [
    "http://cdn.example@127.0.0.1:{port}/cat.png",
    "http://127.0.0.1:{port}/cat.png?host=cdn.example",
    "http://127.0.0.1:{port}/cat.png#@cdn.example/",
    "http://localhost:{port}/cat.png",
    "http://127.1:{port}/cat.png",
    "http://2130706433:{port}/cat.png",
    "http://0x7f000001:{port}/cat.png",
    "http://[::ffff:127.0.0.1]:{port}/cat.png",
    "http://0.0.0.0:{port}/cat.png",
    "http://cdn.example.127.0.0.1:{port}/cat.png",
    "http://127.0.0.1:{port}\\@cdn.example/cat.png",
]


@pytest.mark.parametrize("url", TRICKS)
def test_no_spelling_leads_to_a_host_that_was_not_allowed(files: Files, url: str) -> None:
    with mock(fetch_from=("cdn.example", "10.0.0.0/8")) as (client, told):
        (path,) = expanded(client, url.format(port=files.server_port))
        assert picture(client.get(path)).size == (1536, 768)
    assert files.asked == []
    assert len(told) == 1


def test_a_mock_that_fetches_from_itself_by_another_name_does_so_and_one_that_waits_for_itself_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere, stride = {"Host": "mock.example"}, 7_368_787  # from one task's id to the next
    with mock(fetch_from=("127.0.0.1",)) as (client, told):
        (first,) = expanded(client, base64_of(PHOTO))
        (second,) = expanded(client, absolute(client, first), elsewhere)
        assert (picture(client.get(second)).size, told) == ((900, 300), [])
        monkeypatch.setattr("mock_server.fetching.MOST_SECONDS", 0.2)
        number = second.rpartition("/")[2].partition("-")[0]
        (own,) = expanded(client, absolute(client, second.replace(number, str(int(number) + stride))), elsewhere)
        assert picture(client.get(own)).size == (1536, 768)
    assert told == ["a stand-in takes the place of an input at 127.0.0.1: no answer within 0.2 s"]


def absolute(client: httpx.Client, path: str) -> str:
    return str(client.base_url).rstrip("/") + path
