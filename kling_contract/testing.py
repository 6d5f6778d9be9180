"""A mock in this process, for tests in any framework: nothing listens on a port, and nothing leaves.

with mock() as kling:
    kling.callbacks.to(app)                # a WSGI or ASGI application, called in this thread
    task = kling.client.videos.image_to_video(image="cat.png", callback_url="https://app.example.com/hook")
    task.wait()
    assert kling.callbacks.wait_for("succeed").task == task.id
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract.client import AsyncKling, Kling
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.app import Mock
    from mock_server.callbacks.delivery import Delivery
    from mock_server.session import Session

_URL = "http://kling.localhost"
_KEY = "sk-dummy"
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(s|m|h|d)?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


@contextmanager
def mock(*, clock: str = "auto", **settings: Any) -> Iterator[MockHandle]:
    """Yield a handle of a new mock, which takes what `mock_server.settings.Settings` takes.

    Raises `DocumentError` for a document that cannot be read, and `KlingError` without the extra `mock`.
    """
    try:
        from mock_server.app import Mock
        from mock_server.settings import Settings
    except ModuleNotFoundError as error:
        raise KlingError(f"the mock needs {error.name}: pip install 'kling-contract[mock]'") from error
    handle = MockHandle(Mock(Settings(clock=clock, **settings)))
    try:
        yield handle
    finally:
        handle.close()


class MockHandle:
    """One session of a mock in this process. `client` and `async_client` are ours, and wait on the session's clock."""

    url = _URL

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self.callbacks = Callbacks(mock, self.session)

    @property
    def session(self) -> Session:
        """The session, as the mock has it."""
        return self._mock.sessions.get("default")

    @cached_property
    def client(self) -> Kling:
        """A client of the mock."""
        from mock_server.inprocess import MockTransport

        return Kling(transport=MockTransport(self._mock), **self._options())

    @cached_property
    def async_client(self) -> AsyncKling:
        """An asynchronous client of the mock."""
        from mock_server.inprocess import MockTransport

        return AsyncKling(transport=MockTransport(self._mock), **self._options())

    def advance(self, span: float | str | timedelta) -> int:
        """Let time pass: seconds, a timedelta, or a text such as "10m"; return how many events happened on the way.

        Callbacks that become due are delivered first, in this thread.
        """
        return self.session.advance(seconds_of(span))

    async def aadvance(self, span: float | str | timedelta) -> int:
        """Do what `advance` does in an event loop."""
        return await self.session.aadvance(seconds_of(span))

    def close(self) -> None:
        """Close what is open."""
        if "client" in self.__dict__:
            self.client.close()
        self._mock.close()

    def _options(self) -> dict[str, Any]:
        from mock_server.waiting import SessionTime

        clock = SessionTime(self.session)
        return {
            "provider": self._mock.addresses.root.provider,
            "api_key": _KEY,
            "access_key": "",
            "secret_key": "",
            "base_url": _URL,
            "clock": clock,
        }


class Callbacks:
    """The callbacks of the session: where they go, and what came of them."""

    def __init__(self, mock: Mock, session: Session) -> None:
        self._mock, self._session = mock, session

    def to(self, app: Any) -> None:
        """Deliver to a WSGI or ASGI application of this process, in the thread that lets time pass.

        So a test's own database transaction is the one that the application sees. Every `callback_url` goes there.
        On an auto clock time moves with the next request, `advance` or `wait_for` after a create.
        """
        from mock_server.inprocess import Application

        self._mock.courier.carrier = Application(app)

    def wait_for(self, status: str) -> Delivery:
        """Return the last callback of a status that was taken, once all that is to come on its own has come.

        Raises AssertionError, which says what there is, if there is none.
        """
        self._session.catch_up()
        found = [each for each in self if each.status == status and each.state == "delivered"]
        if not found:
            there = ", ".join(f"{each.status} {each.state}" for each in self) or "none"
            raise AssertionError(f"no callback of {status} was taken; there are: {there}")
        return found[-1]

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> list[Delivery]:
        return self._session.deliveries.where(lambda delivery: True)


def seconds_of(span: float | str | timedelta) -> float:
    """Return the seconds of a span: a number of them, a timedelta, or a text such as "90s", "10m", "2h", "30d".

    Raises ValueError for others.
    """
    if isinstance(span, timedelta):
        return span.total_seconds()
    if isinstance(span, str):
        found = _SPAN.fullmatch(span.strip())
        if found is None:
            raise ValueError(f"{span!r} is no span of time; accepted: seconds, a timedelta, 90s, 10m, 2h, 30d")
        return float(found[1]) * _UNITS[found[2]]
    return span
