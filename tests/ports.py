"""Ports at which nobody is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unheard() -> Iterator[str]:
    """Yield host and port of a socket that does not listen, and keeps everybody else from listening there."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"
