"""Admin through a socket: who may use it, the stream of events, and our client on the time of a server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import web

from kling_contract import AsyncKling, ConfigurationError, ConnectionLost, Kling, KlingError, RemoteClock, WaitTimeout
from kling_contract.cli.log import events
from mock_server import MockServer

URL = "https://example.com/cat.png"
PATH = "/v1/videos/image2video"
BODY = {"image": URL, "model_name": "kling-v2-6"}
KEY = {"authorization": "Bearer test"}


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(provider="kling", clock="frozen") as running:
        yield running


def create(server: MockServer, **headers: str) -> str:
    return str(web.post(server.url + PATH, json=BODY, headers={**KEY, **headers}).json()["data"]["task_id"])


def test_a_page_of_elsewhere_cannot_drive_the_mock(server: MockServer) -> None:
    admin = f"{server.url}/__admin"
    before = web.get(f"{admin}/clock").json()
    pages = [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example:4060"}]
    for headers in pages:
        plain = {**headers, "content-type": "text/plain"}
        assert web.post(f"{admin}/clock/advance", content='{"seconds": 600}', headers=plain).status_code == 403
        assert web.post(f"{admin}/reset", headers=headers).status_code == 403
        assert web.get(f"{admin}/events", headers=headers).status_code == 403
        assert web.options(f"{admin}/reset", headers=headers).status_code == 403
        assert web.post(server.url + PATH, json=BODY, headers={**KEY, **headers}).status_code == 200
    assert web.get(f"{admin}/clock").json() == before


def test_no_answer_of_admin_lets_a_page_read_it(server: MockServer) -> None:
    answer = web.get(f"{server.url}/__admin/requests", headers={"origin": "http://localhost:3000"})
    assert answer.status_code == 200
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert answer.headers["cache-control"] == "no-store"


def test_beyond_loopback_admin_needs_the_token_and_providers_do_not() -> None:
    with MockServer(provider="kling", host="0.0.0.0") as server:
        refused = web.get(f"{server.url}/__admin/health")
        assert (refused.status_code, "KLINGMOCK_ADMIN_TOKEN" in refused.json()["error"]["message"]) == (403, True)
        assert create(server).isdecimal()
    with MockServer(provider="kling", host="0.0.0.0", admin_token="t0ken") as server:
        assert web.get(f"{server.url}/__admin/health").status_code == 401
        for headers in ({"authorization": "Bearer t0ken"}, {"x-kling-admin-token": "t0ken"}):
            answer = web.get(f"{server.url}/__admin/health", headers={"host": "mock.compose", **headers})
            assert answer.status_code == 200
        with RemoteClock(server.url, token="t0ken") as clock:
            assert clock.now() > 1e9


def test_a_reset_has_no_body(server: MockServer) -> None:
    answer = web.post(f"{server.url}/__admin/reset")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


def test_a_huge_body_is_refused_before_it_is_read(server: MockServer) -> None:
    answer = web.post(f"{server.url}/__admin/clock/advance", content=b" " * 3_000_000)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "the body is too large")


@pytest.mark.usefixtures("small_films")
def test_result_urls_expire_by_admin_and_by_time(server: MockServer) -> None:
    admin = f"{server.url}/__admin"
    for way in ("expire", "time"):
        task = create(server)
        web.post(f"{admin}/tasks/{task}/succeed")
        shown = web.get(f"{server.url}{PATH}/{task}", headers=KEY).json()
        url = shown["data"]["task_result"]["videos"][0]["url"]
        assert web.get(url).status_code == 200
        if way == "expire":
            web.post(f"{admin}/tasks/{task}/expire", json={"message": "AccessDenied"})
        else:
            web.post(f"{admin}/clock/advance", json={"seconds": 30 * 86_400})
        expired = web.get(url)
        assert expired.status_code == 403
        assert ("AccessDenied" in expired.text) is (way == "expire")


class Stream:
    """An open stream of events, from which as many are taken as a test waits for."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status, lines = answer.status_code, answer.iter_lines()
        while next(lines) != ": listening":
            pass
        self._events = events(lines)

    def take(self, number: int) -> list[dict[str, Any]]:
        found = [next(self._events) for _ in range(number)]
        assert all(json.loads(data)["event"] == kind for kind, data in found)
        return [json.loads(data) for _, data in found]


