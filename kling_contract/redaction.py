"""What may be shown of an exchange: no secret, no image, nothing endless."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

import msgspec

from kling_contract.hiding import Texts
from kling_contract.images import describe, is_url, read_header
from kling_contract.images.texts import HEAD, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kling_contract.documents import Operation

MARK = "[redacted]"
SMALL = 4096  # bytes of a body that are kept as they came

_SECRET = re.compile(
    r"auth(?!ority|ored|ors?$)|cookie|token|secret|passw|credential|signature|csrf|xsrf|dpop|^(sig|jwt|sid|pwd)$"
    r"|(?<!kling-)session(id|-id|_id)?$|(?<!idempotency-)(?<!idempotency_)key(id|-id|_id)?$",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\beyJ[\w-]{6,}(?:\.[\w-]*){1,2}|\bsk-[\w-]{12,}|(?<=\bbearer )(?=[\w.~+/=-]{0,200}\d)[\w.~+/=-]{8,}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"""(?<![\w.-])([\w.-]{1,60}\\{0,4}["']?\s{0,3}[:=]\s{0,3}\\{0,4}["']?)"""
    r"""(?=[^\s"'\\&,;<>{}\[\]]{0,200}\d)[^\s"'\\&,;<>{}\[\]]{8,}"""
)
_NAME = re.compile(r"[\w.-]+")
_USER = re.compile(r"\A((?:[a-z][a-z0-9+.-]{0,30}:)?(?://)?)[^/?#]*@", re.IGNORECASE)
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:)?//[^\s\"'<>]+", re.IGNORECASE)
_VALUE = re.compile(r"=[^&\s]*")
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
_LEAST_SECRET = 8  # characters; shorter ones, such as a key `test`, are words too
_MOST_APART = 16  # secrets that are looked for one by one
_MOST_TRIES = 64  # places of a text at which a secret may begin
_LONGEST_TEXT = 2000
_MARGIN = 50  # what says that a text was cut, so that a cut text is not cut again
_CUT = re.compile(r"\.\.\. \(\d+ \w+\)\Z")
_MOST_ITEMS = 100
_DEEPEST = 20
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder().decode


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    return _SECRET.search(name) is not None


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return headers with the secret ones replaced by a marker."""
    return {name: MARK if is_secret(name) else urls(value) for name, value in given.items()}


def query(text: str) -> str:
    """Return a query with the values of its secret parameters replaced."""
    return "&".join(_pair(part) for part in text.split("&")) if text else text


def _pair(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={MARK}" if equals and is_secret(unquote_plus(name)) else part


def urls(text: str) -> str:
    """Return a text in which no URL has a user, a password, a fragment or any value of its query.

    Whose URL it is nobody knows, and so not which of its parameters is a key.
    """
    return _URL.sub(lambda found: url(found[0]), text) if "//" in text else text


def prose(text: str) -> str:
    """Return a text without what `urls` leaves out, and without what looks like a key.

    That is a JSON Web Token, what begins with sk-, what follows `Bearer`, and the value of `name=value` or
    `name: value` where the name is a secret's; the last two if a digit is in it, for words stand there too.
    """
    return _NAMED.sub(_named, _BARE.sub(MARK, urls(text)))


def _named(found: re.Match[str]) -> str:
    name = _NAME.match(found[1])
    return f"{found[1]}{MARK}" if name and is_secret(name[0]) else found[0]


def visible(text: str) -> str:
    """Return a text in which everything that cannot be seen, such as an escape sequence, is written out."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def url(text: str) -> str:
    """Return what is meant to be a URL, and perhaps is none, without all that `urls` leaves out."""
    address, mark, asked = _USER.sub(r"\1", text).partition("#")[0].partition("?")
    return f"{address}?{_VALUE.sub('=' + MARK, asked)}" if mark else address


def secrets(given: Mapping[str, str], asked: str) -> list[str]:
    """Return the secrets that came in headers and query, in each form in which they may turn up elsewhere."""
    found = set(_credentials(given, asked))
    forms = found | {quote(each, safe="") for each in found} | {quote(each) for each in found}
    return sorted((each for each in forms if len(each) >= _LEAST_SECRET), key=len, reverse=True)


def _credentials(given: Mapping[str, str], asked: str) -> Iterator[str]:
    for name, value in given.items():
        if is_secret(name):
            yield from re.split(r"[\s,;]+|(?<=\w)=(?=.)", value)
    for part in asked.split("&"):
        name, _, value = part.partition("=")
        if is_secret(unquote_plus(name)):
            yield unquote_plus(value)


