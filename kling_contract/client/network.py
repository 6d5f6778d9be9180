"""The way to a host: to this machine past any proxy, to all others as the environment says."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Generic, Literal, TypeVar
from urllib.parse import urlsplit

import httpx

from kling_contract.client.environment import certificates, check_proxies, unreadable_exceptions
from kling_contract.errors import KlingError
from kling_contract.trust import late_trust

if TYPE_CHECKING:
    from collections.abc import Callable

Http = TypeVar("Http")
Way = Literal["given", "plain", "local", "environment"]


class Connections(Generic[Http]):
    """The httpx clients of one `Kling`, each made when a URL first needs it, so that a proxy is read when one is used.

    `make` is httpx's class with what they all have in common. With a `transport` of the caller's own there is but one.
    """

    def __init__(self, make: Callable[..., Http], transport: object | None) -> None:
        self._make, self._transport = make, transport
        self._made: dict[Way, Http] = {}
        self._closed = False

    def to(self, url: httpx.URL) -> Http:
        """Return the client for a URL. Raises `ConfigurationError` where the environment cannot be used."""
        if self._closed:
            raise KlingError("the client is closed; make another, and get the task there by its id")
        way = way_to(url) if self._transport is None else "given"
        if way not in self._made:
            # Another thread may have been faster; then its client is taken, and this one has no connection.
            self._made.setdefault(way, self._new(way))
        return self._made[way]

    def close(self) -> list[Http]:
        """Let nothing more be sent, and return the clients that are to be closed."""
        self._closed = True
        return list(self._made.values())

    def _new(self, way: Way) -> Http:
        if way == "given":
            return self._make(transport=self._transport)
        if way == "plain":
            return self._make(trust_env=False, verify=late_trust())
        if way == "local" or not check_proxies():
            return self._make(trust_env=False, verify=certificates())
        try:
            return self._make(verify=certificates())
        except httpx.InvalidURL as error:
            raise unreadable_exceptions() from error


def way_to(url: httpx.URL) -> Way:
    """Return how a URL is asked: `plain` and `local` (by TLS) are on this machine."""
    if not is_loopback(url.host):
        return "environment"
    return "local" if url.scheme == "https" else "plain"


def can_be_asked(url: str) -> bool:
    """Whether httpx and the socket can make a request of a URL; neither's error would be one of a connection."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        read.raw_host.decode().encode("idna")
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname and read.host) and parts.port != 0
    except (httpx.InvalidURL, ValueError):
        return False


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address; nothing is looked up."""
    name = host.lower().rstrip(".").strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        # As a socket reads it: 127.1 and 0x7f000001 are addresses too.
        address = ipaddress.ip_address(socket.inet_ntoa(socket.inet_aton(name)) if ":" not in name else name)
    except (OSError, ValueError):
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return bool(plain.is_loopback or plain.is_unspecified)
