"""Every exchange as an HTTP Archive (HAR 1.2), without keys, images and the values of queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import responses
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from kling_contract import redaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.verify.conformance.asking import Asked
    from kling_contract.verify.conformance.verification import Verification


def render(verification: Verification) -> str:
    """Return the exchanges in their order; those that show a failure name it as their comment."""
    failed: dict[int, list[str]] = {}
    every = {id(each): each for each in verification.asked}
    for failure in verification.failures:
        if failure.asked is not None:
            every.setdefault(id(failure.asked), failure.asked)
            failed.setdefault(id(failure.asked), []).append(f"{failure.check}: {failure.message}")
    entries = [_entry(each, failed.get(name, [])) for name, each in every.items()]
    creator = {"name": "kling-contract", "version": version("kling-contract")}
    log = {"version": "1.2", "creator": creator, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1, default=str) + "\n"


def _entry(asked: Asked, failed: list[str]) -> dict[str, Any]:
    return {
        "startedDateTime": datetime.fromtimestamp(asked.at, UTC).isoformat(timespec="milliseconds"),
        "time": asked.ms,
        "request": _request(asked),
        "response": _response(asked),
        "cache": {},
        "timings": {"send": 0, "wait": asked.ms, "receive": 0},
        "comment": "; ".join(failed),
    }


def _request(asked: Asked) -> dict[str, Any]:
    sent = {"authorization": "Bearer $KEY"} if asked.key else {}
    posted = {"mimeType": "application/json", "params": [], "text": _shown(asked.body or b"", asked)}
    return {
        "method": asked.method,
        "url": redaction.url(asked.url),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(sent),
        "queryString": [],
        **({} if asked.body is None else {"postData": posted}),
        "headersSize": -1,
        "bodySize": len(asked.body or b""),
    }


def _response(asked: Asked) -> dict[str, Any]:
    mime = asked.headers.get("content-type", "x-unknown")
    is_text = "json" in mime or mime.startswith("text/")
    return {
        "status": asked.status,
        "statusText": responses.get(asked.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(redaction.headers(asked.headers)),
        "content": {"size": len(asked.data), "mimeType": mime, "text": _shown(asked.data, None) if is_text else ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(asked.data),
    }


def _shown(data: bytes, asked: Asked | None) -> str:
    shown = redaction.body(data, asked.operation if asked else None)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, default=str)


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]
