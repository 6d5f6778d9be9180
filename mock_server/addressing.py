"""Whom a request asks, and in whose session: `/s/<session>`, then `/p/<provider>`, come off the front of the path.

A session that the header names goes before the one in the path.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from kling_contract.auth import account
from kling_contract.documents import Provider, bundled
from kling_contract.routes import Route, Routes
from kling_contract.soundness import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mock_server.exchange import Exchange
    from mock_server.session import Session
    from mock_server.sessions import Sessions
    from mock_server.store import Task

_DAY = 86_400_000
_ADMIN = "/__admin"
_INBOX = "/__inbox/"


class Served:
    """One provider as this server serves it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.routes = Routes(provider)
        self.mark = f"{provider.name} {provider.date} {provider.digest}"
        paths = {urlsplit(url).path for url in provider.base_urls}
        self.bases = sorted(filter(None, paths), key=len, reverse=True)

    def below(self, method: str, path: str) -> str:
        """Return a path without that of the document's server which it begins with, as clients may send it or not."""
        base = next((base for base in self.bases if path.startswith(f"{base}/")), "")
        # A document may have a path that begins as its server does.
        return path if base and isinstance(self.routes.find(method, path), Route) else path[len(base) :]


class Address(NamedTuple):
    """Where a request goes; `served` is None for a provider that is not bundled, whose name is in `asked`."""

    served: Served | None
    session: Session
    path: str
    asked: str


class Addresses:
    """The providers of a server by name, the first one at the root, and its sessions."""

    def __init__(self, root: str | Path | Provider, sessions: Sessions, *, by_key: bool = False) -> None:
        self.root = Served(root if isinstance(root, Provider) else load(root))
        self._sessions, self._by_key = sessions, by_key
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
        if served is not None and served.bases:
            path = served.below(exchange.method, path)
        if name is None and self._by_key:
            name = _by_key(exchange.headers.get("authorization"))
        session = self._owner(served, exchange.method, path) if name is None else None
        return Address(served, session or self._sessions.get(name or self._sessions.default), path, asked)

    def admin(self, exchange: Exchange) -> tuple[str, str] | None:
        """Return the session's name and the path below `/__admin`; None if the request is for a provider."""
        path, name = exchange.path, exchange.headers.get("x-kling-session") or ""
        if path.startswith("/s/"):
            prefix, path = _split(path)
            name = name or prefix
        if path != _ADMIN and not path.startswith(f"{_ADMIN}/"):
            return None
        return name or self._sessions.default, path[len(_ADMIN) :].strip("/")

    def session_of(self, exchange: Exchange) -> Session:
        """Return the session that a request for admin, a result or an inbox names, or whose task it asks for."""
        name = exchange.headers.get("x-kling-session") or ""
        if exchange.path.startswith("/s/"):
            name = name or _split(exchange.path)[0]
        task_id = exchange.path.rpartition("/")[2].partition("-")[0]
        owner = None if name else self._sessions.owning(task_id)
        return owner or self._sessions.get(name or self._sessions.default)

    def served(self, name: str) -> Served | None:
        """Return a provider by name, loaded at first use; None if it is neither bundled nor served."""
        if name not in self._served and name in bundled():
            self._served[name] = Served(load(name))
        return self._served.get(name)

    @contextmanager
    def serving(self, provider: Provider) -> Iterator[None]:
        """Serve a provider below `/p/<name>`, and after this too, unless there was another one of that name before."""
        before = self.served(provider.name)
        if before is None or before.provider is not provider:
            self._served[provider.name] = Served(provider)
        try:
            yield
        finally:
            if before is not None:
                self._served[provider.name] = before

    def expiry(self, task: Task) -> int | None:
        """Return when the results of a task that succeeds are cleared (Unix ms), or None for never."""
        served = self.served(task.provider)
        days = served.provider.expiry.days if served else None
        last = task.steps[-1]
        return last.at + round(days * _DAY) if days is not None and last.status == "succeed" else None

    def every_provider(self) -> list[Provider]:
        """Return the root's provider, all bundled ones, and what else is served."""
        names = dict.fromkeys((self.root.provider.name, *bundled(), *list(self._served)))
        return [served.provider for name in names if (served := self.served(name))]

    def _owner(self, served: Served | None, method: str, path: str) -> Session | None:
        if method == "POST" or served is None:
            return None
        return self._sessions.owning(path.rpartition("/")[2])


def inbox_path(path: str) -> tuple[str, str] | None:
    """Return the session (or an empty text) and the name in the path of an inbox; None if it is none."""
    name = ""
    if path.startswith("/s/"):
        name, path = _split(path)
    inbox = path.removeprefix(_INBOX)
    return None if inbox == path or not inbox else (name, unquote(inbox))


def _by_key(authorization: str | None) -> str | None:
    """Return the name of a key's session, which does not tell the key."""
    key = account(authorization)
    return None if key is None else f"key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _split(path: str) -> tuple[str, str]:
    """Split `/s/name/rest` into `name` and `/rest`."""
    name, _, rest = path[3:].partition("/")
    return unquote(name), f"/{rest}"
