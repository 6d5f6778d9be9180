"""The forms in which cassettes keep a body.

    a text, bytes            vcrpy, go-vcr, php-vcr
    {encoding, string}       VCR in Ruby and R, Betamax; {base64_string} where bytes are kept; vcrpy's answers {string}
    a mapping                vcrpy, of aiohttp's `json=`: the request itself
    !!python/object/...      vcrpy, of a request with a file (`new:_io.BytesIO`) or an iterator (`apply:builtins.iter`)
    {type, content}          recorders of people's own, where the type is the kind of the body (json, text, base64, ...)
    parsed_body              a serializer of many projects of vcrpy, which puts JSON beside in the place of `body`

A mapping is one of these forms only if it has the keys of the form and no others; any other mapping is the request.
Sources: vcrpy's `serializers/yamlserializer.py`, `stubs/aiohttp_stubs.py` and `request.py`; VCR's `lib/vcr/structs.rb`;
R's `vcr/R/serialize-body.R`; go-vcr's `pkg/cassette/cassette.go`; pydantic-ai's `tests/json_body_serializer.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from kling_contract.verify.traffic.body import Body, Unread
from kling_contract.verify.traffic.tagged import PYTHON, TUPLE, TaggedText, shown, tag_of

_VCR = frozenset({"string", "base64_string", "encoding", "file"})
_CONTENTS = frozenset({"content", "data", "value", "text", "json", "body", "string"})
_TEXTS = frozenset({"text", "string", "plain", "raw", "utf-8", "utf8", "ascii", "us-ascii"})
_BINARIES = frozenset({"base64", "binary", "bytes"})
_OTHERS = ("form", "multipart", "file", "stream", "xml", "gzip", "octet-stream", "hex", "protobuf")
_FILES = frozenset({"_io.BytesIO", "io.BytesIO", "_io.StringIO", "io.StringIO"})
_ITERATORS = frozenset({"builtins.iter", "__builtin__.iter"})
_ARRAY = "builtins.bytearray"
_DEEPEST = 200
_LARGEST = 2**63 - 1  # integers beyond it are written as decimals, which look the same
_encode = msgspec.json.Encoder(decimal_format="number").encode


class NoForm(ValueError):
    """A body in a form that is not known."""


def body_of(message: Mapping[str, Any], *names: str) -> Body:
    """Return the body that a request or an answer has under the first of some names."""
    given = next((message[name] for name in names if name in message), None)
    try:
        if given is None and message.get("parsed_body") is not None:
            return Body(as_json(message["parsed_body"]))
        return _body(given)
    except NoForm as error:
        return Body(unread=Unread("form", str(error)), kept=given)


def _body(given: Any) -> Body:
    if given is None:
        return Body("")
    if isinstance(given, TaggedText) or tag_of(given) not in ("", TUPLE):
        return _of_python(given)
    if isinstance(given, str | bytes):
        return Body(given)
    if isinstance(given, Mapping):
        return _wrapped(given)
    if isinstance(given, list) and any(isinstance(each, bytes) for each in given):
        return Body(_joined(given))
    if isinstance(given, list) and any(tag_of(each) == TUPLE for each in given):
        raise NoForm("it is the fields of a form")
    return Body(as_json(given))


def _wrapped(given: Mapping[Any, Any]) -> Body:
    """Return the body of a mapping: of a form that its keys show, else the mapping as JSON."""
    keys = set(given)
    if keys <= _VCR and not keys.isdisjoint({"string", "base64_string"}):
        found = _of_vcr(given)
    elif keys == {"json"}:
        return Body(as_json(given["json"]))
    else:
        found = _typed(given, keys)
    return Body(as_json(given)) if found is None else found


def _of_vcr(given: Mapping[Any, Any]) -> Body | None:
    if given.get("file"):
        return Body(unread=Unread("file", "the recorder kept it in a file of its own"), kept=given)
    if _is_text(given.get("base64_string")):
        return Body(given["base64_string"], base64=True)
    if "string" not in given:
        return None
    found = _body(given["string"])
    return Body(found.stored, base64=True) if given.get("encoding") == "base64" and found.stored else found


def _typed(given: Mapping[Any, Any], keys: set[Any]) -> Body | None:
    """Return a body with a type or an encoding beside its content, and nothing else; None for what is not such."""
    named, contents = keys & {"type", "encoding"}, keys & _CONTENTS
    if len(named) != 1 or len(contents) != 1 or len(keys) != 2:
        return None
    kind, content = given[named.pop()], given[contents.pop()]
    kind = kind.lower() if isinstance(kind, str) else ""
    if kind in _TEXTS and _is_text(content):
        return Body(content)
    if kind in _BINARIES and _is_text(content):
        return Body(content, base64=isinstance(content, str))
    if kind == "json" or kind.endswith(("/json", "+json")):
        return Body(content if _is_text(content) else as_json(content))
    if kind in _OTHERS or ("/" in kind and any(each in kind for each in _OTHERS)):
        raise NoForm(f"it is kept as {kind[:80]}, which is not read here")
    return None


def _of_python(given: Any) -> Body:
    """Return the body of an object that PyYAML wrote. Its state is read; the object is never made."""
    tag = tag_of(given)
    kind, _, made = tag.removeprefix(f"{PYTHON}object/").partition(":")
    if tag.startswith(f"{PYTHON}object/") and kind in ("new", "apply"):
        first = _first(given)
        if made in _FILES and isinstance(first, str | bytes):
            return Body(first)
        if made in _ITERATORS and isinstance(first, list | str | bytes):
            return _iterated(first)
        if made == _ARRAY and isinstance(first, str | bytes):
            return Body(first if isinstance(first, bytes) else first.encode("latin-1", "replace"))
    raise NoForm(f"it is written as {shown(tag)[:120]}, which is not read here")


def _first(given: Any) -> Any:
    """Return the first part of an object's state, or of what it is made with."""
    parts = given
    if isinstance(given, Mapping):
        parts = given.get("args") or given.get("state")
        if tag_of(parts) not in ("", TUPLE):
            return None
    found = parts[0] if isinstance(parts, list) and parts else None
    return found if tag_of(found) in ("", TUPLE) else None


