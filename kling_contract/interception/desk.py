"""Which requests are ours, and who answers them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kling_contract.interception.hosts import host_of
from kling_contract.interception.marks import left_by
from kling_contract.interception.named import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.interception.exchange import Answer, AsyncAnswer, Request
    from kling_contract.interception.named import Named

DELIVERY = "x-kling-mock-delivery"  # the header by which the mock marks its own callbacks


# Whether the request that is under way in this thread and task is on its way to respx's routers.
_handed: ContextVar[bool] = ContextVar("handed to routers", default=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """`passes` judges by method, URL and headers: a body is read only once it is known to be ours.

    While `is_routed` respx's routers answer, or refuse, what this would, and what a desk around it would.
    """

    named: Named
    answer: Answer
    aanswer: AsyncAnswer
    passes: Callable[[Request], bool]
    is_routed: Callable[[], bool]

    def takes(self, request: Request) -> bool:
        """Say whether a request is answered here. One of what an earlier mock left running is refused instead."""
        return self.is_ours(request) and left_by() is None

    def is_for_routers(self) -> bool:
        """Say whether respx's routers go before: by this desk, or by the one that handed the request on."""
        return _handed.get() or self.is_routed()

    def is_ours(self, request: Request) -> bool:
        """Say whether a request, whoever sends it, is nobody else's."""
        named = host_of(request.url) in self.named
        return named and DELIVERY not in request.headers and not self.passes(request)

    @contextmanager
    def handing(self) -> Iterator[None]:
        """Hand a request to the routers, past the desks around this one."""
        before = _handed.get()
        _handed.set(True)
        try:
            yield
        finally:
            _handed.set(before)

    @contextmanager
    def aside(self, request: Request) -> Iterator[None]:
        """Let others answer a request; a refusal on the way is one of this request."""
        before = asking.get()
        asking.set(request)
        try:
            yield
        finally:
            # A token would be of no use to a coroutine that is closed in another context than it began in.
            asking.set(before)
