"""URLs that the mock is told to call, read strictly: what two programs could read differently is no URL here."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from kling_contract import redaction
from mock_server.outward.errors import NoRequest

MOST = 8192  # characters of a URL

_PORTS = {"http": 80, "https": 443}
_NETLOC = re.compile(r"(?:\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|([^\[\]:@]+))(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Origin(NamedTuple):
    """Where a connection goes: http or https, a host as `canonical` writes it, and a port."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """What a Host header says: the port is left out where it is the usual one, IPv6 stands in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Target(NamedTuple):
    """What a URL asks for: an origin, and the path with its query."""

    origin: Origin
    path: str


def target_of(url: str) -> Target:
    """Read a URL; its fragment is left out.

    Raises `NoRequest`, saying why, for other schemes than http and https, more than `MOST` characters, characters that
    a URL has to escape, user names, and hosts and ports that are none; a host beyond ASCII is written as `xn--...`.
    """
    if len(url) > MOST:
        raise NoRequest(f"no URL to call: {len(url)} characters; accepted: at most {MOST}")
    try:
        parts = _split(url)
        origin = Origin(parts.scheme, *_place(parts.netloc, _PORTS[parts.scheme]))
    except ValueError as error:
        raise NoRequest(f"no URL to call: {redaction.url(url)[:200]!r}: {error}") from None
    path = parts.path or "/"
    return Target(origin, f"{path}?{parts.query}" if parts.query else path)


def origin_of(text: str) -> Origin:
    """Read an origin, such as `http://web:8000`. Raises ValueError for what is none, or is more than one."""
    origin, path = target_of(text)
    if path != "/" or "?" in text or "#" in text:
        raise ValueError(
            f"no origin: {redaction.url(text)[:200]!r}; accepted: a scheme, a host and a port, as in http://web:8000"
        )
    return origin


def canonical(host: str) -> str:
    """Return a host in the one way to write it: `127.1`, `0x7f000001`, `LOCALHOST.` -> `127.0.0.1`, `localhost`.

    A trailing dot is left out. An IPv6 address is compressed, or the IPv4 address that it maps. A host whose last label
    is a number is an IPv4 address, as browsers and the system's resolver read it
    (https://url.spec.whatwg.org/#concept-ipv4-parser). Raises ValueError for what is neither a name nor an address.
    """
    if not host.isascii() or "%" in host:
        raise ValueError("a host is written in ASCII (xn--...), without a zone")
    if ":" in host:
        address = ipaddress.IPv6Address(host)
        return str(address.ipv4_mapped or address)
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("its host is neither a name nor an address")
    return _dotted(name) if _NUMBER.fullmatch(labels[-1]) else name


def _dotted(number: str) -> str:
    try:
        return socket.inet_ntoa(socket.inet_aton(number))
    except OSError:
        raise ValueError("its host is neither a name nor an address") from None


def _split(url: str) -> SplitResult:
    # `urlsplit` drops tabs and line ends silently, so they are looked for before it.
    if not all("!" <= character <= "~" for character in url):
        raise ValueError("spaces, control characters and what is not ASCII have to be escaped")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("accepted: http and https")
    return parts


def _place(netloc: str, usual: int) -> tuple[str, int]:
    """Split `host:port`. `urlsplit` would do so too, but passes over what stands around brackets."""
    found = _NETLOC.fullmatch(netloc)
    if found is None:
        raise ValueError("a host and perhaps a port are needed, without a user name")
    bracketed, name, digits = found.groups()
    port = int(digits) if digits else usual
    if not 1 <= port <= 65535:
        raise ValueError("a port is between 1 and 65535")
    return canonical(bracketed or name), port
