"""Other mocks of a test keep what is theirs, whether they were started before ours or after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import httpx
import moto
import pytest
import requests
import responses
import respx
import vcr

from kling_contract.interception import Request, intercepted
from tests.answering import HOST, NAMED, URL, Desk
from tests.e2e.listening import Listener


def text() -> str:
    """Ask with a client of httpx made now."""
    return httpx.get(URL, trust_env=False).text


def test_routers_of_a_test_keep_their_hosts_and_ours_keeps_its_own() -> None:
    desk = Desk()
    for ours_first in (True, False):
        routes = respx.mock(assert_all_called=True)
        first, second = (intercepted(NAMED, desk), routes) if ours_first else (routes, intercepted(NAMED, desk))
        with first, second:
            routes.get("https://other.example/").respond(text="theirs")
            assert text() == "ours"
            assert httpx.get("https://other.example/").text == "theirs"
            with pytest.raises(AssertionError, match="not mocked"):
                httpx.get("https://unknown.example/")
    assert len(desk.asked) == 2


def test_routers_of_a_test_in_an_event_loop() -> None:
    async def ask() -> list[str]:
        with intercepted(NAMED, Desk()), respx.mock() as routes:
            routes.get("https://other.example/").respond(text="theirs")
            async with httpx.AsyncClient() as client:
                return [(await client.get(url)).text for url in (URL, "https://other.example/")]

    assert asyncio.run(ask()) == ["ours", "theirs"]


@pytest.mark.parametrize("ours_first", [True, False])
def test_routers_that_stand_before_the_transport_are_passed_too(ours_first: bool) -> None:
    routes = respx.mock(using="httpx")
    first, second = (intercepted(NAMED, Desk()), routes) if ours_first else (routes, intercepted(NAMED, Desk()))
    with first, second:
        routes.get("https://other.example/").respond(text="theirs")
        assert (text(), httpx.get("https://other.example/").text) == ("ours", "theirs")


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_router_behind_a_proxy_is_passed_too(ours_first: bool) -> None:
    routes = respx.mock(assert_all_called=False)
    first, second = (intercepted(NAMED, Desk()), routes) if ours_first else (routes, intercepted(NAMED, Desk()))
    with first, second, httpx.Client(proxy="http://127.0.0.1:9") as client:
        assert client.get(URL).text == "ours"


def test_a_router_that_answers_everything_does_not_answer_for_us() -> None:
    with respx.mock(assert_all_mocked=False), intercepted(NAMED, Desk()):
        assert text() == "ours"


def other_paths(request: Request) -> bool:
    return "/chat" in request.url


def test_what_passes_belongs_to_the_routers_of_a_test() -> None:
    for ours_first in (True, False):
        routes = respx.mock()
        ours = intercepted(NAMED, Desk(), passes=other_paths)
        first, second = (ours, routes) if ours_first else (routes, ours)
        with first, second:
            routes.get(f"https://{HOST}/chat").respond(text="theirs")
            assert (text(), httpx.get(f"https://{HOST}/chat").text) == ("ours", "theirs")


def test_what_passes_and_nobody_answers_is_refused() -> None:
    desk = Desk()
    with intercepted(NAMED, desk, passes=other_paths):
        for ask, error in ((httpx.get, httpx.ConnectError), (requests.get, requests.ConnectionError)):
            with pytest.raises(error, match="kling_server"):
                ask(f"https://{HOST}/chat")
    assert desk.asked == []


def in_both_orders(theirs: Callable[[], AbstractContextManager[Any]]) -> Iterator[tuple[Desk, Any]]:
    """Yield a desk that answers, and what their mock gives: ours is the outer context, then theirs."""
    desk = Desk()
    with intercepted(NAMED, desk), theirs() as given:
        yield desk, given
    with theirs() as given, intercepted(NAMED, desk):
        yield desk, given


def test_moto_keeps_its_buckets() -> None:
    for desk, _ in in_both_orders(lambda: moto.mock_aws()):
        store = boto3.client("s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        store.create_bucket(Bucket="clips")
        store.put_object(Bucket="clips", Key="one", Body=requests.get(URL).content)
        assert store.get_object(Bucket="clips", Key="one")["Body"].read() == b"ours"
        assert text() == "ours"
        assert {request.url for request in desk.asked} == {URL}


def test_responses_keeps_its_hosts() -> None:
    for _, given in in_both_orders(responses.RequestsMock):
        given.get("https://other.example/", body="theirs")
        given.add_passthru(f"https://{HOST}")
        assert (requests.get(URL).text, requests.get("https://other.example/").text) == ("ours", "theirs")
        with pytest.raises(requests.ConnectionError):
            requests.get("https://unknown.example/")
        assert given.calls[-1].request.url == "https://unknown.example/"


def test_vcrpy_keeps_its_cassette(tmp_path: Path) -> None:
    tape = tmp_path / "tape.yaml"
    with Listener() as listener:
        for _ in in_both_orders(lambda: vcr.use_cassette(str(tape), ignore_hosts=[HOST])):
            for ask in (httpx.get, requests.get):
                assert (ask(URL).text, ask(listener.url).text) == ("ours", "ok")
    assert listener.connections == 2
    assert HOST not in tape.read_text(encoding="utf-8")