def test_events_come_in_the_order_in_which_they_happened(server: MockServer) -> None:
    admin = f"{server.url}/__admin"
    with httpx.stream("GET", f"{admin}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        first, second = create(server, prefer="delay=1/9"), create(server, prefer="delay=2/5")
        web.post(f"{admin}/clock/advance", json={"seconds": 600})
        told = stream.take(6)
    start = told[0]["at"]
    assert [each["event"] for each in told] == ["exchange"] * 2 + ["task"] * 4
    assert [each["task"] for each in told] == [first, second, first, second, second, first]
    assert [each["at"] - start for each in told[2:]] == [1000, 2000, 7000, 10_000]
    assert [each["status"] for each in told[2:]] == ["processing", "processing", "succeed", "succeed"]
    assert told[0]["body"] == BODY


def test_a_stream_is_of_one_session_or_of_all(server: MockServer) -> None:
    with (
        httpx.stream("GET", f"{server.url}/s/a/__admin/events") as one,
        httpx.stream("GET", f"{server.url}/__admin/events?all=1") as every,
    ):
        own, wide = Stream(one), Stream(every)
        for name in ("b", "a", "c"):
            create(server, **{"x-kling-session": name})
        assert [each["session"] for each in own.take(1)] == ["a"]
        assert [each["session"] for each in wide.take(3)] == ["b", "a", "c"]


def test_whoever_listens_goes_on_listening_after_a_reset(server: MockServer) -> None:
    with httpx.stream("GET", f"{server.url}/__admin/events") as answer:
        stream = Stream(answer)
        create(server)
        web.post(f"{server.url}/__admin/reset")
        create(server)
        assert [each["event"] for each in stream.take(3)] == ["exchange", "reset", "exchange"]


def test_transitions_are_told_on_a_clock_that_runs_by_itself() -> None:
    with (
        MockServer(provider="kling", speed=5000) as server,
        httpx.stream("GET", f"{server.url}/__admin/events") as answer,
    ):
        stream = Stream(answer)
        task = create(server)
        told = stream.take(3)
    assert [(each["event"], each["task"]) for each in told] == [("exchange", task), ("task", task), ("task", task)]
    assert [each["status"] for each in told[1:]] == ["processing", "succeed"]


def test_a_listener_that_leaves_is_forgotten(server: MockServer) -> None:
    sessions = server.app.state.mock.sessions
    with httpx.stream("GET", f"{server.url}/__admin/events") as answer:
        stream = Stream(answer)
        assert sessions.get("default").is_heard
        create(server)
        assert stream.take(1)
    while sessions.get("default").is_heard:
        web.get(f"{server.url}/__admin/health")
    assert not sessions._heard


def test_a_stream_ends_with_the_server() -> None:
    with httpx.Client() as client:
        with MockServer(provider="kling") as server:
            answer = client.send(client.build_request("GET", f"{server.url}/__admin/events"), stream=True)
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            list(lines)


def test_what_no_stream_takes_is_an_error(server: MockServer) -> None:
    wrong = web.get(f"{server.url}/__admin/events?al=1")
    assert (wrong.status_code, "did you mean 'all'?" in wrong.json()["error"]["message"]) == (400, True)
    assert web.post(f"{server.url}/__admin/events").status_code == 405


def test_a_client_that_gave_up_while_sending_is_in_the_journal(server: MockServer) -> None:
    host, port = httpx.URL(server.url).host, httpx.URL(server.url).port
    head = (
        f"POST {PATH}?token=abcdefgh1 HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: abcdefgh2\r\nContent-Length: 99\r\n\r\n{{"
    )
    found: list[dict[str, Any]] = []
    with socket.create_connection((host, port or 0)) as line:
        line.sendall(f"{head}Content-Length: 99\r\n\r\n{{".encode())
        while not found:
            found = web.get(f"{server.url}/__admin/requests").json()["requests"]
        assert (found[0]["outcome"], found[0]["status"], found[0]["path"]) == ("arrived", 0, PATH)
    while found[0]["outcome"] == "arrived":
        found = web.get(f"{server.url}/__admin/requests").json()["requests"]
    assert (found[0]["outcome"], found[0]["status"]) == ("gone", 0)
    assert "abcdefgh" not in json.dumps(found)


def test_our_client_waits_for_a_job_of_ten_minutes_without_waiting(server: MockServer) -> None:
    with (
        RemoteClock(server.url) as clock,
        Kling(provider="kling", base_url=server.url, api_key="test", clock=clock) as kling,
    ):
        before = clock.now()
        web.post(f"{server.url}/__admin/scenarios", json={"scenario": "slow"})
        task = kling.videos.image_to_video(image=URL).wait(timeout=700)
        assert task.status == "succeed"
        assert 626 <= clock.now() - before < 640


@pytest.mark.parametrize("mode", ["frozen", "auto"])
def test_the_asynchronous_client_does_too_and_a_stuck_task_hangs_nobody(server: MockServer, mode: str) -> None:
    web.post(f"{server.url}/__admin/clock", json={"mode": mode})

    async def animate(scenario: str) -> str:
        web.post(f"{server.url}/__admin/scenarios", json={"scenario": scenario})
        options = {"provider": "kling", "base_url": server.url, "api_key": "test"}
        with RemoteClock(server.url) as clock:
            async with AsyncKling(clock=clock, **options) as kling:
                task = await kling.videos.image_to_video(image=URL)
                return (await task.wait(timeout=200)).status

    assert asyncio.run(animate("succeed")) == "succeed"
    with pytest.raises(WaitTimeout):
        asyncio.run(animate("stuck"))


def test_a_remote_clock_is_that_of_its_session(server: MockServer) -> None:
    with RemoteClock(server.url, "a") as a, RemoteClock(f"{server.url}/s/b") as b:
        start = a.now()
        assert b.now() == start
        a.sleep(60)
        assert (a.now(), b.now()) == (start + 60, start)


def test_a_remote_clock_on_real_time_takes_real_time() -> None:
    slept: list[float] = []

    class Wall:
        def now(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None:
            slept.append(seconds)

        async def asleep(self, seconds: float) -> None:
            slept.append(seconds)

    with MockServer(provider="kling", speed=60) as server, RemoteClock(server.url, wall=Wall()) as clock:
        clock.sleep(120)
        asyncio.run(clock.asleep(60))
    assert slept == [2.0, 1.0]


def test_a_remote_clock_says_what_is_wrong(server: MockServer) -> None:
    with pytest.raises(ConfigurationError, match="no URL of a mock"):
        RemoteClock("127.0.0.1:4060")
    with RemoteClock("http://127.0.0.1:1") as nobody, pytest.raises(ConnectionLost):
        nobody.now()
    with RemoteClock(server.url) as clock, pytest.raises(KlingError, match=r"seconds"):
        clock.sleep(1e12)
    with RemoteClock(f"{server.url}/elsewhere") as lost, pytest.raises(KlingError):
        lost.now()
