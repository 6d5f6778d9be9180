"""The same handle over a port, for code on other libraries or in another language."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from kling_contract.errors import KlingError
from kling_contract.soundness import load
from kling_contract.testing.bench import prepare
from kling_contract.testing.handle import MockHandle
from kling_contract.testing.spans import seconds_of
from kling_contract.testing.wrong import late, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import timedelta
    from pathlib import Path

    import httpx

    from kling_contract.documents import Provider
    from kling_contract.interception import Request, Response
    from kling_contract.remote import RemoteClock
    from kling_contract.testing.threaded import ThreadedApplication
    from mock_server.app import Mock
    from mock_server.callbacks.courier import Carrier
    from mock_server.server import MockServer


class ServerHandle(MockHandle):
    """One session of a server. Requests that name no session are in it while the test runs.

    `url` is that of a provider: the root for the server's own, `/p/<name>` below it for another, with the name that
    its document gives it.
    """

    def __init__(self, server: MockServer, name: str, admin: httpx.Client, provider: Provider) -> None:
        mock: Mock = server.app.state.mock
        root = provider is mock.addresses.root.provider
        super().__init__(mock, name, server.url if root else f"{server.url}/p/{provider.name}", provider)
        self._admin, self._place = admin, f"{server.url}/s/{name}"
        self._app: ThreadedApplication | None = None

    def advance(self, span: float | str | timedelta) -> int:
        """Let time pass; callbacks that become due are delivered before this returns."""
        answer = self._ask("POST", "clock/advance", json={"seconds": seconds_of(span)}, timeout=60)
        return int(answer["events"])

    async def aadvance(self, span: float | str | timedelta) -> int:
        """Do what `advance` does in an event loop."""
        from anyio import to_thread

        return await to_thread.run_sync(self.advance, span)

    @property
    def unheard(self) -> list[str]:
        """What the application raised since `advance` and `wait_for` last could, in words, each once."""
        return [] if self._app is None else self._app.unheard

    def close(self) -> None:
        """Close what is open."""
        super().close()
        if "_clock" in self.__dict__:
            self._clock.close()

    def _anew(self, only: Collection[str]) -> None:
        # The session belongs to the thread of the server.
        parts = {"only": ",".join(only)} if only else {}
        self._admin.post(f"{self._place}/__admin/reset", params=parts).raise_for_status()
        if self._app is not None:
            self._app.raised.clear()

    def _come(self, status: str, timeout: float) -> None:
        self._ask("GET", "deliveries", params={"status": status, "timeout": round(timeout)}, timeout=timeout + 10)

    def _carrier(self, app: Any) -> Carrier:
        from kling_contract.testing.threaded import ThreadedApplication

        self._app = ThreadedApplication(app)
        return self._app

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._admin.request(method, f"{self._place}/__admin/{path}", **options)
        if self._app is not None:
            self._app.check()
        if answer.status_code != 200:
            raise KlingError(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    def _transport(self) -> Any:
        return None

    def _options(self) -> dict[str, Any]:
        return {**super()._options(), "clock": self._clock}

    @property
    def _root(self) -> str:
        return self.url

    @cached_property
    def _clock(self) -> RemoteClock:
        from kling_contract.remote import RemoteClock

        return RemoteClock(self._place)


class Serving:
    """A mock on a port, with a fresh session for each test."""

    def __init__(self, **settings: Any) -> None:
        try:
            from mock_server.server import MockServer
        except ModuleNotFoundError as error:
            raise KlingError(f"the server needs {error.name}: pip install 'kling-contract[mock]'") from error
        import httpx

        from kling_contract.trust import late_trust

        self._server = MockServer(**{"clock": "auto", **settings})
        self._admin = httpx.Client(trust_env=False, verify=late_trust())
        self._providers: dict[str, Provider] = {}
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
    def handle(
        self,
        *,
        provider: str | Path = "",
        clock: str = "auto",
        polls: int = 1,
        seed: int | None = None,
        where: Callable[[], str | None] = lambda: None,
        name: str = "an earlier test",
    ) -> Iterator[ServerHandle]:
        """Yield a handle of a fresh session; a late request for an earlier test's task is answered in that one's.

        Meanwhile no request of this process reaches a host that a document names. Raises `DocumentError` for a
        provider that cannot be read, and ValueError for a clock there is not.
        """
        mock: Mock = self._server.app.state.mock
        chosen, session = self._provider(str(provider)), f"test-{self._count}"
        self._count += 1
        handle = ServerHandle(self._server, session, self._admin, chosen)
        handle.begin = partial(prepare, mock=mock, clock=clock, polls=polls, seed=seed)
        handle.begin(handle.session)
        mock.sessions.default = session
        try:
            with mock.addresses.serving(chosen), ExitStack() as stack:
                stack.enter_context(_refusing(handle, mock, self.url, where, name))
                stack.enter_context(_placing(handle, mock, session, where))
                yield handle
        finally:
            mock.sessions.default = "default"
            handle.close()

    def _provider(self, provider: str) -> Provider:
        """Return a provider by its bundled name, or by the path of its document; each file is read once."""
        root: Provider = self._server.app.state.mock.addresses.root.provider
        if provider in ("", root.name):
            return root
        if provider not in self._providers:
            self._providers[provider] = load(provider)
        return self._providers[provider]


@contextmanager
def _refusing(handle: ServerHandle, mock: Mock, url: str, where: Callable[[], str | None], name: str) -> Iterator[None]:
    """Let nothing reach a host that a document names; mocks of the test's own may answer for them."""
    from kling_contract.interception import Named, Refusal, intercepted

    def tell(refusal: Refusal) -> None:
        if refusal.left_by is not None:
            handle.told.late.append(late(refusal))
            return
        handle.told.refusals.append(refused(refusal, where(), hint))

    hint = f"let the code under test ask {url} instead, for which there is kling_env"
    urls = (each for provider in mock.addresses.every_provider() for each in provider.base_urls)
    named = Named(urls, hint, tell, own=url)
    with intercepted(named, _unasked, passes=lambda request: True, name=name):
        yield


@contextmanager
def _placing(handle: ServerHandle, mock: Mock, session: str, where: Callable[[], str | None]) -> Iterator[None]:
    """Keep which line of the test is being run when a request that broke the contract is answered."""

    def heard(event: dict[str, Any]) -> None:
        if event.get("violations") and event["session"] == session and (line := where()) is not None:
            handle.told.lines[event["id"]] = line

    mock.sessions.listen(None, heard)
    try:
        yield
    finally:
        mock.sessions.leave(None, heard)


def _unasked(request: Request) -> Response:
    raise AssertionError(f"{request.url} passes")
