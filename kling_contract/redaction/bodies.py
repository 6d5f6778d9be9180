"""What is kept and shown of the bodies of an exchange that a server had: no secret, no image, nothing endless."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from kling_contract.images import describe, is_url, read_header
from kling_contract.images.texts import HEAD, decoded
from kling_contract.redaction.credentials import of_body, of_text
from kling_contract.redaction.discretion import Discretion
from kling_contract.redaction.hiding import CUT, Hidden
from kling_contract.redaction.known import fields_of, request_of, words_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from kling_contract.documents import Operation
    from kling_contract.redaction.discretion import Place
    from kling_contract.redaction.known import Schema

SMALL = 4096  # bytes of a body that are kept as they came

_RUN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
_LONGEST_TEXT = 2000
_LONGEST_LOOK = 2 * SMALL  # characters of a text in which secrets are looked for; what is shown is shorter
_NOTHING = Hidden(())
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder().decode


class Fit(bytes):
    """A body that was read and may be shown as it is, with the `secrets` that stood in it."""

    secrets: tuple[str, ...] = ()


class _Brief(Discretion):
    """Shows the beginning of long texts and lists, and images by what they are; `digest` costs a hash of each."""

    most_items = 100
    deepest = 20
    digest = True

    def text(self, text: str, schema: Schema, place: Place) -> Any:
        image = self.image(text, schema, place)
        if image is not None:
            return image
        if len(text) <= _LONGEST_TEXT:
            return _RUN.sub(_counted, str(super().text(text, schema, place)))
        cut = CUT.search(text[-60:])
        if cut:
            return f"{self._beginning(text[: -len(cut[0])])}{cut[0]}"
        return f"{self._beginning(text)}... ({len(text)} characters)"

    def _beginning(self, text: str) -> str:
        """Return the beginning of a text; what is hidden of it reaches beyond, so that no secret is cut in two."""
        return _RUN.sub(_counted, self.said(text[:_LONGEST_LOOK]))[:_LONGEST_TEXT]

    def image(self, text: str, schema: Schema, place: Place) -> Any:
        if is_url(text) or not ("x-image" in schema or len(text) > _LONGEST_TEXT):
            return None
        found = describe(text) if self.digest else outline(text)
        return found if "type" in found else None


class _Quick(_Brief):
    digest = False


def kept(data: bytes) -> bytes:
    """Return what is kept of a body that nobody has read: all of a small one, the beginning of another."""
    if len(data) <= SMALL:
        return data
    return _encode(f"{_text(data[:_LONGEST_TEXT])}... ({len(data)} bytes)")


def kept_of(operation: Operation, body: Any, *, digest: bool) -> Fit:
    """Return what is kept of a large body that was read, as JSON; `digest` costs a hash of each image."""
    shown = (_Brief if digest else _Quick)(callback=operation.callback_field).value(body, request_of(operation))
    fit = Fit(_encode(shown))
    fit.secrets = tuple(of_body(body, fields_of(request_of(operation))))
    return fit


def body(
    data: bytes,
    operation: Operation | None,
    hidden: Hidden = _NOTHING,
    *,
    strict: bool = False,
    content_type: str = "",
) -> Any:
    """Return what is shown of a kept body: its JSON, or its text, without what is `hidden`.

    A `strict` one is shown as far as the operation knows its names; of any other, all but the secrets.
    """
    if not data:
        return None
    if isinstance(data, Fit):
        return hidden.tree(_decode(data))
    schema = request_of(operation)
    words = words_of(operation) if strict and operation else ()
    callback = operation.callback_field if operation else None
    brief = _Brief(strict=strict, hidden=hidden, words=words, callback=callback)
    try:
        read = _decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _RUN.sub(_counted, brief.posted(_text(data[:_LONGEST_LOOK]), content_type, schema)[:_LONGEST_TEXT])
    return brief.value(read, schema)


def secrets_of(data: bytes, operation: Operation | None, content_type: str = "") -> Collection[str]:
    """Return the secrets that stand in a kept body, as far as the names of its fields tell them."""
    if isinstance(data, Fit):
        return data.secrets
    known = fields_of(request_of(operation))
    try:
        return tuple(of_body(_decode(data), known)) if data else ()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return tuple(of_text(_text(data), content_type, known))


def outline(text: str) -> dict[str, Any]:
    """Return type, sides (px) and bytes of a base64 image by its head alone, or the length of another text."""
    data = decoded(text[:HEAD])
    header = read_header(data) if data else None
    if header is None:
        return {"text": len(text)}
    size = len(text) * 3 // 4 - text[-2:].count("=")
    return {"type": header.format, "bytes": size, "width": header.width, "height": header.height}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _counted(run: re.Match[str]) -> str:
    return f"[{len(run[0])} characters]"
