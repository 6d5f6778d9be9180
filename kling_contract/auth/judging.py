"""Whether an Authorization header is good, and if it is not, what its sender probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.auth.flaw import Flaw
from kling_contract.auth.tokens import judge_token

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEARER = "send `Authorization: Bearer <key>`, with one space"
_QUOTES = "\"'`“”‘’"
# Schemes may be told, since they are public words; whatever else stands at the front may be the key itself.
_SCHEMES = frozenset({"apikey", "aws4-hmac-sha256", "basic", "digest", "hmac", "jwt", "key", "negotiate", "token"})
_UNSET = frozenset({"", "none", "null", "undefined", "nil", "false", "true", "[object object]"})
_MARKS = ("$", "{{", "<", "%", "your", "xxx")  # what a text begins with that somebody was to replace


def judge(
    header: str | None,
    keys: frozenset[str],
    secrets: Mapping[str, str],
    times: tuple[float, ...],
    takes_keys: bool = True,
) -> Flaw | None:
    """Return what is wrong with an Authorization header, or None if it is good.

    Without `keys` and `secrets` (access key -> secret key) any well-formed credential is good, but for keys where the
    provider takes none (`takes_keys`). A token is good if it is so at one of `times` (Unix seconds).
    """
    if not header:
        what = "there is no Authorization header" if header is None else "the Authorization header is empty"
        return Flaw("auth.missing", "auth.missing", what, _BEARER)
    scheme, _, text = header.partition(" ")
    credential = text.strip(" \t")
    if scheme.lower() != "bearer":
        return _without_scheme(scheme, credential)
    if not credential:
        message = "nothing stands after Bearer, as when the variable of the key is not set"
        return Flaw("auth.missing", "auth.empty", message, _BEARER)
    if not credential.isprintable() or " " in credential:
        return _split(credential)
    if credential in keys:
        return None
    if credential.count(".") == 2 and credential.startswith("eyJ"):
        return judge_token(credential, secrets, times, keys=bool(keys))
    if keys or secrets or not takes_keys:
        return _unknown(credential, keys, secrets)
    return None


def _without_scheme(scheme: str, credential: str) -> Flaw:
    name = scheme.rstrip(":").lower()
    if name.startswith("bearer"):
        message = "Bearer and the key are not parted by one space"
    elif name in _SCHEMES and credential:
        message = f"the scheme is {name.capitalize()} and must be Bearer"
    elif credential:
        message = "the Authorization header begins with another word than Bearer"
    else:
        message = "the Authorization header is one word: the scheme Bearer is missing before the key"
    return Flaw("auth.invalid", "auth.scheme", message, _BEARER)


def _split(credential: str) -> Flaw:
    first = credential.partition(" ")[0].lower().rstrip(":")
    if first == "bearer":
        message, hint = "Bearer stands twice", "give the key to the client without the word Bearer, which is added"
        return Flaw("auth.invalid", "auth.scheme", message, hint)
    if "\n" in credential or "\r" in credential:
        message = "there is a line break in the key, as when a file is read with the end of its line"
        return Flaw("auth.invalid", "auth.space", message, "strip the text before it is sent")
    message = "there is a space within the key, or a sign that cannot be seen"
    return Flaw("auth.invalid", "auth.space", message, "send the key as it was copied, in one piece")


def _unknown(credential: str, keys: frozenset[str], secrets: Mapping[str, str]) -> Flaw:
    """Return what is wrong with a well-formed key that is none of the server's."""
    for found in (_unset(credential), _dressed(credential, keys), _mistaken(credential, secrets)):
        if found is not None:
            return found
    if not keys:
        message = "this is a key, and HS256 tokens are taken here, made of access and secret key"
        return Flaw("auth.unknown", "auth.key", message, "send `Authorization: Bearer <token>`, a JSON Web Token")
    hint = "send one of those, or start the server without --api-key to take any"
    return Flaw("auth.unknown", "auth.unknown", "the key is none of those that this server was given", hint)


def _unset(credential: str) -> Flaw | None:
    bare = credential.strip(_QUOTES).lower()
    if bare not in _UNSET and not bare.startswith(_MARKS):
        return None
    message = "in the place of the key stands a text that a variable or a person was to replace"
    return Flaw("auth.unknown", "auth.placeholder", message, "set the variable that the key is read from")


def _dressed(credential: str, keys: frozenset[str]) -> Flaw | None:
    """Return what hides a good key, or would."""
    if credential[0] in _QUOTES and credential[-1] in _QUOTES:
        message, hint = (
            "there are quotes around the key",
            "send it without them",
        )
        return Flaw("auth.unknown", "auth.quotes", message, hint)
    if any(sign in credential for sign in ("\\n", "\\r", "%0A", "%0a", "%0D", "%0d")):
        message = "there is an escaped line break in the key"
        return Flaw("auth.unknown", "auth.space", message, "strip the text before it is sent")
    if credential.lower() in {key.lower() for key in keys}:
        message = "the key differs from that of this server in capital letters only"
        return Flaw("auth.unknown", "auth.unknown", message, "send it as it was given")
    if not credential.isascii():
        message = "there is a sign in the key that no key has, as one that cannot be seen"
        return Flaw("auth.unknown", "auth.space", message, "copy the key anew, as plain text")
    return None


def _mistaken(credential: str, secrets: Mapping[str, str]) -> Flaw | None:
    """Return that an access or secret key is sent as if it were an API key."""
    found = "access" if credential in secrets else "secret" if credential in secrets.values() else None
    if found is None:
        return None
    hint = "sign an HS256 token with the secret key, with the access key as `iss`, and send that"
    return Flaw("auth.unknown", "auth.key", f"this is the {found} key itself, and no token made of the two", hint)
