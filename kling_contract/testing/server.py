"""The same handle over a port, for code on other libraries or in another language."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kling_contract.errors import KlingError
from kling_contract.testing.bench import prepare
from kling_contract.testing.handle import MockHandle
from kling_contract.testing.spans import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    import httpx

    from mock_server.server import MockServer


class ServerHandle(MockHandle):
    """One session of a server. Requests that name no session are in it while the test runs."""

    def __init__(self, server: MockServer, name: str, admin: httpx.Client) -> None:
        super().__init__(server.app.state.mock, name, server.url)
        self._admin = admin

    def advance(self, span: float | str | timedelta) -> int:
        """Let time pass; callbacks that become due are delivered before this returns."""
        answer = self._ask("POST", "clock/advance", json={"seconds": seconds_of(span)}, timeout=60)
        return int(answer["events"])

    async def aadvance(self, span: float | str | timedelta) -> int:
        """Do what `advance` does in an event loop."""
        from anyio import to_thread

        return await to_thread.run_sync(self.advance, span)

    def _come(self, status: str | None, timeout: float) -> None:
        self._ask("GET", "deliveries", params={"status": status, "timeout": round(timeout)}, timeout=timeout + 10)

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._admin.request(method, f"{self.url}/s/{self._name}/__admin/{path}", **options)
        if answer.status_code != 200:
            raise KlingError(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    def _transport(self) -> Any:
        return None

    def _options(self) -> dict[str, Any]:
        from kling_contract.remote import RemoteClock

        return {**super()._options(), "clock": RemoteClock(f"{self.url}/s/{self._name}")}


class Serving:
    """A mock on a port, with a fresh session for each test."""

    def __init__(self, **settings: Any) -> None:
        try:
            from mock_server.server import MockServer
        except ModuleNotFoundError as error:
            raise KlingError(f"the server needs {error.name}: pip install 'kling-contract[mock]'") from error
        import httpx

        self._server = MockServer(**{"clock": "auto", **settings})
        self._admin = httpx.Client(trust_env=False)
        self._count = 0

    @property
    def url(self) -> str:
        """Where the server listens, as long as it does."""
        return self._server.url

    def start(self) -> None:
        """Start to listen."""
        self._server.__enter__()

    def stop(self) -> None:
        """Stop to listen."""
        self._admin.close()
        self._server.__exit__()

    @contextmanager
    def handle(self, *, clock: str = "auto", polls: int = 1, seed: int | None = None) -> Iterator[ServerHandle]:
        """Yield a handle of a fresh session; a late request for an earlier test's task is answered in that one's."""
        mock = self._server.app.state.mock
        self._count += 1
        name = f"test-{self._count}"
        prepare(mock.sessions.get(name), mock, clock=clock, polls=polls, seed=seed)
        handle, mock.sessions.default = ServerHandle(self._server, name, self._admin), name
        try:
            yield handle
        finally:
            mock.sessions.default = "default"
            handle.close()
