"""A key is hidden in every form in which an answer can carry it, and in forms over each other."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_contract.probe import hiding
from kling_contract.probe.hiding import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-Hostile/0123456789+abcdef"
KEYS = [KEY, "q7/Z", "3b1c2d4e5f60718293a4b5c6d7e8f901", "ключ-作品-Geheim"]


def in_base64(text: str, before: str = "") -> str:
    return base64.b64encode((before + text).encode()).decode()


def entities(text: str, sign: str = "&#{};") -> str:
    return "".join(sign.format(ord(each)) for each in text)


def percents(text: str) -> str:
    return "".join(f"%{each:02x}" for each in text.encode())


def again(times: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        for _ in range(times):
            text = change(text)
        return text

    return changed


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "with capitals and small letters the other way round": str.swapcase,
    "backwards": lambda key: key[::-1],
    "backwards in capitals": lambda key: key[::-1].upper(),
    "over lines": lambda key: "\r\n  ".join(textwrap.wrap(key, 3)),
    "over lines of JSON": lambda key: json.dumps("\n".join(textwrap.wrap(key, 3))),
    "over lines of HTML": lambda key: "<br />".join(textwrap.wrap(key, 3)),
    "with what nobody sees between": "\u200b".join,
    "with tabs between": "\t".join,
    "as entities": entities,
    "as entities without their ends": lambda key: entities(key, "&#{}"),
    "as entities in hex": lambda key: entities(key, "&#x{:X};"),
    "as entities with zeros": lambda key: entities(key, "&#{:020d};"),
    "as entities in entities": lambda key: html.escape(entities(key)),
    "as entities in entities in entities": lambda key: again(3, html.escape)(entities(key)),
    "as entities over and over": lambda key: again(40, html.escape)(entities(key)),
    "escaped in HTML": lambda key: html.escape(key.replace("/", "&sol;").replace("-", "&#45;")),
    "in a URL": percents,
    "in a URL in a URL": lambda key: again(3, lambda text: quote(text, safe=""))(percents(key)),
    "in a URL over and over": lambda key: again(40, lambda text: text.replace("%", "%25"))(percents(key)),
    "in JSON": lambda key: json.dumps(key).replace("/", "\\/"),
    "escaped in JSON": lambda key: "".join(f"\\u{ord(each):04X}" for each in key),
    "escaped in JSON in JSON in JSON": lambda key: again(2, json.dumps)("".join(f"\\u{ord(each):04x}" for each in key)),
    "escaped in HTML in a URL": lambda key: quote(entities(key), safe=""),
    "escaped in a URL in HTML": lambda key: entities(percents(key)),
    "in base64": in_base64,
    "in base64 after a byte": lambda key: in_base64(key, "u"),
    "in base64 after two": lambda key: in_base64(key, "u:"),
    "in base64 without its end": lambda key: in_base64(key).rstrip("="),
    "in base64 for URLs": lambda key: base64.urlsafe_b64encode(f"?>{key}".encode()).decode(),
    "in base64 over lines": lambda key: "\n".join(textwrap.wrap(in_base64(key), 4)),
    "in base64 over lines of JSON": lambda key: json.dumps("\r\n".join(textwrap.wrap(in_base64(key), 4))),
    "in base64 in a URL": lambda key: quote(quote(in_base64(key), safe=""), safe=""),
    "in base64 in HTML": lambda key: entities(in_base64(key)),
    "in base64 in capitals": lambda key: in_base64(key.upper()),
    "in base64 backwards": lambda key: in_base64(key)[::-1],
    "backwards in base64": lambda key: in_base64(key[::-1]),
    "in base64 of UTF-16": lambda key: base64.b64encode(key.encode("utf-16")).decode(),
    "in base64 in base64": again(2, in_base64),
    "in base64 in base64 after two": lambda key: in_base64(in_base64(key, "u:"), "u"),
    "in hex": lambda key: key.encode().hex(),
    "in hex in capitals": lambda key: key.encode().hex().upper(),
    "in hex with blanks": lambda key: key.encode().hex(" "),
    "in hex with colons": lambda key: key.encode().hex(":").upper(),
    "in hex as C has it": lambda key: ", ".join(f"0x{each:02X}" for each in key.encode()),
    "in hex as Python has it": lambda key: "".join(f"\\x{each:02x}" for each in key.encode()),
    "in hex as mail has it": lambda key: "".join(f"={each:02X}" for each in key.encode()),
    "in hex backwards": lambda key: key.encode().hex()[::-1],
    "in hex of UTF-16": lambda key: key.encode("utf-16-be").hex(),
    "in hex in base64": lambda key: in_base64(key.encode().hex()),
    "in base64 in hex": lambda key: in_base64(key).encode().hex(),
}
# What these make of other letters than ASCII is no text of them any more.
OF_ASCII = {
    each for each in FORMS if "UTF-16" in each or "capitals" in each or "other way" in each or "backwards" in each
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("around", ["{}", 'no "{}"!', "Bearer {} is refused", '{{"message": "{}", "a": ["x"]}}'])
def test_a_key_is_hidden_in_every_form(form: str, key: str, around: str) -> None:
    if form in OF_ASCII and not key.isascii():
        key = "ss-Geheim/0123456789"
    written = FORMS[form](key)
    told = Secrets({"!!": key}).hide(around.format(written))
    assert "!!" in told
    third = len(written) // 3
    for piece in (written, written[third:], written[:-third]):
        assert len(piece) < 4 or piece not in told
    assert Secrets({"!!": key}).hide(around.format("another text: 0123456789, " * 9)).count("!!") == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("form", ["as it is", "backwards", "in base64", "in hex", "as entities", "in a URL", "in JSON"])
def test_a_form_is_hidden_in_every_encoding(form: str, encoding: str) -> None:
    written = FORMS[form](KEY)
    told = Secrets({"!!": KEY}).hide_bytes(f"no {written}.".encode(encoding))
    assert b"!!" in told
    assert written.encode() not in told.replace(b"\0", b"")


def test_what_stands_around_a_form_stays() -> None:
    secrets = Secrets({"$K": KEY})
    assert secrets.hide(f'{{"a": "{KEY.upper()}", "b": 1}}') == '{"a": "$K", "b": 1}'
    assert secrets.hide(f"in hex: {KEY.encode().hex(' ')}, and so on") == "in hex: $K, and so on"
    assert secrets.hide(f"one {entities(KEY)} two {KEY[::-1]} three") == "one $K two $K three"
    assert secrets.hide_bytes(b"\xff " + KEY.encode() + b" \xfe") == b"\xff $K \xfe"


def test_keys_that_overlap_are_hidden_as_one() -> None:
    assert Secrets({"$A": "abcdef", "$B": "defghi"}).hide("(abcdefghi)") == "($A)"
    assert Secrets({"$A": "aaaa"}).hide("baaaaaab") == "b$Ab"


PUMPS = [
    " ",
    "&amp;",
    "%25",
    "\\",
    "&#115;",
    "<br",
    KEY,
    KEY[:-1],
    in_base64(KEY),
    KEY.encode().hex(),
    "\0",
    "aB3",
    "&",
]


@pytest.mark.parametrize("pump", PUMPS)
def test_twice_the_text_is_twice_the_reading(pump: str) -> None:
    def read(length: int) -> int:
        text = hiding._Reading((pump * length)[:length])
        return sum(len(each.text) for each, _ in hiding._readings(text, 20, (hiding._ESCAPE, *hiding._KINDS)))

    once, twice = read(4000), read(8000)
    assert twice <= 2.1 * once
    # A large one is not looked through for codings over each other.
    assert read(200_000) <= 200_000 * 60


letters = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="!"), min_size=4, max_size=20)


@settings(deadline=None)
@given(st.text(max_size=200), letters)
def test_a_key_is_hidden_in_whatever_text(text: str, key: str) -> None:
    secrets = Secrets({"!": key})
    assert key not in secrets.hide(f"{text}{key}{text}")
    assert key.encode() not in secrets.hide_bytes(f"{text}{key}{text}".encode("utf-8", "surrogatepass"))
