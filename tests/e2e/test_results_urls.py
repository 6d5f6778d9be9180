"""Where results are: at the host and scheme of the request that asks, for thirty days, and as inputs of other tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from test_results_http import EXPAND, HALF, PHOTO, QUERY, base64_of, expanded, mock, picture
from test_server import KEY

from mock_server import MockServer

FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "443",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
}
DAYS = 30 * 86_400


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(provider="kling", clock="auto") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as found:
        yield found


def task_of(path: str) -> str:
    return path.rpartition("/")[2].partition("-")[0]


def url_of(client: httpx.Client, path: str, **headers: str) -> str:
    """Ask for the task of a result, and return the result's URL."""
    data = client.get(QUERY.format(task_of(path)), headers={**KEY, **headers}).json()["data"]
    return str(data["task_result"]["images"][0]["url"])


def test_the_host_is_that_of_the_request_that_asks(server: MockServer, client: httpx.Client) -> None:
    (path,) = expanded(client, base64_of(PHOTO), {"Host": "create.example"})
    assert url_of(client, path) == server.url + path
    assert url_of(client, path, Host="web:8000") == f"http://web:8000{path}"
    assert picture(client.get(url_of(client, path))).size == (600, 300)


def test_what_a_proxy_says_is_not_believed(server: MockServer, client: httpx.Client) -> None:
    (path,) = expanded(client, base64_of(PHOTO), FORWARDED)
    assert url_of(client, path, **FORWARDED) == server.url + path


def test_a_callback_has_the_host_of_the_create(server: MockServer, client: httpx.Client) -> None:
    body = {"image": base64_of(PHOTO), **HALF, "callback_url": f"{server.url}/__inbox/urls"}
    client.post(EXPAND, headers={**KEY, **FORWARDED, "Host": "create.example:81"}, json=body).raise_for_status()
    client.get("/__admin/deliveries?status=succeed&timeout=30").raise_for_status()
    last: dict[str, Any] = client.get("/__admin/inbox/urls").json()["letters"][-1]["body"]
    url = httpx.URL(last["task_result"]["images"][0]["url"])
    assert str(url).startswith("http://create.example:81/__media/")
    assert picture(client.get(url.path)).size == (600, 300)


def test_a_public_url_goes_before_every_host() -> None:
    with mock(public_url="https://tunnel.example") as (client, told):
        (path,) = expanded(client, base64_of(PHOTO))
        assert url_of(client, path, Host="web:8000") == f"https://tunnel.example{path}"
        own = str(client.base_url).rstrip("/") + path
        for given in (own, f"https://tunnel.example{path}"):
            assert picture(client.get(expanded(client, given)[0])).size == (900, 300)
    assert told == []


def test_a_result_of_the_mock_itself_needs_no_network(server: MockServer, client: httpx.Client) -> None:
    (path,) = expanded(client, base64_of(PHOTO))
    for url in (server.url + path, server.url.replace("127.0.0.1", "localhost") + path, f"{server.url}/s/some{path}"):
        (second,) = expanded(client, url)
        larger = picture(client.get(second))
        assert larger.size == (900, 300)
        assert larger.crop((300, 0, 900, 300)).tobytes() == picture(client.get(path)).tobytes()


def test_a_url_is_refused_thirty_days_after_success_and_a_page_may_read_why() -> None:
    with mock() as (client, _):
        (path,) = expanded(client, base64_of(PHOTO))
        assert client.get(path).status_code == 200
        client.post("/__admin/clock/advance", content=json.dumps({"seconds": DAYS - 1}))
        assert client.get(path).status_code == 200
        client.post("/__admin/clock/advance", content=json.dumps({"seconds": 1}))
        for gone in (client.get(path), client.head(path), client.get(path, headers={"Range": "bytes=0-1"})):
            assert (gone.status_code, gone.headers["access-control-allow-origin"]) == (403, "*")
            assert gone.headers["cache-control"] == "no-store"


def test_a_result_goes_with_a_reset_and_there_is_none_of_a_task_that_failed() -> None:
    with mock() as (client, _):
        (path,) = expanded(client, base64_of(PHOTO))
        assert client.get(path).status_code == 200
        assert client.post("/__admin/reset").status_code == 204
        assert client.get(path).status_code == 404
        made = client.post(EXPAND, headers=KEY, json={"image": base64_of(PHOTO), **HALF}).json()["data"]["task_id"]
        client.post(f"/__admin/tasks/{made}/fail", json={"message": "no"}).raise_for_status()
        assert client.get(path.replace(task_of(path), made)).status_code == 404