def without(value: Any, hidden: Iterable[str]) -> Any:
    """Return JSON-ready data with these texts replaced wherever they stand, in time linear in both."""
    hidden = tuple(hidden)
    if not hidden:
        return value
    return _without(value, _at_once(hidden) if len(hidden) > _MOST_APART else partial(_hidden, hidden=hidden))


def _without(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {_without(key, hide): _without(each, hide) for key, each in value.items()}
    return [_without(each, hide) for each in value] if isinstance(value, list | tuple) else value


def _at_once(hidden: tuple[str, ...]) -> Callable[[str], str]:
    """Return what hides very many texts: to look for each in each costs their product."""
    texts = Texts(hidden, _LEAST_SECRET)

    def hide(text: str) -> str:
        whole = _CUT.sub("", text)
        return texts.replaced(whole, MARK, cut=True) + text[len(whole) :]

    return hide


def _hidden(text: str, hidden: tuple[str, ...]) -> str:
    """Replace these texts, and the beginning of one where the text was cut."""
    for each in hidden:
        text = text.replace(each, MARK)
        whole = _CUT.sub("", text)
        begin = _begun(whole, each)
        if begin >= 0:
            text = f"{whole[:begin]}{MARK}{text[len(whole) :]}"
    return text


def _begun(text: str, secret: str) -> int:
    """Return where the longest beginning of a secret stands that the text ends with, or -1."""
    head, at = secret[:_LEAST_SECRET], max(len(text) - len(secret), -1)
    for _ in range(_MOST_TRIES):
        at = text.find(head, at + 1)
        if at < 0 or secret.startswith(text[at:]):
            return at
    # Each place may take as long as the secret is, where that has its own beginning in it again and again.
    depth = Texts([secret], _LEAST_SECRET).begun(text[at + 1 :])
    return len(text) - depth if depth >= _LEAST_SECRET else -1


def kept(data: bytes) -> bytes:
    """Return what is kept of a body that nobody has read: all of a small one, the beginning of another."""
    if len(data) <= SMALL:
        return data
    return _encode(f"{_text(data[:_LONGEST_TEXT])}... ({len(data)} bytes)")


def kept_of(operation: Operation, body: Any, *, digest: bool) -> bytes:
    """Return what is kept of a large body that was read, as JSON; `digest` costs a hash of each image."""
    return _encode(_shown(body, operation.request or {}, digest, 0))


def body(data: bytes, operation: Operation | None) -> Any:
    """Return what is shown of a kept body: its JSON, or its text."""
    if not data:
        return None
    try:
        read = _decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return _text(data[:_LONGEST_TEXT])
    return _shown(read, (operation.request if operation else None) or {}, True, 0)


def _shown(value: Any, schema: Mapping[str, Any], digest: bool, depth: int) -> Any:
    if isinstance(value, str):
        return _shown_text(value, schema, digest)
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        pairs = list(value.items())[:_MOST_ITEMS]
        return {
            key[:_LONGEST_TEXT]: MARK
            if isinstance(each, str) and is_secret(key)
            else _shown(each, known.get(key, {}), digest, depth + 1)
            for key, each in pairs
        }
    if isinstance(value, list):
        return [_shown(each, schema.get("items", {}), digest, depth + 1) for each in value[:_MOST_ITEMS]]
    return value


def _shown_text(text: str, schema: Mapping[str, Any], digest: bool) -> Any:
    if not is_url(text) and ("x-image" in schema or len(text) > _LONGEST_TEXT):
        found = describe(text) if digest else outline(text)
        if "type" in found:
            return found
    if len(text) <= _LONGEST_TEXT + _MARGIN:
        return _RUN.sub(_counted, urls(text))
    return f"{_RUN.sub(_counted, urls(text[:_LONGEST_TEXT]))}... ({len(text)} characters)"


def outline(text: str) -> dict[str, Any]:
    """Return type, sides (px) and bytes of a base64 image by its head alone, or the length of another text."""
    data = decoded(text[:HEAD])
    header = read_header(data) if data else None
    if header is None:
        return {"text": len(text)}
    size = len(text) * 3 // 4 - text[-2:].count("=")
    return {"type": header.format, "bytes": size, "width": header.width, "height": header.height}


def _text(data: bytes) -> str:
    return _RUN.sub(_counted, urls(data.decode("utf-8", "replace")))


def _counted(run: re.Match[str]) -> str:
    return f"[{len(run[0])} characters]"
