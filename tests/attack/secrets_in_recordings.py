"""Secrets in every place and form of a recording, each a text of its own, and how to find one that is left.

A place makes the entries of a recording that hold one secret. Nothing here uses the code that hides them.
"""

from __future__ import annotations

import base64
import copy
import html
import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from tests.recorded import CREATE, Entry, made

Fill = Callable[[Entry, str], None]

LETTERS, DIGITS = string.ascii_lowercase, string.digits
MULTIPART = "multipart/form-data; boundary=XyZ"


class Place(NamedTuple):
    """Where a secret is put. `kind` says what it is made of, `on` which entry is spoilt, `echo` puts it in another."""

    name: str
    fill: Fill
    kind: str = "mixed"
    on: str = "create"
    echo: Fill | None = None


def secret(kind: str, number: int) -> str:
    """Return a secret that no other place has."""
    chance = random.Random(f"{kind}{number}")
    if kind == "digits":
        return "7" + "".join(chance.choices(DIGITS[1:], k=8))
    if kind == "letters":
        return "".join(chance.choices(LETTERS, k=12))
    if kind == "short":
        return chance.choice(LETTERS) + chance.choice(DIGITS) + "".join(chance.choices(LETTERS + DIGITS[1:], k=4)) + "q"
    if kind == "signs":
        return "".join(chance.choices(LETTERS + DIGITS, k=8)) + "/+=" + "".join(chance.choices(LETTERS + DIGITS, k=8))
    return chance.choice(LETTERS) + "".join(chance.choices(LETTERS + DIGITS + LETTERS.upper(), k=18)) + "9x"


# How the parts of an entry are spoilt.


def header(name: str, form: str = "{}", *, side: str = "request") -> Fill:
    def fill(entry: Entry, said: str) -> None:
        entry[side]["headers"].append({"name": name, "value": form.replace("{}", said)})

    return fill


def named_header(entry: Entry, said: str) -> None:
    entry["request"]["headers"].append({"name": f"x-{said}", "value": "1"})


def basic(entry: Entry, said: str) -> None:
    pair = base64.b64encode(f"me:{said}".encode()).decode()
    entry["request"]["headers"].append({"name": "Authorization", "value": f"Basic {pair}"})


def address(form: str) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        entry["request"]["url"] += form.replace("{}", said)

    return fill


def user(entry: Entry, said: str) -> None:
    entry["request"]["url"] = entry["request"]["url"].replace("https://", f"https://me:{said}@")


def field(name: str, form: Any = "{}") -> Fill:
    """Put a field into the JSON of a request; `form` is JSON in which `{}` is the secret, and `0` a number."""

    def fill(entry: Entry, said: str) -> None:
        posted = entry["request"]["postData"]
        body = json.loads(posted["text"])
        text = json.dumps(form).replace('"0"', said).replace("{}", said)
        posted["text"] = json.dumps(body | {name.replace("{}", said): json.loads(text)})

    return fill


def prompt(make: Callable[[str], str]) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        field("prompt", make(said))(entry, said)

    return fill


def nested(depth: int, name: str = "password") -> Callable[[str], str]:
    def make(said: str) -> str:
        text = json.dumps({name: said})
        for _ in range(depth):
            text = json.dumps({"more": text})
        return text

    return make


def body(form: str, kind: str = "") -> Fill:
    """Put a whole body into a request."""

    def fill(entry: Entry, said: str) -> None:
        entry["request"]["postData"] = {"mimeType": kind, "text": form.replace("{}", said)}
        if kind:
            entry["request"]["headers"].append({"name": "content-type", "value": kind})

    return fill


def bytes_of(data: bytes, kind: str) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        text = base64.b64encode(data.replace(b"{}", said.encode())).decode()
        entry["request"]["postData"] = {"mimeType": kind, "text": text, "encoding": "base64"}
        entry["request"]["headers"].append({"name": "content-type", "value": kind})

    return fill


def params(name: str) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        entry["request"]["postData"] = {"mimeType": MULTIPART, "params": [{"name": name, "value": said}]}

    return fill


def part(name: str, more: str = "") -> str:
    head = f'--XyZ\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return f'--XyZ\r\nContent-Disposition: form-data; name="mode"\r\n\r\nstd\r\n{head}{{}}\r\n--XyZ--\r\n'


