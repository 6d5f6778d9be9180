"""The callbacks of a test: where they go, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mock_server.callbacks.courier import Carrier
    from mock_server.callbacks.delivery import Delivery
    from mock_server.session import Session


class Callbacks:
    """The callbacks of a session, oldest first. `come` lets come what is to come on its own.

    `session` says which it is, since one that was reset is another; `statuses` are those that a task may have, and
    `carrier` is what calls an application.
    """

    def __init__(
        self,
        session: Callable[[], Session],
        come: Callable[[str, float], None],
        statuses: Collection[str],
        carrier: Callable[[Any], Carrier],
    ) -> None:
        self._session, self._come, self._statuses, self._carrier = session, come, statuses, carrier

    def to(self, app: Any) -> None:
        """Deliver to a WSGI or ASGI application of this process, in the thread that lets time pass.

        So a test's own database transaction is the one that the application sees. Every `callback_url` of the session
        goes there. On an auto clock time moves with the next request, `advance` or `wait_for` after a create.

        A server on a port calls a WSGI application in a thread of its own, and an ASGI one in its event loop.
        """
        self._session().deliveries.carrier = self._carrier(app)

    def wait_for(self, status: str, timeout: float = 5.0) -> Delivery:
        """Return the last callback of a status that was taken, once all that is to come on its own has come.

        `timeout` is in real seconds, for a server on a port. Raises AssertionError, which says what there is, if there
        is none, and ValueError for a status there is not.
        """
        __tracebackhide__ = True
        if status not in self._statuses:
            raise ValueError(f"no task has the status {status!r}; accepted: {', '.join(self._statuses)}")
        self._come(status, timeout)
        found = [each for each in self if each.status == status and each.state == "delivered"]
        if not found:
            raise AssertionError(self._missed(status))
        return found[-1]

    def _missed(self, status: str) -> str:
        session, there = self._session(), [f"\n  {_shown(each)}" for each in self]
        said = f"no callback of {status} was taken; there are{':' if there else ' none'}{''.join(there)}"
        tasks = [task for each in session.store.ids() if (task := session.store.get(each))]
        if not any(task.callback for task in tasks):
            return f"{said}\nnone of {counted(len(tasks), 'task')} was created with a URL for callbacks"
        if session.clock.mode == "frozen":
            return f"{said}\nthe clock is frozen: what is to come, comes with advance()"
        if any(each.state == "refused" for each in self):
            return f"{said}\ncallbacks.to(app) delivers to an application of this process"
        return said

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, index: int) -> Delivery:
        return self._all()[index]

    def _all(self) -> list[Delivery]:
        return self._session().deliveries.where(lambda delivery: True)


def _shown(delivery: Delivery) -> str:
    """Return what came of a callback: to whom it went, and what the last attempt met."""
    last = delivery.attempts[-1] if delivery.attempts else None
    met = "" if last is None else f", {last.error}" if last.error else f", answered {last.status}"
    before = f", the last of {len(delivery.attempts)} attempts" if len(delivery.attempts) > 1 else ""
    return f"{delivery.status} to {delivery.url}: {delivery.state}{met}{before}"
