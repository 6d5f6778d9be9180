"""HTTP Archives (HAR 1.2). What an entry is given must be fit to be shown: nothing is hidden here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HTTP = "HTTP/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One exchange: `at` is Unix time in seconds, `ms` its milliseconds, headers go by lower-case names.

    `posted` is the body of the request as text (None: it has none), `text` that of the answer. Sizes are bytes. Where
    no answer came, `status` is 0, as browsers have it.
    """

    at: float
    ms: int
    method: str
    url: str
    sent: Mapping[str, str]
    posted: str | None
    posted_size: int
    status: int
    received: Mapping[str, str]
    text: str
    size: int
    comment: str = ""


def archive(entries: Iterable[Entry], version: str, *, comment: str = "") -> str:
    """Return the text of an archive, written by this version of ours."""
    creator = {"name": "kling-contract", "version": version}
    log = {"version": "1.2", "creator": creator, "entries": [_entry(each) for each in entries]}
    log |= {"comment": comment} if comment else {}
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def _entry(entry: Entry) -> dict[str, Any]:
    started = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "startedDateTime": started,
        "time": entry.ms,
        "request": _request(entry),
        "response": _response(entry),
        "cache": {},
        "timings": {"send": 0, "wait": entry.ms, "receive": 0},
        "comment": entry.comment,
    }


def _request(entry: Entry) -> dict[str, Any]:
    query = parse_qsl(urlsplit(entry.url).query, keep_blank_values=True)
    posted: dict[str, Any] = {"mimeType": entry.sent.get("content-type", ""), "params": [], "text": entry.posted}
    return {
        "method": entry.method,
        "url": entry.url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(entry.sent.items()),
        "queryString": _pairs(query),
        **({} if entry.posted is None else {"postData": posted}),
        "headersSize": -1,
        "bodySize": entry.posted_size,
    }


def _response(entry: Entry) -> dict[str, Any]:
    mime = entry.received.get("content-type", "x-unknown")
    return {
        "status": entry.status,
        "statusText": phrase(entry.status),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(entry.received.items()),
        "content": {"size": entry.size, "mimeType": mime, "text": entry.text},
        "redirectURL": entry.received.get("location", ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def phrase(status: int) -> str:
    """Return the words that HTTP has for a status; none for one that it does not know."""
    return responses.get(status, "")


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]