def told(name: str, form: Any = "{}") -> Fill:
    """Put a field into the data of an answer."""

    def fill(entry: Entry, said: str) -> None:
        content = entry["response"]["content"]
        answer = json.loads(content["text"])
        text = json.dumps(form).replace('"0"', said).replace("{}", said)
        answer["data"][name.replace("{}", said)] = json.loads(text)
        content["text"] = json.dumps(answer)

    return fill


def message(make: Callable[[str], str]) -> Fill:
    """Put a text into the message of an answer."""

    def fill(entry: Entry, said: str) -> None:
        content = entry["response"]["content"]
        content["text"] = json.dumps(json.loads(content["text"]) | {"message": make(said)})

    return fill


def page(form: str, status: int = 404) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        entry["response"] = {"status": status, "headers": [], "content": {"text": form.replace("{}", said)}}

    return fill


def route(form: str) -> Fill:
    def fill(entry: Entry, said: str) -> None:
        entry["request"]["url"] = form.replace("{}", said)

    return fill


def error(entry: Entry, said: str) -> None:
    entry["_error"] = f"net::ERR {said}"


def base64_at(before: int, *, urlsafe: bool = False, width: int = 0) -> Callable[[str], str]:
    def make(said: str) -> str:
        data = b"~~~"[:before] + said.encode() + b"?>"
        text = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(data).decode().rstrip("=")
        return "\n".join(text[at : at + width] for at in range(0, len(text), width)) if width else text

    return make


def escaped(form: str) -> Callable[[str], str]:
    return lambda said: "".join(form.format(ord(sign)) for sign in said)


KEY = header("Authorization", "Bearer {}")


def key_and_prompt(make: Callable[[str], str]) -> Fill:
    """Put a key where it belongs, and into the prompt of the same request."""

    def fill(entry: Entry, said: str) -> None:
        KEY(entry, said)
        field("prompt", make(said))(entry, said)

    return fill


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhYmMifQ.{}"

ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": lambda said: f"wrong key: <{said}>",
    "in capitals": str.upper,
    "in small letters": str.lower,
    "backwards": lambda said: said[::-1],
    "in hexadecimal": lambda said: said.encode().hex(),
    "in base64": base64_at(0),
    "in base64 behind one byte": base64_at(1),
    "in base64 behind two bytes": base64_at(2),
    "in base64 of URLs": base64_at(1, urlsafe=True),
    "in base64 in lines": base64_at(2, width=8),
    "in hexadecimal in capitals": lambda said: said.encode().hex().upper(),
    "for a URL": escaped("%{:02x}"),
    "for a URL twice": escaped("%25{:02X}"),
    "as numbers of HTML": escaped("&#{};"),
    "as hexadecimal numbers of HTML": escaped("&#x{:x};"),
    "as numbers of HTML twice": escaped("&amp;#{};"),
    "escaped as JSON": escaped("\\u{:04x}"),
    "in the middle of a word": lambda said: f"ab{said}cd",
}

