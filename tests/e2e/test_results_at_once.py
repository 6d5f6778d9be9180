"""Many clients of a result that is not drawn yet: it is drawn once, and the server lives on meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from test_results_fetched import absolute
from test_results_http import PHOTO, base64_of, expanded
from test_server import KEY, VIDEOS
from web import get
from wire import PATIENCE, wire

from mock_server import MockServer, media
from mock_server.files import File, Unwanted
from mock_server.media import draw

CROWD = 50


class Drawing:
    """Stands where results are drawn: each begins at once, and goes on when `go` is set."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()
        self.drawn: list[str] = []

    def __call__(self, task: Any, *given: Any, **more: Any) -> File:
        self.drawn.append(task.id)
        self.begun.release()
        assert self.go.wait(PATIENCE)
        return draw(task, *given, **more)


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    found = Drawing()
    monkeypatch.setattr("mock_server.media.draw", found)
    return found


@pytest.fixture
def client(drawing: Drawing) -> Iterator[httpx.Client]:
    with (
        MockServer(provider="kling", clock="auto") as server,
        httpx.Client(base_url=server.url, trust_env=False) as found,
    ):
        yield found
        drawing.go.set()


def filmed(client: httpx.Client) -> str:
    """Make a video and return its path."""
    made = client.post(VIDEOS, headers=KEY, json={"image": base64_of(PHOTO)}).json()["data"]["task_id"]
    data = client.get(f"{VIDEOS}/{made}", headers=KEY).json()["data"]
    return httpx.URL(data["task_result"]["videos"][0]["url"]).path


def test_a_crowd_has_one_video_drawn_once_and_the_server_answers_meanwhile(
    client: httpx.Client, drawing: Drawing
) -> None:
    path = filmed(client)
    with ThreadPoolExecutor(CROWD) as crowd:
        asked = [crowd.submit(get, absolute(client, path), timeout=PATIENCE) for _ in range(CROWD)]
        assert drawing.begun.acquire(timeout=PATIENCE)
        assert client.get("/livez").status_code == 200
        assert expanded(client, base64_of(PHOTO))
        assert not any(each.done() for each in asked)
        drawing.go.set()
        bodies = {each.result().content for each in asked}
    assert (len(bodies), len(drawing.drawn)) == (1, 1)
    assert b"ftyp" in bodies.pop()[:12]


def test_a_client_that_gives_up_while_a_result_is_drawn_leaves_it_to_the_next(
    client: httpx.Client, drawing: Drawing
) -> None:
    (path,) = expanded(client, base64_of(PHOTO))
    for _ in range(3):
        with wire(str(client.base_url)) as connection:
            connection.send(f"GET {path} HTTP/1.1", "Host: mock.test")
    assert drawing.begun.acquire(timeout=PATIENCE)
    drawing.go.set()
    assert client.get(path).status_code == 200
    assert len(drawing.drawn) == 1


@pytest.mark.parametrize("make", [filmed, lambda client: expanded(client, base64_of(PHOTO))[0]])
def test_head_of_what_is_not_drawn_yet_says_how_long_it_will_be(
    client: httpx.Client, drawing: Drawing, make: Any
) -> None:
    drawing.go.set()
    path = make(client)
    head, whole = client.head(path), client.get(path)
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(whole.content) > 1000
    assert head.headers["etag"] == whole.headers["etag"]
    assert len(drawing.drawn) == 1


def test_a_server_that_stops_does_not_wait_for_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, film = threading.Event(), [], media.film

    def drawn(shot: Any, **options: Any) -> Any:
        begun.set()
        try:
            return film(shot, **options)
        except Unwanted:
            ended.append("unwanted")
            raise

    def fetch() -> None:
        # Whether the client still gets its 503 depends on how soon the server goes.
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=60, trust_env=False)

    monkeypatch.setattr(media, "film", drawn)
    with MockServer(clock="auto") as server:
        body = {"image": "https://example.com/cat.png", "model_name": "kling-v3", "prompt": "x", "duration": "15"}
        headers = {"authorization": "Bearer test"}
        video = f"{server.url}/p/kling/v1/videos/image2video"
        created = httpx.post(video, json={**body, "mode": "4k"}, headers=headers)
        shown = httpx.get(f"{video}/{created.json()['data']['task_id']}", headers=headers).json()["data"]
        url = shown["task_result"]["videos"][0]["url"]
        fetching = threading.Thread(target=fetch)
        fetching.start()
        assert begun.wait(60)
    fetching.join()
    assert ended == ["unwanted"]
