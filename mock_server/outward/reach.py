"""Which hosts the mock may call on behalf of a request body: this machine, and what a person named."""

from __future__ import annotations

import ipaddress
import re
from copy import copy
from typing import TYPE_CHECKING

import msgspec

from mock_server.outward.apart import is_apart
from mock_server.outward.errors import Refused
from mock_server.outward.origins import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ENTRY = re.compile(r"(?:\[([^\[\]]*)\]|([^\[\]:]*))(?::([0-9]{1,5}))?")
_ACCEPTED = "web, *.example.com, 10.0.0.1, ::1, 10.0.0.0/8, each also with a port (web:8000, [::1]:8000); * is any host"


class Reach:
    """The hosts that may be called: this machine unless `loopback` is False, and what `allowed` lists.

    `allowed` takes host names (`web`; `*.example.com` is every name below example.com, not itself), addresses and
    networks (`::1`, `10.0.0.0/8`), each with a port or without (`web:8000`, `[::1]:8000`), and `*`. A host that is
    allowed by its name may have any address; of any other host only those addresses are called that are allowed.
    An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is that IPv4 address. The unspecified addresses `0.0.0.0` and
    `::` count as this machine: a connection to them leads there, and servers print them as their own.
    `*` means no address of this machine, of its link or of a cloud's metadata (`apart`), nor do `*:8000`, `0.0.0.0/0`
    and `::/0`: such an address is called where another entry names it, or its host.
    `flag` is the option that a refusal names. Raises ValueError for an entry that is none of these.
    """

    def __init__(self, allowed: Sequence[str] = (), *, flag: str = "--callback-to", loopback: bool = True) -> None:
        self._entries = tuple(_entry(text, flag) for text in allowed)
        self._flag, self._loopback = flag, loopback

    def refusal(self, host: str, port: int, addresses: Sequence[str]) -> str | None:
        """Return why a host with these addresses may not be called, or None."""
        if self._names(host, port) or self._usable(port, addresses):
            return None
        widest = [entry.host for entry in self._entries if entry.port in (None, port) and entry.is_widest]
        if not addresses and "*" in widest:
            return None
        known = ", ".join(addresses[:3]) or "which has no address here"
        if widest and any(is_apart(_plain(each)) for each in addresses):
            return (
                f"{host} port {port} ({known}) is this machine, its link or metadata, which {widest[0]} does not mean"
            )
        which = "neither this machine nor an allowed host" if self._loopback else "no allowed host"
        return f"{host} port {port} ({known}) is {which}"

    def choose(self, host: str, port: int, addresses: Sequence[str]) -> list[str]:
        """Return those addresses that may be called, in their order: none if an allowed name has none.

        Raises `Refused` for a host that may not be called.
        """
        reason = self.refusal(host, port, addresses)
        if reason is not None:
            raise Refused(host, reason, f"{self._flag} {host}")
        return list(addresses) if self._names(host, port) else self._usable(port, addresses)

    def including(self, places: Iterable[tuple[str, int]]) -> Reach:
        """Return this reach and these (host, port) besides."""
        wider = copy(self)
        wider._entries += tuple(_Entry(_named(host), port) for host, port in places)
        return wider

    def _names(self, host: str, port: int) -> bool:
        return any(entry.port in (None, port) and entry.names(host) for entry in self._entries)

    def _usable(self, port: int, addresses: Sequence[str]) -> list[str]:
        entries = [entry for entry in self._entries if entry.port in (None, port)]
        return [each for each in addresses if self._here(each) or any(entry.holds(each) for entry in entries)]

    def _here(self, address: str) -> bool:
        plain = _plain(address)
        return self._loopback and (plain.is_loopback or plain.is_unspecified)


class _Entry(msgspec.Struct, frozen=True):
    """What one entry allows: a host by name, by the end of its name (`.example.com`) or any (`*`), or a network."""

    host: str | _Network
    port: int | None

    @property
    def is_widest(self) -> bool:
        """Whether this is any host there is."""
        return self.host == "*" if isinstance(self.host, str) else self.host.prefixlen == 0

    def names(self, host: str) -> bool:
        if not isinstance(self.host, str):
            return False
        return host.endswith(self.host) if self.host.startswith(".") else self.host == host

    def holds(self, address: str) -> bool:
        plain = _plain(address)
        held = self.host == "*" if isinstance(self.host, str) else plain in self.host
        return held and not (self.is_widest and is_apart(plain))


def _entry(text: str, flag: str) -> _Entry:
    found = _ENTRY.fullmatch(text)
    host, digits = (found[1] or found[2] or "", found[3]) if found else (text, None)
    try:
        if digits and not 1 <= int(digits) <= 65535:
            raise ValueError("a port is between 1 and 65535")
        return _Entry(_named(host), int(digits) if digits else None)
    except ValueError as error:
        raise ValueError(f"{flag} {text[:200]!r}: {error}; accepted: {_ACCEPTED}") from None


def _named(host: str) -> str | _Network:
    if host == "*":
        return host
    if "/" in host:
        return _network(host)
    name = canonical(host.removeprefix("*."))
    if host.startswith("*."):
        return f".{name}"
    try:
        return _network(name)
    except ValueError:
        return name


def _network(text: str) -> _Network:
    network = ipaddress.ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def _plain(address: str) -> _Address:
    """Return an address, as IPv4 where that is what it means."""
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed
