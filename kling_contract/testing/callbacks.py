"""The callbacks of a test: where they go, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_server.callbacks.delivery import Delivery
    from mock_server.session import Session


class Callbacks:
    """The callbacks of a session, oldest first. `come` lets come what is to come on its own.

    `session` says which it is, since one that was reset is another.
    """

    def __init__(self, session: Callable[[], Session], come: Callable[[str | None, float], None]) -> None:
        self._session, self._come = session, come

    def to(self, app: Any) -> None:
        """Deliver to a WSGI or ASGI application of this process, in the thread that lets time pass.

        So a test's own database transaction is the one that the application sees. Every `callback_url` of the session
        goes there. On an auto clock time moves with the next request, `advance` or `wait_for` after a create.
        """
        from mock_server.inprocess import Application

        self._session().deliveries.carrier = Application(app)

    def wait_for(self, status: str, timeout: float = 5.0) -> Delivery:
        """Return the last callback of a status that was taken, once all that is to come on its own has come.

        `timeout` is in real seconds, for a server on a port. Raises AssertionError, which says what there is, if there
        is none.
        """
        self._come(status, timeout)
        found = [each for each in self if each.status == status and each.state == "delivered"]
        if not found:
            there = ", ".join(f"{each.status} {each.state}" for each in self) or "none"
            raise AssertionError(f"no callback of {status} was taken; there are: {there}")
        return found[-1]

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, index: int) -> Delivery:
        return self._all()[index]

    def _all(self) -> list[Delivery]:
        return self._session().deliveries.where(lambda delivery: True)
