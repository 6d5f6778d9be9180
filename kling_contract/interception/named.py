"""The hosts that documents name, and the error of whoever tries to reach one."""

from __future__ import annotations

import socket
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kling_contract.errors import Portable
from kling_contract.interception.hosts import bare, host_of
from kling_contract.interception.marks import left_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kling_contract.interception.exchange import Request

_HINT = (
    "either this way of asking is not intercepted, and the fixture kling_server is for it, which serves the mock on a "
    "port; or the path is none of the provider's, and a mock of the test's own is to answer it"
)
_LEFT = "what asks was left running by {}, which is over: wait for its threads and tasks before it ends"

# What an intercepted library is asking while others may answer it, in this thread and task.
asking: ContextVar[Request | None] = ContextVar("asking", default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """`host` is as `hosts.bare` spells it; `request` is None where it was not asked for by what is intercepted.

    `left_by` is who left the code behind that asked, None where nobody did.
    """

    host: str
    request: Request | None
    left_by: str | None = None


class HostRefused(Portable, socket.gaierror):
    """A host was asked for that this process must not reach; to a library, a name that cannot be resolved."""

    def __init__(self, host: str, hint: str, left_by: str | None = None) -> None:
        self.host, self.left_by = host, left_by
        super().__init__(socket.EAI_NONAME, _refused(host, hint))


class LineRefused(Portable, RuntimeError):
    """Such a host was about to be named to a proxy.

    No OSError, since httpcore takes a write that failed for an answer that came early, and waits for that.
    """

    def __init__(self, host: str, hint: str, left_by: str | None = None) -> None:
        self.host, self.left_by = host, left_by
        super().__init__(_refused(host, hint))


class Named:
    """Hosts, made from base URLs: names, and addresses however they are written.

    `hint` is what whoever is refused is told to do, and `tell` of each refusal, which who asks may hide. `own` is the
    URL of a server of the mock, which may be asked in the name of any host.
    """

    def __init__(
        self,
        base_urls: Iterable[str],
        hint: str = _HINT,
        tell: Callable[[Refusal], object] = lambda refusal: None,
        own: str = "",
    ) -> None:
        self._hint, self._tell, self._own = hint, tell, urlsplit(own)
        self._hosts = frozenset(host for url in base_urls if (host := host_of(url)))

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts as `hosts.bare` spells them."""
        return self._hosts

    def __contains__(self, host: object) -> bool:
        """Say whether a host is named, whatever its spelling and its port. What is no text never is."""
        return (name := _text(host)) is not None and bare(name) in self._hosts

    def refuse(self, host: object, error: type[HostRefused | LineRefused] = HostRefused) -> None:
        """Raise `error` for a named host."""
        name = _text(host)
        if name is not None and bare(name) in self._hosts:
            refusal = _refusal(bare(name))
            self._tell(refusal)
            left = refusal.left_by
            raise error(name, self._hint if left is None else _LEFT.format(left), left)

    def refuse_but_own(self, host: object, peer: Callable[[], object]) -> None:
        """Raise `LineRefused` for a named host as which somebody else is asked than the mock's own server."""
        if host in self and not self._is_own(peer()):
            self.refuse(host, LineRefused)

    def _is_own(self, peer: object) -> bool:
        return isinstance(peer, tuple) and bool(self._own.port) and peer[:2] == (self._own.hostname, self._own.port)


def _text(host: object) -> str | None:
    """Return a host as text, as a library would write it; None for what is none."""
    if isinstance(host, bytes | bytearray):
        try:
            return host.decode()
        except UnicodeDecodeError:
            return host.decode("latin-1")
    return host if isinstance(host, str) else None


def _refusal(host: str) -> Refusal:
    request = asking.get()
    asked = request is not None and host_of(request.url) == host
    return Refusal(host, request if asked else None, left_by())


def _refused(host: str, hint: str) -> str:
    return f"{host} is out of bounds while the mock stands in for it: {hint}"
