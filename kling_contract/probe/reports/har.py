"""An exchange as HTTP Archive (HAR 1.2), in which no key, cookie, image or balance is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kling_contract import har, redaction
from kling_contract.har import Entry
from kling_contract.probe.telling import is_amount, without_amounts

if TYPE_CHECKING:
    from kling_contract.probe.exchange import Exchange

KEY = "Bearer $KEY"
LONGEST = 20_000  # characters of a body


def archive(exchange: Exchange, version: str) -> str:
    """Return the exchange as the text of a HAR file."""
    entry = Entry(
        at=exchange.at,
        ms=exchange.ms,
        method=exchange.step.method,
        url=address(exchange),
        sent=sent_headers(exchange),
        posted=sent_body(exchange),
        posted_size=len(exchange.step.body or b""),
        status=exchange.status,
        received=received_headers(exchange),
        text=received_body(exchange),
        size=len(exchange.data),
        comment=f"{exchange.failure}: {exchange.detail}" if exchange.failure else "",
    )
    return har.archive([entry], version)


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


def _without_balances(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: redaction.MARK if is_amount(key) else _without_balances(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_balances(each) for each in value]
    return without_amounts(value) if isinstance(value, str) else value


def _shown(body: Any) -> str:
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
