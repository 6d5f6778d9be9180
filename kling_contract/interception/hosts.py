"""One spelling for a host, however a URL, a resolver or a socket is given it."""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
from urllib.parse import unquote, urlsplit

import idna

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def host_of(url: str) -> str:
    """Return the host of a URL as `bare` spells it; an empty text where it has none that can be read."""
    try:
        return bare(urlsplit(url).hostname or "")
    except ValueError:
        return ""


@functools.lru_cache(maxsize=1024)
def bare(host: str) -> str:
    """Return a host in lower case, without port, brackets, zone and trailing dot.

    Escapes (`%61`) are read, and a name beyond ASCII is mapped by UTS 46, as browsers and clients do: full-width
    letters and dots become plain ones, and what is left is written as `xn--...`. An address is written as the system
    reads it: `[0:0::1]:80` is `::1`, `0x7f.1` is `127.0.0.1`, and so is the IPv6 address that maps it.
    """
    if host.startswith("["):
        return _ipv6(host[1:].partition("]")[0]) if _ends_a_host(host.partition("]")[2]) else host
    if host.count(":") > 1:
        return _ipv6(host)
    name = unquote(host.partition(":")[0])
    name = (name if name.isascii() else _ascii(name)).lower().rstrip(".")
    return _ipv4(name) if name[-1:].isdecimal() or "0x" in name else name


def bracketed(host: str) -> str:
    """Return a host as a URL has it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _ends_a_host(rest: str) -> bool:
    return not rest or rest.startswith(":")


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return text.lower()
    return str(address.ipv4_mapped or address)


def _ipv4(name: str) -> str:
    """Return the dotted form of what the system's resolver takes for an IPv4 address, of others the name."""
    if not all(map(_NUMBER.fullmatch, name.split("."))):
        return name
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return name


def _ascii(name: str) -> str:
    """Return a name as resolvers have it; one that is not to be registered (an underscore in it) may be reached too."""
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
        return mapped if mapped.isascii() else idna.encode(mapped).decode("ascii")
    except UnicodeError:
        return _by_the_codec(name)


def _by_the_codec(name: str) -> str:
    """Return a name as Python's own sockets read it."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
