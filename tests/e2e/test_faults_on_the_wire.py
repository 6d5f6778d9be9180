"""Faults through a real socket, as httpx sees them, and as raw bytes where HTTP itself is broken."""

from __future__ import annotations

import asyncio
import errno
import json
import select
import socket
from collections.abc import Iterator
from functools import cached_property
from queue import Queue
from typing import Any

import httpx
import pytest
from asking import MEANT
from bridge import Moving, loaded

from kling_contract import Kling, errors
from kling_contract.documents import bundled
from mock_server import MockServer
from mock_server.app import create_app
from mock_server.faults import fault_named
from mock_server.line import NoLine
from mock_server.settings import Settings

URL = "https://example.com/cat.png"
CREATE, GET, LIST = "createImageToVideo", "getImageToVideo", "listImageToVideos"
ROWS = [(name, row) for name in bundled() for row in loaded(name).errors]


class Line:
    """A raw connection to a server."""

    def __init__(self, url: str) -> None:
        at = httpx.URL(url)
        self.socket = socket.create_connection((at.host, at.port))

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def rest(self) -> bytes:
        """Return everything until the server ends the connection; raises what a reset raises."""
        found = b""
        while more := self.socket.recv(65536):
            found += more
        return found

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()


class Stage:
    """A session of a running server, which can be armed, and a plain client of it."""

    def __init__(self, server: MockServer, name: str, provider: str = "kling") -> None:
        self.server, self.provider = server, loaded(provider)
        self.session = server.app.state.mock.sessions.get(name)
        self.prefix = f"/s/{name}/p/{provider}"
        self.url = server.url + self.prefix

    @cached_property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": "Bearer k"}, verify=False)

    def heard(self) -> Queue[dict[str, Any]]:
        """Return what will be told of the exchanges from now on, each when the core is done with it."""
        told: Queue[dict[str, Any]] = Queue()
        self.session.listeners.append(told.put)
        return told

    def arm(self, text: str, operation: str | None = None, times: int | None = 1) -> None:
        self.session.faults.arm(fault_named(text, self.provider), operation, times)

    def path(self, operation: str, value: str = "") -> str:
        return self.provider.operation(operation).path.replace("{id}", value)

    def create(self, **more: Any) -> httpx.Response:
        return self.http.post(self.path(CREATE), json={"image": URL, **more})

    def kling(self, **options: Any) -> Kling:
        return Kling(provider=self.provider, base_url=self.url, api_key="k", clock=Moving(), **options)

    @property
    def tasks(self) -> int:
        return len(self.session.store)

    @property
    def entries(self) -> list[Any]:
        return list(self.session.journal.entries)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(provider=loaded("kling"), verify_answers=True) as running:
        yield running


@pytest.fixture
def stage(server: MockServer, request: pytest.FixtureRequest) -> Iterator[Stage]:
    found = Stage(server, request.node.name.split("[")[0])
    yield found
    found.http.close()
    server.app.state.mock.sessions.end(found.session.name)


@pytest.mark.parametrize(("provider", "row"), ROWS)
def test_every_row_reaches_a_client_as_its_error(server: MockServer, provider: str, row: str) -> None:
    stage = Stage(server, row, provider)
    stage.arm(row)
    with stage.kling(retries=0) as kling, pytest.raises(errors.APIError) as caught:
        kling.create(CREATE if CREATE in stage.provider.operations else opened(stage), **least(stage))
    assert type(caught.value) is MEANT[stage.provider.errors[row].means]
    assert caught.value.status == stage.provider.errors[row].status
    assert stage.tasks == 0
    server.app.state.mock.sessions.end(row)


def opened(stage: Stage) -> str:
    return next(each.id for each in stage.provider.operations.values() if each.kind == "create")


def least(stage: Stage) -> dict[str, Any]:
    if CREATE in stage.provider.operations:
        return {"image": URL}
    return {"image": URL, "n": 1, **{f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}}


