"""A copy of a recording that is fit to be sent to a vendor, as a HAR.

Of exchanges with a provider it keeps what they say, without keys, cookies and the values of signed queries; images
become digests, and what the gate found of them is written beside the entry (`_images`), so that the copy is judged as
the recording was. Of a path that no operation has, the method, the URL and the status remain; of all else only its
place in the list.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from kling_contract import redaction
from kling_contract.images import describe, is_url
from kling_contract.reading import parse, pointer_to
from kling_contract.verify.traffic.har import UNKNOWN_TIME

if TYPE_CHECKING:
    from kling_contract.documents import Operation
    from kling_contract.reading import Place
    from kling_contract.verify.traffic.exchange import Body, Exchange
    from kling_contract.verify.traffic.findings import Seen
    from kling_contract.verify.traffic.following import Result
    from kling_contract.verify.traffic.judging import Judged

_LEAST_IMAGE = 200  # characters of base64; nothing shorter is looked into outside an image field
_DEEPEST = 100
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
_NOBODY = "https://removed.invalid/"
_FOREIGN = "left out: neither the request of an operation nor of a result"
_UNKNOWN = "without headers and bodies: no operation has such a path"
_UNREAD = "left out: not readable"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class RedactedCopy:
    """Writes a HAR to a text file, entry by entry; `close` makes it whole.

    `left_out` counts the entries that are not written as they were, by the reason, which is their comment too.
    """

    def __init__(self, file: TextIO, version: str) -> None:
        self._file, self._separator = file, "\n"
        self.left_out: Counter[str] = Counter()
        creator = json.dumps({"name": "kling-contract check-traffic --redact", "version": version})
        file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')

    def add(self, exchange: Exchange, seen: Seen | None, judged: Judged | None, result: Result | None) -> None:
        """Write an exchange; see `inspection.Copy`."""
        if seen is not None or result is not None:
            self._write(_entry(exchange, seen, judged))
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
        self._write(entry | {"comment": reason})

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(self._separator + json.dumps(entry, ensure_ascii=False))
        self._separator = ",\n"

    def close(self) -> None:
        """End the file."""
        self._file.write("\n]}}\n")


def _entry(exchange: Exchange, seen: Seen | None, judged: Judged | None) -> dict[str, Any]:
    address, mark, asked = exchange.url.partition("?")
    operation = seen.operation if seen else None
    hidden = redaction.secrets(exchange.headers, asked)
    query = _query(asked, operation) if operation else redaction.url(f"?{asked}").removeprefix("?")
    texts = _Texts(operation)
    sent = texts.body(exchange.body, (operation.request if operation else None) or {})
    answer = texts.body(exchange.answer, {}) if operation else _digest(exchange.answer)
    milliseconds = round((exchange.took or 0) * 1000, 3)
    images = texts.images(judged) if judged else []
    extras = {"_images": images, "_error": redaction.prose(exchange.error), "_ordered": exchange.ordered}
    request = {
        **_message(exchange.headers, sent),
        "method": exchange.method,
        "url": f"{_address(address)}{mark}{query}",
        "queryString": [],
    }
    if sent is not None:
        request["postData"] = {"mimeType": exchange.headers.get("content-type", ""), "text": sent}
    entry = {
        "startedDateTime": _time(exchange.started),
        "time": milliseconds,
        "request": request,
        "response": {
            **_message(exchange.answer_headers, answer),
            "status": exchange.status,
            "statusText": "",
            "content": {"size": -1, "mimeType": exchange.content_type} | ({} if answer is None else {"text": answer}),
            "redirectURL": "",
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        **{name: value for name, value in extras.items() if value},
    }
    shown: dict[str, Any] = redaction.without(entry, hidden)
    return shown


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


def _message(headers: Mapping[str, str], body: str | None) -> dict[str, Any]:
    kept = {name: redaction.prose(value) for name, value in headers.items() if name != "content-encoding"}
    shown = redaction.headers(kept)
    listed = [{"name": name, "value": value} for name, value in shown.items()]
    size = -1 if body is None else len(body.encode("utf-8", "replace"))
    return {"httpVersion": "HTTP/1.1", "cookies": [], "headers": listed, "headersSize": -1, "bodySize": size}


def _removed() -> dict[str, Any]:
    """Return the entry that stands for what has nothing to do with a provider, so that the others keep their places."""
    sent = {**_message({}, None), "method": "GET", "url": _NOBODY, "queryString": []}
    answer = {**_message({}, None), "status": 0, "statusText": "", "content": {"size": 0, "mimeType": ""}}
    timings = {"send": 0, "wait": 0, "receive": 0}
    times = {"startedDateTime": UNKNOWN_TIME, "time": 0, "cache": {}, "timings": timings}
    return {**times, "request": sent, "response": {**answer, "redirectURL": ""}}


def _time(started: float | None) -> str:
    return UNKNOWN_TIME if started is None else datetime.fromtimestamp(started, UTC).isoformat()


def _digest(body: Body) -> str | None:
    """Return what is kept of a result file."""
    data, _ = body.read()
    return None if data is None else f"[{len(data)} bytes sha256:{hashlib.sha256(data).hexdigest()}]"


class _Texts:
    """The bodies of one exchange as they may be shown, and the places of the images that stood in them."""

    def __init__(self, operation: Operation | None) -> None:
        self._known = _names(operation) if operation else frozenset[str]()
        self._places: dict[str, dict[str, Any]] = {}

    def body(self, body: Body, schema: Mapping[str, Any]) -> str | None:
        """Return the text of a body, or None where there is none to read."""
        data, _ = body.read()
        if data is None:
            return None
        value, flaws = parse(data)
        if flaws:
            return _RUN.sub(_blanked, redaction.prose(data.decode("utf-8", "replace")))
        return _encode(self._shown(value, schema, ())).decode()

    def images(self, judged: Judged) -> list[dict[str, Any]]:
        """Return the images that were replaced in the request, each with what the gate found of it."""
        for finding in judged.findings:
            place = self._places.get(finding.violation.pointer)
            if place is not None and finding.side == "request" and finding.violation.rule.startswith("image."):
                place["violations"].append(finding.violation.as_dict())
        return list(self._places.values())

    def _shown(self, value: Any, schema: Mapping[str, Any], place: Place) -> Any:
        if len(place) > _DEEPEST:
            return "..."
        if isinstance(value, str):
            return self._text(value, schema, place)
        if isinstance(value, Mapping):
            known = schema.get("properties", {})
            return {name: self._field(name, each, known.get(name, {}), place) for name, each in value.items()}
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self._shown(each, items, (*place, index)) for index, each in enumerate(value)]
        return value

    def _field(self, name: str, value: Any, schema: Mapping[str, Any], place: Place) -> Any:
        """A name that sounds secret is none where the document itself calls a field so."""
        secret = redaction.is_secret(name) and name not in self._known
        return _marked(value) if secret else self._shown(value, schema, (*place, name))

    def _text(self, text: str, schema: Mapping[str, Any], place: Place) -> str:
        if "x-image" in schema and not is_url(text):
            digest = f"[image {_in_words(text)}]"
            self._places[pointer_to(place)] = {"pointer": pointer_to(place), "image": digest, "violations": []}
            return digest
        if len(text) >= _LEAST_IMAGE and describe(text).get("type", "unknown") != "unknown":
            return f"[image {_in_words(text)}]"
        return redaction.prose(text)


def _marked(value: Any) -> Any:
    """Return what a secret field holds without its texts, and otherwise of the same form."""
    if isinstance(value, Mapping):
        return {name: _marked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return redaction.MARK if isinstance(value, str) else value


def _blanked(run: re.Match[str]) -> str:
    """Keep the length of what may be an image, so that what is wrong with the text is still at the same place."""
    return "*" * len(run[0])


def _in_words(text: str) -> str:
    about = describe(text)
    if "type" in about:
        return "{type} {width}x{height} {bytes} bytes sha256:{sha256}".format_map(about)
    return f"of {len(text)} characters, sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _names(operation: Operation) -> frozenset[str]:
    """Return the names of the fields that the document gives to requests and answers."""
    return frozenset(_keys(operation.envelope.template)) | frozenset(operation.properties)


def _keys(template: Any) -> list[str]:
    if not isinstance(template, Mapping):
        return []
    return [name for key, part in template.items() for name in (str(key), *_keys(part))]
