"""The clock of a mock's session, from afar: our client waits on it, and a job of ten minutes takes milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import httpx

from kling_contract.clock import RealClock
from kling_contract.errors import ConfigurationError, ConnectionLost, KlingError
from kling_contract.trust import late_trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.clock import Clock

_TIMEOUT = 60.0  # seconds, which an advance with many callbacks may take
_OPERATION = "clock"


class RemoteClock:
    """The clock of a session of a running mock, for `Kling(base_url=url, clock=RemoteClock(url))`.

    On a clock that stands still, frozen or auto, to sleep is to advance the session, and takes no time. On a real one
    it takes `seconds / speed` of real time. `token` is that of KLINGMOCK_ADMIN_TOKEN.

    Raises `ConnectionLost` where the mock is not there, and `KlingError` where it refuses.
    """

    def __init__(
        self,
        url: str,
        session: str | None = None,
        *,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        wall: Clock | None = None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"{url!r} is no URL of a mock; accepted: http://host:port")
        headers = {"x-kling-session": session} if session else {}
        if token:
            headers["x-kling-admin-token"] = token
        self._admin = f"{url.rstrip('/')}/__admin/"
        self._client = httpx.Client(
            headers=headers, timeout=_TIMEOUT, transport=transport, trust_env=False, verify=late_trust()
        )
        self._wall = wall or RealClock()

    def now(self) -> float:
        """Return the session's time in Unix seconds."""
        return float(self._ask("GET", "clock")["now"]) / 1000

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` of the session have passed."""
        left = self._passed(seconds)
        if left > 0:
            self._wall.sleep(left)

    async def asleep(self, seconds: float) -> None:
        """Return when `seconds` of the session have passed, letting others run meanwhile."""
        import asyncio

        left = await asyncio.to_thread(self._passed, seconds)
        if left > 0:
            await self._wall.asleep(left)

    def close(self) -> None:
        """Close the connection to the mock."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _passed(self, seconds: float) -> float:
        """Let the seconds pass if that is ours to do; return the real ones that are to be waited for."""
        clock = self._ask("GET", "clock")
        if clock["mode"] == "real":
            return seconds / float(clock["speed"])
        self._ask("POST", "clock/advance", {"seconds": max(seconds, 0)})
        return 0.0

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._client.request(method, self._admin + path, json=body)
        except httpx.RequestError as error:
            raise ConnectionLost(_OPERATION, error) from error
        try:
            told = answer.json()
        except ValueError:
            raise KlingError(f"{self._admin}{path} is no mock's: HTTP {answer.status_code}, and no JSON") from None
        if not answer.is_success or not isinstance(told, dict):
            said = told.get("error", {}) if isinstance(told, dict) else {}
            raise KlingError(f"{self._admin}{path}: {said.get('message', f'HTTP {answer.status_code}')}")
        return told
