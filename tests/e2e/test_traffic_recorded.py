"""Traffic with the mock over a port, recorded by the tools that people use, and held against the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import harfile
import httpx
import pytest
import requests
import vcr

from kling_contract import Kling
from kling_contract.cli import main
from mock_server import MockServer

KEY = "sk-0123456789abcdef0123456789"
IMAGE = "https://example.com/cat.png"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer(clock="auto", seed=7) as running:
        yield running


class Har(httpx.BaseTransport):
    """Writes each exchange to a HAR, as a proxy does."""

    def __init__(self, file: harfile.HarFile) -> None:
        self._file, self._below = file, httpx.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began = datetime.now(UTC)
        response = self._below.handle_request(request)
        response.read()
        took = (datetime.now(UTC) - began).total_seconds() * 1000
        body = request.read().decode()
        sent = harfile.PostData(mimeType="application/json", text=body) if body else None
        content = harfile.Content(size=len(response.content), mimeType="application/json", text=response.text)
        shared: dict[str, Any] = {"httpVersion": "HTTP/1.1", "headersSize": -1, "bodySize": -1}
        self._file.add_entry(
            startedDateTime=began,
            time=took,
            request=harfile.Request(
                method=request.method, url=str(request.url), headers=pairs(request.headers), postData=sent, **shared
            ),
            response=harfile.Response(
                status=response.status_code,
                statusText="",
                headers=pairs(response.headers),
                content=content,
                redirectURL="",
                **shared,
            ),
            timings=harfile.Timings(send=0, wait=took, receive=0),
        )
        return response

    def close(self) -> None:
        self._below.close()


def pairs(headers: httpx.Headers) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers.multi_items()]


def check(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["check-traffic", str(file), "--provider", "cometapi", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_a_har_of_our_own_client(server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "proxy.har"
    with harfile.open(file) as written:
        options = {"api_key": KEY, "base_url": f"{server.url}/s/har", "transport": Har(written)}
        with Kling(**options) as kling:
            kling.videos.image_to_video(image=IMAGE, prompt="rain").wait(poll=0.01)
            kling.images.multi_image_to_image(subject_image_list=[{"subject_image": IMAGE}] * 2, n=2).wait(poll=0.01)
    code, told = check(capsys, file)
    assert code == 0
    assert [each["rule"] for each in told["findings"]] == ["model.retired"]
    assert told["matched"] == told["entries"] >= 4
    finished = {each["operation"]: each["finished"].get("p50") for each in told["operations"]}
    assert finished["createImageToVideo"] == 164
    assert finished["createMultiImageToImage"] == 32


def test_a_cassette_of_vcrpy(server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cassette.yaml"
    url, headers = f"{server.url}/s/vcr/kling/v1/videos/image2video", {"Authorization": f"Bearer {KEY}"}
    with vcr.use_cassette(str(file)), requests.Session() as session:
        good = session.post(url, json={"image": IMAGE, "prompt": "雨"}, headers=headers, timeout=30).json()
        session.post(url, json={"image": IMAGE, "duration": 7}, headers=headers, timeout=30)
        for _ in range(2):
            session.get(f"{url}/{good['data']['task_id']}", headers=headers, timeout=30)
    assert KEY in file.read_text()
    copy = tmp_path / "copy.har"
    code, told = check(capsys, file, "--redact", str(copy))
    assert code == 1
    assert [(each["entries"], each["rule"], each["outcome"]) for each in told["findings"]] == [
        ([1], "schema.type", "refused with 400")
    ]
    assert KEY not in json.dumps(told) + copy.read_text()
    again, retold = check(capsys, copy)
    assert again == 1
    assert [each["rule"] for each in retold["findings"]] == ["schema.type"]


def test_answers_that_break_the_contract_are_found_in_a_har(
    server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "proxy.har"
    with harfile.open(file) as written, httpx.Client(transport=Har(written)) as client:
        url, headers = f"{server.url}/s/bad/kling/v1/videos/image2video", {"Authorization": f"Bearer {KEY}"}
        name = client.post(url, json={"image": IMAGE}, headers=headers).json()["data"]["task_id"]
        client.get(f"{url}/{name}", headers=headers)
    log = json.loads(file.read_text())
    answer = log["log"]["entries"][1]["response"]["content"]
    assert '"succeed"' in answer["text"]
    answer["text"] = answer["text"].replace('"succeed"', '"failed"')
    file.write_text(json.dumps(log))
    code, told = check(capsys, file)
    assert (code, [(each["entries"], each["rule"]) for each in told["findings"]]) == (1, [([1], "task.result")])
