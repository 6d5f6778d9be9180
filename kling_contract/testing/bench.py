"""Where tests get their mocks: one for each provider and its settings, with a fresh session for each test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kling_contract.errors import KlingError
from kling_contract.testing.handle import MockHandle

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL = "http://kling.localhost"


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
    made = Mock(Settings(clock=clock, **settings))
    handle = MockHandle(made, "default", _URL)
    try:
        yield handle
    finally:
        handle.close()
        made.close()
