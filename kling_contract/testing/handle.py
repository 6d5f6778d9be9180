"""The mock in a test's hand: one session, its time, its tasks, and what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kling_contract.client import AsyncKling, Kling
from kling_contract.errors import KlingError
from kling_contract.testing.arguments import check_next, parts_of
from kling_contract.testing.callbacks import Callbacks
from kling_contract.testing.created import check_fields, complaint, has
from kling_contract.testing.loops import is_asyncio
from kling_contract.testing.requests import Requests, Seen
from kling_contract.testing.spans import seconds_of
from kling_contract.testing.told import Told
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import timedelta

    from kling_contract.documents import Operation, Provider
    from kling_contract.testing.side_effects import SideEffect
    from mock_server.app import Mock
    from mock_server.callbacks.courier import Carrier
    from mock_server.exchange import Exchange
    from mock_server.session import Session
    from mock_server.store import Task

DUMMY_KEY = "sk-dummy-not-a-real-key"


@dataclass(frozen=True, slots=True)
class SeenTask:
    """A task as it is now; `fields` are the scalar fields of its request by their canonical names."""

    id: str
    operation: str
    status: str
    scenario: str
    fields: dict[str, Any]


class MockHandle:
    """One session of a mock. `client` and `async_client` are ours, and wait on the session's clock.

    `url` is what a base URL is to be set to, where code is told one, and `provider` whose that is; `told` is what there
    is to say to the test beside the journal; `failed` is told of what the mock raises to our own clients, and
    `begin` lets a fresh session be as the test wants it. `is_routed` says that respx's routers go before the mock.
    """

    def __init__(self, mock: Mock, session: str, url: str, provider: Provider | None = None) -> None:
        self._mock, self._name, self.url = mock, session, url
        self.provider = provider or mock.addresses.root.provider
        self.told = Told()
        self.failed: Callable[[Exchange, Exception], object] = lambda exchange, error: None
        self.side_effect: SideEffect | None = None
        self.is_routed = False
        self.begin: Callable[..., object] = lambda session, only=(): None
        statuses = {status: None for each in self.provider.operations.values() for status in each.statuses}
        self.callbacks = Callbacks(lambda: self.session, self._come, statuses, self._carrier)

    @property
    def session(self) -> Session:
        """The session, as the mock has it."""
        return self._mock.sessions.get(self._name)

    @property
    def seed(self) -> int:
        """What decides ids, times and chance."""
        return self.session.seed

    @property
    def refusals(self) -> list[str]:
        """What there is to say of requests that nobody answered."""
        return self.told.refusals

    @property
    def httpx(self) -> SideEffect:
        """The mock as a callback of other mocks of httpx, whichever kind of client asks.

        `httpx_mock.add_callback(kling.httpx, is_reusable=True)`, or `httpx.MockTransport(kling.httpx)`. Raises
        `KlingError` over a port.
        """
        if self.side_effect is None:
            raise KlingError(f"kling_server answers over a port: let the code ask {self.url}, or use the fixture kling")
        return self.side_effect

    @property
    def respx(self) -> SideEffect:
        """The mock as a side effect of respx's routes; whoever asks for it prefers those from then on.

        `respx_mock.route(host="api.cometapi.com").mock(side_effect=kling.respx)`. While a router is started every
        request of httpx is its own, and what no route of it matches is none of the mock's.
        """
        effect = self.httpx
        self.is_routed = True
        return effect

    @cached_property
    def client(self) -> Kling:
        """A client of the mock."""
        return Kling(transport=self._transport(), **self._options())

    @cached_property
    def async_client(self) -> AsyncKling:
        """An asynchronous client of the mock."""
        return AsyncKling(transport=self._transport(), **self._options())

    @property
    def tasks(self) -> list[SeenTask]:
        """The tasks, oldest first."""
        found = map(self.session.store.get, self.session.store.ids())
        return [self._seen(task) for task in found if task is not None]

    @property
    def requests(self) -> Requests:
        """What was asked, oldest first, results' files aside; `requests("createImageToVideo")` is of one operation."""
        entries = self.session.journal.where(lambda entry: "/__media/" not in entry.path)
        return Requests(map(Seen.of, entries), self._operation)

    def next(
        self,
        operation: str,
        *,
        scenario: str | None = None,
        fault: str | None = None,
        times: int | None = 1,
        **wish: Any,
    ) -> None:
        """Let the next `times` creates of an operation go by a scenario, or its next requests meet a fault.

        `times` None means always. `delay`, `polls`, `pace` and `callbacks` may be given as in `Prefer`. Raises
        ValueError, or TypeError for a name there is not, naming what there is.
        """
        from mock_server.faults import fault_named
        from mock_server.outcomes import scenario_named
        from mock_server.wishes import BadWish, wish_of

        __tracebackhide__ = True
        self._operation(operation)
        check_next(scenario, fault, times, wish)
        try:
            fails = None if fault is None else fault_named(fault, self.provider)
            if scenario is not None:
                wish["scenario"] = scenario_named(self.provider, scenario).name
            goes = wish_of(", ".join(f"{name}={value}" for name, value in wish.items()), {})
        except BadWish as error:
            said = f"{error}" if str(error).endswith("?") else f"{error};"
            raise ValueError(f"{said} accepted: {error.accepted}") from None
        if fails is not None:
            self.session.faults.arm(fails, operation, times)
        if wish:
            self.session.armed.arm(goes, operation, times)

    def open(self, operation: str) -> None:
        """Serve an operation that the provider documents and does not serve."""
        __tracebackhide__ = True
        self.session.open[self._operation(operation).id] = True

    def reset(self, only: str | Iterable[str] | None = None) -> None:
        """Begin anew, as the test did: without tasks, requests and what was armed or opened, the clock at its start.

        `only` names parts that alone do so: requests, tasks, scenarios, faults, limits, availability, deliveries and
        inbox. What was wrong with requests is forgotten with them; callbacks go on to where they went. Raises
        ValueError for a part there is not.
        """
        __tracebackhide__ = True
        parts = parts_of(only)
        self._anew(parts)
        self.begin(self.session, parts)
        if not parts or "requests" in parts:
            self.told.clear()

    def advance(self, span: float | str | timedelta) -> int:
        """Let time pass: seconds, a timedelta, or a text such as "10m"; return how many events happened on the way.

        Callbacks that become due are delivered first, in this thread. Raises ValueError for what is no span.
        """
        __tracebackhide__ = True
        return self.session.advance(seconds_of(span))

    async def aadvance(self, span: float | str | timedelta) -> int:
        """Do what `advance` does in an event loop; one that is not asyncio's is blocked meanwhile."""
        if not is_asyncio():
            return self.advance(span)
        return await self.session.aadvance(seconds_of(span))

    def assert_created(self, operation: str, times: int | None = None, **fields: Any) -> None:
        """Raise AssertionError unless tasks of an operation were created, `times` of them if given, with these fields.

        Fields have their canonical names; numbers and texts that a provider writes in another type are equal. Raises
        ValueError for an operation or a field there is not.
        """
        __tracebackhide__ = True
        self._operation(operation)
        everywhere = [each.operations.get(operation) for each in self._mock.addresses.every_provider()]
        check_fields([each for each in everywhere if each], fields)
        tasks = self.tasks
        count = sum(task.operation == operation and has(task, fields) for task in tasks)
        if (count != times) if times is not None else not count:
            raise AssertionError(complaint(operation, times, fields, tasks, self.requests))

    def assert_kept(self) -> None:
        """Raise AssertionError if a request broke the contract, hit no route or was refused.

        A test with a fixture ends so unless it is `strict=False`; this is for others.
        """
        __tracebackhide__ = True
        if (wrong := self.wrong()) is not None:
            raise AssertionError(wrong)

    def wrong(self) -> str | None:
        """Return what there is to say of requests that broke the contract, hit no route or were refused, or None."""
        from kling_contract.testing.wrong import report

        return report(self.session, self.told)

    @property
    def unheard(self) -> list[str]:
        """What an application that takes callbacks raised, in words, each once, and no call here did.

        In process that is what it raised to the code under test, whose request let time go on.
        """
        return list(dict.fromkeys(self.told.raised))

    def close(self) -> None:
        """Close what is open."""
        if "client" in self.__dict__:
            self.client.close()

    def _anew(self, only: Collection[str]) -> None:
        from mock_server.admin.places import PARTS

        for part in only:
            PARTS[part](self.session)
        if not only:
            self._mock.sessions.reset(self.session)

    def _come(self, status: str, timeout: float) -> None:
        self.session.catch_up()

    def _carrier(self, app: Any) -> Carrier:
        from mock_server.inprocess import Application

        return Application(app)

    def _operation(self, name: str) -> Operation:
        __tracebackhide__ = True
        known = self.provider.operations
        if name not in known:
            hint = did_you_mean(name, known)
            accepted = f"accepted: {', '.join(known)}"
            raise ValueError(f"{self.provider.title} has no operation {name!r}; {hint or accepted}")
        return known[name]

    def _seen(self, task: Task) -> SeenTask:
        from mock_server.lifecycle import status_at

        status = status_at(task.steps, self.session.clock.now()).status
        return SeenTask(task.id, task.operation, status, task.scenario, task.fields)

    def _transport(self) -> Any:
        from mock_server.inprocess import MockTransport

        return MockTransport(self._mock, session=self._name, failed=self.failed)

    def _options(self) -> dict[str, Any]:
        from mock_server.waiting import SessionTime

        pair = "" if self.provider.auth.key else DUMMY_KEY
        keys = {"api_key": DUMMY_KEY if self.provider.auth.key else "", "access_key": pair, "secret_key": pair}
        return {"provider": self.provider, "base_url": self._root, "clock": SessionTime(lambda: self.session), **keys}

    @property
    def _root(self) -> str:
        """Where our clients ask: a mock in process has the paths of documents, and nothing before them."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"
