"""The one door to a provider: nothing leaves that the plan does not hold, and no POST twice."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpx

from kling_contract.client.environment import certificates, check_proxy, whole
from kling_contract.client.network import is_loopback
from kling_contract.trust import late_trust

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

AGAIN = 2  # times that a GET may be sent again


class Stopped(Exception):
    """A request was not sent, for safety; the text says why."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A request that a plan holds: method, whole URL, the body, whether with our key, and how often."""

    method: str
    url: str
    body: bytes
    key: bool
    times: int


@dataclass
class Guard(httpx.BaseTransport):
    """A transport that carries out a plan and nothing else.

    It refuses, by `Stopped`, any request that `allowed` does not hold, a POST a second time, a GET a fourth time, one
    beyond `budget` requests in all, and everything once `stop` is set. Redirects are answers to it like any other.
    """

    inner: httpx.BaseTransport
    allowed: Iterable[Allowed]
    budget: int
    stop: threading.Event = field(default_factory=threading.Event)
    sent: Counter[Allowed] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._held = {(each.method, each.url, each.body, each.key): each for each in self.allowed}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request that may be sent. Raises `Stopped`."""
        key = "authorization" in request.headers
        found = self._held.get((request.method, str(request.url), request.read(), key))
        if found is None:
            raise Stopped(f"{request.method} {request.url} is not in the plan")
        if self.stop.is_set():
            raise Stopped("the probe was stopped")
        if self.sent[found] >= found.times:
            raise Stopped(f"{found.method} {found.url} was sent already")
        if self.sent.total() >= self.budget:
            raise Stopped(f"the budget of {self.budget} requests is used up")
        self.sent[found] += 1
        return self.inner.handle_request(request)

    def allow(self, url: str, times: int, *, key: bool) -> None:
        """Let a GET through that only an answer could name; the budget grows with it."""
        found = Allowed("GET", str(httpx.URL(url)), b"", key, times)
        self._held[found.method, found.url, found.body, found.key] = found
        self.budget += times

    def close(self) -> None:
        """Close the connections."""
        self.inner.close()


def proxy_for(url: str) -> str | None:
    """Return the proxy that is in force for a URL, by the environment or the system's settings; None where none is.

    Raises `ConfigurationError` for one that cannot be used.
    """
    parts, proxies = httpx.URL(url), getproxies()
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    proxy = proxies.get(scheme)
    if not proxy or is_loopback(parts.host) or proxy_bypass(parts.netloc.decode("ascii")):
        return None
    check_proxy(scheme, proxy)
    return whole(proxy)


def trusted(url: str, proxy: str | None) -> ssl.SSLContext:
    """Return what a URL is verified by: without TLS, on no part of the way, what the environment names is not read.

    Raises `ConfigurationError` for certificates that the URL needs and that cannot be used.
    """
    return certificates() if any(each.startswith("https:") for each in (url, proxy or "")) else late_trust()


def check_network(url: str) -> None:
    """Raise `ConfigurationError` for a proxy, or certificates, of the environment that a URL needs and cannot use."""
    trusted(url, proxy_for(url))
