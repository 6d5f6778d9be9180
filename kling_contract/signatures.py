"""Signatures of callbacks, after Standard Webhooks, as Kling signs since 2026-08 (OFF-ZH26); both sides use it.

A signature is `v1,` and the base64 of an HMAC-SHA256 over `id.timestamp.body`. While one secret replaces another, a
callback has the signature of each, with a space between.
"""

from __future__ import annotations

import base64
import hmac
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kling_contract.clock import RealClock
from kling_contract.errors import ConfigurationError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE = 300  # seconds between the timestamp and now, either way; the five minutes of Standard Webhooks

_ID, _TIMESTAMP, _SIGNATURE = _HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PREFIX = "whsec_"
_LEAST, _MOST = 24, 64
_SECONDS = re.compile("[1-9][0-9]{0,11}")
_SIGNED = re.compile("v1,[A-Za-z0-9+/]{43}=")


def check_secret(secret: str) -> None:
    """Raise `ConfigurationError` for what is not `whsec_` and the base64 of 24 to 64 bytes; the secret is not shown."""
    _key(secret)


def signed(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a callback, with one signature for each of `secrets`; `timestamp` is in Unix seconds.

    Raises `ConfigurationError` for a secret that is none, and ValueError for a body that is not UTF-8.
    """
    signatures = [_signature(_key(secret), message_id, timestamp, body) for secret in secrets]
    return {_ID: message_id, _TIMESTAMP: str(timestamp), _SIGNATURE: " ".join(signatures)}


def verify(headers: Mapping[str, str], body: bytes, secret: str, *, now: float | None = None) -> None:
    """Raise `SignatureError` unless one of the signatures in `headers` is that of `body` by `secret`, and fresh.

    The names of `headers` may have any case. `now` is in Unix seconds, by default the real time: a signer writes the
    real time even where a session has a time of its own. Raises `ConfigurationError` for a secret that is none.
    """
    key = _key(secret)
    message_id, timestamp, signatures = _read(headers)
    _check_time(timestamp, RealClock().now() if now is None else now)
    try:
        expected = _signature(key, message_id, timestamp, body)
    except UnicodeDecodeError as error:
        raise SignatureError(f"the body is not UTF-8, as whatever is signed must be: {error}") from None
    # Compared as texts: several texts decode to the same bytes, and only one of them is what the signer writes.
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise SignatureError("no signature matches: another secret, or not the body byte for byte as it was sent")


def _signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    from standardwebhooks import Webhook

    return Webhook(key).sign(message_id, datetime.fromtimestamp(timestamp, UTC), body.decode())


def _key(secret: str) -> bytes:
    """Return the bytes that a secret stands for; reading it from a file leaves a line break, which is dropped."""
    text = secret.strip() if isinstance(secret, str) else ""
    encoded = text.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if text.startswith(_PREFIX) and _LEAST <= len(key) <= _MOST:
        return key
    flaw = _flaw(text, key)
    raise ConfigurationError(f"the callback secret {flaw}; accepted: {_PREFIX} and base64 of {_LEAST} to {_MOST} bytes")


def _flaw(text: str, key: bytes) -> str:
    if not text:
        return "is empty or no text"
    if not text.startswith(_PREFIX):
        return f"does not begin with {_PREFIX}"
    return f"has {len(key)} bytes" if key else f"has no base64 after {_PREFIX}"


def _read(headers: Mapping[str, str]) -> tuple[str, int, list[str]]:
    """Return id, timestamp and the `v1` signatures; those of another version are not ours to judge."""
    found = {str(name).lower(): value for name, value in headers.items()}
    missing = [name for name in _HEADERS if not found.get(name)]
    if missing:
        raise SignatureError(f"the callback is not signed: {' and '.join(missing)} missing from its headers")
    for name in _HEADERS:
        if not isinstance(found[name], str) or not found[name].isascii():
            raise SignatureError(f"{name} is malformed: it is no ASCII text")
    if not _SECONDS.fullmatch(found[_TIMESTAMP]):
        raise SignatureError(f"{_TIMESTAMP} is malformed: {found[_TIMESTAMP][:60]!r}; it says whole Unix seconds")
    signatures = [each for each in found[_SIGNATURE].split(" ") if _SIGNED.fullmatch(each)]
    if not signatures:
        raise SignatureError(f"{_SIGNATURE} is malformed: {found[_SIGNATURE][:60]!r}; it says v1,<base64>")
    return found[_ID], int(found[_TIMESTAMP]), signatures


def _check_time(timestamp: int, now: float) -> None:
    age = now - timestamp
    if abs(age) > TOLERANCE:
        how = "old: it lies {} s back" if age > 0 else "new: it lies {} s ahead"
        allowed = f"{TOLERANCE} s (five minutes) are allowed"
        raise SignatureError(f"{_TIMESTAMP} is too {how.format(math.ceil(abs(age)))}, and {allowed}")
