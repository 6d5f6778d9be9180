"""The mock in the test's own process: its clients, its time, and callbacks to an application beside it."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import ConnectionLost, RouteUnavailable, ServerError, TaskFailed, UnexpectedAnswer
from kling_contract.testing import MockHandle, mock, seconds_of
from mock_server.faults import fault_named

URL = "https://example.com/cat.png"
HOOK = "https://app.example.com/hook?who=me"
IN_ORDER = ["submitted", "processing", "succeed"]


class Wsgi:
    """A WSGI application that takes note of what it is asked, and in which thread."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.seen, self.threads = list(answers), [], set()  # type: ignore[var-annotated]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        self.seen.append((environ["PATH_INFO"], environ["QUERY_STRING"], environ["HTTP_HOST"], body["task_status"]))
        self.threads.add(threading.get_ident())
        start_response(self.answers.pop(0) if self.answers else "204 No Content", [])
        return [b""]

    @property
    def statuses(self) -> list[str]:
        return [status for *_, status in self.seen]


class Asgi:
    """The same as an ASGI application."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.statuses.append(json.loads((await receive())["body"])["task_status"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def made(kling: MockHandle, **fields: Any) -> Any:
    return kling.client.videos.image_to_video(image=URL, **{"callback_url": HOOK, **fields})


@pytest.mark.parametrize("app", [Wsgi(), Asgi()], ids=["wsgi", "asgi"])
def test_an_application_is_called_back_when_time_moves(app: Any) -> None:
    with mock(clock="frozen") as kling:
        kling.callbacks.to(app)
        made(kling)
        assert app.statuses == []
        kling.advance(4)
        assert app.statuses == IN_ORDER[:2]
        kling.advance("10m")
        assert app.statuses == IN_ORDER
        assert [each.state for each in kling.callbacks] == ["delivered"] * 3


def test_it_is_called_in_the_thread_of_the_test_by_its_own_address() -> None:
    app = Wsgi()
    with mock() as kling:
        kling.callbacks.to(app)
        made(kling)
        assert kling.callbacks.wait_for("succeed").status == "succeed"
    assert app.threads == {threading.get_ident()}
    assert app.seen == [("/hook", "who=me", "app.example.com", status) for status in IN_ORDER]


@pytest.mark.parametrize("app", [Wsgi(), Asgi()], ids=["wsgi", "asgi"])
def test_the_asynchronous_client_does_the_same(app: Any) -> None:
    async def story() -> None:
        with mock(clock="frozen") as kling:
            kling.callbacks.to(app)
            async with kling.async_client as client:
                task = await client.videos.image_to_video(image=URL, callback_url=HOOK)
                await kling.aadvance(timedelta(minutes=10))
                assert app.statuses == IN_ORDER
                assert (await task.wait()).status == "succeed"

    asyncio.run(story())


def test_an_application_that_fails_gets_it_again() -> None:
    app = Wsgi("500 Oh", "204 No Content", "503 Busy")
    with mock(clock="frozen") as kling:
        kling.callbacks.to(app)
        made(kling)
        kling.advance("1h")
        assert app.statuses == ["submitted", "processing", "submitted", "submitted", "succeed"]


def test_waiting_for_what_does_not_come_says_what_there_is() -> None:
    with mock() as kling:
        kling.callbacks.to(Wsgi())
        made(kling)
        with pytest.raises(AssertionError, match="no callback of failed was taken; there are: submitted delivered"):
            kling.callbacks.wait_for("failed")
        assert len(kling.callbacks) == 3


def test_waiting_for_a_task_waits_for_nothing() -> None:
    with mock() as kling:
        assert made(kling, callback_url="").wait(timeout=10_000).status == "succeed"
        with pytest.raises(TaskFailed):
            made(kling, prompt="[[kling:scenario=fail]]", callback_url="").wait()


@pytest.mark.usefixtures("small_films")
def test_results_are_saved(tmp_path: Any) -> None:
    with mock() as kling:
        (path,) = made(kling).wait().save(tmp_path)
        assert path.read_bytes()[4:8] == b"ftyp"
        kling.advance("31d")
        task = kling.client.get("createImageToVideo", next(iter(kling.callbacks)).task)
        with pytest.raises(UnexpectedAnswer, match="a result's URL expires"):
            task.save(tmp_path)


def test_a_provider_and_other_settings_are_what_the_server_takes() -> None:
    with mock(provider="cometapi") as kling, pytest.raises(RouteUnavailable):
        kling.client.images.expand(
            image=URL, **{f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
        )


@pytest.mark.parametrize(
    ("fault", "error"), [("reset-after", ConnectionLost), ("cut-off", ConnectionLost), ("server.error", ServerError)]
)
def test_a_fault_is_the_error_that_a_socket_would_give(fault: str, error: type[Exception]) -> None:
    with mock() as kling:
        provider = kling.client.provider
        kling.session.faults.arm(fault_named(fault, provider), None, 5)
        with pytest.raises(error):
            made(kling)


def test_nothing_of_this_reaches_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any, **options: Any) -> Any:
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr("socket.create_connection", forbidden)
    monkeypatch.setattr("socket.getaddrinfo", forbidden)
    with mock() as kling:
        kling.callbacks.to(Wsgi())
        assert made(kling).wait().videos
        answer = httpx.Client(transport=kling.client._http._transport).get("http://kling.localhost/__admin/deliveries")
        assert answer.json()["total"] == 3


@given(st.integers(0, 10**6), st.sampled_from(["s", "m", "h", "d"]))
def test_spans_of_time(number: int, unit: str) -> None:
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    assert seconds_of(f"{number}{unit}") == seconds_of(timedelta(seconds=number * factor)) == number * factor
    assert seconds_of(number) == seconds_of(str(number)) == number


@pytest.mark.parametrize("text", ["", "m", "10 minutes", "-5s", "1e3", "ten"])
def test_no_spans_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="accepted: seconds, a timedelta, 90s, 10m, 2h, 30d"):
        seconds_of(text)


def test_unchanged_code_reaches_the_mock_under_the_providers_own_address() -> None:
    body = {"image": URL, "model_name": "kling-v2-6"}
    url = "https://api.cometapi.com/kling/v1/videos/image2video"
    with mock() as kling:
        answer = httpx.post(url, json=body, headers={"authorization": "Bearer sk-real"})
        assert answer.json()["data"]["task_id"] == kling.tasks[0].id
        kling.assert_created("createImageToVideo", times=1, model_name="kling-v2-6")
