"""The client, synchronous and asynchronous: two thin shells that perform the steps of one conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self

import httpx

from kling_contract.auth import stay
from kling_contract.client.callbacks import received
from kling_contract.client.configuration import Configuration
from kling_contract.client.conversation import Conversation, Paging
from kling_contract.client.downloads import PLAIN
from kling_contract.client.network import Connections
from kling_contract.client.steps import Answer, Fetch, Result, Send, Step, Steps, adrive, drive
from kling_contract.client.tasks import AsyncTask, Task
from kling_contract.clock import RealClock
from kling_contract.models import Calls

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kling_contract.client.states import TaskState
    from kling_contract.clock import Clock
    from kling_contract.documents import Provider

TIMEOUT = httpx.Timeout(60, connect=10)
RETRIES = 2


class Kling(Calls[Task]):
    """Kling through one provider.

    `provider` is a bundled name, a document's path, or a loaded `Provider`. What is not given comes from
    KLING_PROVIDER (else cometapi), KLING_BASE_URL (else the document's first server), KLING_API_KEY, KLING_ACCESS_KEY
    and KLING_SECRET_KEY. `timeout` is in seconds, or an `httpx.Timeout`. `retries` bounds how often one request is
    sent again. Proxies (HTTPS_PROXY, NO_PROXY, ...) and certificates (SSL_CERT_FILE) are those of the environment, but
    this machine is asked directly. Raises `ConfigurationError` without a key, with an unusable URL, and for a proxy or
    certificate file that cannot be used; `DocumentError` without a document.
    """

    def __init__(
        self,
        *,
        provider: str | Path | Provider | None = None,
        api_key: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        retries: int = RETRIES,
    ) -> None:
        configuration = Configuration(
            provider=provider, api_key=api_key, access_key=access_key, secret_key=secret_key, base_url=base_url
        )
        self._talk = _conversation(configuration, clock or RealClock(), retries)
        self._http = Connections(partial(httpx.Client, timeout=timeout), transport)
        self._http.to(httpx.URL(self._talk.base_url))

    @property
    def provider(self) -> Provider:
        """The provider, as its document describes it."""
        return self._talk.provider

    def create(self, operation: str, /, **fields: Any) -> Task:
        """Create a task by operationId and canonical fields. Raises `ContractViolation` before anything is sent."""
        return self._call(operation, fields)

    def get(self, operation: str, id: str) -> Task:
        """Return a task by its id; `operation` is any operationId of its family: its create's, get's or list's.

        Raises `TaskNotFound` where there is none, and `KlingError` for an operation that the document does not have,
        with those that it has.
        """
        return self._task(operation, self._run(self._talk.get(operation, id)))

    def find(self, operation: str, external_task_id: str) -> Task | None:
        """Return the task that was created with this id of the caller's own, or None; `operation` as for `get`.

        Where the provider's get does not take such ids the list is looked through, page by page.
        """
        state = self._run(self._talk.find(operation, external_task_id))
        return None if state is None else self._task(operation, state)

    def list(self, operation: str, *, page: int = 1, size: int | None = None) -> Iterator[Task]:
        """Return every task of a family from page `page` on, newest first, asking for `size` at a time."""
        paging = Paging(self._talk, self._talk.operation(operation, "list"), page, size)
        return self._pages(operation, paging)

    def from_callback(
        self, operation: str, headers: Mapping[str, str], body: bytes | str, secret: str | None = None
    ) -> Task:
        """Return the task that a callback shows, as `verify_callback` does; `operation` is any one of its family.

        With `secret` None nothing is verified, and anyone can have posted the body: `refresh()` the task before you
        `save()` it, since its URLs are fetched from here.
        """
        create = self._talk.operation(operation, "create")
        return self._task(operation, received(create, headers, body, secret))

    def close(self) -> None:
        """Close the connections."""
        for http in self._http.close():
            http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Kling(provider={self.provider.name!r}, base_url={self._talk.base_url!r})"

    def __reduce__(self) -> NoReturn:
        stay(self)

    def _documented(self) -> Mapping[str, str]:
        return self._talk.calls()

    def _call(self, operation: str, fields: Mapping[str, Any]) -> Task:
        return self._task(operation, self._run(self._talk.create(operation, fields)))

    def _pages(self, operation: str, paging: Paging) -> Iterator[Task]:
        while not paging.done:
            for state in self._run(paging.turn()):
                yield self._task(operation, state)

    def _task(self, operation: str, state: TaskState) -> Task:
        return Task(self._talk, self._run, operation, state)

    def _run(self, steps: Steps[Result], /) -> Result:
        return drive(steps, self._perform)

    def _perform(self, step: Step) -> Answer | None:
        if isinstance(step, Send):
            http = self._http.to(step.url)
            answer = http.request(step.method, step.url, headers=step.headers, content=step.content)
            return Answer(answer.status_code, answer.headers, answer.content)
        if isinstance(step, Fetch):
            self._fetch(step)
        else:
            self._talk.clock.sleep(step.seconds)
        return None

    def _fetch(self, step: Fetch) -> None:
        http = self._http.to(httpx.URL(step.url))
        with http.stream("GET", step.url, headers=PLAIN, follow_redirects=True) as answer:
            step.part.begin(step.url, answer.status_code, answer.headers)
            for chunk in answer.iter_bytes():
                step.part.write(chunk)


class AsyncKling(Calls[Coroutine[Any, Any, AsyncTask]]):
    """Kling through one provider; the asynchronous twin of `Kling`, made of the same arguments."""

    def __init__(
        self,
        *,
        provider: str | Path | Provider | None = None,
        api_key: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        retries: int = RETRIES,
    ) -> None:
        configuration = Configuration(
            provider=provider, api_key=api_key, access_key=access_key, secret_key=secret_key, base_url=base_url
        )
        self._talk = _conversation(configuration, clock or RealClock(), retries)
        self._http = Connections(partial(httpx.AsyncClient, timeout=timeout), transport)
        self._http.to(httpx.URL(self._talk.base_url))

    @property
    def provider(self) -> Provider:
        """The provider, as its document describes it."""
        return self._talk.provider

    async def create(self, operation: str, /, **fields: Any) -> AsyncTask:
        """Do what `Kling.create` does."""
        return await self._call(operation, fields)

    async def get(self, operation: str, id: str) -> AsyncTask:
        """Do what `Kling.get` does."""
        return self._task(operation, await self._run(self._talk.get(operation, id)))

    async def find(self, operation: str, external_task_id: str) -> AsyncTask | None:
        """Do what `Kling.find` does."""
        state = await self._run(self._talk.find(operation, external_task_id))
        return None if state is None else self._task(operation, state)

    def list(self, operation: str, *, page: int = 1, size: int | None = None) -> AsyncIterator[AsyncTask]:
        """Do what `Kling.list` does, for `async for`."""
        paging = Paging(self._talk, self._talk.operation(operation, "list"), page, size)
        return self._pages(operation, paging)

    def from_callback(
        self, operation: str, headers: Mapping[str, str], body: bytes | str, secret: str | None = None
    ) -> AsyncTask:
        """Do what `Kling.from_callback` does; nothing is awaited, since nothing is sent."""
        create = self._talk.operation(operation, "create")
        return self._task(operation, received(create, headers, body, secret))

    async def aclose(self) -> None:
        """Close the connections."""
        for http in self._http.close():
            await http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncKling(provider={self.provider.name!r}, base_url={self._talk.base_url!r})"

    def __reduce__(self) -> NoReturn:
        stay(self)

    def _documented(self) -> Mapping[str, str]:
        return self._talk.calls()

    async def _call(self, operation: str, fields: Mapping[str, Any]) -> AsyncTask:
        return self._task(operation, await self._run(self._talk.create(operation, fields)))

    async def _pages(self, operation: str, paging: Paging) -> AsyncIterator[AsyncTask]:
        while not paging.done:
            for state in await self._run(paging.turn()):
                yield self._task(operation, state)

    def _task(self, operation: str, state: TaskState) -> AsyncTask:
        return AsyncTask(self._talk, self._run, operation, state)

    async def _run(self, steps: Steps[Result], /) -> Result:
        return await adrive(steps, self._perform)

    async def _perform(self, step: Step) -> Answer | None:
        if isinstance(step, Send):
            http = self._http.to(step.url)
            answer = await http.request(step.method, step.url, headers=step.headers, content=step.content)
            return Answer(answer.status_code, answer.headers, answer.content)
        if isinstance(step, Fetch):
            await self._fetch(step)
        else:
            await self._talk.clock.asleep(step.seconds)
        return None

    async def _fetch(self, step: Fetch) -> None:
        http = self._http.to(httpx.URL(step.url))
        async with http.stream("GET", step.url, headers=PLAIN, follow_redirects=True) as answer:
            step.part.begin(step.url, answer.status_code, answer.headers)
            async for chunk in answer.aiter_bytes():
                step.part.write(chunk)


def _conversation(configuration: Configuration, clock: Clock, retries: int) -> Conversation:
    provider = configuration.load_provider()
    url = configuration.url_at(provider)
    return Conversation(provider, url, configuration.credential(provider, clock), clock, retries)
