"""What of the bodies of an exchange may be shown: no secret, and a digest in the place of each image."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kling_contract import redaction
from kling_contract.images import describe, is_url
from kling_contract.reading import parse, pointer_to
from kling_contract.verify.traffic.forms import told

if TYPE_CHECKING:
    from kling_contract.documents import Operation
    from kling_contract.reading import Place
    from kling_contract.verify.traffic.body import Body, Unread
    from kling_contract.verify.traffic.judging import Judged

_LEAST_IMAGE = 200  # characters of base64; nothing shorter is looked into outside an image field
_DEEPEST = 100
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Shown(NamedTuple):
    """A body as it may be shown: its text, which may be base64, or `kept`, which stands there in an unknown form.

    `unread` says why it could not be read, and was copied as it is.
    """

    text: str | None = None
    base64: bool = False
    kept: Any = None
    unread: Unread | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is anything of the body."""
        return self.text is not None or self.kept is not None


class Texts:
    """The bodies of one exchange as they may be shown, and the places of the images that stood in them."""

    def __init__(self, operation: Operation | None, hidden: Collection[str] = ()) -> None:
        self._hidden = hidden
        self._known = _names(operation) if operation else frozenset[str]()
        self._places: dict[str, dict[str, Any]] = {}

    def body(self, body: Body, schema: Mapping[str, Any]) -> Shown:
        """Return what may be shown of a body."""
        data, unread = body.read()
        if data is None:
            rest = body.rest()
            return self._rest(_as_text(rest) if isinstance(rest, bytes) else rest)._replace(unread=unread)
        value, flaws = parse(data)
        if flaws:
            return self._rest(_as_text(data))
        return Shown(_encode(self._shown(value, schema, ())).decode())

    def _rest(self, rest: Any) -> Shown:
        """Return what may be shown of a body that cannot be read, without the secrets that can be seen in it."""
        if isinstance(rest, bytes):
            return Shown(self._binary(rest), base64=True)
        if type(rest) is str:
            return Shown(_prose(rest))
        return Shown() if rest is None else Shown(kept=self._shown(told(rest), {}, ()))

    def _binary(self, data: bytes) -> str:
        """Return bytes as base64; what stands in them as plain text is redacted as a text is."""
        text = redaction.without(redaction.prose(data.decode("latin-1")), self._hidden)
        return b64encode(text.encode("latin-1")).decode()

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
        if isinstance(value, bytes):
            return {"!binary": self._binary(value)}
        if isinstance(value, Mapping):
            known = schema.get("properties", {})
            fields = {name: self._field(name, each, known.get(name, {}), place) for name, each in value.items()}
            return {name if name in known else redaction.prose(name): each for name, each in fields.items()}
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self._shown(each, items, (*place, index)) for index, each in enumerate(value)]
        return value

    def _field(self, name: str, value: Any, schema: Mapping[str, Any], place: Place) -> Any:
        """A name that sounds secret is none where the document itself calls a field so."""
        secret = redaction.is_secret(name) and name not in self._known
        return _marked(value) if secret else self._shown(value, schema, (*place, name))

    def _text(self, text: str, schema: Mapping[str, Any], place: Place) -> str:
        if text and "x-image" in schema and not is_url(text):
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
    return redaction.MARK if isinstance(value, str | bytes) else value


def _as_text(data: bytes) -> str | bytes:
    """Return bytes as a text if they are one; what is wrong with them is to be wrong with their copy."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _prose(text: str) -> str:
    return _RUN.sub(_blanked, redaction.prose(text))


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
