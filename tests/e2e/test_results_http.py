"""Results over a socket: downloads whole and in parts, pages of other origins, and inputs that are fetched."""

from __future__ import annotations

import base64
import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from test_server import KEY
from wire import wire

from kling_contract.demo_photo import photo
from mock_server import MockServer
from mock_server.scratch import PREFIX
from mock_server.watching import Watcher

EXPAND, QUERY = "/v1/images/editing/expand", "/v1/images/editing/expand/{}"
PHOTO = photo(400, 300)
HALF = {"left_expansion_ratio": 0.5, "up_expansion_ratio": 0, "down_expansion_ratio": 0, "right_expansion_ratio": 0}


def expanded(client: httpx.Client, image: str, headers: Mapping[str, str] = KEY, **more: Any) -> list[str]:
    """Make an expansion on an auto clock and return the paths of its results."""
    made = client.post(EXPAND, headers={**KEY, **headers}, json={"image": image, **HALF, **more}).json()
    shown = client.get(QUERY.format(made["data"]["task_id"]), headers=KEY).json()["data"]
    assert shown["task_status"] == "succeed"
    return [httpx.URL(each["url"]).path for each in shown["task_result"]["images"]]


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


@contextlib.contextmanager
def mock(**settings: Any) -> Iterator[tuple[httpx.Client, list[str]]]:
    """Serve a mock; yield a client of it, and what a person is told."""
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Watcher, "say", lambda _, line: told.append(line))
        with (
            MockServer(provider="kling", clock="auto", **settings) as server,
            httpx.Client(base_url=server.url, trust_env=False) as client,
        ):
            yield client, told


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(provider="kling", clock="auto") as found:
        yield found


@pytest.fixture(scope="module")
def client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as found:
        yield found


@pytest.fixture(scope="module")
def path(client: httpx.Client) -> str:
    return expanded(client, base64_of(PHOTO))[0]


def test_a_result_comes_whole_and_in_parts(client: httpx.Client, path: str) -> None:
    whole = client.get(path)
    data = whole.content
    assert picture(whole).size == (600, 300)
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["content-length"] == str(len(data))
    for asked, wanted in (("0-9", data[:10]), ("10-", data[10:]), ("-7", data[-7:]), ("0-0", data[:1])):
        part = client.get(path, headers={"Range": f"bytes={asked}", "If-Range": whole.headers["etag"]})
        assert (part.status_code, part.content) == (206, wanted)
        assert part.headers["content-length"] == str(len(wanted))
    several = client.get(path, headers={"Range": "bytes=0-1,-2"})
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert int(several.headers["content-length"]) == len(several.content)
    assert client.get(path, headers={"Range": "bytes=5-2"}).content == data
    beyond = client.get(path, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


BARE = (("HEAD", "X: y"), ("OPTIONS", "X: y"), ("GET", "If-None-Match: *"), ("HEAD", "Range: bytes=0-1"))


def test_an_answer_without_a_body_leaves_the_connection_as_it_was(server: MockServer, path: str) -> None:
    with wire(server.url) as connection:
        seen = []
        for method, more in BARE:
            connection.send(f"{method} {path} HTTP/1.1", "Host: mock.test", more)
            reply = connection.reply(bare=method == "HEAD")
            assert reply.body == b""
            seen.append(reply.status)
        assert seen == [200, 204, 304, 200]
        connection.send(f"GET {path} HTTP/1.1", "Host: mock.test")
        assert connection.reply().status == 200


def test_a_page_of_another_origin_may_use_it(client: httpx.Client, path: str) -> None:
    page = {"Origin": "https://app.example"}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    answers = [
        client.get(path, headers=page),
        client.get("/__media/871-0.png", headers=page),
        client.get(path, headers={**page, "Range": "bytes=99999999-"}),
        client.post(path, headers=page),
        client.options(path, headers={**page, **asked}),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 416, 405, 204]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}
    assert {answer.headers["cross-origin-resource-policy"] for answer in answers} == {"cross-origin"}
    assert "content-disposition" not in answers[0].headers
    assert "range" in answers[4].headers["access-control-allow-headers"]


def test_it_is_asked_about_again_and_costs_little(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_an_expired_result_is_refused(server: MockServer, client: httpx.Client) -> None:
    (path,) = expanded(client, base64_of(PHOTO))
    assert client.get(path).status_code == 200
    name = path.rpartition("/")[2].partition("-")[0]
    assert client.post(f"/__admin/tasks/{name}/expire", json={"message": "too late"}).status_code == 200
    for answer in (client.get(path), client.get(path, headers={"If-None-Match": "*"})):
        assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (403, "too late\n", "no-store")


def test_a_result_below_the_prefix_of_a_session_is_the_same(client: httpx.Client, path: str) -> None:
    assert client.get(f"/s/other{path}").content == client.get(path).content


def test_many_at_once_have_one_file_and_all_of_it(server: MockServer, client: httpx.Client) -> None:
    paths = expanded(client, base64_of(PHOTO), n=3) * 8
    with ThreadPoolExecutor(len(paths)) as threads:
        bodies = list(threads.map(lambda each: httpx.get(server.url + each, trust_env=False).content, paths))
    assert len(set(bodies)) == 3
    assert bodies[:3] * 8 == bodies


def test_a_client_that_gives_up_in_the_middle_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    large = io.BytesIO()
    Image.effect_noise((2400, 2400), 100).save(large, "PNG", compress_level=0)
    with MockServer(provider="kling", clock="auto") as own, httpx.Client(base_url=own.url, trust_env=False) as client:
        (path,) = expanded(client, base64_of(large.getvalue()))
        size = int(client.head(path).headers["content-length"])
        assert size > 5_000_000
        for _ in range(3):
            with wire(own.url) as connection:
                connection.send(f"GET {path} HTTP/1.1", "Host: mock.test")
                assert len(connection.sock.recv(1000)) > 0
        assert len(client.get(path).content) == size
    assert caplog.records == []


def test_the_files_are_gone_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with MockServer(provider="kling", clock="auto") as own, httpx.Client(base_url=own.url, trust_env=False) as client:
        (path,) = expanded(client, base64_of(PHOTO))
        assert list(tmp_path.iterdir()) == []
        client.get(path)
        (folder,) = tmp_path.glob(f"{PREFIX}*")
        assert len(list(folder.glob("*.png"))) == 1
        own.app.state.mock.results.close()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with mock() as (client, told):
        (path,) = expanded(client, base64_of(PHOTO))
        whole = client.get(path)
        assert picture(whole).size == (600, 300)
        assert client.get(path, headers={"Range": "bytes=1-3"}).content == whole.content[1:4]
    assert len([line for line in told if "kept in memory" in line]) == 1
