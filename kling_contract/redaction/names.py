"""What the names of headers, parameters and fields say: which hold secrets, which never do, and which are no names."""

from __future__ import annotations

import re

LEAST = 4  # characters; what is shorter is a secret only in its own place, as it stands in every other text

_SECRET = re.compile(
    r"auth(?!ority|ored|ors?$)|cookie|token|secret|passw|passphrase|passcode|credential|signature|csrf|xsrf|dpop"
    r"|(?<!kling-)session(id|-id|_id)?$|(?<!idempotency-)(?<!idempotency_)keys?(id|-id|_id|[_-]?\d{1,3})?$",
    re.IGNORECASE,
)
_STRONG = re.compile(r"passw|passphrase|passcode|secret|api[_-]?key|authorization|credential", re.IGNORECASE)
_WORDS = frozenset({"pass", "pwd", "otp", "totp", "mfa", "pin", "cvv", "cvc", "jwt", "sid", "sig", "bearer"})
_CHUNKS = re.compile(r"[^A-Za-z0-9]+")
_PIECES = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|[0-9]+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|\A[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)
_LONGEST_NAME = 80
_LONGEST_PIECE = 16
_SHORT = 2  # letters of a piece that is no word by itself
_MOST_PIECES = 5  # words that are written together
_LEAST_RANDOM = 6  # letters and digits of what may be random

# Headers in which nobody is told a secret: HTTP's own (RFC 9110, 9111, 6265 left out), browsers' and proxies', those
# that tell vendors which exchange is meant, and the mock's.
_LISTED = """
accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authority
cache-control cf-cache-status cf-ray connection content-disposition content-encoding content-language content-length
content-location content-md5 content-range content-security-policy content-type cross-origin-opener-policy
cross-origin-resource-policy date dnt etag expect expires from host idempotency-key if-match if-modified-since
if-none-match if-range if-unmodified-since keep-alive last-modified link location max-forwards nel origin pragma prefer
preference-applied priority range referer referrer-policy report-to request-id retry-after sec-ch-ua sec-ch-ua-mobile
sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user server server-timing
strict-transport-security te timing-allow-origin traceparent trailer transfer-encoding upgrade
upgrade-insecure-requests user-agent vary via warning webhook-id webhook-timestamp x-cache x-cache-hits
x-content-type-options x-correlation-id x-frame-options x-powered-by x-request-id x-runtime x-served-by x-trace-id
x-xss-protection
"""
HARMLESS = frozenset(_LISTED.split())
_OURS = "x-kling-"


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    if _SECRET.search(name[:_LONGEST_NAME]):
        return True
    return not _WORDS.isdisjoint(piece.lower() for piece in _PIECES.findall(name[:_LONGEST_NAME]))


def is_strong(name: str) -> bool:
    """Whether even a word is a secret under this name, as `hunter` is under `password` and not under `token_type`."""
    return _STRONG.search(name[:_LONGEST_NAME]) is not None


def is_harmless(header: str) -> bool:
    """Whether a header, its name in lower case, is one in which nobody is told a secret."""
    return header in HARMLESS or (header.startswith(_OURS) and not is_secret(header))


def is_word(text: str) -> bool:
    """Whether a text is what people call things, as `taskId` or `image2video`, and not a key.

    A key mixes digits and letters of both cases, or has no vowels, or no end.
    """
    if len(text) > _LONGEST_NAME or not text.isprintable():
        return False
    return not any(map(_is_random, _CHUNKS.split(text)))


def _is_random(chunk: str) -> bool:
    """Whether letters and digits without a sign between them are no words that are written together."""
    pieces = _PIECES.findall(chunk)
    if any(map(_is_odd, pieces)):
        return True
    if len(chunk) < _LEAST_RANDOM:
        return False
    numbers = sum(piece.isdecimal() for piece in pieces)
    short = sum(len(piece) for piece in pieces if len(piece) <= _SHORT)
    return len(pieces) > _MOST_PIECES or numbers > 1 or short * 2 > len(chunk)


def _is_odd(piece: str) -> bool:
    if piece.isdecimal():
        return len(piece) > LEAST
    return len(piece) > _LONGEST_PIECE or _CONSONANTS.search(piece) is not None
