"""An exchange as HTTP Archive (HAR 1.2), in which no key, cookie, image or balance is left."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from kling_contract import redaction
from kling_contract.probe.telling import is_amount, without_amounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.probe.exchange import Exchange

KEY = "Bearer $KEY"
LONGEST = 20_000  # characters of a body
_HTTP = "HTTP/1.1"


def archive(exchange: Exchange, version: str) -> str:
    """Return the exchange as the text of a HAR file. Where no answer came its status is 0, as browsers have it."""
    log = {
        "version": "1.2",
        "creator": {"name": "kling-contract", "version": version},
        "entries": [_entry(exchange)],
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def sent_headers(exchange: Exchange) -> dict[str, str]:
    """Return the headers of the request, with `$KEY` for the key."""
    shown = redaction.headers(exchange.sent)
    return {name: KEY if name == "authorization" else value for name, value in shown.items()}


def received_headers(exchange: Exchange) -> dict[str, str]:
    """Return the headers of the answer, without cookies, tokens and balances."""
    shown = redaction.headers(exchange.headers)
    return {name: redaction.MARK if is_amount(name) else without_amounts(value) for name, value in shown.items()}


def address(exchange: Exchange) -> str:
    """Return the URL of the request, without a user in it."""
    parts = urlsplit(exchange.url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=redaction.query(parts.query)).geturl()


def sent_body(exchange: Exchange) -> str | None:
    """Return the body of the request; its images by what they are."""
    body = exchange.step.body
    return None if body is None else _shown(redaction.body(body, exchange.step.operation))


def received_body(exchange: Exchange) -> str:
    """Return the body of the answer: without balances, images by what they are, and cut where it is long."""
    return _shown(_without_balances(redaction.body(exchange.data, None)))


def _entry(exchange: Exchange) -> dict[str, Any]:
    started = datetime.fromtimestamp(exchange.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "startedDateTime": started,
        "time": exchange.ms,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.ms, "receive": 0},
        "comment": f"{exchange.failure}: {exchange.detail}" if exchange.failure else "",
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    url, body = address(exchange), sent_body(exchange)
    query = [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    posted: dict[str, Any] = {"mimeType": exchange.sent.get("content-type", ""), "params": [], "text": body}
    return {
        "method": exchange.step.method,
        "url": url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(sent_headers(exchange)),
        "queryString": query,
        **({} if body is None else {"postData": posted}),
        "headersSize": -1,
        "bodySize": len(exchange.step.body or b""),
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    headers = received_headers(exchange)
    text = received_body(exchange)
    mime = exchange.content_type or "x-unknown"
    return {
        "status": exchange.status,
        "statusText": reason_phrase(exchange.status),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": len(exchange.data), "mimeType": mime, "text": text},
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def reason_phrase(status: int) -> str:
    """Return the words that HTTP has for a status; none for one that it does not know."""
    return responses.get(status, "")


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _without_balances(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: redaction.MARK if is_amount(key) else _without_balances(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_balances(each) for each in value]
    return without_amounts(value) if isinstance(value, str) else value


def _shown(body: Any) -> str:
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
