"""The mock in process, without a socket: a transport for httpx that asks its core."""

from __future__ import annotations

import functools

import httpx

from kling_contract.documents import load
from mock_server.app import Mock
from mock_server.exchange import Exchange
from mock_server.settings import Settings

loaded = functools.cache(load)


class Moving:
    """A clock that moves by being waited for, and serves client and mock alike."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class Bridge:
    """A mock that lives by a clock of the test; `transport` reaches it."""

    def __init__(self, provider: str, **settings: object) -> None:
        self.clock = Moving()
        self.mock = Mock(Settings(provider=loaded(provider), verify_answers=True, **settings), wall=self.clock)
        self.transport = httpx.MockTransport(self._answer)
        self.requests: list[httpx.Request] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if "/__media/" in request.url.path:
            return self._media(request.url.path.rpartition("/")[2])
        url = request.url
        exchange = Exchange(
            method=request.method,
            path=url.raw_path.partition(b"?")[0].decode(),
            query=url.query.decode(),
            headers=request.headers,
            body=request.read(),
            origin=f"{url.scheme}://{url.netloc.decode()}",
        )
        answer = self.mock.endpoints.answer(exchange)
        return httpx.Response(
            answer.status, headers={"content-type": answer.content_type, **answer.headers}, content=answer.body
        )

    def _media(self, name: str) -> httpx.Response:
        file = self.mock.results.file(name)
        if file is None:
            return httpx.Response(404)
        return httpx.Response(200, headers={"content-type": file.content_type}, content=file.data)
