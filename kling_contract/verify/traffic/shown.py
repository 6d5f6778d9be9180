"""What of the bodies of an exchange may be shown: no secret, and a digest in the place of each image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kling_contract.reading import parse
from kling_contract.redaction import words_of
from kling_contract.verify.traffic.discreet import Bodies, UnknownForms, names_of
from kling_contract.verify.traffic.forms import told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kling_contract.redaction import Hidden
    from kling_contract.verify.traffic.body import Body, Unread
    from kling_contract.verify.traffic.findings import Seen
    from kling_contract.verify.traffic.judging import Judged

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
    """The bodies of one exchange as they may be shown, and the places of the images that stood in them.

    `hidden` is shown nowhere, and `kept` are names of which a person wants to see the values.
    """

    def __init__(self, seen: Seen | None, hidden: Hidden, kept: Collection[str] = ()) -> None:
        operation = seen.operation if seen else None
        words = words_of(operation) if operation else ()
        known = names_of(seen.provider, seen.operation) if seen else frozenset[str]()
        callback = operation.callback_field if operation else None
        self._sent = Bodies(callback=callback, words=words, hidden=hidden, kept=kept)
        self._told = Bodies(known, words=words, hidden=hidden, kept=kept)
        self._loose = UnknownForms(known, words=words, hidden=hidden, kept=kept, strict=False)

    def sent(self, body: Body, schema: Mapping[str, Any], content_type: str) -> Shown:
        """Return what may be shown of the body of a request."""
        return self._body(body, self._sent, schema, content_type)

    def answered(self, body: Body, content_type: str) -> Shown:
        """Return what may be shown of the body of an answer."""
        return self._body(body, self._told, {}, content_type)

    def _body(self, body: Body, shows: Bodies, schema: Mapping[str, Any], content_type: str) -> Shown:
        data, unread = body.read()
        if data is None:
            rest = body.rest()
            rest = _as_text(rest) if isinstance(rest, bytes) else rest
            return self._rest(rest, shows, schema, content_type)._replace(unread=unread)
        value, flaws = parse(data)
        if flaws:
            return self._rest(_as_text(data), shows, schema, content_type)
        return Shown(_encode(shows.value(value, schema)).decode())

    def _rest(self, rest: Any, shows: Bodies, schema: Mapping[str, Any], content_type: str) -> Shown:
        """Return what may be shown of a body that cannot be read, without the secrets that can be seen in it."""
        if isinstance(rest, bytes):
            return Shown(shows.binary(rest, content_type, schema), base64=True)
        if type(rest) is str:
            shown = shows.posted(rest, content_type, schema)
            was_mended = rest and not parse(shown.encode("utf-8", "surrogatepass"))[1]
            return Shown("*" * len(rest) if was_mended else shown)
        return Shown() if rest is None else Shown(kept=self._loose.value(told(rest), schema))

    def images(self, judged: Judged) -> list[dict[str, Any]]:
        """Return the images that were replaced in the request, each with what the gate found of it."""
        places = self._sent.places
        for finding in judged.findings:
            place = places.get(finding.violation.pointer)
            if place is not None and finding.side == "request" and finding.violation.rule.startswith("image."):
                place["violations"].append(finding.violation.as_dict())
        return list(places.values())


def _as_text(data: bytes) -> str | bytes:
    """Return bytes as a text if they are one; what is wrong with them is to be wrong with their copy."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
