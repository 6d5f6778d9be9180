"""The mock in a test's hand: one session, its time, its tasks, and what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract.client import AsyncKling, Kling
from kling_contract.testing.callbacks import Callbacks
from kling_contract.testing.requests import Requests
from kling_contract.testing.spans import seconds_of
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from kling_contract.documents import Operation, Provider
    from mock_server.app import Mock
    from mock_server.session import Session
    from mock_server.store import Task

DUMMY_KEY = "sk-dummy-not-a-real-key"
_WISHES = ("delay", "polls", "pace", "callbacks")


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

    `url` is what a base URL is to be set to, where code is told one; `lines` says of requests, by their number in the
    journal, which line of the test led to them.
    """

    def __init__(self, mock: Mock, session: str, url: str) -> None:
        self._mock, self._name, self.url = mock, session, url
        self.lines: dict[int, str] = {}
        self.callbacks = Callbacks(lambda: self.session, self._come)

    @property
    def session(self) -> Session:
        """The session, as the mock has it."""
        return self._mock.sessions.get(self._name)

    @property
    def provider(self) -> Provider:
        """The provider that the mock is."""
        return self._mock.addresses.root.provider

    @property
    def seed(self) -> int:
        """What decides ids, times and chance."""
        return self.session.seed

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

    def requests(self, operation: str | None = None) -> Requests:
        """Return what was asked, of one operation or of all."""
        if operation is not None:
            self._operation(operation)
        entries = self.session.journal.where(lambda entry: operation in (None, entry.operation))
        return Requests(entry for entry in entries if "/__media/" not in entry.path)

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

        `delay`, `polls`, `pace` and `callbacks` may be given as in `Prefer`. Raises ValueError naming what there is.
        """
        from mock_server.faults import fault_named
        from mock_server.outcomes import scenario_named
        from mock_server.wishes import wish_of

        self._operation(operation)
        unknown = next((name for name in wish if name not in _WISHES), None)
        if unknown is not None:
            raise TypeError(f"next() takes scenario, fault, times, {', '.join(_WISHES)}; not {unknown}")
        if fault is not None:
            self.session.faults.arm(fault_named(fault, self.provider), operation, times)
        if scenario is not None:
            wish["scenario"] = scenario_named(self.provider, scenario).name
        if wish:
            said = ", ".join(f"{name}={value}" for name, value in wish.items())
            self.session.armed.arm(wish_of(said, {}), operation, times)

    def open(self, operation: str) -> None:
        """Serve an operation that the provider documents and does not serve."""
        self.session.open[self._operation(operation).id] = True

    def advance(self, span: float | str | timedelta) -> int:
        """Let time pass: seconds, a timedelta, or a text such as "10m"; return how many events happened on the way.

        Callbacks that become due are delivered first, in this thread.
        """
        return self.session.advance(seconds_of(span))

    async def aadvance(self, span: float | str | timedelta) -> int:
        """Do what `advance` does in an event loop."""
        return await self.session.aadvance(seconds_of(span))

    def assert_created(self, operation: str, times: int | None = None, **fields: Any) -> None:
        """Raise AssertionError unless tasks of an operation were created, `times` of them if given, with these fields.

        Fields have their canonical names; numbers and texts that a provider writes in another type are equal.
        """
        self._operation(operation)
        made = [task for task in self.tasks if task.operation == operation]
        fitting = [task for task in made if _has(task.fields, fields)]
        if (len(fitting) == times) if times is not None else fitting:
            return
        wanted = f"{operation}({', '.join(f'{name}={value!r}' for name, value in fields.items())})"
        often = "at least once" if times is None else f"{times} time{'' if times == 1 else 's'}"
        there = "\n  ".join(_shown(task) for task in self.tasks) or "none"
        raise AssertionError(f"{wanted} was created {len(fitting)} times, not {often}; created were:\n  {there}")

    def close(self) -> None:
        """Close what is open."""
        if "client" in self.__dict__:
            self.client.close()

    def _come(self, status: str | None, timeout: float) -> None:
        self.session.catch_up()

    def _operation(self, name: str) -> Operation:
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

        return MockTransport(self._mock, session=self._name)

    def _options(self) -> dict[str, Any]:
        from mock_server.waiting import SessionTime

        keys = {"api_key": DUMMY_KEY, "access_key": "", "secret_key": ""}
        return {"provider": self.provider, "base_url": self.url, "clock": SessionTime(self.session), **keys}


def _has(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(name in found and _same(found[name], value) for name, value in wanted.items())


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (not isinstance(one, bool) and str(one) == str(other))


def _shown(task: SeenTask) -> str:
    fields: Iterable[str] = (f"{name}={value!r}" for name, value in task.fields.items())
    return f"{task.operation}({', '.join(fields)}), {task.status}"