PLACES = [
    Place("Bearer", KEY),
    Place("a bare Authorization", header("authorization")),
    Place("a key of letters", KEY, "letters"),
    Place("Basic", basic),
    Place("Basic of letters", basic, "letters"),
    Place("Digest", header("Authorization", 'Digest username="me", response="{}"')),
    Place("a signature", header("Authorization", "AWS4-HMAC-SHA256 Credential=AB/20260101, Signature={}")),
    Place("Proxy-Authorization", header("Proxy-Authorization", "Basic {}")),
    Place("a cookie", header("Cookie", "lang=en; sid={}")),
    Place("a cookie without a name", header("Cookie")),
    Place("X-Api-Key", header("X-Api-Key")),
    Place("x-goog-api-key", header("x-goog-api-key", "{}"), "letters"),
    Place("X-Auth-Token", header("X-Auth-Token")),
    Place("X-Otp", header("X-Otp"), "digits"),
    Place("X-Access-Pass", header("X-Access-Pass"), "letters"),
    Place("a header nobody knows", header("X-Tenant")),
    Place("a header nobody knows, of letters", header("X-Tenant"), "letters"),
    Place("a header nobody knows, of digits", header("X-Tenant"), "digits"),
    Place("the name of a header", named_header),
    Place("the user of a referer", header("Referer", "https://me:{}@a.example/")),
    Place("the query of a referer", header("Referer", "https://a.example/?x={}")),
    Place("a key in User-Agent", header("User-Agent", "app/1 sk-{}")),
    Place("Set-Cookie", header("Set-Cookie", "id={}; Path=/", side="response")),
    Place("the query of a Location", header("Location", "https://a.example/?x={}", side="response")),
    Place("the query of a relative Location", header("Location", "/login?next={}", side="response"), "letters"),
    Place("an answer's header nobody knows", header("X-Debug", side="response"), on="poll"),
    Place("an answer's X-Session-Token", header("X-Session-Token", side="response"), on="poll"),
    Place("a key in the query", address("?api_key={}"), on="poll"),
    Place("a token in the query", address("?access_token={}"), "letters", "poll"),
    Place("a parameter nobody knows", address("?x={}"), "letters", "poll"),
    Place("a number nobody knows", address("?x={}"), "digits", "poll"),
    Place("the name of a parameter", address("?{}=1"), on="poll"),
    Place("a word alone", address("?{}"), on="poll"),
    Place("a fragment", address("#{}"), on="poll"),
    Place(
        "an encoded parameter",
        lambda entry, said: address(f"?key={quote(said, safe='')}")(entry, said),
        "signs",
        "poll",
    ),
    Place("a password in the URL", user),
    Place("api_key", field("api_key")),
    Place("a password of letters", field("password"), "letters"),
    Place("a number as a password", field("password", "0"), "digits"),
    Place("a number as a secret", field("secret", "0"), "digits"),
    Place("a passphrase", field("passphrase"), "letters"),
    Place("a pass", field("pass"), "letters"),
    Place("an otp", field("otp", "0"), "digits"),
    Place("an otp as a text", field("otp"), "digits"),
    Place("a pin", field("userPin", "0"), "digits"),
    Place("camel case", field("dbPass"), "letters"),
    Place("an object of a secret", field("auth", {"value": "{}", "more": ["{}"]})),
    Place("a list of secrets", field("tokens", ["{}", "b"])),
    Place("a number in a list", field("client_secrets", ["0"]), "digits"),
    Place("a name nobody knows", field("colour"), "letters"),
    Place("a number nobody knows in a body", field("colour", "0"), "digits"),
    Place("below a name nobody knows", field("more", {"deep": [{"x": "{}"}]}), "letters"),
    Place("the name of a field", field("{}", 1)),
    Place("the name of a field below", field("more", {"{}": {"x": 1}})),
    Place("below a field that is a text", field("prompt", {"note": "{}"}), "letters"),
    Place("JSON in JSON", prompt(nested(0)), "letters"),
    Place("JSON in JSON in JSON", prompt(nested(1)), "letters"),
    Place("JSON in JSON in JSON in JSON", prompt(nested(2)), "letters"),
    Place("JSON in JSON without an end", prompt(nested(6)), "letters"),
    Place("a number of JSON in JSON", prompt(lambda said: f'{{"pin": {said}}}'), "digits"),
    Place("a name of JSON in JSON", prompt(lambda said: f'{{"x": {{"{said}": 1}}}}')),
    Place("a key in a prompt", prompt(lambda said: f"use sk-{said} please")),
    Place("Bearer in a prompt", prompt(lambda said: f"curl -H 'Authorization: Bearer {said}'")),
    Place("a JWT in a prompt", prompt(lambda said: f"token {JWT.replace('{}', said)}")),
    Place("api_key= in a prompt", prompt(lambda said: f"call ?api_key={said}&x=1")),
    Place("password= in a prompt", prompt(lambda said: f"login password={said}, then"), "letters"),
    Place("a user in a prompt", prompt(lambda said: f"see https://me:{said}@a.example/x"), "letters"),
    Place("a signed image", field("image", "https://a.example/cat.png?X-Amz-Signature={}")),
    Place("the user of an image", field("image", "https://me:{}@a.example/cat.png"), "letters"),
    Place("the token of a callback", field("callback_url", "https://a.example/hook?t={}"), "letters"),
    Place("the path of a callback", field("callback_url", "https://a.example/hook/{}")),
    Place("a form", body("mode=std&api_key={}", "application/x-www-form-urlencoded")),
    Place("a form of letters", body("mode=std&password={}", "application/x-www-form-urlencoded"), "letters"),
    Place("a form's name nobody knows", body("mode=std&colour={}", "application/x-www-form-urlencoded"), "letters"),
    Place("a form of digits", body("otp={}&mode=std", "application/x-www-form-urlencoded"), "digits"),
    Place("a form without a type", body("a=b&pass={}"), "letters"),
    Place("the name in a form", body("{}=b&mode=std", "application/x-www-form-urlencoded")),
    Place("a part", body(part("api_key"), MULTIPART)),
    Place("a part of letters", body(part("password"), MULTIPART), "letters"),
    Place("a part nobody knows", body(part("colour"), MULTIPART), "letters"),
    Place("a file", body(part("file", '; filename="a.txt"'), MULTIPART), "letters"),
    Place("the name of a file", body(part("file", '; filename="{}"'), MULTIPART), "letters"),
    Place("a part without a type", body(part("secret")), "digits"),
    Place("the name of a part", body(part("{}"), MULTIPART)),
    Place("a part of bytes", bytes_of(b"\xff\r\n" + part("token").encode(), MULTIPART)),
    Place("a field of a form", params("password"), "letters"),
    Place("a field of a form nobody knows", params("colour"), "letters"),
    Place("broken JSON", body('{"mode": "std", "api_key": "{}", ')),
    Place("broken JSON of letters", body('{"mode": "std", "password": "{}", '), "letters"),
    Place("broken JSON of digits", body('{"otp": {}, "mode": '), "digits"),
    Place("broken JSON without an end", body('{"mode": "std", "colour": "{}'), "letters"),
    Place("broken JSON below", body('{"auth": {"value": ["{}"'), "letters"),
    Place("broken JSON's name", body('{"{}": 1, ')),
    Place("a dict of Python", body("{'password': '{}'}"), "letters"),
    Place("bytes that are no text", bytes_of(b'{"x": "\xff", "password": "{}"}', "application/json"), "letters"),
    Place("a form of bytes", bytes_of(b"x=\xff&password={}", "application/x-www-form-urlencoded"), "letters"),
    Place("a text alone", body("{}", "text/plain"), "letters"),
    Place("a session token in an answer", told("session_token"), on="poll"),
    Place("a number in an answer", told("otp", "0"), "digits", "poll"),
    Place("an answer's name nobody knows", told("queue"), "letters", "poll"),
    Place("a number nobody knows in an answer", told("queue", "0"), "digits", "poll"),
    Place("the name of a field of an answer", told("{}", 1), on="poll"),
    Place("below a name of an answer", told("user", {"x": {"y": "{}"}}), "letters", "poll"),
    Place("a message", message(lambda said: f"secret_key={said}"), on="poll"),
    Place("a page", page("<html><title>Gone</title>token=k1{}</html>"), on="poll"),
    Place("an answer that is a text", page("{}", 500), "letters", "poll"),
    Place("a broken answer", page('{"password": "{}', 500), "letters", "poll"),
    Place("the path of no operation", route("https://api.cometapi.com/kling/v1/nope/{}"), on="poll"),
    Place("the query of no operation", route("https://api.cometapi.com/kling/v1/nope?x={}"), "letters", "poll"),
    Place("another host", route("https://bank.example/{}"), on="poll"),
    *(Place(f"a key {name} elsewhere", KEY, echo=message(make)) for name, make in ECHOES.items()),
    *(Place(f"a key of signs {name} elsewhere", KEY, "signs", echo=message(make)) for name, make in ECHOES.items()),
    Place("a short key elsewhere", KEY, "short", echo=message(lambda said: f"wrong key '{said}'")),
    Place("a short key in base64 elsewhere", KEY, "short", echo=message(base64_at(0))),
    Place("a key of letters elsewhere", KEY, "letters", echo=message(lambda said: f"no {said.upper()}!")),
    Place("a key in an id", KEY, echo=address("/{}")),
    Place("a key in the path of no operation", KEY, "letters", echo=route("https://api.cometapi.com/kling/v1/{}/x")),
    Place("a key in a parameter that is known", KEY, echo=route(f"{CREATE}?pageNum={{}}")),
    Place("a key in a header that is known", KEY, echo=header("X-Request-Id")),
    Place("a key in an error", KEY, echo=error),
    Place(
        "a key in a prompt elsewhere", KEY, "letters", echo=lambda e, said: message(lambda _: f"not '{said}'")(e, said)
    ),
    Place("a cookie elsewhere", header("Cookie", "lang=en; sid={}"), echo=message(lambda said: f"session {said}")),
    Place("a new cookie elsewhere", header("Set-Cookie", "id={}; Path=/", side="response"), echo=message(str.upper)),
    Place("Basic elsewhere", basic, echo=message(lambda said: f"user me, {said}")),
    Place("a number elsewhere", field("password", "0"), "digits", echo=message(lambda said: f"not {said}.")),
    Place("a password elsewhere", field("password"), "letters", echo=message(lambda said: f"not {said}.")),
    Place("a form's password elsewhere", body("a=b&pass={}"), echo=message(lambda said: f"not {said}.")),
    Place("a part's token elsewhere", body(part("token"), MULTIPART), echo=message(lambda said: f"not {said}.")),
    Place("a nested password elsewhere", prompt(nested(2)), echo=message(lambda said: f"not {said}.")),
    Place("a parameter elsewhere", address("?sig={}"), on="poll", echo=message(lambda said: f"not {said}.")),
    Place("a user elsewhere", user, echo=message(lambda said: f"not {said}.")),
    Place("an unknown header elsewhere", header("X-Tenant"), echo=message(lambda said: f"not {said}.")),
    Place("an answer's token elsewhere", told("session_token"), on="poll", echo=message(str.lower)),
]


