"""The secrets of an exchange, as far as their places tell them: headers, queries, URLs, and the fields of bodies."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from kling_contract.redaction.marks import MARK
from kling_contract.redaction.names import LEAST, is_harmless, is_secret, is_strong, is_word
from kling_contract.redaction.nested import read_nested
from kling_contract.redaction.posted import fields_of

_SEPARATORS = re.compile(r"[\s,;]+|(?<=\w)=(?=.)")
_SCHEMES = frozenset({"bearer", "basic", "digest", "token", "key", "apikey", "negotiate"})
_NOTHING = frozenset({"none", "null", "true", "false", "undefined", "redacted", MARK})
_COOKIES = ("cookie", "set-cookie")
_URL = re.compile(r"//([^/?#\s\"'<>@]{1,400})@|[?&]([\w.~%-]{1,60})=([^&#\s\"'<>]+)")
_MOST_PIECES = 400  # of one header; the whole of it is a secret however many there are
_DEEPEST = 30
_LEAST_DIGITS = 6  # of a number that is a secret wherever it stands, and no year or size
_LONGEST_URLS = 100_000  # characters of a text in which URLs are looked for


def secrets(given: Mapping[str, str], asked: str) -> list[str]:
    """Return the secrets that came in headers and query, longest first."""
    return longest_first((*of_headers(given), *of_unknown_headers(given), *of_query(asked)))


def longest_first(found: Collection[str]) -> list[str]:
    """Return what may be hidden of some secrets: each once, and none that is shorter than four characters."""
    kept = {each for each in found if len(each) >= LEAST and each.lower() not in _NOTHING}
    return sorted(kept, key=lambda each: (-len(each), each))


def of_headers(given: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets of headers. Of cookies, words such as `en` are none, as they stand in every other text."""
    for name, value in given.items():
        lower = name.lower()
        if lower in _COOKIES:
            yield from filter(_is_global, _pieces(value))
        elif is_secret(name):
            yield from (each for each in _pieces(value) if each.lower() not in _SCHEMES)


def of_unknown_headers(given: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of headers that nobody knows, if they look like keys."""
    for name, value in given.items():
        if not is_harmless(name.lower()) and len(value) >= LEAST * 2 and not value.isdecimal() and not is_word(value):
            yield value


def _pieces(value: str) -> Iterator[str]:
    yield value
    pieces = _SEPARATORS.split(value, _MOST_PIECES)
    for each in pieces[:_MOST_PIECES]:
        bare = each.strip("\"'")
        yield bare
        yield from _decoded(bare)
        if bare.count(".") > 1:
            yield from (part for part in bare.split(".", LEAST) if len(part) > LEAST * 2)
    if len(pieces) > 1 and pieces[0].lower() == "basic":
        yield from _basic(pieces[1])


def _decoded(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)


def _basic(text: str) -> Iterator[str]:
    """Yield the user and the password of Basic authentication (RFC 7617)."""
    try:
        said = b64decode(text + "==").decode("utf-8", "replace")
    except (Error, ValueError):
        return
    yield said
    user, _, password = said.partition(":")
    yield password
    if _is_global(user):
        yield user


def of_query(asked: str) -> Iterator[str]:
    """Yield the secrets of a query, and those that stand in it as the values of any other name and look like keys."""
    for part in asked.split("&"):
        name, _, value = part.partition("=")
        said = unquote_plus(value)
        if is_secret(unquote_plus(name)):
            yield from _values(unquote_plus(name), said)
            yield from _values(unquote_plus(name), value)


def of_url(text: str) -> Iterator[str]:
    """Yield the users, passwords and secret parameters of the URLs in a text."""
    head = text[:_LONGEST_URLS]
    if ":" not in head or "://" not in head:  # no base64 has a colon, which is found at the speed of memory
        return
    for found in _URL.finditer(head):
        user, name, value = found.groups()
        if user is not None:
            yield from (said for each in user.split(":", 1) if _is_global(said := unquote(each)) or ":" in user)
        elif is_secret(unquote_plus(name)):
            yield from _values(unquote_plus(name), unquote_plus(value))


def of_body(value: Any, known: Collection[str], kept: Collection[str] = (), depth: int = 0) -> Iterator[str]:
    """Yield what stands in fields whose names are a secret's and none that the document knows or that are `kept`."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield from of_url(value)
        inner = read_nested(value)
        if inner is not None:
            yield from of_body(inner, known, kept, depth + 1)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, str) and name not in kept and name not in known and is_secret(name):
                yield from _all(name, each, depth)
            elif name not in kept:
                yield from of_body(each, known, kept, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from of_body(each, known, kept, depth + 1)


def of_text(text: str, content_type: str, known: Collection[str], kept: Collection[str] = ()) -> Iterator[str]:
    """Yield the secrets of a form, of one kind or the other; of any other text those of its URLs."""
    for name, value in fields_of(text, content_type):
        if name not in known and name not in kept and is_secret(name):
            yield from _values(name, value)
    yield from of_url(text)


def _all(name: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value if depth < _DEEPEST else ():
            yield from _all(name, each, depth + 1)
    elif value is not None and not isinstance(value, bool):
        yield from _values(name, str(value))


def _values(name: str, value: str) -> Iterator[str]:
    """Yield a value under a secret name, if it is no word that any text may hold."""
    strong = is_strong(name) and not value.isdecimal()
    if strong or _is_global(value):
        yield value
        if " " in value[: LEAST * 4] and value.partition(" ")[0].lower() in _SCHEMES:
            yield value.partition(" ")[2]


def _is_global(text: str) -> bool:
    """Whether a value is so much its own that it is hidden in other places too."""
    if text.isdecimal():
        return len(text) >= _LEAST_DIGITS
    return len(text) >= LEAST and not is_word(text)