@pytest.mark.parametrize(("fault", "tasks"), [("reset-before", 0), ("reset-after", 1)])
def test_a_reset_is_a_real_one(stage: Stage, fault: str, tasks: int) -> None:
    stage.arm(fault)
    with Line(stage.url) as line:
        line.send("POST", stage.prefix + stage.path(CREATE), json.dumps({"image": URL}).encode())
        with pytest.raises(ConnectionResetError) as caught:
            line.rest()
    assert caught.value.errno == errno.ECONNRESET
    assert stage.tasks == tasks


def test_httpx_sees_a_reset_as_a_read_error(stage: Stage) -> None:
    stage.arm("reset-before")
    with pytest.raises(httpx.ReadError):
        stage.create()
    assert stage.create().status_code == 200
    assert [(entry.fault, entry.status) for entry in stage.entries] == [("reset-before", 0), (None, 200)]


def test_a_reset_after_leaves_one_task_which_the_client_finds(stage: Stage) -> None:
    stage.arm("reset-after", CREATE)
    with stage.kling() as kling:
        task = kling.videos.image_to_video(image=URL, external_task_id="once")
        found = kling.find(CREATE, external_task_id="once")
    assert stage.tasks == 1
    assert found is not None
    assert (task.id, task.external_task_id) == (found.id, "once")
    assert [entry.method for entry in stage.entries] == ["POST", "GET", "GET"]


def test_a_reset_before_leaves_none_and_the_client_creates_it(stage: Stage) -> None:
    stage.arm("reset-before", CREATE)
    with stage.kling() as kling:
        task = kling.videos.image_to_video(image=URL, external_task_id="once")
    assert (stage.tasks, task.external_task_id) == (1, "once")
    assert [entry.method for entry in stage.entries] == ["POST", "GET", "POST"]


def test_a_cut_body_is_less_than_was_promised(stage: Stage) -> None:
    stage.arm("cut-off=8", times=2)
    with Line(stage.url) as line:
        line.send("GET", stage.prefix + stage.path(LIST))
        head, _, body = line.rest().partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 ")
    assert (body, promised > 8) == (b'{"code":', True)
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete"):
        stage.http.get(stage.path(LIST))


def test_what_is_invalid_wrong_or_elsewhere_arrives_as_it_is(stage: Stage) -> None:
    for fault in ("invalid-json", "html", "redirect", "wrong-content-type", "code-in-200=rate.limit"):
        stage.arm(fault, LIST)
    invalid, page, moved, mislabelled, coded = (stage.http.get(stage.path(LIST)) for _ in range(5))
    with pytest.raises(ValueError, match="delimiter"):
        invalid.json()
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (moved.status_code, moved.headers["location"]) == (301, f"{stage.server.url}/")
    assert mislabelled.headers["content-type"] == "text/plain; charset=utf-8"
    assert mislabelled.json()["data"] == []
    assert (coded.status_code, coded.json()["code"]) == (200, 1302)
    assert stage.http.get(stage.path(LIST)).json()["code"] == 0


def test_fields_go_missing_and_change_their_type(stage: Stage) -> None:
    for fault in ("missing-field", "mistyped-field", "unknown-status"):
        stage.arm(fault, CREATE)
    missing, mistyped, unknown = (stage.create().json()["data"] for _ in range(3))
    assert "task_id" not in missing
    assert isinstance(mistyped["task_id"], int)
    assert unknown["task_status"] == "unheard-of"
    assert stage.tasks == 3


def test_retry_after_is_heeded_by_the_client(stage: Stage) -> None:
    stage.arm("rate.limit; retry-after=7", CREATE)
    stage.arm("rate.limit", CREATE)
    clock = Moving()
    with Kling(provider=stage.provider, base_url=stage.url, api_key="k", clock=clock) as kling:
        kling.videos.image_to_video(image=URL)
    assert clock.slept == [7, 2]
    assert stage.tasks == 1


@pytest.mark.parametrize(
    ("fault", "status"), [("server.error", 500), ("redirect", 301), ("latency=0.01", 200), ("html", 200)]
)
def test_a_head_is_faulted_like_a_get(stage: Stage, fault: str, status: int) -> None:
    stage.arm(fault)
    answer = stage.http.head(stage.path(LIST))
    assert (answer.status_code, answer.content) == (status, b"")
    assert stage.entries[-1].fault == fault
    assert stage.http.head(stage.path(LIST)).status_code == 200


