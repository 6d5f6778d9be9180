"""Routers of respx that a test has of its own: what is ours, and what the mock delivers, is none of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from respx.mocks import Mocker
from respx.models import PassThrough, Route

from kling_contract.headers import folded
from kling_contract.interception.desk import DELIVERY, Desk
from kling_contract.interception.exchange import Request
from kling_contract.interception.patches import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


def patches(desk: Desk) -> Iterator[Patch]:
    """Yield the patches by which routers hand on what a desk takes, in whatever order they were started."""
    for mocker in Mocker.registry.values():
        yield Patch(mocker, "handler", _handing_on(desk, mocker.handler))
        yield Patch(mocker, "async_handler", _ahanding_on(desk, mocker.async_handler))


def _handing_on(desk: Desk, routed: Any) -> Any:
    def handler(request: httpx.Request) -> Any:
        _hand_on(desk, request)
        if not desk.is_for_routers():
            return routed(request)
        with desk.handing():
            return routed(request)

    return handler


def _ahanding_on(desk: Desk, routed: Any) -> Any:
    async def async_handler(request: httpx.Request) -> Any:
        _hand_on(desk, request)
        if not desk.is_for_routers():
            return await routed(request)
        with desk.handing():
            return await routed(request)

    return async_handler


def _hand_on(desk: Desk, request: httpx.Request) -> None:
    headers = folded(request.headers.multi_items())
    asked = Request(request.method, str(request.url), headers)
    if DELIVERY in headers or (desk.is_ours(asked) and not (desk.is_for_routers() and desk.takes(asked))):
        raise PassThrough("not for a router", request=request, origin=Route())
