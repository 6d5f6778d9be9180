"""Sending one step through the guard, and reading no more of its answer than is needed."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import httpx

from kling_contract.headers import folded
from kling_contract.probe.coding import uncoded
from kling_contract.probe.exchange import LONGEST, Exchange
from kling_contract.probe.fuse import Fuse
from kling_contract.probe.guard import Stopped
from kling_contract.probe.host import failure, why

if TYPE_CHECKING:
    from kling_contract.auth import KeyCredential, TokenCredential
    from kling_contract.probe.hiding import Secrets
    from kling_contract.probe.manner import Manner
    from kling_contract.probe.plan import Plan, Step

_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ProxyError, "net.proxy"),
    (httpx.TimeoutException, "net.timeout"),
    (httpx.RemoteProtocolError, "net.protocol"),
    (httpx.DecodingError, "net.protocol"),
    (httpx.ReadError, "net.reset"),
    (httpx.WriteError, "net.reset"),
)
_CUT_OFF = ("disconnected", "incomplete", "closed")
_MARGIN = 4096  # bytes that are read beyond the longest, so that no half of a key stands where an answer is cut


@dataclass(frozen=True, slots=True)
class Sending:
    """Everything that the requests to one provider have in common. `http` goes through the guard.

    `proxied` says that a proxy is in force, whose failures are not the provider's.
    """

    http: httpx.Client
    plan: Plan
    credential: KeyCredential | TokenCredential | None
    secrets: Secrets
    manner: Manner
    proxied: bool = False
    fuse: Fuse = field(default_factory=Fuse)

    def send(self, step: Step, url: str | None = None) -> Exchange:
        """Send a step and return what came of it, as it came. Raises `Stopped` for what must not be sent."""
        url, headers = url or self.plan.base_url + step.path, self._headers(step)
        at, started = self.manner.clock.now(), self.manner.stopwatch()
        seen = _Seen()
        problem: Exception | None = None
        trace = {"trace": self.fuse.trace}
        try:
            with (
                self.fuse.lit(self.manner.timeout),
                self.http.stream(step.method, url, headers=headers, content=step.body, extensions=trace) as answer,
            ):
                seen.status, seen.headers = answer.status_code, answer.headers.multi_items()
                if self.fuse.heard.is_of_another(seen.status):
                    raise httpx.RemoteProtocolError("the answer was there before it was asked for")
                self._read(answer, seen, started)
        except Stopped:
            raise
        except Exception as error:
            # Not only what httpx says of a network: a Location that is no URL ends in a ValueError.
            problem = None if self.fuse.blown else error
            seen.status = seen.status or self.fuse.heard.status
        seen.late = seen.late or self.fuse.blown
        if seen.late:
            seen.status = seen.status or self.fuse.heard.status
        spent = round((self.manner.stopwatch() - started) * 1000)
        return Exchange(
            step=step,
            url=url,
            at=at,
            ms=spent,
            status=seen.status,
            headers=folded(seen.headers),
            data=bytes(seen.data),
            cut=seen.cut,
            failure=self._failure(problem, late=seen.late),
            detail=self.hide(why(problem)) if problem else "the answer did not end in time" if seen.late else "",
            sent=folded(headers.items()),
            secrets=self._all_secrets(),
        )

    def hide(self, text: str) -> str:
        """Return a text without any secret."""
        return self._all_secrets().hide(text)

    def _all_secrets(self) -> Secrets:
        """Return the secrets and the token that is made of them, which is no text before it is made."""
        token = self.credential.bearer() if self.credential is not None else ""
        return self.secrets.and_also({"$TOKEN": token})

    def _headers(self, step: Step) -> dict[str, str]:
        version = importlib.metadata.version("kling-contract")
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        headers["User-Agent"] = f"kling-contract-probe/{version}"
        if step.body is not None:
            headers["Content-Type"] = "application/json"
        if step.key and self.credential is not None:
            headers["Authorization"] = f"Bearer {self.credential.bearer()}"
        return headers

    def _read(self, answer: httpx.Response, seen: _Seen, started: float) -> None:
        for chunk in uncoded(answer, LONGEST + _MARGIN + 1):
            seen.data += chunk
            seen.cut = len(seen.data) > LONGEST
            seen.late = self.manner.stopwatch() - started > self.manner.timeout
            if seen.late or len(seen.data) > LONGEST + _MARGIN:
                return

    def _failure(self, problem: Exception | None, *, late: bool) -> str | None:
        """Return the reason why there is no answer, if there is none."""
        reason = _reason(problem) if problem else "net.timeout" if late else None
        return "net.proxy" if reason and self.proxied else reason


class _Seen:
    """What has come of an answer so far; it survives a connection that breaks."""

    def __init__(self) -> None:
        self.status, self.data, self.cut, self.late = 0, bytearray(), False, False
        self.headers: list[tuple[str, str]] = []


def client(transport: httpx.BaseTransport, manner: Manner) -> httpx.Client:
    """Return the client through which steps are sent: it follows no redirect, and keeps no cookie for the next."""
    return httpx.Client(
        transport=transport, timeout=manner.timeout, follow_redirects=False, trust_env=False, cookies=_NoCookies()
    )


class _NoCookies(CookieJar):
    """Keeps no cookie, and reads none: how cookies are read takes a time that grows with the square of their length."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Take nothing."""


def _reason(error: Exception) -> str:
    if not isinstance(error, httpx.RequestError):
        return "net.protocol"
    if isinstance(error, httpx.RemoteProtocolError) and any(word in str(error) for word in _CUT_OFF):
        return "net.reset"
    return next((reason for kind, reason in _FAILURES if isinstance(error, kind)), failure(error))
