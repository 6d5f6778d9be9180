"""The proxies of the environment, past which named hosts are to be asked."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import getproxies_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def bypassed(hosts: Iterable[str]) -> Iterator[None]:
    """Exempt hosts from proxies for the time, for libraries that look at each request.

    Where the environment names no proxy it is left alone: a lone exemption would hide a proxy of the system's settings.
    """
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    either = before["no_proxy"] or before["NO_PROXY"] or ""
    if not _are_named() or either == "*":
        yield
        return
    for name, value in before.items():
        os.environ[name] = ",".join([*filter(None, [value or either]), *sorted(hosts)])
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _are_named() -> bool:
    """Whether the environment names a proxy; that it mostly names none is seen from the names alone."""
    return any(name[-6:].lower() == "_proxy" for name in os.environ) and bool(getproxies_environment())
