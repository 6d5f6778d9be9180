"""The context in which named hosts are answered by this process."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from kling_contract.interception import audits, borders, curl_handles, httpx_pools
from kling_contract.interception.desk import Desk
from kling_contract.interception.left_behind import Watch
from kling_contract.interception.patches import Patch, applied
from kling_contract.interception.proxies import bypassed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from kling_contract.interception.exchange import Answer, Request, Response
    from kling_contract.interception.named import Named


@contextmanager
def intercepted(
    named: Named,
    answer: Answer,
    aanswer: Callable[[Request], Awaitable[Response]] | None = None,
    *,
    passes: Callable[[Request], bool] = lambda request: False,
    is_routed: Callable[[], bool] = lambda: False,
    name: str = "an earlier mock()",
) -> Iterator[None]:
    """Answer requests to named hosts by `answer`, in the thread that asks, or `aanswer`, awaited where httpx awaits.

    A request that `passes` (asked without its body) is left to whoever else answers it; what nobody answers is refused.
    While `is_routed` a router of respx that is started goes before. Requests of threads and tasks that go on when this
    is over are refused by those that come after, which are told that `name` left them.
    Both may raise `Broken`, for which each library raises its own error. Nested contexts end in reverse order; of two
    that take the same request the inner one answers.
    """
    desk = Desk(named, answer, aanswer or _in_turn(answer), passes, is_routed)
    with bypassed(named.hosts), Watch(name).until_the_end(), applied([*_patches(desk)]), audits.heard(named):
        yield


def _patches(desk: Desk) -> Iterator[Patch]:
    """Yield those for the libraries that are there; a test that has not imported respx has no routers."""
    yield from borders.patches(desk.named)
    yield from curl_handles.patches(desk.named)
    yield from httpx_pools.patches(desk)
    if "respx" in sys.modules:
        from kling_contract.interception import respx_routers

        yield from respx_routers.patches(desk)
    if "urllib3" in sys.modules or find_spec("urllib3"):
        from kling_contract.interception import urllib3_pools

        yield from urllib3_pools.patches(desk)


def _in_turn(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def aanswer(request: Request) -> Response:
        return answer(request)

    return aanswer
