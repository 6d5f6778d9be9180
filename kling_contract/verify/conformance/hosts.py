"""Whether a server is on this machine, where what it is asked to create costs nothing."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

Resolve = Callable[[str], list[str]]


def resolve(host: str) -> list[str]:
    """Return the addresses of a name; none where it has none."""
    try:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []


def address(url: str) -> str:
    """Return a base URL without a slash at its end. Raises ValueError for what is no http(s) URL of a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{url!r} is no base URL; accepted: http(s)://HOST[:PORT][/PATH]")
    if parts.port == 0:
        raise ValueError(f"{url!r} has port 0; accepted: 1 to 65535")
    return url.rstrip("/")


def is_here(url: str, resolve: Resolve = resolve) -> bool:
    """Whether every address of a URL's host is a loopback one. A name without an address leads nowhere, and is not."""
    host = urlsplit(url).hostname or ""
    found = [host] if _is_address(host) else resolve(host)
    return bool(found) and all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