class Spoilt(NamedTuple):
    """The entries of a recording, and each secret in it by its place."""

    entries: list[Entry]
    secrets: dict[str, str]


def spoilt(places: list[Place] = PLACES, conversation: list[Entry] | None = None, seed: int = 0) -> Spoilt:
    """Return a recording with a secret in each of some places; a whole conversation goes before."""
    first = conversation or made()
    entries, secrets = copy.deepcopy(first), {}
    for number, place in enumerate(places):
        said = secrets[place.name] = secret(place.kind, seed * 1000 + number)
        entries += entries_of(place, said, _of_another_task(first, number))
    return Spoilt(entries, secrets)


def _of_another_task(conversation: list[Entry], number: int) -> list[Entry]:
    task = json.loads(conversation[0]["response"]["content"]["text"])["data"]["task_id"]
    other = f"{task[:-4]}{number:04}"
    found: list[Entry] = json.loads(json.dumps(conversation[:2]).replace(task, other))
    return found


def entries_of(place: Place, said: str, conversation: list[Entry]) -> list[Entry]:
    """Return the entries that hold one secret."""
    create, poll = conversation[0], conversation[1]
    entry = _without_key(create if place.on == "create" else poll)
    place.fill(entry, said)
    if place.echo is None:
        return [entry]
    other = _without_key(poll)
    place.echo(other, said)
    return [other, entry]  # the echo comes first: what hides it is known only later


