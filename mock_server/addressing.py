"""Whom a request asks, and in whose session: `/s/<session>`, then `/p/<provider>`, come off the front of the path.

A session that the header names goes before the one in the path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from kling_contract.documents import Provider, bundled
from kling_contract.soundness import load
from mock_server.routes import Routes
from mock_server.sessions import DEFAULT

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.exchange import Exchange
    from mock_server.sessions import Session, Sessions


class Served:
    """One provider as this server serves it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.routes = Routes(provider)
        self.mark = f"{provider.name} {provider.date} {provider.digest}"


class Address(NamedTuple):
    """Where a request goes; `served` is None for a provider that is not bundled, whose name is in `asked`."""

    served: Served | None
    session: Session
    path: str
    asked: str


class Addresses:
    """The providers of a server by name, the first one at the root, and its sessions."""

    def __init__(self, root: str | Path | Provider, sessions: Sessions) -> None:
        self.root = Served(root if isinstance(root, Provider) else load(root))
        self._sessions = sessions
        self._served = {self.root.provider.name: self.root}

    def of(self, exchange: Exchange) -> Address:
        """Return the address of a request. A task id in the path finds its session where none is named."""
        path, asked = exchange.path, ""
        name = exchange.headers.get("x-kling-session") or None
        if path.startswith("/s/"):
            prefix, path = _split(path)
            name = name or prefix
        served: Served | None = self.root
        if path.startswith("/p/"):
            asked, path = _split(path)
            served = self.served(asked)
        session = self._owner(served, exchange.method, path) if name is None else None
        return Address(served, session or self._sessions.get(name or DEFAULT), path, asked)

    def served(self, name: str) -> Served | None:
        """Return a provider by name, loaded at first use; None if it is not bundled."""
        if name not in self._served and name in bundled():
            self._served[name] = Served(load(name))
        return self._served.get(name)

    def every_provider(self) -> list[Provider]:
        """Return the root's provider and all bundled ones."""
        names = dict.fromkeys((self.root.provider.name, *bundled()))
        return [served.provider for name in names if (served := self.served(name))]

    def _owner(self, served: Served | None, method: str, path: str) -> Session | None:
        if method == "POST" or served is None:
            return None
        return self._sessions.owning(path.rpartition("/")[2])


def _split(path: str) -> tuple[str, str]:
    """Split `/s/name/rest` into `name` and `/rest`."""
    name, _, rest = path[3:].partition("/")
    return unquote(name), f"/{rest}"
