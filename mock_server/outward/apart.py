"""Addresses that nobody means who says "any host": this machine, its link, and what tells a machine about itself.

The last are the metadata services of clouds, which hand out credentials to whoever asks from inside.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_APART = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "127.0.0.0/8", "::/128", "::1/128"),
            *("169.254.0.0/16", "fe80::/10"),
            # Metadata beyond link-local: AWS, Google, Oracle; Alibaba, and Azure's host.
            *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"),
            *("100.100.100.200/32", "168.63.129.16/32"),
        ),
    )
)
# What stands in the last 32 bits is an IPv4 address: mapped, compatible, and translated on the way (RFC 6052).
_CARRYING = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96")))


def is_apart(address: _Address) -> bool:
    """Whether an address is one of these, or an IPv6 address by which one is reached."""
    return any(meant in network for meant in _meant(address) for network in _APART)


def _meant(address: _Address) -> Iterator[_Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _CARRYING):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
