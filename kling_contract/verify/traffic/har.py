"""An entry of an HTTP Archive (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/) as an exchange.

Browsers, mitmproxy and Polly.js write it; bodies are texts with their compression taken off, or base64.
"""

from __future__ import annotations

from typing import Any

from kling_contract.headers import folded
from kling_contract.verify.traffic.exchange import Body, Exchange, Flaw, moment, span

UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"  # a HAR must have a time, and some recordings have none


def exchange(index: int, entry: Any) -> Exchange | Flaw:
    """Return the exchange of an entry, or what it lacks."""
    sent, answer = _part(entry, "request"), _part(entry, "response")
    if not isinstance(sent.get("url"), str):
        return Flaw(index, "", "the entry has no request.url")
    if type(answer.get("status")) is not int:
        return Flaw(index, "", "the entry has no response.status")
    headers, answered = _headers(sent), _headers(answer)
    started = entry.get("startedDateTime")
    return Exchange(
        index=index,
        method=str(sent.get("method", "GET")).upper(),
        url=sent["url"],
        headers=headers,
        body=_body(_part(sent, "postData"), headers, absent=_is_empty(sent)),
        status=max(answer["status"], 0),
        answer_headers=answered,
        answer=_body(_part(answer, "content"), answered, absent=_is_empty(answer)),
        started=None if started == UNKNOWN_TIME else moment(started),
        took=span(entry.get("time")),
        error=str(answer.get("_error") or entry.get("_error") or ""),
        ordered=entry.get("_ordered") is True,
        images=_images(entry.get("_images")),
    )


def _images(told: Any) -> tuple[dict[str, Any], ...]:
    """Return what a redacted copy tells of images, as far as it has the form in which it was written."""
    return tuple(each for each in told if _is_image(each)) if isinstance(told, list) else ()


def _is_image(told: Any) -> bool:
    violations = told.get("violations") if isinstance(told, dict) else None
    return isinstance(violations, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(name), str) for name in ("pointer", "rule", "message"))
        for each in violations
    )


def _part(node: Any, key: str) -> dict[str, Any]:
    found = node.get(key) if isinstance(node, dict) else None
    return found if isinstance(found, dict) else {}


def _headers(message: dict[str, Any]) -> dict[str, str]:
    listed = message.get("headers")
    named = (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()
    return folded((each["name"], str(each.get("value", ""))) for each in named if isinstance(each.get("name"), str))


def _is_empty(message: dict[str, Any]) -> bool:
    return message.get("bodySize") == 0


def _body(content: dict[str, Any], headers: dict[str, str], *, absent: bool) -> Body:
    """Return a body; one without a text is empty if the sizes say so, else it was not recorded."""
    text = content.get("text")
    if not isinstance(text, str):
        return Body("" if absent else None)
    return Body(text, base64=content.get("encoding") == "base64", coding=headers.get("content-encoding", ""))
