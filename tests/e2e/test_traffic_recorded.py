"""Traffic with the mock over a port, recorded by the tools that people use, and held against the contract."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
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
    assert code == 1
    assert [(each["entries"], each["rule"]) for each in told["findings"]] == [
        ([1], "task.result"),
        ([1], "task.failed"),
    ]


def chunks(*parts: bytes) -> Iterator[bytes]:
    yield from parts


async def post(url: str, *bodies: dict[str, Any]) -> None:
    """Send bodies as aiohttp's `json=`."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        for body in bodies:
            async with session.post(url, json=body) as answer:
                await answer.read()


GOOD = {"image": IMAGE, "model_name": "kling-v2-6", "cfg_scale": 0.5}
BAD = {"image": IMAGE, "duration": 7, "api_key": "abcd1234efgh"}
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def test_bodies_that_vcrpy_keeps_as_objects_are_judged_and_copied_for_vcrpy(
    server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, copy = tmp_path / "cassette.yaml", tmp_path / "copy.yaml"
    url = f"{server.url}/s/forms/kling/v1/videos/image2video"
    good, bad = json.dumps(GOOD).encode(), json.dumps(BAD).encode()
    made = [io.BytesIO(good), chunks(good[:9], good[9:]), io.BytesIO(bad), chunks(bad[:9], bad[9:])]
    with vcr.use_cassette(str(file)), requests.Session() as session:
        for body in made:
            session.post(url, data=body, headers=HEADERS, timeout=30)
        asyncio.run(post(url, GOOD, BAD))
    assert file.read_text().count("!!python/object") == 4
    assert f"    body:\n      cfg_scale: 0.5\n      image: {IMAGE}\n" in file.read_text()
    code, told = check(capsys, file, "--redact", str(copy))
    broken = [(each["entries"], each["rule"]) for each in told["findings"] if each["severity"] == "violation"]
    assert (code, broken) == (1, [([2, 3, 5], "schema.type")])
    assert (told["unjudged"], told["matched"]) == ([], 6)
    written = copy.read_text()
    assert KEY not in written
    assert "abcd1234efgh" not in written
    again, retold = check(capsys, copy)
    assert again == 1
    assert [{**each, "file": ""} for each in retold["findings"]] == [{**each, "file": ""} for each in told["findings"]]


def test_vcrpy_plays_a_redacted_cassette_back(
    server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, copy = tmp_path / "cassette.yaml", tmp_path / "copy.yaml"
    url = f"{server.url}/s/play/kling/v1/videos/image2video"
    with vcr.use_cassette(str(file)), requests.Session() as session:
        made = session.post(url, data=io.BytesIO(json.dumps(GOOD).encode()), headers=HEADERS, timeout=30).json()
    assert check(capsys, file, "--redact", str(copy))[0] == 0
    sent = json.dumps(GOOD, separators=(",", ":"))
    with vcr.use_cassette(str(copy), record_mode="none", match_on=["method", "uri", "body"]) as played:
        assert requests.post(url, data=sent, headers=HEADERS, timeout=30).json() == made
        assert played.play_count == 1


def test_a_har_of_playwright_with_its_bodies_beside(
    server: MockServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, copy = tmp_path / "page.har", tmp_path / "copy.har"
    with harfile.open(file) as written, httpx.Client(transport=Har(written)) as client:
        url = f"{server.url}/s/files/kling/v1/videos/image2video"
        client.post(url, json=BAD, headers=HEADERS)
    log = json.loads(file.read_text())
    (entry,) = log["log"]["entries"]
    for name, content in (("0a.json", entry["request"]["postData"]), ("0b.json", entry["response"]["content"])):
        (tmp_path / name).write_text(content["text"])
        content |= {"text": "", "_file": name}
    file.write_text(json.dumps(log))
    code, told = check(capsys, file, "--redact", str(copy))
    assert (code, told["findings"][0]["rule"], told["unjudged"]) == (1, "schema.type", [])
    assert "abcd1234efgh" not in copy.read_text()
    (tmp_path / "0a.json").unlink()
    (tmp_path / "0b.json").unlink()
    assert check(capsys, copy)[1]["findings"][0]["entries"] == [0]
    code, told = check(capsys, file)
    assert (code, [each["reason"] for each in told["unjudged"]]) == (3, ["file", "file"])
