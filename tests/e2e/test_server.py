"""`MockServer`: ports, several at once, bodies that are too large, and an end that comes whatever clients do."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
import socket
import threading

import httpx
import pytest
from asking import URL, Core
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from wire import wire

from kling_contract.errors import DocumentError
from mock_server import MockServer
from mock_server.app import create_app
from mock_server.journal import Entry
from mock_server.server import bind, url_of
from mock_server.settings import Settings
from mock_server.watching import Watcher

KEY = {"Authorization": "Bearer test"}
VIDEOS = "/v1/videos/image2video"
POST = (f"POST {VIDEOS} HTTP/1.1", "Host: mock.test", "Authorization: Bearer test")
SMALL = 1000  # bytes that a body may have


def post(url: str) -> httpx.Response:
    return httpx.post(url + VIDEOS, headers=KEY, json={"image": URL}, trust_env=False)


def test_two_servers_at_once_share_nothing() -> None:
    with MockServer(provider="kling") as first, MockServer(provider="kling", seed=1) as second:
        assert first.url != second.url
        task_id = post(first.url).json()["data"]["task_id"]
        answers = [
            httpx.get(f"{url}{VIDEOS}/{task_id}", headers=KEY, trust_env=False) for url in (first.url, second.url)
        ]
    assert [answer.status_code for answer in answers] == [200, 400]


def test_cometapi_is_served_where_nothing_else_is_said() -> None:
    with MockServer() as server:
        answer = httpx.get(server.url + "/kling/v1/images/editing/expand/1", trust_env=False)
    assert (answer.status_code, answer.json()) == (404, {"code": None, "message": "404"})


def test_a_server_that_has_ended_answers_nobody_and_its_port_is_free() -> None:
    with MockServer() as server:
        port = int(server.url.rpartition(":")[2])
    with pytest.raises(httpx.ConnectError):
        post(server.url)
    with MockServer(port=port) as again:
        assert again.url == server.url


def test_a_server_is_entered_once() -> None:
    with MockServer() as server:
        with pytest.raises(RuntimeError) as found, server:
            pass
        assert str(found.value) == (
            f"this MockServer is entered already, and listens at {server.url}; make another with MockServer(...)"
        )
        assert post(server.url).status_code == 200
    with (
        pytest.raises(RuntimeError, match=r"^this MockServer has ended; make another with MockServer\(\.\.\.\)$"),
        server,
    ):
        pass


def test_a_server_that_was_not_entered_says_how_to() -> None:
    server = MockServer()
    with pytest.raises(RuntimeError) as found:
        _ = server.url
    assert (
        str(found.value) == "this MockServer is not entered yet; accepted: with MockServer(...) as server: server.url"
    )
    server.__exit__()
    with pytest.raises(RuntimeError, match="has ended"), server:
        pass


def test_a_server_that_never_answered_leaves_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    MockServer(port=port).__exit__()
    with MockServer(port=port) as server:
        assert server.url.endswith(f":{port}")


def test_a_taken_port_is_an_error() -> None:
    with MockServer() as server, pytest.raises(OSError, match="in use"):
        MockServer(port=int(server.url.rpartition(":")[2]))


def test_a_document_that_is_none_is_an_error() -> None:
    with pytest.raises(DocumentError, match="no such provider"):
        MockServer(provider="nobody")


def test_a_server_that_never_began_holds_its_port_only_while_it_exists() -> None:
    listening = bind("127.0.0.1", 0)
    port = listening.getsockname()[1]
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", port)
    listening.close()
    bind("127.0.0.1", port).close()


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1")]
)
def test_a_wildcard_is_shown_as_an_address_that_can_be_called(host: str, shown: str) -> None:
    listening = bind(host, 0)
    assert url_of(listening) == f"http://{shown}:{listening.getsockname()[1]}"
    listening.close()


class Named:
    """A socket as far as its name goes, for machines without IPv6."""

    def __init__(self, *name: object) -> None:
        self.getsockname = lambda: name


@pytest.mark.parametrize(("host", "shown"), [("::", "[::1]"), ("::1", "[::1]"), ("fe80::1", "[fe80::1]")])
def test_an_address_of_version_6_stands_in_brackets(host: str, shown: str) -> None:
    assert url_of(Named(host, 4060, 0, 0)) == f"http://{shown}:4060"


# Bodies that are too large.


def test_a_body_that_is_too_large_is_refused_while_it_still_comes() -> None:
    with MockServer(provider="kling", max_body=SMALL) as server, wire(server.url) as connection:
        connection.send(*POST, "Transfer-Encoding: chunked")
        connection.sock.sendall(b"258\r\n" + b" " * 600 + b"\r\n" + b"258\r\n" + b" " * 600 + b"\r\n")
        reply = connection.reply()
        body = json.loads(reply.body)
        assert (reply.status, body["code"]) == (413, 1201)
        assert body["message"] == f"The request body is larger than {SMALL} bytes"
        connection.sock.sendall(b"1\r\n \r\n0\r\n\r\n")
        connection.send(f"GET {VIDEOS} HTTP/1.1", "Host: x", "Authorization: Bearer x")
        assert connection.reply().status == 200


def test_a_body_that_says_it_is_too_large_is_refused_once_it_is() -> None:
    with MockServer(provider="kling", max_body=SMALL) as server, wire(server.url) as connection:
        connection.send(*POST, f"Content-Length: {10**15}", body=b" " * (SMALL + 1))
        assert connection.reply().status == 413


@pytest.mark.parametrize(("size", "status"), [(SMALL, 200), (SMALL + 1, 413)])
def test_a_body_may_have_exactly_so_many_bytes(size: int, status: int) -> None:
    body = json.dumps({"image": URL}).encode().ljust(size)
    with MockServer(provider="kling", max_body=SMALL) as server:
        headers = {**KEY, "Content-Type": "application/json"}
        assert httpx.post(server.url + VIDEOS, headers=headers, content=body, trust_env=False).status_code == status


def test_who_has_no_key_is_not_told_how_large_a_body_may_be() -> None:
    with MockServer(provider="kling", max_body=SMALL) as server:
        answer = httpx.post(server.url + VIDEOS, content=b"x" * (SMALL + 1), trust_env=False)
    assert answer.status_code == 401


def test_a_body_that_is_too_large_is_refused_by_a_lenient_server_too() -> None:
    with MockServer(provider="kling", max_body=SMALL, lenient=True) as server:
        answer = httpx.post(server.url + VIDEOS, headers=KEY, content=b"x" * (SMALL + 1), trust_env=False)
    assert answer.status_code == 413


# An end that comes.


def test_a_connection_that_is_kept_alive_does_not_keep_the_server() -> None:
    with MockServer(provider="kling") as server, wire(server.url) as connection:
        connection.send("GET /livez HTTP/1.1", "Host: x")
        assert connection.reply().status == 200
        server.__exit__()
        assert connection.is_closed()


@pytest.mark.parametrize("sent", ["POST", "head", "body", "chunks", "413"])
def test_a_client_half_way_through_its_request_does_not_keep_the_server(sent: str) -> None:
    with MockServer(provider="kling", max_body=SMALL) as server, wire(server.url) as connection:
        if sent == "POST":
            connection.sock.sendall(b"POST")
        elif sent == "head":
            connection.sock.sendall("\r\n".join(POST).encode())
        elif sent == "chunks":
            connection.send(*POST, "Transfer-Encoding: chunked", body=b"5\r\n{   ")
        else:
            connection.send(*POST, "Content-Length: 100000", body=b"{" if sent == "body" else b" " * (SMALL + 1))
        # An answer on another connection shows that the server has read what was sent before.
        assert post(server.url).status_code == 200
        server.__exit__()
        if sent == "413":
            assert connection.reply().status == 413
        assert connection.is_closed()


def noise(side: int) -> str:
    """Return a picture that no encoding makes small: its result is larger than what a socket holds."""
    target = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def test_a_client_that_does_not_read_does_not_keep_the_server(caplog: pytest.LogCaptureFixture) -> None:
    ratios = dict.fromkeys((f"{side}_expansion_ratio" for side in ("up", "down", "left", "right")), 0)
    body = {"image": noise(1200), **ratios}
    with MockServer(provider="kling", speed=1e6) as server:
        made = httpx.post(f"{server.url}/v1/images/editing/expand", headers=KEY, json=body, trust_env=False).json()
        with wire(server.url) as connection:
            connection.send(f"GET /__media/{made['data']['task_id']}-0.png HTTP/1.1", "Host: x")
            assert connection.sock.recv(1) == b"H"
            server.__exit__()
        assert "timeout graceful shutdown exceeded" in caplog.text


def test_no_thread_outlives_its_server() -> None:
    before = set(threading.enumerate())
    with MockServer() as server:
        assert {thread.name for thread in set(threading.enumerate()) - before}
        httpx.get(server.url + "/__media/x", trust_env=False)
    left = [thread for thread in set(threading.enumerate()) - before if not thread.daemon]
    assert left == []


# The application itself, without our server.


def asked(app: Starlette, method: str, path: str, **what: object) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock.test", headers=KEY) as client:
            return await client.request(method, path, **what)

    return asyncio.run(ask())


def test_the_application_runs_in_any_asgi_server() -> None:
    app = create_app(Settings(provider="kling", verify_answers=True))
    statuses = {path: asked(app, "GET", path).status_code for path in ("/livez", VIDEOS, "/nowhere", "/a%0ab")}
    assert statuses == {"/livez": 200, VIDEOS: 200, "/nowhere": 404, "/a%0ab": 404}


def test_the_application_takes_middleware() -> None:
    app = create_app(Settings(provider="kling"))
    app.add_middleware(GZipMiddleware, minimum_size=1)
    answer = asked(app, "GET", VIDEOS)
    assert (answer.headers["content-encoding"], answer.json()["data"]) == ("gzip", [])
    assert asked(app, "GET", "/nowhere").json()["code"] == 1203


def test_the_application_needs_no_raw_path() -> None:
    sent: list[dict[str, object]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"{VIDEOS}/a b",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer x")],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(create_app(Settings(provider="kling"))(scope, receive, send))
    assert sent[0]["status"] == 400
    assert b"Task not found by id/external id: a b" in bytes(sent[1]["body"])


def test_what_an_application_is_asked_can_be_observed() -> None:
    class Looking(Watcher):
        verbose = True

        def exchange(self, entry: Entry) -> None:
            seen.append(entry)

    seen: list[Entry] = []
    asked(create_app(Settings(provider="kling"), watcher=Looking()), "POST", VIDEOS, json={"image": URL})
    (entry,) = seen
    assert (entry.operation, entry.status, entry.images) == ("createImageToVideo", 200, (URL,))
    assert entry.milliseconds > 0


def test_two_mocks_in_one_process_share_nothing() -> None:
    first, second = Core("kling"), Core("kling")
    first.create("createImageToVideo", {"image": URL})
    assert second.ask("GET", VIDEOS).body["data"] == []


def test_an_app_is_made_from_settings_or_from_what_they_take() -> None:
    made = create_app(provider="kling", verify_answers=True).state.mock.settings
    assert made == Settings(provider="kling", verify_answers=True)
    with pytest.raises(TypeError, match="not both"):
        create_app(Settings(), seed=1)
    with pytest.raises(TypeError, match="spead"):
        create_app(spead=2)
