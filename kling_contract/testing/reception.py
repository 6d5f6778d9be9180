"""Requests that were meant for a provider's host, answered by the mock in this process."""

from __future__ import annotations

from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kling_contract.clock import RealClock
from kling_contract.interception import Broken, Refusal, Request, Response
from kling_contract.interception.desk import DELIVERY
from kling_contract.interception.hosts import bare, host_of
from kling_contract.testing.loops import is_asyncio
from kling_contract.testing.wrong import crashed, late, refused
from mock_server.exchange import Answer, Exchange
from mock_server.inprocess import Application, awaited, turn, waited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kling_contract.documents import Provider
    from kling_contract.testing.told import Told
    from mock_server.app import Mock

_OWN = ("/__", "/s/", "/p/")  # paths that the mock has beside those of providers
_OUTSIDE = (
    "the path is none of the provider's: a mock of the test's own is to answer it, or it may be refused by\n"
    '  @pytest.mark.kling(ignore="{}")'
)
_ELSEWHERE = "what asked is not intercepted: kling_server, which serves the mock on a port, is for it"


class Reception:
    """Answers for every host that one of `providers` names, in one session of a mock.

    Paths outside a provider's own, those that a pattern of `ignore` fits, and the hosts of `passthrough` are not ours.
    `where` says which line of the test asks, and `told` keeps what the test is to be told. Raises ValueError for a host
    that no document names.
    """

    def __init__(
        self,
        mock: Mock,
        session: str,
        providers: Iterable[Provider],
        told: Told,
        *,
        ignore: str | Iterable[str] = (),
        passthrough: str | Iterable[str] = (),
        where: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._mock, self._session, self._told, self._where = mock, session, told, where
        self._ignore = _texts(ignore)
        self._places = {host_of(url): (each, urlsplit(url).path) for each in providers for url in each.base_urls}
        self._aside = self._known(_texts(passthrough))
        self._own = {each.name: _first_segments(each) for each, _ in self._places.values()}
        self._root, self._clock = mock.addresses.root.provider.name, RealClock()

    @property
    def urls(self) -> list[str]:
        """Every base URL that is answered for."""
        return [url for provider, _ in self._places.values() for url in provider.base_urls]

    def takes(self, request: Request) -> bool:
        """Whether a request, to whatever host, is answered here."""
        return host_of(request.url) in self._places and DELIVERY not in request.headers and not self.passes(request)

    def passes(self, request: Request) -> bool:
        """Whether a request to a host that a document names is none of ours."""
        if host_of(request.url) in self._aside:
            return True
        provider, path = self._place(request.url)
        ours = path.startswith(_OWN) or path.split("/")[1:2] in self._own[provider.name]
        return not ours or self._is_ignored(path)

    def refuse(self, refusal: Refusal) -> None:
        """Keep what the test is to be told of a refusal, unless it said that this is its own business."""
        if refusal.left_by is not None:
            self._told.late.append(late(refusal))
            return
        if refusal.host in self._aside:
            return
        advice = _ELSEWHERE
        if refusal.request is not None:
            path = self._place(refusal.request.url)[1] or "/"
            if self._is_ignored(path):
                return
            advice = _OUTSIDE.format(path)
        self._told.refusals.append(refused(refusal, self._where(), advice))

    def answer(self, request: Request) -> Response:
        """Answer a request. Raises `Broken` where a fault ends the connection, or outlasts the client."""
        exchange, session = self._exchange(request), self._mock.sessions.get(self._session)
        with self._telling(exchange):
            session.catch_up()
            answer = self._answered(exchange)
            session.hurry()
        return _response(request, answer, in_time=waited(self._clock, answer, request.patience))

    async def aanswer(self, request: Request) -> Response:
        """Do what `answer` does in an event loop; one that is not asyncio's is blocked meanwhile."""
        await turn()
        if not is_asyncio():
            return self.answer(request)
        exchange, session = self._exchange(request), self._mock.sessions.get(self._session)
        with self._telling(exchange):
            await session.acatch_up()
            answer = self._answered(exchange)
            await session.ahurry()
        return _response(request, answer, in_time=await awaited(self._clock, answer, request.patience))

    def failed(self, exchange: Exchange, error: Exception) -> None:
        """Keep what the test is to be told of an error that was raised instead of an answer."""
        carrier = self._mock.sessions.get(self._session).deliveries.carrier
        if isinstance(carrier, Application) and error in carrier.raised:
            self._told.raised.append(f"{type(error).__name__}: {error}")
        else:
            self._told.crashes.append(crashed(exchange, self._where(), error))

    @contextmanager
    def _telling(self, exchange: Exchange) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failed(exchange, error)
            raise

    def _answered(self, exchange: Exchange) -> Answer:
        answer = self._mock.answer(exchange)
        if answer.entry is not None and answer.entry.violations and (line := self._where()) is not None:
            self._told.lines[answer.entry.id] = line
        return answer

    def _is_ignored(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self._ignore)

    def _known(self, hosts: Iterable[str]) -> frozenset[str]:
        unknown = [host for host in hosts if bare(host) not in self._places]
        if unknown:
            raise ValueError(f"no document names the host {unknown[0]!r}; accepted: {', '.join(self._places)}")
        return frozenset(map(bare, hosts))

    def _place(self, url: str) -> tuple[Provider, str]:
        provider, prefix = self._places[host_of(url)]
        return provider, urlsplit(url).path.removeprefix(prefix)

    def _exchange(self, request: Request) -> Exchange:
        provider, path = self._place(request.url)
        if provider.name != self._root and not path.startswith(_OWN):
            path = f"/p/{provider.name}{path}"
        parts = urlsplit(request.url)
        headers = {"x-kling-session": self._session, **request.headers}
        return Exchange(request.method, path, parts.query, headers, request.body, f"{parts.scheme}://{parts.netloc}")


def _texts(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _response(request: Request, answer: Answer, *, in_time: bool) -> Response:
    if not in_time:
        raise Broken("silent")
    if answer.fate != "whole":
        raise Broken(answer.fate)
    headers = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
    return Response(answer.status, headers, b"" if request.method == "HEAD" else answer.body)


def _first_segments(provider: Provider) -> list[list[str]]:
    return [each.path.split("/")[1:2] for each in provider.operations.values()]
