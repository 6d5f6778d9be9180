"""Bearer credentials: an API key, or an HS256 token made from access and secret key.

The token has `iss` (the access key), `exp` (now + 1800 s) and `nbf` (now - 5 s), signed with the secret key as UTF-8
text, as the official documentation's sample does (OFF-SEP26).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from kling_contract.clock import Clock

_MARGIN = 60.0


def sign(access_key: str, secret_key: str, now: float, *, lifetime: int = 1800, early: int = 5) -> str:
    """Return an HS256 token for `access_key`, good from `now - early` to `now + lifetime` (Unix seconds)."""
    import jwt

    claims = {"iss": access_key, "exp": int(now) + lifetime, "nbf": int(now) - early}
    with warnings.catch_warnings():
        # The length of a secret key is the provider's choice.
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        return jwt.encode(claims, secret_key, algorithm="HS256", headers={"typ": "JWT"})


def stay(holder: object) -> NoReturn:
    """Refuse to pickle or copy what holds a key, so that no key lands in a file or a queue. Raises `TypeError`."""
    raise TypeError(f"{type(holder).__name__} holds a key and does not leave its process; make a client there")


@dataclass(slots=True)
class KeyCredential:
    """An API key, sent as it is."""

    key: str

    def bearer(self) -> str:
        """Return the text after `Bearer `."""
        return self.key

    def __repr__(self) -> str:
        return "KeyCredential()"

    def __reduce__(self) -> NoReturn:
        stay(self)


@dataclass(slots=True)
class TokenCredential:
    """Access and secret key; the token made of them is renewed a minute before it expires."""

    access_key: str
    secret_key: str
    clock: Clock
    lifetime: int = 1800
    early: int = 5
    _token: str = ""
    _renew_at: float = 0.0

    def bearer(self) -> str:
        """Return the text after `Bearer `: a token that is good for another minute at least."""
        now = self.clock.now()
        if now >= self._renew_at:
            self._token = sign(self.access_key, self.secret_key, now, lifetime=self.lifetime, early=self.early)
            self._renew_at = now + self.lifetime - min(_MARGIN, self.lifetime / 2)
        return self._token

    def __repr__(self) -> str:
        return f"TokenCredential(access_key={self.access_key!r})"

    def __reduce__(self) -> NoReturn:
        stay(self)


def account(header: str | None) -> str | None:
    """Return whom an Authorization header is for, by the key or by the access key of a token; None for nobody.

    Nothing is verified, and what is returned may be a secret.
    """
    scheme, _, text = (header or "").partition(" ")
    credential = text.strip()
    if scheme.lower() != "bearer" or not credential:
        return None
    if credential.count(".") == 2 and credential.startswith("eyJ"):
        import jwt

        try:
            return str(jwt.decode(credential, options={"verify_signature": False}).get("iss"))
        except jwt.PyJWTError:
            return credential
    return credential
