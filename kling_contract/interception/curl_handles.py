"""Named hosts at the handles of pycurl, whose code resolves and connects past Python's own."""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kling_contract.interception.hosts import host_of
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.interception.named import Named


def patches(named: Named) -> Iterator[Patch]:
    """Yield the one that gives out handles which refuse a named host, where pycurl is installed."""
    if "pycurl" in sys.modules or _is_installed():
        pycurl = import_module("pycurl")
        yield Patch(pycurl, "Curl", _refusing(named, pycurl.Curl, pycurl.URL))


@functools.cache
def _is_installed() -> bool:
    return find_spec("pycurl") is not None


def _refusing(named: Named, handle: Any, address: int) -> Any:
    class Curl(handle):  # type: ignore[misc]
        def setopt(self, option: int, value: Any) -> Any:
            _look(named, option == address, value)
            return super().setopt(option, value)

        def setopt_string(self, option: int, value: Any) -> Any:
            _look(named, option == address, value)
            return super().setopt_string(option, value)

    return Curl


def _look(named: Named, is_address: bool, value: Any) -> None:
    if is_address and isinstance(value, str | bytes):
        url = value.decode("latin-1") if isinstance(value, bytes) else value
        named.refuse(host_of(url if "//" in url else f"//{url}"))
