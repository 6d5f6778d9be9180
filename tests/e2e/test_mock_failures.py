"""What nobody foresaw: one JSON error with the number of its exchange, wherever it comes up, and never an exception."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from asking import Core, made
from suites import run

from kling_contract.testing.told import Told as ToldToTest
from kling_contract.testing.wrong import report
from mock_server import MockServer
from mock_server.app import Mock, create_app
from mock_server.exchange import Exchange
from mock_server.inprocess import Application, MockTransport
from mock_server.lines import Lines
from mock_server.log import Log, missing
from mock_server.paper import Stream
from mock_server.settings import Settings
from mock_server.watching import Watcher

KEY = {"Authorization": "Bearer sk-secret-key"}
VIDEOS = "/v1/videos/image2video"


def fail(*args: Any, **options: Any) -> Any:
    raise LookupError("no sk-secret-key\nhere")


def spoil_get(mock: Mock) -> None:
    mock.endpoints._tasks.find = fail  # type: ignore[method-assign]


def spoil_route(mock: Mock) -> None:
    mock.addresses.of = fail  # type: ignore[method-assign]


def spoil_admin(mock: Mock) -> None:
    mock.admin.routes = {**mock.admin.routes, "tasks": {"GET": fail}}


def spoil_feed(mock: Mock) -> None:
    mock.admin.feed = fail  # type: ignore[method-assign]


def spoil_result(mock: Mock) -> None:
    mock.results.file = fail  # type: ignore[method-assign]


def spoil_inbox(mock: Mock) -> None:
    mock.mailroom._keep = fail  # type: ignore[method-assign]


PLACES: dict[str, tuple[Callable[[Mock], None], str, str]] = {
    "a get": (spoil_get, "GET", f"{VIDEOS}/1"),
    "a route": (spoil_route, "GET", f"{VIDEOS}/1"),
    "admin": (spoil_admin, "GET", "/__admin/tasks"),
    "a result": (spoil_result, "GET", "/__media/1-0.mp4"),
    "an inbox": (spoil_inbox, "POST", "/__inbox/a"),
}
ON_A_SOCKET = {**PLACES, "a feed": (spoil_feed, "GET", "/__admin/events")}


class Told(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.log = io.StringIO()
        self._lines = Lines(Stream(self.log), missing("text"))
        self._log = Log(self._lines)

    def exchange(self, entry: Any) -> None:
        self._log.exchange(entry)
        self._lines.flush()

    def say(self, line: str) -> None:
        self.lines.append(line)


def check(status: int, headers: Any, body: bytes, mock: Mock) -> None:
    said = json.loads(body)["error"]
    assert (status, headers["content-type"]) == (500, "application/json")
    assert said["exchange"] == headers["x-kling-mock-exchange"] == "default-1"
    assert said["message"].startswith("the mock failed: LookupError: no ")
    assert "sk-secret-key" not in body.decode()
    [entry] = mock.sessions.get("default").journal.entries
    shown = entry.as_dict()
    assert (entry.status, entry.outcome, [each.rule for each in entry.violations]) == (
        500,
        "answered",
        ["mock.failure"],
    )
    assert any(line.startswith("LookupError: no ") for line in shown["traceback"])
    assert "sk-secret-key" not in json.dumps(shown)


@pytest.mark.parametrize("place", PLACES)
def test_a_failure_in_process_is_an_answer(place: str) -> None:
    spoil, method, path = PLACES[place]
    mock = Core().mock
    spoil(mock)
    headers = {"authorization": KEY["Authorization"], "host": "127.0.0.1"}
    answer = mock.answer(Exchange(method, path, "", headers, b"", "http://127.0.0.1"))
    check(answer.status, {"content-type": answer.content_type, **answer.headers}, answer.body, mock)


@pytest.mark.parametrize("place", ON_A_SOCKET)
def test_a_failure_behind_a_socket_is_an_answer_and_the_server_lives_on(place: str) -> None:
    spoil, method, path = ON_A_SOCKET[place]
    with MockServer(provider="kling") as server, httpx.Client(base_url=server.url, headers=KEY, trust_env=False) as ask:
        spoil(server.app.state.mock)
        answer = ask.request(method, path)
        check(answer.status_code, answer.headers, answer.content, server.app.state.mock)
        assert ask.get("/livez").status_code == 200


@pytest.mark.parametrize("place", ON_A_SOCKET)
def test_a_failure_is_a_line_in_the_log_and_its_traceback_is_told_once(place: str) -> None:
    spoil, method, path = ON_A_SOCKET[place]
    told = Told()
    app = create_app(Settings(provider="kling"), watcher=told)
    spoil(app.state.mock)

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=KEY) as client:
            return [await client.request(method, path) for _ in range(2)]

    assert [each.status_code for each in asyncio.run(main())] == [500, 500]
    assert told.log.getvalue().count("refused mock.failure: LookupError: no ") == 2
    assert len(told.lines) == 1
    assert told.lines[0].startswith("the mock failed: LookupError: no ")
    assert "Traceback (most recent call last)" in told.lines[0]
    assert "sk-secret-key" not in told.lines[0] + told.log.getvalue()


def test_a_failure_names_the_place_in_our_code() -> None:
    core = Core()
    core.mock.endpoints._tasks.find = lambda call: {}["x"]  # type: ignore[method-assign, index]
    core.mock.answer(Exchange("GET", f"{VIDEOS}/1", "", {"authorization": "Bearer x"}, b"", "http://mock.test"))
    message = core.mock.sessions.get("default").journal.entries[-1].violations[0].message
    assert message.startswith("KeyError: 'x' (mock_server/endpoints.py:")


def test_what_an_application_raises_is_still_the_callers_own() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        raise LookupError("order 17")

    core = Core(callback_to=("app.example.com",))
    core.mock.courier.carrier = Application(app)
    made(core, callback_url="https://app.example.com/hook")
    core.clock.sleep(3600)
    with (
        httpx.Client(transport=MockTransport(core.mock), base_url="http://mock.test", headers=KEY) as client,
        pytest.raises(LookupError, match="order 17"),
    ):
        client.get(VIDEOS)


def test_what_fails_between_requests_is_told() -> None:
    told = Told()
    app = create_app(Settings(provider="kling", clock="auto"), watcher=told)
    mock = app.state.mock
    mock.courier.apost = fail
    mock.endpoints.answer(
        Exchange(
            "POST",
            VIDEOS,
            "",
            {"authorization": "Bearer x"},
            json.dumps({"image": "https://x.example/a.png", "callback_url": "http://127.0.0.1:1/hook"}).encode(),
            "http://mock.test",
        )
    )

    async def main() -> None:
        app.state.background.look_after(mock.sessions.get("default"))
        for _ in range(5):
            await asyncio.sleep(0)
        await app.state.background.close()

    asyncio.run(main())
    assert told.lines[-1].startswith("the mock failed: LookupError: no sk-secret-key here (mock_server/")


def test_the_message_of_a_test_tells_a_failure_of_the_mock_from_one_of_the_code() -> None:
    core = Core()
    spoil_get(core.mock)
    core.mock.answer(Exchange("GET", f"{VIDEOS}/1", "", {"authorization": "Bearer x"}, b"", "http://mock.test"))
    said = report(core.mock.sessions.get("default"), ToldToTest()) or ""
    assert said.startswith("the mock itself failed, which is no fault of the code under test:\n\na request: GET ")
    assert "broke the contract" not in said
    assert "LookupError: no sk-secret-key" in said


@pytest.mark.parametrize(("fixture", "at"), [("kling", "kling._mock"), ("kling_server", "kling_server._mock")])
def test_a_failure_of_the_mock_fails_the_test(pytester: pytest.Pytester, fixture: str, at: str) -> None:
    result = run(
        pytester,
        f"""
        def test_it({fixture}, monkeypatch):
            def fail(*args):
                raise LookupError("nobody foresaw this")

            monkeypatch.setattr({at}.endpoints._tasks, "find", fail)
            url = {fixture}.url if "{fixture}" == "kling_server" else "https://api.cometapi.com"
            answer = httpx.get(
                f"{{url}}/kling/v1/videos/image2video/1", headers={{"authorization": "Bearer x"}}, trust_env=False
            )
            assert answer.status_code == 500
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the mock itself failed, which is no fault of the code under test:*"])
    result.stdout.fnmatch_lines(["*mock.failure: LookupError: nobody foresaw this (mock_server/endpoints.py:*"])
