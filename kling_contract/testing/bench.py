"""Where tests get their mocks: one for each provider, with a fresh session for each test."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from kling_contract.errors import KlingError
from kling_contract.testing.handle import MockHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from kling_contract.documents import Provider
    from mock_server.app import Mock
    from mock_server.session import Session
    from mock_server.wishes import Wish

_URL = "http://kling.localhost"
_EARLIER = "an earlier mock()"


class Bench:
    """The mocks of one run of tests, and of each the sessions of its tests."""

    def __init__(self) -> None:
        self._mocks: dict[Any, Mock] = {}
        self._count = 0

    @contextmanager
    def handle(
        self,
        provider: str | Path | Provider = "cometapi",
        *,
        clock: str = "auto",
        polls: int = 1,
        seed: int | None = None,
        ignore: str | Iterable[str] = (),
        passthrough: str | Iterable[str] = (),
        where: Callable[[], str | None] = lambda: None,
        name: str = "an earlier test",
    ) -> Iterator[MockHandle]:
        """Yield a handle of a fresh session, to which every host leads that a document names; nothing leaves.

        `ignore` are patterns of paths, and `passthrough` hosts, that are the test's own business: there our mock steps
        aside for others, and where there are none the request fails. `name` is the test's. Raises `DocumentError` for a
        provider that cannot be read, and ValueError for a clock or a host there is not.
        """
        mock, session = self._mock(provider), self._next_name()
        handle = MockHandle(mock, session, mock.addresses.root.provider.base_urls[0])
        handle.begin = partial(prepare, mock=mock, clock=clock, polls=polls, seed=seed)
        handle.begin(handle.session)
        with ExitStack() as stack:
            stack.callback(mock.sessions.end, session)
            stack.callback(handle.close)
            own: dict[str, Any] = {"ignore": ignore, "passthrough": passthrough, "where": where}
            stack.enter_context(answering(handle, mock, session, name, **own))
            yield handle

    def _next_name(self) -> str:
        self._count += 1
        return f"test-{self._count}"

    def close(self) -> None:
        """Close every mock."""
        for mock in self._mocks.values():
            mock.close()

    def _mock(self, provider: Any) -> Mock:
        if provider not in self._mocks:
            self._mocks[provider] = made(provider=provider)
        return self._mocks[provider]


@contextmanager
def answering(handle: MockHandle, mock: Mock, session: str, name: str, **options: Any) -> Iterator[None]:
    """Let every host that a document names lead to a session of a mock; see `Reception` for the options."""
    from kling_contract.interception import Named, intercepted
    from kling_contract.testing.reception import Reception
    from kling_contract.testing.side_effects import SideEffect

    reception = Reception(mock, session, mock.addresses.every_provider(), handle.told, **options)
    named = Named(reception.urls, tell=reception.refuse)
    handle.failed, effect = reception.failed, SideEffect(reception, named)
    handle.side_effect = effect
    asked = reception.answer, reception.aanswer
    try:
        with intercepted(named, *asked, passes=reception.passes, is_routed=lambda: handle.is_routed, name=name):
            yield
    finally:
        effect.is_over = True


def prepare(
    session: Session, only: Collection[str] = (), *, mock: Mock, clock: str | None, polls: int, seed: int | None
) -> None:
    """Let a fresh session, or those parts of one that begin anew, be as a test wants it."""
    if not only or "scenarios" in only:
        session.wish = wished(polls)
    if only:
        return
    if clock is not None:
        session.set_clock(mode=clock)
    if seed is not None:
        mock.sessions.reseed(session, seed)


def wished(polls: int) -> Wish:
    """Return the wish that a task ends at such a poll."""
    from mock_server.wishes import Wish

    return Wish(polls=polls)


def made(**settings: Any) -> Mock:
    """Return a mock. Raises `KlingError` without the extra `mock`."""
    try:
        from mock_server.app import Mock
        from mock_server.settings import Settings
    except ModuleNotFoundError as error:
        raise KlingError(f"the mock needs {error.name}: pip install 'kling-contract[mock]'") from error
    return Mock(Settings(**{"clock": "auto", **settings}))


@contextmanager
def mock(
    *,
    clock: str = "auto",
    polls: int = 1,
    ignore: str | Iterable[str] = (),
    passthrough: str | Iterable[str] = (),
    **settings: Any,
) -> Iterator[MockHandle]:
    """Yield a handle of a new mock, which takes what `mock_server.settings.Settings` takes; nothing leaves.

    Every host that a document names leads to it, as with the fixture `kling`. Raises `DocumentError` for a document
    that cannot be read, ValueError for a clock or a host there is not, and `KlingError` without the extra `mock`.
    """
    own = made(clock=clock, **settings)
    handle = MockHandle(own, "default", _URL)
    handle.begin = partial(prepare, mock=own, clock=None, polls=polls, seed=None)
    handle.begin(handle.session)
    with ExitStack() as stack:
        stack.callback(own.close)
        stack.callback(handle.close)
        stack.enter_context(answering(handle, own, "default", _EARLIER, ignore=ignore, passthrough=passthrough))
        yield handle