def _iterated(parts: Any) -> Body:
    if isinstance(parts, str | bytes):
        return Body(parts)
    if not parts:
        return Body(unread=Unread("not-recorded", "the recorder kept an iterator that had been read to its end"))
    return Body(_joined(parts))


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes) and not tag_of(value)


def _joined(parts: list[Any]) -> bytes:
    if not all(map(_is_text, parts)):
        raise NoForm("it is parts that are neither bytes nor texts")
    return b"".join(each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass") for each in parts)


def as_json(value: Any) -> bytes:
    """Return the JSON of YAML data, each number as it is written. Raises `NoForm` for what JSON does not have."""
    return _encode(_plain(value, 0))


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise NoForm(f"it is nested deeper than {_DEEPEST} levels")
    tag = tag_of(value)
    if tag not in ("", TUPLE):
        raise NoForm(f"it holds {shown(tag)[:120]}, which is not read here")
    if isinstance(value, Mapping):
        return {_key(name): _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, bytes):
        raise NoForm("it holds bytes, as a form with files does")
    if isinstance(value, float) and not math.isfinite(value):
        raise NoForm("it holds a number that JSON does not have")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return Decimal(value) if isinstance(value, int) and abs(value) > _LARGEST else value


def _key(name: Any) -> str:
    """Return the name of a field as Python's `json` writes one that is no text."""
    if isinstance(name, bytes):
        raise NoForm("it holds bytes, as a form with files does")
    if name is None or isinstance(name, bool):
        return {None: "null", True: "true", False: "false"}[name]
    return str(name).encode("utf-8", "replace").decode()


def told(value: Any, depth: int = 0) -> Any:
    """Return data of a form that is not known as JSON-ready data; a tag is told beside what has it."""
    if depth > _DEEPEST:
        return "..."
    tag = tag_of(value)
    if isinstance(value, Mapping):
        shape: Any = {_name(name): told(each, depth + 1) for name, each in value.items()}
    elif isinstance(value, list):
        shape = [told(each, depth + 1) for each in value]
    else:
        shape = _leaf(value)
    return {"!tag": shown(tag), "!value": shape} if tag else shape


def _leaf(value: Any) -> Any:
    if isinstance(value, Decimal | float):
        return str(value)
    return str(value) if isinstance(value, str) else value


def _name(name: Any) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)
