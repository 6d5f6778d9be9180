"""The mock over a real socket: whole lives of tasks, and what only a socket can do to a server."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import av
import httpx
import pytest
from asking import OPENED, URL, example, operations
from bridge import loaded
from PIL import Image
from wire import wire

from kling_contract.documents import bundled
from mock_server import MockServer

KEY = {"Authorization": "Bearer test"}
VIDEOS = "/v1/videos/image2video"
HOST, AUTH = "Host: mock.test", "Authorization: Bearer test"
POST = (f"POST {VIDEOS} HTTP/1.1", HOST, AUTH, "Content-Type: application/json")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with MockServer(provider="kling", speed=1e6, verify_answers=True, opened=OPENED) as server:
        yield server.url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=KEY, trust_env=False) as client:
        yield client


def picture() -> str:
    target = io.BytesIO()
    noise = Image.effect_noise((400, 320), 80)
    noise.save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def succeeded(client: httpx.Client, path: str) -> dict[str, Any]:
    """Ask until the task has ended; at this speed its whole life takes less than a millisecond."""
    for _ in range(1000):
        data: dict[str, Any] = client.get(path).raise_for_status().json()["data"]
        if data["task_status"] == "succeed":
            return data
    raise AssertionError(f"{path} does not end")


def is_alive(client: httpx.Client) -> bool:
    return client.post(VIDEOS, json={"image": URL}).status_code == 200


@pytest.mark.parametrize(("provider", "create"), operations("create"))
@pytest.mark.usefixtures("small_films")
def test_a_task_is_made_and_asked_for_and_its_results_open(client: httpx.Client, provider: str, create: str) -> None:
    said = loaded(provider).operation(create)
    path = f"/p/{provider}{said.path}"
    made = client.post(path, json=example(said)).raise_for_status().json()["data"]
    assert made["task_status"] == "submitted"
    data = succeeded(client, f"{path}/{made['task_id']}")
    (results,) = data["task_result"].values()
    assert results
    for result in results:
        file = client.get(result["url"], headers={"Authorization": ""}).raise_for_status()
        if create == "createImageToVideo":
            assert file.headers["content-type"] == "video/mp4"
            with av.open(io.BytesIO(file.content)) as video:
                assert video.duration == int(result["duration"]) * av.time_base
        else:
            assert file.headers["content-type"] == "image/png"
            Image.open(io.BytesIO(file.content)).load()


def test_an_expansion_is_the_original_with_more_around_it(client: httpx.Client) -> None:
    text = picture()
    ratios = {"up_expansion_ratio": 0.25, "down_expansion_ratio": 0.5, "left_expansion_ratio": 0.1}
    body = {"image": text, **ratios, "right_expansion_ratio": 0, "n": 2}
    made = client.post("/v1/images/editing/expand", json=body).raise_for_status().json()["data"]
    data = succeeded(client, f"/v1/images/editing/expand/{made['task_id']}")
    original = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
    for result in data["task_result"]["images"]:
        whole = Image.open(io.BytesIO(client.get(result["url"]).content)).convert("RGB")
        assert whole.size == (440, 320 + 80 + 160)
        assert whole.crop((40, 80, 440, 400)).tobytes() == original.tobytes()


def test_two_hundred_creates_at_once_make_two_hundred_tasks(url: str) -> None:
    with httpx.Client(base_url=f"{url}/s/crowd", headers=KEY, trust_env=False) as client:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: client.post(VIDEOS, json={"image": URL}), range(200)))
        ids = {answer.json()["data"]["task_id"] for answer in answers}
        listed = client.get(VIDEOS, params={"pageSize": 500}).json()["data"]
    assert len(ids) == 200
    assert {task["task_id"] for task in listed} == ids


def test_head_is_get_without_a_body(url: str) -> None:
    with wire(url) as connection:
        replies = []
        for method in ("GET", "HEAD"):
            connection.send(f"{method} {VIDEOS}/nope HTTP/1.1", HOST, AUTH)
            replies.append(connection.reply(bare=method == "HEAD"))
    assert [reply.status for reply in replies] == [400, 400]
    assert replies[0].headers["content-length"] == replies[1].headers["content-length"]
    assert replies[1].body == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.usefixtures("small_films")
def test_results_answer_head_too_and_unknown_ones_are_404(client: httpx.Client, method: str) -> None:
    made = client.post(VIDEOS, json={"image": URL}).json()["data"]
    (video,) = succeeded(client, f"{VIDEOS}/{made['task_id']}")["task_result"]["videos"]
    found = client.request(method, video["url"])
    assert (found.status_code, found.headers["content-type"]) == (200, "video/mp4")
    assert found.headers["access-control-allow-origin"] == "*"
    assert int(found.headers["content-length"]) > 10_000
    for name in ("1-0.png", "x", "", "..%2f..%2fetc%2fpasswd", "%00", f"{made['task_id']}-0.png", "a" * 5000):
        assert client.request(method, f"/__media/{name}").status_code == 404
    assert client.post(video["url"]).status_code == 405


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_the_server_says_that_it_lives(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Authorization": ""})
    assert (answer.status_code, answer.text) == (200, "ok\n")


PATHS = [
    *("/", "//", "/..", "/../..", "/./v1", "//v1/videos/image2video", "/v1/../v1/videos/image2video", "*"),
    *("/v1/videos/image2video/", "/v1/videos/image2video//", "/%2e%2e/%2e%2e/etc/passwd", "/%", "/%zz", "/%00"),
    *(
        "/v1/videos%2Fimage2video",
        "/%0d%0aX-Evil:%201",
        "/a;b?c#d",
        "/\\..\\x",
        "/" + "a" * 60_000,
        "/s",
        "/s/",
        "/s/a",
    ),
    *("/%E4%BD%9C", "/%ff%fe", "/v1/videos/image2video/1/2", "/s/s/s/s", "/p/kling", "/__media", "/{id}"),
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_an_odd_path_is_no_route_in_the_providers_words(url: str, path: str) -> None:
    with wire(url) as connection:
        connection.send(f"GET {path} HTTP/1.1", HOST, AUTH)
        reply = connection.reply()
    assert (reply.status, json.loads(reply.body)["code"]) == (404, 1203)
    assert "x-evil" not in reply.headers


REQUESTS = [
    *("GET / HTTP/9.9", "BREW /v1 HTTP/1.1", "GET", "\0\0\0\0", "GET / HTTP/1.1\r\nContent-Length: -1"),
    *("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, x"),
    *("GET /\xff HTTP/1.1", "GET / HTTP/1.1\r\n: x", "GET / HTTP/1.1\r\nX Y: z", "GET /" + "a" * 70_000 + " HTTP/1.1"),
]


@pytest.mark.parametrize("head", REQUESTS, ids=lambda head: repr(head[:40]))
def test_what_is_no_http_is_refused_and_the_server_lives_on(url: str, client: httpx.Client, head: str) -> None:
    with wire(url) as connection:
        connection.send(head)
        assert connection.reply().status == (431 if len(head) > 65_536 else 400)
        assert connection.is_closed()
    assert is_alive(client)


def test_a_newline_in_an_id_is_answered_and_not_sent_on(url: str) -> None:
    with wire(url) as connection:
        connection.send(f"GET {VIDEOS}/a%0d%0aX-Evil:%201%00 HTTP/1.1", HOST, AUTH)
        reply = connection.reply()
    assert reply.status == 400
    assert json.loads(reply.body)["message"] == "Task not found by id/external id: a\r\nX-Evil: 1\0"
    assert "x-evil" not in reply.headers


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "\0\x7f", "作业\u2028", "x" * 100_000])
def test_a_field_name_cannot_write_headers(url: str, name: str) -> None:
    body = json.dumps({"image": URL, name: 1}).encode()
    with wire(url) as connection:
        connection.send(*POST, f"Content-Length: {len(body)}", body=body)
        reply = connection.reply()
    assert reply.status == 200
    assert "x-evil" not in reply.headers
    notes = reply.headers["x-kling-mock-notes"]
    assert notes.isascii()
    assert notes.isprintable()
    assert len(notes) < 300


@pytest.mark.parametrize("name", ["a\x01b", "é作".encode().decode("latin-1"), "x" * 10_000])
def test_a_session_name_cannot_break_a_header(url: str, name: str) -> None:
    with wire(url) as connection:
        connection.send(f"GET {VIDEOS} HTTP/1.1", HOST, AUTH, f"X-Kling-Session: {name}")
        reply = connection.reply()
    assert reply.status in (200, 400)
    assert all(value.isprintable() for value in reply.headers.values())


def test_a_host_is_where_results_are_and_nothing_else(url: str) -> None:
    body = json.dumps({"image": URL}).encode()
    with wire(url) as connection:
        connection.send(*POST, f"Content-Length: {len(body)}", body=body)
        task_id = json.loads(connection.reply().body)["data"]["task_id"]
        urls = []
        for host in ("kling.local:8080", '"><script>', "a b"):
            connection.send(f"GET {VIDEOS}/{task_id} HTTP/1.1", f"Host: {host}", AUTH)
            data = json.loads(connection.reply().body)["data"]
            urls.append(data["task_result"]["videos"][0]["url"])
    hosts = ["kling.local:8080", '"><script>', "a b"]
    assert urls == [f"http://{host}/__media/{task_id}-0.mp4" for host in hosts]


def test_http_1_0_without_a_host_is_answered(url: str) -> None:
    with wire(url) as connection:
        connection.send(f"GET {VIDEOS} HTTP/1.0", AUTH)
        assert connection.reply().status == 200
        assert connection.is_closed()


def test_a_client_that_waits_is_told_to_continue(url: str) -> None:
    body = json.dumps({"image": URL}).encode()
    with wire(url) as connection:
        connection.send(*POST, f"Content-Length: {len(body)}", "Expect: 100-continue")
        assert connection.reply().status == 100
        connection.sock.sendall(body)
        assert connection.reply().status == 200


@pytest.mark.parametrize("sent", [b"", b"{", b'{"image": "'])
def test_a_client_that_leaves_half_way_through_its_body_harms_nobody(
    url: str, client: httpx.Client, sent: bytes
) -> None:
    for _ in range(20):
        with wire(url) as connection:
            connection.send(*POST, "Content-Length: 1000", body=sent)
    assert is_alive(client)


def test_a_client_that_leaves_before_its_answer_harms_nobody(url: str, client: httpx.Client) -> None:
    body = json.dumps({"image": picture(), "prompt": "x" * 100}).encode()
    for _ in range(20):
        with wire(url) as connection:
            connection.send(*POST, f"Content-Length: {len(body)}", body=body)
    assert is_alive(client)


def test_requests_in_one_packet_are_answered_in_order(url: str) -> None:
    body = json.dumps({"image": URL}).encode()
    lines = (*POST, f"Content-Length: {len(body)}", "X-Kling-Session: pipeline")
    one = "\r\n".join([*lines, "", ""]).encode() + body
    with wire(url) as connection:
        connection.sock.sendall(one * 10)
        ids = [json.loads(connection.reply().body)["data"]["task_id"] for _ in range(10)]
        connection.send(f"GET {VIDEOS} HTTP/1.1", HOST, AUTH, "X-Kling-Session: pipeline")
        listed = json.loads(connection.reply().body)["data"]
    assert [task["task_id"] for task in listed] == ids[::-1]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "foo"])
def test_a_get_that_asks_for_an_upgrade_is_answered_as_it_is(url: str, upgrade: str) -> None:
    with wire(url) as connection:
        connection.send(f"GET {VIDEOS} HTTP/1.1", HOST, AUTH, "Connection: Upgrade", f"Upgrade: {upgrade}")
        assert connection.reply().status == 200


def test_a_body_arrives_although_http_2_is_asked_for(url: str) -> None:
    """Java's own client asks for an upgrade to HTTP/2 in every plain request."""
    body = json.dumps({"image": URL, "prompt": "h2c\r\n"}).encode()
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk", "Upgrade: h2c")
    with wire(url) as connection:
        for _ in range(2):
            connection.send(*POST, *upgrade, f"Content-Length: {len(body)}", body=body)
            assert connection.reply().status == 200


@pytest.mark.parametrize("provider", bundled())
def test_a_body_in_chunks_is_a_body(client: httpx.Client, provider: str) -> None:
    said = loaded(provider).operation("createImageExpansion")
    data = json.dumps(example(said)).encode()
    pieces = (data[n : n + 7] for n in range(0, len(data), 7))
    answer = client.post(f"/p/{provider}{said.path}", content=pieces, headers={"Content-Type": "application/json"})
    assert answer.json()["data"]["task_status"] == "submitted"
