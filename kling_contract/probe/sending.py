"""Sending one step through the guard, and reading no more of its answer than is needed."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from kling_contract.probe.exchange import LONGEST, Exchange
from kling_contract.probe.host import failure, why

if TYPE_CHECKING:
    from kling_contract.auth import KeyCredential, TokenCredential
    from kling_contract.probe.exchange import Secrets
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


@dataclass(frozen=True, slots=True)
class Sending:
    """Everything that the requests to one provider have in common. `http` goes through the guard."""

    http: httpx.Client
    plan: Plan
    credential: KeyCredential | TokenCredential | None
    secrets: Secrets
    manner: Manner

    def send(self, step: Step, url: str | None = None) -> Exchange:
        """Send a step and return what came of it. Raises `Stopped` for what must not be sent."""
        url, headers = url or self.plan.base_url + step.path, self._headers(step)
        at, started = self.manner.clock.now(), self.manner.stopwatch()
        seen = _Seen()
        problem: Exception | None = None
        try:
            with self.http.stream(step.method, url, headers=headers, content=step.body) as answer:
                seen.status, seen.headers = answer.status_code, answer.headers.multi_items()
                self._read(answer, seen, started)
        except httpx.RequestError as error:
            problem = error
        spent = round((self.manner.stopwatch() - started) * 1000)
        return Exchange(
            step=step,
            url=url,
            at=at,
            ms=spent,
            status=seen.status,
            headers=self.secrets.hide_all(seen.headers),
            data=self.secrets.hide_bytes(seen.data),
            cut=seen.cut,
            failure=_reason(problem) if problem else "net.timeout" if seen.late else None,
            detail=self.secrets.hide(why(problem))
            if problem
            else "the answer did not end in time"
            if seen.late
            else "",
            sent=self.secrets.hide_all(list(headers.items())),
        )

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
        for chunk in answer.iter_bytes():
            seen.data += chunk
            seen.cut = len(seen.data) > LONGEST
            seen.late = self.manner.stopwatch() - started > self.manner.timeout
            if seen.cut or seen.late:
                seen.data = seen.data[:LONGEST]
                return


class _Seen:
    """What has come of an answer so far; it survives a connection that breaks."""

    def __init__(self) -> None:
        self.status, self.data, self.cut, self.late = 0, b"", False, False
        self.headers: list[tuple[str, str]] = []


def client(transport: httpx.BaseTransport, manner: Manner) -> httpx.Client:
    """Return the client through which steps are sent: it follows no redirect, and keeps no cookie for the next."""
    return httpx.Client(transport=transport, timeout=manner.timeout, follow_redirects=False, trust_env=False)


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.RemoteProtocolError) and any(word in str(error) for word in _CUT_OFF):
        return "net.reset"
    return next((reason for kind, reason in _FAILURES if isinstance(error, kind)), failure(error))
