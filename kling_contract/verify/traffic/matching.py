"""Whose an exchange is: the provider by its host, the operation by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from kling_contract.routes import Route, Routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_contract.documents import Operation, Provider

_PORTS = {"http": 80, "https": 443}


class Match(NamedTuple):
    """What a URL stands for. `operation` is None for what the provider's document does not describe.

    `value` is the id in the path; `nearest` the route that looks most like an unknown one.
    """

    provider: Provider
    operation: Operation | None
    value: str = ""
    nearest: str | None = None


class Matcher:
    """Finds operations of providers by host and path; of one provider, if it is `anywhere`, by the end of any path."""

    def __init__(self, providers: Sequence[Provider], *, anywhere: bool = False) -> None:
        self._routes = [(provider, Routes(provider)) for provider in providers]
        self._anywhere = anywhere
        self._hosts: dict[tuple[str, int | None], list[tuple[str, Provider, Routes]]] = {}
        for provider, routes in self._routes:
            for url in provider.base_urls:
                parts = urlsplit(url)
                self._hosts.setdefault(_host(parts), []).append((parts.path.rstrip("/"), provider, routes))

    def find(self, method: str, url: str) -> Match | None:
        """Return what a URL stands for, or None if it is no provider's."""
        try:
            parts = urlsplit(url)
            host = _host(parts)
        except ValueError:
            return None
        return self._by_ending(method, parts.path) if self._anywhere else self._by_host(method, host, parts.path)

    def _by_host(self, method: str, host: tuple[str, int | None], path: str) -> Match | None:
        unknown = None
        for base, provider, routes in self._hosts.get(host, ()):
            below = path.removeprefix(base)
            found = routes.find(method, below) if path.startswith(base) else "route.unknown"
            if isinstance(found, Route):
                return Match(provider, found.operation, found.value)
            unknown = unknown or Match(provider, None, "", routes.nearest(method, below))
        return unknown

    def _by_ending(self, method: str, path: str) -> Match | None:
        parts = path.split("/")
        for provider, routes in self._routes:
            for start in range(1, len(parts)):
                found = routes.find(method, "/" + "/".join(parts[start:]))
                if isinstance(found, Route):
                    return Match(provider, found.operation, found.value)
        return None


def host(url: str) -> str:
    """Return the host of a URL, with its port if it names one; "" for what has none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""


def _host(parts: SplitResult) -> tuple[str, int | None]:
    return (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
