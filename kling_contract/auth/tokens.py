"""Whether a JSON Web Token is good: how it is signed, by whom, and when."""

from __future__ import annotations

import base64
import binascii
import math
import warnings
from typing import TYPE_CHECKING, Any

from kling_contract.auth.flaw import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ALGORITHM = "HS256"
_MILLISECONDS = 10**11  # as seconds, a time in the year 5138
_SIGNATURE_ALONE: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
_CLAIMS = "a token has `iss` (the access key), `exp` (now + 1800) and `nbf` (now - 5), in Unix seconds"
_SPANS = ((172_800, 86_400, "days"), (7200, 3600, "h"), (120, 60, "min"), (0, 1, "s"))


def judge_token(token: str, secrets: Mapping[str, str], times: tuple[float, ...], *, keys: bool) -> Flaw | None:
    """Return what is wrong with a token, or None if it is good at one of `times` (Unix seconds).

    Without `secrets` (access key -> secret key), and if the server has no `keys` either, any signature is good.
    """
    import jwt

    try:
        head = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        message = "this looks like a JSON Web Token and cannot be read as one"
        return _refused("auth.malformed", message, "send the whole text that the library returns")
    if secrets or keys:
        flaw = _judge_signature(token, head, claims, secrets)
        if flaw is not None:
            return flaw
    return _judge_times(claims, times)


def _judge_signature(
    token: str, head: Mapping[str, Any], claims: Mapping[str, Any], secrets: Mapping[str, str]
) -> Flaw | None:
    if not secrets:
        hint = "send the key, or start the server with --access-key and --secret-key"
        return _refused("auth.token", "this is a token, and this server was given API keys only", hint)
    algorithm = head.get("alg")
    if algorithm != _ALGORITHM:
        # Only a word of the usual kind is told.
        shown = algorithm if isinstance(algorithm, str) and algorithm.isalnum() and len(algorithm) < 12 else "another"
        return _refused("auth.algorithm", f"the token is signed by {shown} and must be by {_ALGORITHM}")
    issuer = claims.get("iss")
    secret = secrets.get(issuer) if isinstance(issuer, str) else None
    if secret is None:
        return _refused("auth.issuer", _issuer(issuer, secrets), "iss is the access key, as it was given")
    if _is_signed(token, secret):
        return None
    how = next((said for said, other in _guesses(str(issuer), secret) if _is_signed(token, other)), None)
    message = "the signature is not made with the secret key that belongs to this access key"
    return _refused("auth.secret", message + (f": {how}" if how else ""), "sign with the secret key, as text")


def _issuer(issuer: Any, secrets: Mapping[str, str]) -> str:
    if issuer is None:
        return "the token has no iss"
    if issuer in secrets.values():
        return "iss is the secret key and must be the access key"
    return "iss is an access key that this server was not given"


def _guesses(access: str, secret: str) -> Iterator[tuple[str, str | bytes]]:
    """Yield what else tokens are signed with by mistake, and how that is told."""
    yield "it is made with the access key", access
    for text in (f"{secret}\n", f"{secret}\r\n", f"{secret} ", secret.strip()):
        yield "a space or a line break is taken for a part of the key, or left out", text
    for quote in ('"', "'"):
        yield "quotes are taken for a part of the key", f"{quote}{secret}{quote}"
    yield "the key is encoded as base64 before, and must not be", base64.b64encode(secret.encode())
    try:
        yield "the key is decoded from base64 before, and must not be", base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        return


def _is_signed(token: str, secret: str | bytes) -> bool:
    import jwt

    try:
        with warnings.catch_warnings():
            # The length of a secret key is the provider's choice.
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            jwt.decode(token, secret, algorithms=[_ALGORITHM], options=_SIGNATURE_ALONE)
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def _judge_times(claims: Mapping[str, Any], times: tuple[float, ...]) -> Flaw | None:
    for name in ("exp", "nbf") if "nbf" in claims else ("exp",):
        problem = _problem(claims, name)
        if problem is not None:
            return _refused("auth.claims", problem)
    start, end = float(claims.get("nbf", 0)), float(claims["exp"])
    if any(start <= now < end for now in times):
        return None
    if all(now < start for now in times):
        return _early(start, min(start - now for now in times))
    return _expired(start, end, min(abs(now - end) for now in times))


def _problem(claims: Mapping[str, Any], name: str) -> str | None:
    """Return why a claim is no time, or None."""
    if name not in claims:
        return f"the token has no {name}"
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} is {'a text' if isinstance(value, str) else 'no number'} and must be a number of seconds"
    try:
        return None if math.isfinite(float(value)) else f"{name} is no finite number"
    except OverflowError:
        return f"{name} is larger than any time"


def _early(start: float, wait: float) -> Flaw:
    if start > _MILLISECONDS:
        message = "nbf is in milliseconds and must be in seconds"
        return Flaw("auth.early", "auth.milliseconds", message, "divide by 1000, for exp as well")
    message = f"the token is good from {_span(wait)} from now on (nbf)"
    return Flaw("auth.early", "auth.early", message, "set nbf to now - 5, in Unix seconds, and set both clocks right")


def _expired(start: float, end: float, ago: float) -> Flaw:
    if end <= start:
        return Flaw("auth.expired", "auth.expired", "exp is not after nbf, so the token is never good", _CLAIMS)
    if end < _MILLISECONDS / 1000:
        return Flaw("auth.expired", "auth.expired", "exp is a span, or long past, and must be a time", _CLAIMS)
    message = f"the token expired {_span(ago)} ago (exp)"
    return Flaw("auth.expired", "auth.expired", message, "sign a new one for each request, or before exp")


def _span(seconds: float) -> str:
    _, unit, name = next(each for each in _SPANS if seconds >= each[0])
    return f"{seconds / unit:.0f} {name}"


def _refused(rule: str, message: str, hint: str = _CLAIMS) -> Flaw:
    return Flaw("auth.token", rule, message, hint)
