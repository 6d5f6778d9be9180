"""A copy of a recording that is fit to be sent to a vendor, as a HAR.

Of exchanges with a provider it keeps what they say, without keys, cookies and the values of signed queries; images
become digests, and what the gate found of them is written beside the entry (`_images`), so that the copy is judged as
the recording was. Of a path that no operation has, the method, the URL and the status remain; of all else only its
place in the list.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kling_contract import redaction
from kling_contract.verify.traffic.body import REASONS
from kling_contract.verify.traffic.har import UNKNOWN_TIME
from kling_contract.verify.traffic.pens import HarPen, Pen
from kling_contract.verify.traffic.shown import Shown, Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TextIO

    from kling_contract.documents import Operation
    from kling_contract.verify.traffic.body import Body, Unread
    from kling_contract.verify.traffic.exchange import Exchange
    from kling_contract.verify.traffic.findings import Seen
    from kling_contract.verify.traffic.following import Result
    from kling_contract.verify.traffic.judging import Judged

_NOBODY = "https://removed.invalid/"
_FOREIGN = "left out: neither the request of an operation nor of a result"
_UNKNOWN = "without headers and bodies: no operation has such a path"
_UNREAD = "left out: not readable"
_STALE = frozenset({"content-encoding", "content-length"})  # headers that are true of no copy


class RedactedCopy:
    """Writes a copy to a text file, entry by entry, with a pen (of a HAR by default); `close` makes it whole.

    `left_out` counts the entries that are not written as they were, by the reason, which is their comment too.
    `copied_unread` counts the bodies that nobody could read and that are copied as they are, by part and reason.
    """

    def __init__(self, file: TextIO, version: str, pen: type[Pen] = HarPen) -> None:
        self._pen = pen(file, version)
        self.left_out: Counter[str] = Counter()
        self.copied_unread: Counter[str] = Counter()

    def add(self, exchange: Exchange, seen: Seen | None, judged: Judged | None, result: Result | None) -> None:
        """Write an exchange; see `inspection.Copy`."""
        if seen is not None or result is not None:
            entry, unread = _entry(exchange, seen, judged)
            self.copied_unread.update(unread)
            self._pen.write(entry)
        else:
            self._leave_out(_removed(), _FOREIGN)

    def unknown(self, exchange: Exchange) -> None:
        """Write what is known of an exchange with a provider at a path that no operation has."""
        self._leave_out(_outline(exchange), _UNKNOWN)

    def unread(self) -> None:
        """Write an entry in the place of one that cannot be read."""
        self._leave_out(_removed(), _UNREAD)

    def _leave_out(self, entry: dict[str, Any], reason: str) -> None:
        self.left_out[reason] += 1
        self._pen.write(entry | {"comment": reason})

    def close(self) -> None:
        """End the file."""
        self._pen.close()


def _entry(exchange: Exchange, seen: Seen | None, judged: Judged | None) -> tuple[dict[str, Any], list[str]]:
    """Return the copy of an exchange, and what in it is copied unread."""
    address, mark, asked = exchange.url.partition("?")
    operation = seen.operation if seen else None
    hidden = redaction.secrets(exchange.headers, asked)
    query = _query(asked, operation) if operation else redaction.url(f"?{asked}").removeprefix("?")
    texts = Texts(operation, hidden)
    sent = texts.body(exchange.body, (operation.request if operation else None) or {})
    answer = texts.body(exchange.answer, {}) if operation else _digest(exchange.answer)
    milliseconds = round((exchange.took or 0) * 1000, 3)
    entry = {
        "startedDateTime": _time(exchange.started),
        "time": milliseconds,
        "request": {
            **_message(exchange.headers, sent),
            "method": exchange.method,
            "url": f"{_address(address)}{mark}{query}",
            "queryString": [],
            **_post_data(exchange, sent),
        },
        "response": {
            **_message(exchange.answer_headers, answer),
            "status": exchange.status,
            "statusText": "",
            "content": {"size": -1, "mimeType": exchange.content_type} | _text(answer),
            "redirectURL": "",
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        **_extras(exchange, texts, judged),
    }
    unread = _unread(sent, answer)
    if unread:
        entry["_unjudged"] = {part: told._asdict() for part, told in unread.items()}
    shown: dict[str, Any] = redaction.without(entry, hidden)
    there = {"request": sent.is_there, "answer": answer.is_there}
    return shown, [f"{part}: {REASONS[told.reason]}" for part, told in unread.items() if there[part]]


def _extras(exchange: Exchange, texts: Texts, judged: Judged | None) -> dict[str, Any]:
    images = texts.images(judged) if judged else []
    told = {"_images": images, "_error": redaction.prose(exchange.error), "_ordered": exchange.ordered}
    return {name: value for name, value in told.items() if value}


def _unread(sent: Shown, answer: Shown) -> dict[str, Unread]:
    """Return why bodies could not be read, without what looks like a key."""
    found = {"request": sent.unread, "answer": answer.unread}
    return {
        part: told._replace(message=redaction.prose(told.message)) for part, told in found.items() if told is not None
    }


def _post_data(exchange: Exchange, sent: Shown) -> dict[str, Any]:
    if sent.text is None:
        return {}
    return {"postData": {"mimeType": exchange.headers.get("content-type", ""), **_text(sent)}}


def _text(body: Shown) -> dict[str, str]:
    if body.text is None:
        return {}
    return {"text": body.text, "encoding": "base64"} if body.base64 else {"text": body.text}


def _outline(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange without its headers, its bodies and the values of its query."""
    address, _, asked = exchange.url.partition("?")
    query = redaction.url(f"?{asked}") if asked else ""
    empty, milliseconds = _removed(), round((exchange.took or 0) * 1000, 3)
    entry = empty | {
        "startedDateTime": _time(exchange.started),
        "time": milliseconds,
        "request": empty["request"] | {"method": exchange.method, "url": f"{_address(address)}{query}"},
        "response": empty["response"] | {"status": exchange.status},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    shown: dict[str, Any] = redaction.without(entry, redaction.secrets(exchange.headers, asked))
    return shown


def _address(address: str) -> str:
    return redaction.prose(redaction.url(address))


def _query(asked: str, operation: Operation) -> str:
    """Return a query with the values of those parameters that the document names, and of no other."""
    known = {each["name"] for each in operation.parameters}
    return "&".join(_pair(part, known) for part in asked.partition("#")[0].split("&"))


def _pair(part: str, known: Collection[str]) -> str:
    name, equals, _ = part.partition("=")
    if name in known or not part:
        return part
    return f"{name}={redaction.MARK}" if equals else redaction.MARK


def _message(headers: Mapping[str, str], body: Shown) -> dict[str, Any]:
    stale = frozenset[str]() if body.unread else _STALE
    kept = {name: redaction.prose(value) for name, value in headers.items() if name not in stale}
    shown = redaction.headers(kept)
    listed = [{"name": name, "value": value} for name, value in shown.items()]
    sizes = {"headersSize": -1, "bodySize": -1}  # what was redacted has another size
    kept_as = {} if body.kept is None else {"_body": body.kept}
    return {"httpVersion": "HTTP/1.1", "cookies": [], "headers": listed, **sizes, **kept_as}


def _removed() -> dict[str, Any]:
    """Return the entry that stands for what has nothing to do with a provider, so that the others keep their places."""
    sent = {**_message({}, Shown()), "method": "GET", "url": _NOBODY, "queryString": []}
    answer = {**_message({}, Shown()), "status": 0, "statusText": "", "content": {"size": 0, "mimeType": ""}}
    timings = {"send": 0, "wait": 0, "receive": 0}
    times = {"startedDateTime": UNKNOWN_TIME, "time": 0, "cache": {}, "timings": timings}
    return {**times, "request": sent, "response": {**answer, "redirectURL": ""}}


def _time(started: float | None) -> str:
    return UNKNOWN_TIME if started is None else datetime.fromtimestamp(started, UTC).isoformat()


def _digest(body: Body) -> Shown:
    """Return what is kept of a result file."""
    data, _ = body.read()
    return Shown() if data is None else Shown(f"[{len(data)} bytes sha256:{hashlib.sha256(data).hexdigest()}]")
