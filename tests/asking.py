"""The mock's core, asked without a socket, at a time that the test sets."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from bridge import Moving, loaded

from kling_contract import errors
from kling_contract.documents import Operation, Provider, bundled
from mock_server.app import Mock
from mock_server.exchange import Exchange
from mock_server.journal import Entry
from mock_server.settings import Settings
from mock_server.watching import Watcher

URL = "https://example.com/cat.png"
OPENED = frozenset({"createImageExpansion"})


class Asked(NamedTuple):
    """An answer: its body decoded where it is JSON, as text otherwise."""

    status: int
    body: Any
    headers: dict[str, str]
    entry: Entry


class Looking(Watcher):
    """Wants to be told everything."""

    verbose = True


class Core:
    """A mock that lives by a clock of the test and checks its own answers."""

    def __init__(self, provider: str | Provider = "kling", *, verbose: bool = False, **settings: Any) -> None:
        self.provider = loaded(provider) if isinstance(provider, str) else provider
        self.clock = Moving()
        options = Settings(provider=self.provider, **{"verify_answers": True, "opened": OPENED, **settings})
        self.watcher = Looking() if verbose else Watcher()
        self.mock = Mock(options, wall=self.clock, watcher=self.watcher)

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = "Bearer test", **headers: str
    ) -> Asked:
        """Ask; `body` is JSON-ready data, or bytes that are sent as they are. A `_` in a header's name is a dash."""
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["authorization"] = key
        answer = self.mock.endpoints.answer(Exchange(method, path, query, named, data, "http://mock.test"))
        assert answer.entry is not None
        shown = json.loads(answer.body) if "json" in answer.content_type else answer.body.decode()
        return Asked(answer.status, shown, dict(answer.headers), answer.entry)

    def create(self, operation: str, body: Any, **headers: Any) -> Asked:
        return self.ask("POST", self.provider.operation(operation).path, body, **headers)

    def get(self, operation: str, task_id: str, **headers: Any) -> Asked:
        path = self.provider.operation(operation).path
        return self.ask("GET", path[: path.index("{")] + task_id, **headers)

    def file(self, url: str) -> Any:
        """Return the file behind a result URL, or None."""
        return self.mock.results.file(url.rpartition("/")[2])


def operations(*kinds: str) -> list[tuple[str, str]]:
    """Return (provider, operationId) of every bundled operation of these kinds."""
    found = [(name, each) for name in bundled() for each in loaded(name).operations.values()]
    return [(name, each.id) for name, each in found if each.kind in kinds]


def example(operation: Operation) -> dict[str, Any]:
    """Return a body that the document itself shows."""
    return dict(next(iter(operation.examples.values())))


def made(core: Core, create: str = "createImageToVideo", **fields: Any) -> str:
    """Make a task of the document's own example and return its id."""
    answer = core.create(create, {**example(core.provider.operation(create)), **fields})
    assert answer.status == 200, answer.body
    return str(answer.body["data"]["task_id"])


# What the client raises for each meaning that an error row can have.
MEANT = {
    "authentication": errors.AuthenticationError,
    "balance": errors.AccountError,
    "permission": errors.AccountError,
    "request": errors.RequestError,
    "duplicate": errors.RequestError,
    "model-missing": errors.RequestError,
    "task-missing": errors.TaskNotFound,
    "policy": errors.PolicyError,
    "rate": errors.RateLimitError,
    "server": errors.ServerError,
    "route-missing": errors.RouteUnavailable,
}