def _without_key(entry: Entry) -> Entry:
    entry = copy.deepcopy(entry)
    dropped = ("authorization", "content-length", "content-type")
    kept = [each for each in entry["request"]["headers"] if each["name"].lower() not in dropped]
    entry["request"]["headers"] = kept
    entry["request"].pop("bodySize", None)
    return entry


def left(text: str, secrets: dict[str, str]) -> dict[str, str]:
    """Return the secrets that are left in a text, in any form, by their places."""
    seen = list(_readings(text))
    return {name: said for name, said in secrets.items() if any(_stands(said, each) for each in seen)}


def _readings(text: str) -> Iterator[str]:
    """Yield a text as whoever looks for a secret would read it, in small letters."""
    for _ in range(4):
        yield text.lower()
        yield "".join(text.split()).replace("\\n", "").lower()
        text = html.unescape(unquote(_unescaped(text)))


def _unescaped(text: str) -> str:
    parts = text.split("\\u")
    return parts[0] + "".join(chr(int(each[:4], 16)) + each[4:] if _is_hex(each[:4]) else each for each in parts[1:])


def _is_hex(text: str) -> bool:
    return len(text) == 4 and all(sign in string.hexdigits for sign in text)


def _stands(said: str, text: str) -> bool:
    data = said.encode()
    forms = [said.lower(), said[::-1].lower(), data.hex()]
    for before in range(3):
        written = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        inner = written[4 if before else 0 : -2 if len(written) % 4 else None].lower()
        forms += [inner, inner.replace("+", "-").replace("/", "_")]
    return any(form in text for form in forms if len(form) >= 6)
