"""Texts and URLs as they may be shown: without what looks like a key, wherever it came from. All of it is linear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from kling_contract.redaction.marks import MARK
from kling_contract.redaction.names import is_secret, is_strong, is_word

if TYPE_CHECKING:
    from collections.abc import Collection

    from kling_contract.redaction.hiding import Hidden

_HOST = "redacted.invalid"

_TELLING = ("eyj", "bearer ", "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "ghp", "gho", "xox")
_TOKEN = re.compile(r"[\w.~+/=-]{8,}")
_HEAD = 7  # characters of "bearer "
_PREFIXED = re.compile(r"(?<![A-Za-z0-9])(?:sk|pk|rk|ghp|gho|xox[a-z])[-_](?=[\w-]{12})", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_NAMED = re.compile(
    r"""(?<![\w.-])([\w.-]{1,60}\\{0,8}["']?\s{0,3}[:=]\s{0,3}\\{0,8}["']?)"""
    r"""(?=[^\s"'\\&,;<>{}\[\]]{0,200}\d)[^\s"'\\&,;<>{}\[\]]{4,}"""
)
_ASSIGNED = re.compile(
    r"""(?<![\w.-])([\w.-]{1,60}(?:\\{0,8}["']\s{0,3}:\s{0,3}\\{0,8}["']|\\{0,8}["']?[:=]\\{0,8}["']?))"""
    r"""([^\s"'\\&,;<>{}\[\]]{4,})"""
)
_NAME = re.compile(r"[\w.-]+")
_USER = re.compile(r"\A((?:[a-z][a-z0-9+.-]{0,30}:)?(?://)?)[^/?#]*@", re.IGNORECASE)
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:)?//[^\s\"'<>]+", re.IGNORECASE)
_PART = re.compile(r"[^&\s]+")
_LONGEST_PARAMETER = 30
_LEAST_VALUE = 4  # characters of a value that may be a secret under any name
_LEAST_SEGMENT = 16  # characters of a part of a path that may be a key


def query(text: str, known: Collection[str] | None = None) -> str:
    """Return a query with the values of its secret parameters replaced; if `known` ones are told, of all others."""
    return "&".join(_pair(part, known) for part in text.split("&")) if text else text


def _pair(part: str, known: Collection[str] | None) -> str:
    name, equals, value = part.partition("=")
    if known is None or name in known:
        return f"{name}={MARK}" if equals and is_secret(unquote_plus(name)) else part
    said = value if len(value) < _LEAST_VALUE and not is_secret(unquote_plus(name)) else MARK
    shown = name if len(name) <= _LONGEST_PARAMETER and is_word(unquote_plus(name)) else MARK
    return f"{shown}={said}" if equals else shown


def urls(text: str) -> str:
    """Return a text in which no URL has a user, a password, a fragment or any value of its query.

    Whose URL it is nobody knows, and so not which of its parameters is a key.
    """
    return _URL.sub(lambda found: url(found[0]), text) if "//" in text else text


def url(text: str) -> str:
    """Return what is meant to be a URL, and perhaps is none, without all that `urls` leaves out."""
    address, mark, asked = _USER.sub(r"\1", text).partition("#")[0].partition("?")
    return f"{address}?{_PART.sub(_parameter, asked)}" if mark else address


def _parameter(found: re.Match[str]) -> str:
    name, equals, _ = found[0].partition("=")
    if name == MARK or (len(name) <= _LONGEST_PARAMETER and is_word(unquote_plus(name))):
        return f"{name}={MARK}" if equals else name
    return f"{MARK}={MARK}" if equals else MARK


def path(text: str) -> str:
    """Return a path in which no part looks like a key."""
    return "/".join(MARK if looks_like_key(each) else each for each in text.split("/"))


def hook(text: str) -> str:
    """Return the URL of a callback without all that `urls` leaves out, and without what is a key in its path.

    Many who are called back know a caller by nothing else.
    """
    named, mark, asked = url(text).partition("?")
    scheme, slashes, rest = named.partition("//")
    return f"{scheme}{slashes}{path(rest)}{mark}{asked}"


def address(text: str, hidden: Hidden, literal: Collection[str] | None = None, value: str = "") -> str:
    """Return a URL up to its query, in which no part of the path is a key; the `literal` parts are a document's own.

    `value` is a part that is an id, which may look like a key and is none. Without literal parts it is the path of no
    operation: as many stars stand for a key there, as what it is like depends on its length. A host that is a secret
    has a name of its own, as no host is called `[redacted]`.
    """
    scheme, slashes, rest = _USER.sub(r"\1", text).partition("#")[0].partition("//")
    host, slash, parts = rest.partition("/") if slashes else ("", "", scheme)
    shown = [each if each in (literal or ()) else _segment(each, hidden, value) for each in parts.split("/")]
    if literal is None:
        shown = [each if said == each else "*" * len(each) for each, said in zip(parts.split("/"), shown, strict=True)]
    named = host if hidden.text(host) == host else _HOST
    return f"{scheme}//{named}{slash}{'/'.join(shown)}" if slashes else "/".join(shown)


def _segment(text: str, hidden: Hidden, value: str) -> str:
    shown = prose(hidden.text(text))
    return MARK if shown == text and text != value and looks_like_key(unquote_plus(text)) else shown


def looks_like_key(text: str) -> bool:
    """Whether a part of a path is as long and as mixed as a key is."""
    return len(text) >= _LEAST_SEGMENT and not text.isdecimal() and not is_word(text)


def prose(text: str) -> str:
    """Return a text without what `urls` leaves out, and without what looks like a key.

    That is a JSON Web Token, what begins with sk- and the like, what follows `Bearer`, and the value of `name=value`
    or `name: value` where the name is a secret's; the last two if a digit is in it, for words stand there too. Where
    the name is a password's and nothing stands between, a word is a value too.
    """
    text = urls(text)
    lower = text.lower()
    if any(each in lower for each in _TELLING):
        text = _TOKEN.sub(_token, text)
    return _ASSIGNED.sub(_assigned, _NAMED.sub(_named, text)) if "=" in text or ":" in text else text


def _token(found: re.Match[str]) -> str:
    token, start = found[0], found.start()
    if found.string[max(start - _HEAD, 0) : start].lower() == "bearer " and _DIGIT.search(token):
        return MARK
    prefixed = _PREFIXED.search(token)
    if prefixed:
        return token[: prefixed.start()] + MARK
    at = token.lower().find("eyj")
    return token[:at] + MARK if at >= 0 and _is_token(token[at:]) else token


def _is_token(text: str) -> bool:
    """Whether a text is a JSON Web Token: two parts at least, the first of them an object in base64."""
    head, point, _ = text.partition(".")
    return bool(point) and len(head) > _HEAD + 1


def _named(found: re.Match[str]) -> str:
    name = _NAME.match(found[1])
    return f"{found[1]}{MARK}" if name and is_secret(name[0]) else found[0]


def _assigned(found: re.Match[str]) -> str:
    name = _NAME.match(found[1])
    strong = name and is_strong(name[0]) and found[2] not in MARK
    return f"{found[1]}{MARK}" if strong else found[0]


def visible(text: str) -> str:
    """Return a text in which everything that cannot be seen, such as an escape sequence, is written out."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