@pytest.mark.parametrize("fault", ["reset-before", "reset-after"])
def test_a_head_is_reset(stage: Stage, fault: str) -> None:
    stage.arm(fault)
    with pytest.raises(httpx.ReadError):
        stage.http.head(stage.path(LIST))


def test_a_late_answer_holds_up_nobody_else(stage: Stage) -> None:
    """The late one is asked for first; the other one is answered while it is still held back."""
    stage.arm("latency=3600")
    heard = stage.heard()
    with Line(stage.url) as late, Line(stage.url) as prompt:
        late.send("GET", stage.prefix + stage.path(LIST))
        assert heard.get()["fault"] == "latency=3600"
        prompt.send("GET", stage.prefix + stage.path(LIST))
        assert prompt.socket.recv(12) == b"HTTP/1.1 200"
        assert select.select([late.socket], [], [], 0)[0] == []
    assert heard.get()["fault"] is None
    assert (heard.get()["outcome"], stage.entries[0].outcome) == ("gone", "gone")


def test_a_connection_goes_on_after_a_late_answer(stage: Stage) -> None:
    stage.arm("latency=0.01")
    first, second = stage.http.get(stage.path(LIST)), stage.http.get(stage.path(LIST))
    assert (first.status_code, second.status_code) == (200, 200)
    streams = [answer.extensions["network_stream"].get_extra_info("client_addr") for answer in (first, second)]
    assert streams[0] == streams[1]


def test_silence_lasts_until_the_client_gives_up(stage: Stage) -> None:
    stage.arm("timeout", CREATE)
    heard = stage.heard()
    with pytest.raises(httpx.ReadTimeout):
        stage.http.post(stage.path(CREATE), json={"image": URL}, timeout=0.01)
    assert [heard.get()["outcome"], heard.get()["outcome"]] == ["dropped", "gone"]
    assert (stage.entries[-1].fault, stage.tasks) == ("timeout", 1)


def test_silence_is_bounded_and_ends_without_a_byte(stage: Stage) -> None:
    stage.arm("timeout=0.01; phase=before", times=2)
    with Line(stage.url) as line:
        line.send("GET", stage.prefix + stage.path(LIST))
        assert line.rest() == b""
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending a response"):
        stage.create()
    assert stage.tasks == 0


def test_a_server_stops_at_once_while_an_answer_is_held_back(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer(provider=loaded("kling")) as server:
        stage = Stage(server, "held")
        stage.arm("timeout")
        heard = stage.heard()
        with Line(stage.url) as line:
            line.send("GET", stage.prefix + stage.path(LIST))
            heard.get()
            server.__exit__()
            assert line.rest() == b""
    assert caplog.records == []


def test_no_fault_is_an_error_of_the_server(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for fault in ("reset-before", "reset-after", "timeout=0", "cut-off", "latency=0.01 + reset-after"):
        stage.arm(fault)
        with pytest.raises(httpx.TransportError):
            stage.create()
    assert stage.create().status_code == 200
    assert caplog.records == []


def test_a_fate_that_needs_a_socket_says_so_in_process() -> None:
    app = create_app(Settings(provider=loaded("kling")))
    provider = loaded("kling")
    session = app.state.mock.sessions.get("default")
    for fault in ("reset-after", "cut-off", "latency=0.01", "rate.limit"):
        session.faults.arm(fault_named(fault, provider))
    statuses = asyncio.run(asked(app, provider.operation(LIST).path))
    assert statuses == ["reset", "cut", 200, 429]


async def asked(app: Any, path: str) -> list[Any]:
    found: list[Any] = []
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mock.test") as client:
        for _ in range(4):
            try:
                found.append((await client.get(path, headers={"Authorization": "Bearer k"})).status_code)
            except NoLine as error:
                found.append(next(fate for fate in ("reset", "cut", "closed") if f" {fate}," in str(error)))
    return found
