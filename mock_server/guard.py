"""Who may use `/__admin`: programs on this machine, and elsewhere only those that know the token.

A web page that somebody on this machine looks at is neither. It gives itself away by its Origin, by Sec-Fetch-Site
where a browser sends no Origin, or, where it made its own name point here (DNS rebinding), by the Host that it asks
for. A proxy on this machine gives itself away by the headers that tell for whom it asks.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from mock_server.callbacks.modes import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "KLINGMOCK_ADMIN_TOKEN"
HEADER = "x-kling-admin-token"

# By these a proxy says for whom it asks, or by which name it was asked; `Forwarded` (RFC 7239) says both.
_PROXIED = (
    *("x-forwarded-for", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-original-forwarded-for"),
    *("cf-connecting-ip", "true-client-ip", "fastly-client-ip", "fly-client-ip", "x-forwarded-host"),
)
_FORWARDED = "forwarded"
_OWN_PAGES = ("same-origin", "none")  # of Sec-Fetch-Site: by admin's own answers, and by a person at the address bar

_HOW = f"Authorization: Bearer <token>, or X-Kling-Admin-Token: <token>, with the token of {VARIABLE}"


class No(NamedTuple):
    """Why a request may not use admin: the HTTP status, the reason, and what would be accepted."""

    status: int
    message: str
    accepted: str


class Guard:
    """The doorkeeper of admin. `exposed` says that the server listens beyond loopback, where a token is needed."""

    def __init__(self, token: str | None, *, exposed: bool = False) -> None:
        """Raise ValueError for a token that no header carries as it is."""
        self._token, self._exposed = token, exposed
        if token:
            check_sendable("the admin token", token, spaced=True)

    def refusal(self, headers: Mapping[str, str], *, near: bool = True) -> No | None:
        """Return why a request may not use admin, or None.

        `near` says that it came over the loopback interface. A proxy there may still say that it asks for others.
        """
        if self._token is not None:
            return None if self._knows(headers) else No(401, "admin needs the token", _HOW)
        if self._exposed or not near or not all(map(_is_near, _asked_for(headers))):
            return No(403, f"this server listens beyond loopback, where admin needs {VARIABLE} to be set", _HOW)
        host, origin = headers.get("host") or "", headers.get("origin")
        if MARK in headers:
            return No(403, "a callback may not use admin", "an inbox, /__inbox/NAME, and applications of yours")
        if not is_loopback(_name(f"//{host}")):
            return No(403, f"Host {host[:200]!r} may not use admin", "localhost, 127.0.0.1, [::1]; any with a token")
        if origin is not None and not is_loopback(_name(origin)):
            return No(403, f"a page of {origin[:200]!r} may not use admin", "pages of localhost; any with a token")
        site = headers.get("sec-fetch-site") or "none"
        if origin is None and site not in _OWN_PAGES:
            return No(403, f"a page of elsewhere ({site[:40]}) may not use admin", "programs; any with a token")
        return None

    def _knows(self, headers: Mapping[str, str]) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = (bearer.strip() if scheme.lower() == "bearer" else "", headers.get(HEADER, ""))
        expected = (self._token or "").encode()
        # Both are compared, so that no answer comes sooner than another.
        return sum(hmac.compare_digest(each.encode(), expected) for each in given) > 0 and bool(expected)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return False


def check_sendable(what: str, text: str, *, spaced: bool = False) -> None:
    """Raise ValueError for a token or key that a header does not carry as it is; it is not shown.

    `spaced` allows spaces within it.
    """
    inner = " " if spaced else ""
    for at, sign in enumerate(text):
        if not ("!" <= sign <= "~" or (sign == inner and 0 < at < len(text) - 1)):
            kind = "a space" if sign == " " else "a control character" if sign.isascii() else "not ASCII"
            where = " at its ends" if spaced else ""
            accepted = f"accepted: printable ASCII without spaces{where}, which every client sends alike"
            raise ValueError(f"{what}: character {at + 1} of {len(text)} is {kind}; {accepted}")


def _asked_for(headers: Mapping[str, str]) -> list[str]:
    """Return for whom and by which name a proxy says that it asks, none if it does not say."""
    said = [each for name in _PROXIED for each in headers.get(name, "").split(",")]
    for pair in headers.get(_FORWARDED, "").replace(";", ",").split(","):
        name, _, value = pair.partition("=")
        if name.strip().lower() not in ("by", "proto"):
            said.append(value.strip().strip('"') or pair)
    return [each.strip() for each in said if each.strip()]


def _is_near(place: str) -> bool:
    """Whether what a proxy names is this machine, with or without a port."""
    return is_loopback(place) or is_loopback(_name(f"//{place}"))


def _name(url: str) -> str:
    """Return the host of a URL, or an empty text where it has none or is none."""
    try:
        parts = urlsplit(url)
        return "" if parts.username is not None else parts.hostname or ""
    except ValueError:
        return ""
