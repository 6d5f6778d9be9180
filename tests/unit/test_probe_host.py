"""Level 0: what is told of a host."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from probed import NOW, connected

from kling_contract.probe.host import reach


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:4060/p/kling", "127.0.0.1:4060"),
        ("http://example.com", "example.com:80"),
        ("http://[::1]:4060", "[::1]:4060"),
        ("http://[::1]", "[::1]:80"),
    ],
)
def test_an_address_is_told_as_a_url_has_it(url: str, where: str) -> None:
    assert reach(url, 1.0, NOW, 14, connected).detail == f"{where}, without TLS"


def test_an_address_that_is_not_there_is_told_so_too() -> None:
    def connect(address: tuple[str, int], timeout: float) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    reached = reach("https://[::1]", 1.0, NOW, 14, connect)
    assert (reached.reason, reached.detail) == ("net.name", "[::1]:443: Name or service not known")
