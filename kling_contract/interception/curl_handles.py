"""Named hosts at the handles of pycurl, whose code resolves and connects past Python's own."""

from __future__ import annotations

import functools
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.interception.named import Named

_URLS = ("URL", "PROXY", "PRE_PROXY", "DOH_URL")
_PLACES = ("CONNECT_TO", "RESOLVE")
_HEADERS = ("HTTPHEADER", "PROXYHEADER")
# libcurl takes one to three slashes, and guesses a scheme that is not there.
_AUTHORITY = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]{0,31}:[/\\]{1,3})?([^/?#\\]*)")
_PLACE = re.compile(r"\[[^\]]*\]|[^:,\[\]+]+")


def patches(named: Named) -> Iterator[Patch]:
    """Yield the one that gives out handles which refuse a named host, where pycurl is installed."""
    if "pycurl" in sys.modules or _is_installed():
        pycurl = import_module("pycurl")
        yield Patch(pycurl, "Curl", _refusing(named, pycurl.Curl, _readers(pycurl)))


@functools.cache
def _is_installed() -> bool:
    return find_spec("pycurl") is not None


def _readers(pycurl: Any) -> dict[int, Callable[[str], list[str]]]:
    """Return by option, of those that this pycurl has, who finds hosts in a line of its value."""
    readers: dict[str, Callable[[str], list[str]]] = dict.fromkeys(_URLS, _of_url)
    readers |= dict.fromkeys(_PLACES, _PLACE.findall) | dict.fromkeys(_HEADERS, _of_header)
    return {getattr(pycurl, name): reader for name, reader in readers.items() if hasattr(pycurl, name)}


def _refusing(named: Named, handle: Any, readers: dict[int, Callable[[str], list[str]]]) -> Any:
    def look(option: int, value: Any) -> None:
        if (reader := readers.get(option)) is not None:
            for line in value if isinstance(value, list | tuple) else [value]:
                for host in reader(_text(line)):
                    named.refuse(host)

    class Curl(handle):  # type: ignore[misc]
        def setopt(self, option: int, value: Any) -> Any:
            look(option, value)
            return super().setopt(option, value)

        def setopt_string(self, option: int, value: Any) -> Any:
            look(option, value)
            return super().setopt_string(option, value)

    return Curl


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _of_url(url: str) -> list[str]:
    found = _AUTHORITY.match(url)
    return [found[1].rpartition("@")[2]] if found else []


def _of_header(line: str) -> list[str]:
    name, _, value = line.partition(":")
    return [value.strip()] if name.strip().lower() == "host" else []
