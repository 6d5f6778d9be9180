"""Recordings of a mock in process, as a HAR and as cassettes of four tools."""

from __future__ import annotations

import base64
import gzip
import io
import json
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import yaml
from bridge import Bridge, loaded
from PIL import Image

from kling_contract import Kling
from kling_contract.verify.traffic import Finding, Flaw, Inspection

KEY = "sk-0123456789abcdef0123456789"
CREATE, GET = "https://api.cometapi.com/kling/v1/videos/image2video", "createImageToVideo"

Entry = dict[str, Any]


def png(width: int = 640, height: int = 480) -> str:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


class Recorder:
    """A transport that keeps what goes through a bridge, as HAR entries."""

    def __init__(self, provider: str = "cometapi") -> None:
        self.bridge = Bridge(provider)
        self.entries: list[Entry] = []
        self.transport = httpx.MockTransport(self._answer)

    def client(self) -> Kling:
        provider = self.bridge.mock.addresses.root.provider
        return Kling(provider=provider, api_key=KEY, transport=self.transport, clock=self.bridge.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        began = self.bridge.clock.now()
        response = httpx.MockTransport(self.bridge._answer).handle_request(request)
        self.entries.append(entry_of(request, response, began))
        return response


def entry_of(request: httpx.Request, response: httpx.Response, began: float) -> Entry:
    asked = {"method": request.method, "url": str(request.url), "bodySize": len(request.content)}
    if request.content:
        asked["postData"] = {"mimeType": "application/json", "text": request.content.decode()}
    return {
        "startedDateTime": datetime.fromtimestamp(began, UTC).isoformat(),
        "time": 12.5,
        "request": {**asked, "headers": _pairs(request.headers)},
        "response": {
            "status": response.status_code,
            "headers": _pairs(response.headers),
            "content": {"mimeType": "", "text": response.read().decode()},
        },
    }


def _pairs(headers: httpx.Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.multi_items()]


def made(provider: str = "cometapi") -> list[Entry]:
    """Return the entries of a video, from its create to its result."""
    recorder = Recorder(provider)
    with recorder.client() as kling:
        kling.videos.image_to_video(image=png(), prompt="rain", duration="5").wait()
    return recorder.entries


def har(entries: list[Any]) -> bytes:
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}
    ).encode()


def found(
    data: bytes, provider: str | None = None, *, folder: Path | None = None, **options: Any
) -> list[Finding | Flaw]:
    """Return what is found in a recording; `folder` is where it is."""
    providers = [loaded(provider)] if provider else [loaded(name) for name in ("anyapi", "cometapi", "kling")]
    inspection = Inspection(providers, anywhere=provider is not None, **options)
    return list(inspection.findings(io.BytesIO(data), folder / "a.har" if folder else None))


def rules(
    data: bytes, provider: str | None = None, *, broken: bool = True, folder: Path | None = None
) -> list[tuple[int, str]]:
    """Return the entry and rule of each broken promise, or of each note."""
    findings = [each for each in found(data, provider, folder=folder) if isinstance(each, Finding)]
    return [(each.entry, each.violation.rule) for each in findings if each.broken is broken]


def _lists(message: Entry) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for each in message["headers"]:
        lists.setdefault(each["name"], []).append(each["value"])
    return lists


def _sent(entry: Entry) -> str:
    return entry["request"].get("postData", {}).get("text", "")


def _date(entry: Entry) -> str:
    return formatdate(datetime.fromisoformat(entry["startedDateTime"]).timestamp(), usegmt=True)


def vcrpy(entries: list[Entry]) -> dict[str, Any]:
    """As vcrpy writes it: no times but the answer's own; a compressed body stays so."""
    return {"interactions": [_vcrpy(each) for each in entries], "version": 1}


def _vcrpy(entry: Entry) -> Entry:
    response, packed = entry["response"], gzip.compress(entry["response"]["content"]["text"].encode())
    headers = {**_lists(response), "Content-Encoding": ["gzip"], "Date": [_date(entry)]}
    status = {"code": response["status"], "message": "OK"}
    request = {"body": _sent(entry), "headers": _lists(entry["request"])}
    request |= {"method": entry["request"]["method"], "uri": entry["request"]["url"]}
    return {"request": request, "response": {"body": {"string": packed}, "headers": headers, "status": status}}


def ruby(entries: list[Entry]) -> dict[str, Any]:
    """As VCR writes it: methods in lower case, and a base64 text with line breaks where bytes are preserved."""
    return {"http_interactions": [_ruby(each) for each in entries], "recorded_with": "VCR 6.2.0"}


def _ruby(entry: Entry) -> Entry:
    response = entry["response"]
    text = base64.encodebytes(response["content"]["text"].encode()).decode()
    request = {"method": entry["request"]["method"].lower(), "uri": entry["request"]["url"]}
    request |= {"body": {"encoding": "UTF-8", "string": _sent(entry)}, "headers": _lists(entry["request"])}
    answer = {"status": {"code": response["status"], "message": "OK"}, "headers": _lists(response)}
    answer |= {"body": {"encoding": "UTF-8", "base64_string": text}}
    return {"request": request, "response": answer, "recorded_at": _date(entry)}


def betamax(entries: list[Entry]) -> dict[str, Any]:
    """As Betamax writes it, in JSON: a compressed body as base64, times without a zone."""
    return {"recorded_with": "betamax/0.9.0", "http_interactions": [_betamax(each) for each in entries]}


def _betamax(entry: Entry) -> Entry:
    response, packed = entry["response"], gzip.compress(entry["response"]["content"]["text"].encode())
    body = {"encoding": None, "base64_string": base64.b64encode(packed).decode()}
    answer = {"body": body, "headers": {**_lists(response), "Content-Encoding": ["gzip"]}}
    answer |= {"status": {"code": response["status"], "message": "OK"}, "url": entry["request"]["url"]}
    request = {"body": {"encoding": "utf-8", "string": _sent(entry)}, "headers": _lists(entry["request"])}
    request |= {"method": entry["request"]["method"], "uri": entry["request"]["url"]}
    return {"request": request, "response": answer, "recorded_at": entry["startedDateTime"][:19]}


def go(entries: list[Entry]) -> dict[str, Any]:
    """As go-vcr writes it, format 2."""
    return {"version": 2, "interactions": [{"id": number, **_go(each)} for number, each in enumerate(entries)]}


def _go(entry: Entry) -> Entry:
    response, headers = entry["response"], _lists(entry["request"])
    asked = {"method": entry["request"]["method"], "url": entry["request"]["url"], "headers": headers}
    answer = {"body": response["content"]["text"], "headers": {**_lists(response), "Date": [_date(entry)]}}
    told = {"status": f"{response['status']} OK", "code": response["status"], "duration": "1m2.5s"}
    request = {"proto": "HTTP/1.1", "host": "", "body": _sent(entry), **asked}
    return {"request": request, "response": {"proto": "HTTP/1.1", "uncompressed": True, **answer, **told}}


def dumped(cassette: dict[str, Any], form: str = "yaml") -> bytes:
    return (json.dumps(cassette) if form == "json" else yaml.safe_dump(cassette)).encode()
