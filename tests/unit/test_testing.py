"""The mock in the test's own process: its clients, its time, and callbacks to an application beside it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import httpx
import pytest
import requests
from edited_tiny import TINY, edited, tiny
from hypothesis import given
from hypothesis import strategies as st

from kling_contract import ConnectionLost, RateLimitError, RouteUnavailable, ServerError, TaskFailed, UnexpectedAnswer
from kling_contract.testing import MockHandle, mock, seconds_of
from kling_contract.testing.wrong import hints
from mock_server.faults import fault_named
from tests.recorded import png

URL = "https://example.com/cat.png"
HOOK = "https://app.example.com/hook?who=me"
API = "https://api.cometapi.com/kling/v1"
HEADERS = {"authorization": "Bearer sk-real"}
SMALL, LARGE = png(640, 480), png(3000, 2900)
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
def test_an_event_loop_that_is_not_asyncios_is_served_too(app: Any) -> None:
    async def story() -> None:
        client = httpx.AsyncClient(headers=HEADERS)
        body = {"image": URL, "callback_url": HOOK}
        assert (await client.post(f"{API}/videos/image2video", json=body)).is_success
        assert await kling.aadvance("10m")

    with mock(clock="frozen") as kling:
        kling.callbacks.to(app)
        kling.next("createImageToVideo", fault="latency=0.001")
        with pytest.raises(StopIteration):
            story().send(None)
    assert app.statuses == IN_ORDER


def test_a_callback_without_a_receiver_says_how_to_get_one() -> None:
    with mock() as kling:
        made(kling)
        with pytest.raises(AssertionError, match=r"refused.*\ncallbacks.to\(app\) delivers to an application"):
            kling.callbacks.wait_for("succeed")


def test_our_own_client_gives_up_when_it_says_too() -> None:
    with mock() as kling:
        kling.next("createImageToVideo", fault="timeout")
        kling.client._http.to(httpx.URL(kling.url)).timeout = GIVE_UP
        with pytest.raises(ConnectionLost, match="timed out"):
            made(kling)
        assert [(entry.status, entry.outcome) for entry in kling.session.journal.entries] == [(0, "gone")]


def test_our_own_clients_know_a_provider_whose_server_has_a_path() -> None:
    assert tiny().base_urls == ("https://api.acme.example/v9",)
    with mock(provider=str(TINY)) as kling:
        task = kling.client.create("createPoster", prompt="Tonight")
        assert task.wait().images

        async def ask() -> Any:
            async with kling.async_client as client:
                return await client.get("getPoster", task.id)

        assert asyncio.run(ask()).status == "succeed"


@pytest.mark.parametrize("ask", [httpx.request, requests.request])
@pytest.mark.parametrize(
    ("server", "asked"),
    [("http://[::1]:8065/v9", "http://[0:0::0:1]:8065/v9"), ("http://[::FFFF:192.0.2.1]/v9", "http://192.0.2.1/v9")],
)
def test_the_address_of_a_document_leads_to_the_mock(ask: Any, server: str, asked: str, tmp_path: Any) -> None:
    provider = edited(tmp_path, (("servers",), [{"url": server}]))
    with mock(provider=provider) as kling:
        made = ask("POST", f"{asked}/make/poster", json={"headline": "Tonight"}, headers=HEADERS)
        assert made.json()["job"]["key"] == kling.tasks[0].id
        done = ask("GET", f"{asked}/jobs/poster/{kling.tasks[0].id}", headers=HEADERS).json()["job"]
        assert ask("GET", done["output"]["prints"][0]["link"]).status_code == 200


def test_the_address_of_a_document_is_none_of_ours_if_the_test_says_so(tmp_path: Any) -> None:
    provider = edited(tmp_path, (("servers",), [{"url": "http://[::1]:8065/v9"}]))
    with mock(provider=provider, passthrough="[::1]") as kling:
        with pytest.raises(httpx.ConnectError, match="::1 is out of bounds"):
            httpx.post("http://[::1]:8065/v9/make/poster", json={"headline": "Tonight"})
        kling.assert_kept()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("latency", "latency without a number; accepted: seconds from 0 to"),
        ("latency=soon", "latency=soon; accepted: seconds from 0 to"),
        ("htlm", "no fault 'htlm'; did you mean 'html'\\? accepted: latency"),
    ],
)
def test_a_fault_that_is_none_is_told_in_one_sentence(fault: str, words: str) -> None:
    with mock() as kling, pytest.raises(ValueError, match=words):
        kling.next("createImageToVideo", fault=fault)


def test_outside_of_a_fixture_the_contract_is_asserted_by_a_call() -> None:
    with mock() as kling:
        made(kling)
        kling.assert_kept()
        httpx.post(f"{API}/videos/image2video", json={"image": URL, "duration": 5}, headers=HEADERS)
        with pytest.raises(AssertionError, match=r"(?s)answered 400.*this would be accepted: .*\"duration\": \"5\""):
            kling.assert_kept()


def sent(image: str) -> str:
    width, height = (640, 480) if image is SMALL else (3000, 2900)
    return f"... (base64 as sent: png {width}x{height}, {len(base64.b64decode(image))} bytes)"


CAMERA = {
    "model_name": "kling-v1-5",
    "mode": "pro",
    "camera_control": {"type": "simple", "config": {"zoom": 3}},
}
# What is sent, and what would be accepted.
NEAREST_WITH_FILES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a small file": ("videos/image2video", {"image": SMALL, "duration": 5}, {"image": sent(SMALL), "duration": "5"}),
    "a large file": (
        "videos/image2video",
        {"image": LARGE, "prompt": "A cat", "duration": 5, "mode": "std"},
        {"image": sent(LARGE), "prompt": "A cat", "duration": "5", "mode": "std"},
    ),
    "a file under another name": (
        "videos/image2video",
        {"imge": LARGE, "prompt": "A cat", "duration": "5"},
        {"image": sent(LARGE), "prompt": "A cat", "duration": "5"},
    ),
    "an object": (
        "videos/image2video",
        {"image": SMALL, **CAMERA, "duration": 5},
        {"image": sent(SMALL), **CAMERA, "duration": "5"},
    ),
    "files in a list": (
        "images/generations",
        {"prompt": "Two cats", "subject_image_list": [{"subject_image": SMALL}, {"subject_image": LARGE}], "n": "2"},
        {
            "prompt": "Two cats",
            "subject_image_list": [{"subject_image": sent(SMALL)}, {"subject_image": sent(LARGE)}],
            "n": 2,
        },
    ),
    "a file that is wrong itself": (
        "videos/image2video",
        {"image": png(100, 100), "prompt": "A cat", "duration": "5"},
        {"image": ANY, "prompt": "A cat", "duration": "5"},
    ),
}


@pytest.mark.parametrize(("path", "body", "nearest"), NEAREST_WITH_FILES.values(), ids=NEAREST_WITH_FILES)
def test_what_would_be_accepted_keeps_the_files_that_were_sent(
    path: str, body: dict[str, Any], nearest: dict[str, Any]
) -> None:
    provider = "kling" if "camera_control" in body else "cometapi"
    with mock(provider=provider) as kling:
        base = f"{kling.provider.base_urls[0]}{'' if provider == 'kling' else '/kling'}/v1"
        httpx.post(f"{base}/{path}", json=body, headers=HEADERS)
        with pytest.raises(AssertionError) as told:
            kling.assert_kept()
    (line,) = [each for each in str(told.value).splitlines() if "this would be accepted" in each]
    assert json.loads(line.partition(": ")[2]) == nearest


def test_outside_of_a_fixture_a_refusal_is_asserted_too() -> None:
    with mock() as kling:
        with contextlib.suppress(httpx.HTTPError):
            httpx.post("https://api.cometapi.com/v1/chat/completions", json={})
        with pytest.raises(AssertionError, match="/v1/chat/completions was refused"):
            kling.assert_kept()


GIVE_UP = 0.001  # seconds


def in_a_loop(url: str) -> None:
    async def post() -> None:
        async with httpx.AsyncClient(timeout=GIVE_UP) as client:
            await client.post(url, json={"image": URL}, headers=HEADERS)

    asyncio.run(post())


GIVING_UP = {
    "httpx": (lambda url: httpx.post(url, json={"image": URL}, headers=HEADERS, timeout=GIVE_UP), httpx.ReadTimeout),
    "httpx in a loop": (in_a_loop, httpx.ReadTimeout),
    "requests": (
        lambda url: requests.post(url, json={"image": URL}, headers=HEADERS, timeout=GIVE_UP),
        requests.ReadTimeout,
    ),
}


@pytest.mark.parametrize(("ask", "error"), GIVING_UP.values(), ids=GIVING_UP)
def test_a_client_gives_up_when_it_says_however_long_the_fault(ask: Any, error: type[Exception]) -> None:
    with mock() as kling:
        kling.next("createImageToVideo", fault="latency=2")
        with pytest.raises(error):
            ask(f"{API}/videos/image2video")
        assert [(entry.status, entry.outcome) for entry in kling.session.journal.entries] == [(0, "gone")]


def test_who_is_cancelled_while_waiting_has_given_up_too() -> None:
    async def story(kling: MockHandle) -> None:
        async with kling.async_client as ours, httpx.AsyncClient(headers=HEADERS) as client:
            for asked in (
                client.post(f"{API}/videos/image2video", json={"image": URL}),
                ours.videos.image_to_video(image=URL),
            ):
                before, asking = kling.session.journal.total, asyncio.ensure_future(asked)
                while kling.session.journal.total == before:
                    await asyncio.sleep(0)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking

    with mock() as kling:
        kling.next("createImageToVideo", fault="latency=2", times=2)
        asyncio.run(story(kling))
        assert [(entry.status, entry.outcome) for entry in kling.session.journal.entries] == [(0, "gone")] * 2


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
        with pytest.raises(AssertionError) as found:
            kling.callbacks.wait_for("failed")
        assert str(found.value).splitlines() == [
            "no callback of failed was taken; there are:",
            *(f"  {status} to {HOOK}: delivered, answered 204" for status in IN_ORDER),
        ]
        assert len(kling.callbacks) == 3


def test_waiting_for_callbacks_says_why_there_are_none() -> None:
    with mock(clock="frozen") as kling:
        with pytest.raises(AssertionError, match="none\nnone of 0 tasks was created with a URL for callbacks"):
            kling.callbacks.wait_for("succeed")
        made(kling)
        with pytest.raises(AssertionError, match=r"the clock is frozen: what is to come, comes with advance\(\)"):
            kling.callbacks.wait_for("succeed")
        with pytest.raises(ValueError, match="no task has the status 'done'; accepted: submitted, processing, succeed"):
            kling.callbacks.wait_for("done")


def test_waiting_for_callbacks_says_what_the_receiver_did() -> None:
    with mock(callback_retries=(5,)) as kling:
        kling.callbacks.to(Wsgi(*["500 Oh"] * 6))
        made(kling)
        with pytest.raises(AssertionError, match=r"succeed to .*: failed, answered 500, the last of 2 attempts"):
            kling.callbacks.wait_for("succeed")


def test_what_an_application_raises_is_raised_in_the_test() -> None:
    def broken(environ: Any, start_response: Any) -> Any:
        raise LookupError("no such clip")

    with mock() as kling:
        kling.callbacks.to(broken)
        made(kling)
        with pytest.raises(LookupError, match="no such clip"):
            kling.callbacks.wait_for("succeed")


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


@pytest.mark.parametrize("text", ["", "m", "10 minutes", "-5s", "1e3", "ten", None, True, b"5s"])
def test_no_spans_of_time(text: Any) -> None:
    with pytest.raises(ValueError, match="accepted: seconds, a timedelta, 90s, 10m, 2h, 30d"):
        seconds_of(text)


def test_unchanged_code_reaches_the_mock_under_the_providers_own_address() -> None:
    body = {"image": URL, "model_name": "kling-v2-6"}
    url = "https://api.cometapi.com/kling/v1/videos/image2video"
    with mock() as kling:
        answer = httpx.post(url, json=body, headers={"authorization": "Bearer sk-real"})
        assert answer.json()["data"]["task_id"] == kling.tasks[0].id
        kling.assert_created("createImageToVideo", times=1, model_name="kling-v2-6")


def test_what_was_asked_is_a_list_and_answers_for_one_operation() -> None:
    with mock() as kling:
        assert not kling.requests.called
        with pytest.raises(IndexError, match="there was no such request"):
            kling.requests.last  # noqa: B018 - looking it up is the test
        made(kling, callback_url="").wait()
        asked = [request.operation for request in kling.requests]
        assert asked == ["createImageToVideo", "getImageToVideo"] == [each.operation for each in kling.requests()]
        assert kling.requests("getImageToVideo").called
        assert kling.requests("createImageToVideo").call_count == 1
        assert kling.requests("createImageToVideo").last.body == {"image": URL}
        with pytest.raises(ValueError, match="no operation 'createImageToVidoe'; did you mean 'createImageToVideo'"):
            kling.requests("createImageToVidoe")


NEXT: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, TypeError, "is told nothing to do; accepted: scenario, fault, delay, polls, pace, callbacks"),
    ({"scenaro": "fail"}, TypeError, "takes no scenaro; accepted: scenario, fault, .*, times"),
    ({"scenario": "explode"}, ValueError, "no scenario 'explode'; accepted: succeed, fail, "),
    ({"fault": "rate.limt"}, ValueError, "no fault 'rate.limt'; did you mean 'rate.limit'"),
    ({"delay": "soon"}, ValueError, "delay=soon; accepted: seconds, as in delay=2"),
    ({"polls": 0}, ValueError, "polls=0; accepted: 1 to 1000"),
    ({"scenario": "fail", "times": 0}, ValueError, "times=0; accepted: 1 or more, or None for always"),
    ({"scenario": "fail", "times": True}, ValueError, "times=True; accepted: 1 or more"),
    ({"fault": "rate.limit", "scenario": "explode"}, ValueError, "no scenario 'explode'"),
]


@pytest.mark.parametrize(("said", "error", "message"), NEXT, ids=lambda each: str(each)[:40])
def test_what_cannot_be_next_is_one_line_and_arms_nothing(
    said: dict[str, Any], error: type[Exception], message: str
) -> None:
    with mock() as kling:
        with pytest.raises(error, match=message):
            kling.next("createImageToVideo", **said)
        assert not kling.session.armed.listed()
        assert not kling.session.faults.listed()


def test_what_comes_next_comes_so_often() -> None:
    with mock() as kling:
        kling.next("createImageToVideo", scenario="fail", times=2)
        ends = [kling.client.get("createImageToVideo", made(kling, callback_url="").id).status for _ in range(3)]
        assert ends == ["failed", "failed", "succeed"]
        kling.next("createImageToVideo", fault="rate.limit", times=None)
        for _ in range(2):
            with pytest.raises(RateLimitError):
                kling.client.create("createImageToVideo", image=URL)


def complaint(kling: MockHandle, times: int | None, **fields: Any) -> list[str]:
    with pytest.raises(AssertionError) as found:
        kling.assert_created("createImageToVideo", times, **fields)
    return str(found.value).splitlines()


def test_a_refused_credential_is_told_with_the_reason() -> None:
    with mock(keys=frozenset({"sk-real"})) as kling:
        httpx.post(f"{API}/videos/image2video", json={"image": URL}, headers={"authorization": 'Bearer "sk-real"'})
        assert complaint(kling, 1)[-2:] == [
            "refused:",
            "  POST /kling/v1/videos/image2video, answered 401: there are quotes around the key",
        ]
        assert hints(kling) == [
            "a hint, no failure: POST /kling/v1/videos/image2video: auth.quotes: there are quotes around the key "
            "(send it without them)"
        ]


@pytest.mark.parametrize(
    ("auth", "sent"),
    [({"key": False}, 0), ({"key": False, "hs256": {"lifetime": 60, "early": 5}}, 3), ({"key": True}, 1)],
    ids=["nothing", "tokens", "keys"],
)
def test_our_client_has_what_the_document_asks_for(tmp_path: Path, auth: dict[str, Any], sent: int) -> None:
    provider = edited(tmp_path, (("info", "x-provider", "auth"), auth))
    with mock(provider=provider) as kling:
        kling.client.create("createPoster", prompt="a cat", columns=1, rows=1)
        assert [request.status for request in kling.requests] == [200]
        key = kling.client._talk.credential
    assert (key is None) == (sent == 0)
    assert key is None or len(key.bearer().split(".")) == sent


def test_what_was_not_created_is_told_with_what_was() -> None:
    with mock() as kling:
        assert complaint(kling, 1) == [
            "createImageToVideo was to be created once, and was never",
            "nothing was created",
        ]
        made(kling, duration="5", callback_url="").wait()
        httpx.post(f"{API}/videos/image2video", json={"image": URL, "mode": "turbo"}, headers=HEADERS)
        kling.assert_created("createImageToVideo", duration=5)
        kling.assert_created("createImageToVideo", 0, duration="10")
        assert complaint(kling, None, duration=10, mode="std") == [
            "createImageToVideo(duration=10, mode='std') was to be created at least once, and was never",
            "created:",
            f"  createImageToVideo(image={URL!r}, duration='5'), succeed; differs in duration, mode",
            "refused:",
            "  POST /kling/v1/videos/image2video, answered 400: /mode: mode value 'turbo' is not accepted; "
            "accepted: 'std', 'pro'",
        ]
        made(kling, callback_url="")
        assert complaint(kling, 0)[0] == "createImageToVideo was to be created never, and was twice"


def test_of_much_that_was_created_only_some_is_told() -> None:
    with mock() as kling:
        for _ in range(12):
            made(kling, callback_url="")
        lines = complaint(kling, 3)
        assert lines[0] == "createImageToVideo was to be created 3 times, and was 12 times"
        assert (len(lines), lines[-1]) == (13, "  and 2 more")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"modle_name": "x"}, "createImageToVideo has no field 'modle_name'; did you mean 'model_name'"),
        ({"seconds": 5}, "has no field 'seconds'; accepted: callback_url, "),
        ({"prompt": "a" * 201}, "prompt cannot be compared here; accepted: numbers, True, False, and texts of up to"),
        ({"camera_control": {}}, "camera_control cannot be compared here"),
    ],
)
def test_a_field_that_could_never_be_found_is_no_passing_test(fields: dict[str, Any], message: str) -> None:
    with mock() as kling, pytest.raises(ValueError, match=message):
        kling.assert_created("createImageToVideo", 0, **fields)


def test_without_a_plugin_the_mock_takes_what_the_marker_does() -> None:
    with mock(polls=3, seed=7, ignore="/kling/v1/videos/*", passthrough="www.anyapi.vip") as kling:
        assert kling.seed == 7
        task = made(kling, callback_url="")
        assert [task.refresh().status for _ in range(3)] == IN_ORDER
        for url in (f"{API}/videos/image2video", "https://www.anyapi.vip/kling/v1/images/editing/expand"):
            with pytest.raises(httpx.ConnectError, match="out of bounds"):
                httpx.post(url)
        assert httpx.post(f"{API}/images/editing/expand").status_code == 404
    with pytest.raises(ValueError, match="no document names the host 'anyapi'; accepted: "), mock(passthrough="anyapi"):
        pass
    with pytest.raises(ValueError, match="no clock 'fast'; accepted: real, frozen, auto"), mock(clock="fast"):
        pass
