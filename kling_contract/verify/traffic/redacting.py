"""A copy of a recording that is fit to be sent to a vendor, as a HAR.

Of exchanges with a provider it keeps what they say, without keys, cookies and the values of signed queries; images
become digests, and what the gate found of them is written beside the entry (`_images`), so that the copy is judged as
the recording was. Of a path that no operation has, the method, the URL and the status remain; of all else only its
place in the list.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract import redaction
from kling_contract.verify.traffic.body import REASONS
from kling_contract.verify.traffic.har import UNKNOWN_TIME
from kling_contract.verify.traffic.pens import HarPen, Pen
from kling_contract.verify.traffic.secrets import Secrets
from kling_contract.verify.traffic.shown import Shown, Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TextIO

    from kling_contract.redaction import Hidden
    from kling_contract.verify.traffic.body import Body, Unread
    from kling_contract.verify.traffic.exchange import Exchange
    from kling_contract.verify.traffic.findings import Seen
    from kling_contract.verify.traffic.following import Result
    from kling_contract.verify.traffic.judging import Judged
    from kling_contract.verify.traffic.matching import Match

_NOBODY = "https://removed.invalid/"
_FOREIGN = "left out: neither the request of an operation nor of a result"
_UNKNOWN = "without headers and bodies: no operation has such a path"
_UNREAD = "left out: not readable"
_STRUCTURAL = frozenset({"content-type", "content-encoding", "content-length", "date", "retry-after"})
_TYPE = re.compile(
    r"[\w.+*-]{1,60}/[\w.+*-]{1,60}(?:;\s?charset=[\w-]{1,20})?|[a-z, -]{1,60}|\d{1,12}|[A-Z][a-z]{2}, [\w :]{20,30}"
)
_STALE = frozenset({"content-encoding", "content-length"})  # headers that are true of no copy


class RedactedCopy:
    """Writes a copy to a text file, entry by entry, with a pen (of a HAR by default); `close` makes it whole.

    `left_out` counts the entries that are not written as they were, by the reason, which is their comment too.
    `copied_unread` counts the bodies that nobody could read and that are copied as they are, by part and reason.
    `keep` names the headers, parameters and fields that no document knows and whose values are shown all the same.
    """

    def __init__(self, file: TextIO, version: str, pen: type[Pen] = HarPen, *, keep: Collection[str] = ()) -> None:
        self._pen, self._kept = pen(file, version), frozenset(name.lower() for name in keep)
        self._secrets = Secrets(self._kept)
        self.left_out: Counter[str] = Counter()
        self.copied_unread: Counter[str] = Counter()

    def foresee(self, exchange: Exchange, match: Match | None) -> None:
        """Take note of the secrets of an exchange, which may stand in any other."""
        self._secrets.foresee(exchange, match)

    def add(self, exchange: Exchange, seen: Seen | None, judged: Judged | None, result: Result | None) -> None:
        """Write an exchange; see `inspection.Copy`."""
        if seen is not None or result is not None:
            entry, unread = _Entry(exchange, seen, self._secrets.hidden, self._kept).copied(judged)
            self.copied_unread.update(unread)
            self._pen.write(entry)
        else:
            self._leave_out(_removed(), _FOREIGN)

    def unknown(self, exchange: Exchange) -> None:
        """Write what is known of an exchange with a provider at a path that no operation has."""
        self._leave_out(_outline(exchange, self._secrets.hidden), _UNKNOWN)

    def unread(self) -> None:
        """Write an entry in the place of one that cannot be read."""
        self._leave_out(_removed(), _UNREAD)

    def _leave_out(self, entry: dict[str, Any], reason: str) -> None:
        self.left_out[reason] += 1
        self._pen.write(entry | {"comment": reason})

    def close(self) -> None:
        """End the file."""
        self._pen.close()


class _Entry:
    """The copy of one exchange."""

    def __init__(self, exchange: Exchange, seen: Seen | None, hidden: Hidden, kept: Collection[str]) -> None:
        self._exchange, self._seen, self._hidden, self._kept = exchange, seen, hidden, kept
        self._operation = seen.operation if seen else None

    def copied(self, judged: Judged | None) -> tuple[dict[str, Any], list[str]]:
        """Return the entry, and what in it is copied unread."""
        exchange, texts = self._exchange, Texts(self._seen, self._hidden, self._kept)
        sent = texts.sent(exchange.body, self._schema(), exchange.headers.get("content-type", ""))
        answer = texts.answered(exchange.answer, exchange.content_type) if self._seen else _digest(exchange.answer)
        milliseconds = round((exchange.took or 0) * 1000, 3)
        entry = {
            "startedDateTime": _time(exchange.started),
            "time": milliseconds,
            "request": {
                **self._message(exchange.headers, sent),
                "method": exchange.method,
                "url": self._url(),
                "queryString": [],
                **self._post_data(sent),
            },
            "response": {
                **self._message(exchange.answer_headers, answer),
                "status": exchange.status,
                "statusText": "",
                "content": {"size": -1, "mimeType": self._structural(exchange.content_type)} | _text(answer),
                "redirectURL": "",
            },
            "cache": {},
            "timings": {"send": 0, "wait": milliseconds, "receive": 0},
            **self._extras(texts, judged),
        }
        unread = self._unread(sent, answer)
        if unread:
            entry["_unjudged"] = {part: told._asdict() for part, told in unread.items()}
        there = {"request": sent.is_there, "answer": answer.is_there}
        return entry, [f"{part}: {REASONS[told.reason]}" for part, told in unread.items() if there[part]]

    def _schema(self) -> Mapping[str, Any]:
        return redaction.request_of(self._operation)

    def _url(self) -> str:
        address, mark, asked = self._exchange.url.partition("?")
        if self._operation is None:
            # A result is found again by its URL, so that the path stays as it stands in the answer.
            return self._prose(redaction.url(self._exchange.url))
        literal = frozenset(self._operation.path.split("/"))
        value = self._seen.value if self._seen else ""
        return f"{redaction.address(address, self._hidden, literal, value)}{mark}{self._query(asked)}"

    def _query(self, asked: str) -> str:
        """Return a query with the values of those parameters that the document names, and of no other."""
        named = {each["name"] for each in self._operation.parameters} if self._operation else set()
        return "&".join(self._pair(part, named) for part in asked.partition("#")[0].split("&"))

    def _pair(self, part: str, named: Collection[str]) -> str:
        name, equals, _ = part.partition("=")
        if name in named or name.lower() in self._kept or not part:
            return self._hidden.text(part)
        if not equals:
            return redaction.MARK
        known = name == redaction.MARK or (redaction.is_word(name) and self._hidden.text(name) == name)
        return f"{name if known else redaction.MARK}={redaction.MARK}"

    def _message(self, headers: Mapping[str, str], body: Shown) -> dict[str, Any]:
        stale = frozenset[str]() if body.unread else _STALE
        listed = [self._header(name, value) for name, value in headers.items() if name not in stale]
        sizes = {"headersSize": -1, "bodySize": -1}  # what was redacted has another size
        kept_as = {} if body.kept is None else {"_body": body.kept}
        return {"httpVersion": "HTTP/1.1", "cookies": [], "headers": listed, **sizes, **kept_as}

    def _header(self, name: str, value: str) -> dict[str, str]:
        if name in _STRUCTURAL:
            return {"name": name, "value": self._structural(value)}
        if name in self._kept:
            return {"name": name, "value": self._hidden.text(value)}
        shown = redaction.header(name, value, known=name in self._documented)
        known = redaction.is_harmless(name) or name in self._documented
        said = name if known or (redaction.is_word(name) and self._hidden.text(name) == name) else redaction.MARK
        return {"name": said, "value": shown if shown == redaction.MARK else self._prose(shown)}

    @cached_property
    def _documented(self) -> Collection[str]:
        """The headers that the document gives to answers, in lower case."""
        rows = self._seen.provider.errors.values() if self._seen else ()
        return frozenset(name.lower() for row in rows for name in row.headers)

    def _structural(self, value: str) -> str:
        """Return a header that says how to read the rest; one that has the form of a type or a time is no secret."""
        return value if _TYPE.fullmatch(value) else self._prose(value)

    def _post_data(self, sent: Shown) -> dict[str, Any]:
        if sent.text is None:
            return {}
        kind = self._structural(self._exchange.headers.get("content-type", ""))
        return {"postData": {"mimeType": kind, **_text(sent)}}

    def _extras(self, texts: Texts, judged: Judged | None) -> dict[str, Any]:
        images = self._hidden.tree(texts.images(judged)) if judged else []
        told = {"_images": images, "_error": self._prose(self._exchange.error), "_ordered": self._exchange.ordered}
        return {name: value for name, value in told.items() if value}

    def _unread(self, sent: Shown, answer: Shown) -> dict[str, Unread]:
        """Return why bodies could not be read, without what looks like a key."""
        found = {"request": sent.unread, "answer": answer.unread}
        return {
            part: told._replace(message=self._prose(told.message)) for part, told in found.items() if told is not None
        }

    def _prose(self, text: str) -> str:
        return redaction.prose(self._hidden.text(text))


def _text(body: Shown) -> dict[str, str]:
    if body.text is None:
        return {}
    return {"text": body.text, "encoding": "base64"} if body.base64 else {"text": body.text}


def _outline(exchange: Exchange, hidden: Hidden) -> dict[str, Any]:
    """Return an exchange without its headers, its bodies and the values of its query."""
    address, _, asked = exchange.url.partition("?")
    query = redaction.url(f"?{asked}") if asked else ""
    empty, milliseconds = _removed(), round((exchange.took or 0) * 1000, 3)
    url = f"{redaction.address(address, hidden)}{hidden.text(query)}"
    return empty | {
        "startedDateTime": _time(exchange.started),
        "time": milliseconds,
        "request": empty["request"] | {"method": exchange.method, "url": url},
        "response": empty["response"] | {"status": exchange.status},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _removed() -> dict[str, Any]:
    """Return the entry that stands for what has nothing to do with a provider, so that the others keep their places."""
    empty: dict[str, Any] = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": [], "headersSize": -1, "bodySize": -1}
    sent = {**empty, "method": "GET", "url": _NOBODY, "queryString": []}
    answer = {**empty, "status": 0, "statusText": "", "content": {"size": 0, "mimeType": ""}}
    timings = {"send": 0, "wait": 0, "receive": 0}
    times = {"startedDateTime": UNKNOWN_TIME, "time": 0, "cache": {}, "timings": timings}
    return {**times, "request": sent, "response": {**answer, "redirectURL": ""}}


def _time(started: float | None) -> str:
    return UNKNOWN_TIME if started is None else datetime.fromtimestamp(started, UTC).isoformat()


def _digest(body: Body) -> Shown:
    """Return what is kept of a result file."""
    data, _ = body.read()
    return Shown() if data is None else Shown(f"[{len(data)} bytes sha256:{hashlib.sha256(data).hexdigest()}]")
