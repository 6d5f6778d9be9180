"""The mock behind mocks of httpx that the test prefers: respx's routes, pytest-httpx's callbacks, transports."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx
from pytest_httpx import HTTPXMock

from kling_contract import KlingError
from kling_contract.testing import MockHandle, mock
from kling_contract.testing.server import Serving

URL = "https://example.com/cat.png"
HOST = "api.cometapi.com"
VIDEOS = f"https://{HOST}/kling/v1/videos/image2video"
HEADERS = {"authorization": "Bearer sk-real"}
GIVE_UP = 0.001  # seconds

Ask = Callable[..., httpx.Response]


def ask(method: str, url: str, **options: Any) -> httpx.Response:
    with httpx.Client(headers=HEADERS, **options.pop("client", {})) as client:
        return client.request(method, url, **options)


def ask_in_a_loop(method: str, url: str, **options: Any) -> httpx.Response:
    async def story() -> httpx.Response:
        async with httpx.AsyncClient(headers=HEADERS, **options.pop("client", {})) as client:
            return await client.request(method, url, **options)

    return asyncio.run(story())


def ask_without_awaiting_it(method: str, url: str, **options: Any) -> httpx.Response:
    """Ask with a client that blocks the loop it is used in."""

    async def story() -> httpx.Response:
        return ask(method, url, **options)

    return asyncio.run(story())


pytestmark = pytest.mark.usefixtures("small_films")
ways = pytest.mark.parametrize("way", [ask, ask_in_a_loop, ask_without_awaiting_it])


@contextlib.contextmanager
def both(first: str, **options: Any) -> Iterator[tuple[MockHandle, respx.MockRouter]]:
    """Yield the mock and a router, of which one was there first."""
    router = respx.mock(**options)
    if first == "ours":
        with mock() as kling, router:
            yield kling, router
    else:
        with router, mock() as kling:
            yield kling, router


orders = pytest.mark.parametrize("first", ["ours", "theirs"])


def make(way: Ask, **fields: Any) -> str:
    return str(way("POST", VIDEOS, json={"image": URL, **fields}).json()["data"]["task_id"])


@orders
@ways
@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_a_route_leads_to_the_mock_and_keeps_its_calls(way: Ask, first: str, using: str) -> None:
    with both(first, using=using) as (kling, router):
        route = router.route(host=HOST).mock(side_effect=kling.respx)
        task = make(way, callback_url="")
        done = way("GET", f"{VIDEOS}/{task}").json()["data"]
        assert done["task_status"] == "succeed"
        assert way("GET", done["task_result"]["videos"][0]["url"]).content[4:8] == b"ftyp"
        assert [call.request.method for call in route.calls] == ["POST", "GET", "GET"]
        assert route.calls[0].response.json()["data"]["task_id"] == task
        assert json.loads(route.calls[0].request.content)["image"] == URL
        assert router.calls.call_count == kling.requests.call_count + 1 == 3
        kling.assert_created("createImageToVideo", times=1)
        kling.assert_kept()


@orders
def test_routes_go_by_their_order_and_the_mock_answers_no_other(first: str) -> None:
    with both(first) as (kling, router):
        router.get("https://other.example/").respond(text="theirs")
        broken = router.post(VIDEOS, json__mode="pro").mock(side_effect=[httpx.ConnectError, httpx.Response(503)])
        rest = router.route(host=HOST).mock(side_effect=kling.respx)
        assert ask("GET", "https://other.example/").text == "theirs"
        with pytest.raises(httpx.ConnectError):
            ask("POST", VIDEOS, json={"image": URL, "mode": "pro"})
        assert ask("POST", VIDEOS, json={"image": URL, "mode": "pro"}).status_code == 503
        assert ask("POST", VIDEOS, json={"image": URL, "mode": "std"}).status_code == 200
        assert (broken.call_count, rest.call_count, kling.requests.call_count) == (2, 1, 1)
        with pytest.raises(AssertionError, match="not mocked"):
            ask("POST", "https://www.anyapi.vip/kling/v1/images/editing/expand")


@orders
def test_a_side_effect_of_several_and_one_that_calls_ours(first: str) -> None:
    with both(first) as (kling, router):
        router.post(VIDEOS).mock(side_effect=[httpx.ReadTimeout, kling.respx])
        router.get(url__regex=rf"{VIDEOS}/(?P<task>\w+)").mock(side_effect=lambda request, task: kling.respx(request))
        with pytest.raises(httpx.ReadTimeout):
            make(ask)
        assert ask("GET", f"{VIDEOS}/{make(ask)}").json()["data"]["task_status"] == "succeed"


@ways
def test_a_group_of_a_pattern_is_no_hindrance(way: Ask) -> None:
    with both("ours") as (kling, router):
        router.route(path__regex=r"/kling/v1/(?P<family>\w+)/").mock(side_effect=kling.respx)
        assert make(way) == kling.tasks[0].id


@orders
@ways
def test_paths_and_hosts_that_are_not_a_providers_are_the_routers(way: Ask, first: str) -> None:
    with both(first) as (kling, router):
        router.route().mock(side_effect=kling.respx)
        router.post(path="/v1/chat/completions").respond(json={"said": "a cat"})
        router.get("https://other.example/").respond(text="theirs")
        assert way("POST", f"https://{HOST}/v1/chat/completions", json={}).json() == {"said": "a cat"}
        assert way("GET", "https://other.example/").text == "theirs"
        with pytest.raises(AssertionError, match="not mocked"):
            way("GET", f"https://{HOST}/v1/models")
        make(way)
        assert kling.requests.call_count == 1


FAULTS = [
    ("timeout", httpx.ReadTimeout, 0),
    ("reset-after", httpx.ReadError, 0),
    ("cut-off", httpx.RemoteProtocolError, 200),
]


@ways
@pytest.mark.parametrize(("fault", "error", "status"), FAULTS)
def test_a_fault_is_the_error_of_httpx(way: Ask, fault: str, error: type[httpx.TransportError], status: int) -> None:
    with both("ours") as (kling, router):
        route = router.route(host=HOST).mock(side_effect=kling.respx)
        kling.next("createImageToVideo", fault=fault)
        with pytest.raises(error) as found:
            way("POST", VIDEOS, json={"image": URL}, client={"timeout": GIVE_UP})
        assert found.value.request.url == VIDEOS
        assert (route.call_count, route.calls.last.has_response, kling.requests.last.status) == (1, False, status)


@ways
def test_a_request_that_is_wrong_fails_the_test(way: Ask) -> None:
    with both("ours") as (kling, router):
        router.route(host=HOST).mock(side_effect=kling.respx)
        assert way("POST", VIDEOS, json={"image": URL, "mode": "turbo"}).status_code == 400
        with pytest.raises(AssertionError, match="mode value 'turbo' is not accepted"):
            kling.assert_kept()


def parts(body: bytes) -> Iterator[bytes]:
    yield body[:100_000]
    yield body[100_000:]


async def aparts(body: bytes) -> Any:
    for part in parts(body):
        yield part


@pytest.mark.parametrize(("way", "cut"), [(ask, parts), (ask_in_a_loop, aparts)])
def test_a_large_body_in_parts_arrives_whole(way: Ask, cut: Any) -> None:
    body = json.dumps({"image": URL, "prompt": "a" * 3_000_000}).encode()
    with both("ours") as (kling, router):
        router.route(host=HOST).mock(side_effect=kling.respx)
        headers = {"content-type": "application/json"}
        assert way("POST", VIDEOS, content=cut(body), headers=headers).status_code == 400
        (violation,) = kling.requests.last.violations
        assert violation.pointer == "/prompt"


def test_an_answer_is_read_in_parts() -> None:
    async def story(url: str) -> bytes:
        async with httpx.AsyncClient(headers=HEADERS) as client, client.stream("GET", url) as answer:
            return b"".join([part async for part in answer.aiter_bytes(1000)])

    with both("ours") as (kling, router):
        router.route(host=HOST).mock(side_effect=kling.respx)
        result = ask("GET", f"{VIDEOS}/{make(ask)}").json()["data"]["task_result"]["videos"][0]["url"]
        with httpx.stream("GET", result) as answer:
            found = b"".join(answer.iter_bytes(1000))
        assert found[4:8] == b"ftyp"
        assert asyncio.run(story(result)) == found


def test_an_application_in_the_loop_is_called_back_and_others_run() -> None:
    statuses: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        statuses.append(json.loads((await receive())["body"])["task_status"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def asking(kling: MockHandle, seen: list[str]) -> None:
        async with httpx.AsyncClient(headers=HEADERS) as client:
            seen.append("asks")
            made = await client.post(VIDEOS, json={"image": URL, "callback_url": "https://app.example.com/hook"})
            seen.append("is answered")
            await client.get(f"{VIDEOS}/{made.json()['data']['task_id']}")

    async def story() -> list[str]:
        seen: list[str] = []
        with both("ours") as (kling, router):
            router.route(host=HOST).mock(side_effect=kling.respx)
            kling.callbacks.to(app)
            await asyncio.gather(asking(kling, seen), asking(kling, seen))
        return seen

    assert asyncio.run(story()) == ["asks", "asks", "is answered", "is answered"]
    assert statuses.count("succeed") == 2


@ways
@pytest.mark.parametrize("routes_at", [0, 1, 2])
def test_of_two_mocks_the_inner_one_is_behind_the_route(way: Ask, routes_at: int) -> None:
    router, opened = respx.mock(), [mock(), mock()]
    opened.insert(routes_at, router)  # type: ignore[arg-type]
    with contextlib.ExitStack() as stack:
        outer, inner = (each for each in map(stack.enter_context, opened) if isinstance(each, MockHandle))
        route = router.route(host=HOST).mock(side_effect=inner.respx)
        make(way)
        assert (route.call_count, inner.requests.call_count, outer.requests.call_count) == (1, 1, 0)


def test_without_a_route_nothing_changes() -> None:
    with both("theirs") as (kling, router):
        router.get("https://other.example/").respond(text="theirs")
        assert make(ask) == kling.tasks[0].id
        assert ask("GET", "https://other.example/").text == "theirs"


def test_a_route_that_outlives_the_mock_says_so() -> None:
    with respx.mock() as router:
        with mock() as kling:
            route = router.route(host=HOST).mock(side_effect=kling.respx)
        with pytest.raises(httpx.ConnectError, match=r"the mock behind kling\.respx has ended"):
            make(ask)
        assert route.called


@ways
def test_a_callback_of_pytest_httpx(way: Ask, httpx_mock: HTTPXMock) -> None:
    with mock() as kling:
        httpx_mock.add_callback(kling.httpx, is_reusable=True)
        done = way("GET", f"{VIDEOS}/{make(way)}").json()["data"]
        assert way("GET", done["task_result"]["videos"][0]["url"]).content[4:8] == b"ftyp"
        assert [request.method for request in httpx_mock.get_requests()] == ["POST", "GET", "GET"]
        kling.assert_created("createImageToVideo", times=1)
        kling.next("createImageToVideo", fault="reset-after")
        with pytest.raises(httpx.ReadError):
            make(way)


@ways
@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
def test_what_is_not_a_providers_is_not_answered_in_pytest_httpx(way: Ask, httpx_mock: HTTPXMock) -> None:
    with mock() as kling:
        httpx_mock.add_callback(kling.httpx, is_reusable=True)
        with pytest.raises(httpx.TimeoutException):
            way("GET", f"https://{HOST}/v1/models")
        assert not kling.requests.called


@ways
def test_a_transport_of_httpx(way: Ask) -> None:
    with mock() as kling:
        client = {"transport": httpx.MockTransport(kling.httpx)}
        made = way("POST", VIDEOS, json={"image": URL}, client=client)
        assert made.json()["data"]["task_id"] == kling.tasks[0].id


def test_over_a_port_there_is_none() -> None:
    serving = Serving()
    serving.start()
    try:
        with serving.handle() as kling, pytest.raises(KlingError, match=f"over a port: let the code ask {kling.url}"):
            _ = kling.respx
    finally:
        serving.stop()
