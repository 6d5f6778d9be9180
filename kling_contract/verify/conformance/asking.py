"""Asking a server: every exchange is kept, and can be repeated by a line of shell."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import httpx

from kling_contract.client.bodies import to_json
from kling_contract.contract import check_request
from kling_contract.envelopes import Mismatch
from kling_contract.reading import parse
from kling_contract.verify.conformance.failure import Broken, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.clock import Clock
    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.conformance.unchecked import Unchecked

_SHOWN = 20_000  # characters of a body in a line of shell: the longest texts, but no large image
_NOW, _DIGITS = '"$(date +%s)"', 10  # the seconds of now for a shell, and how many digits they have until 2286


class Down(Exception):
    """The server does not answer at all."""


@dataclass(frozen=True)
class Asked:
    """One exchange: what was asked, and what was answered; status 0 is no answer. `at` is when, in Unix seconds.

    `twice` says that the caller's own id was to be one that the server has already.
    """

    operation: Operation | None
    method: str
    url: str
    key: bool
    body: bytes | None
    status: int
    headers: Mapping[str, str]
    data: bytes
    ms: int
    at: float = 0.0
    twice: bool = False

    @cached_property
    def json(self) -> Any:
        """The body as JSON; its text where it is none."""
        body, flaws = parse(self.data)
        return self.data.decode("utf-8", "replace") if flaws else body

    @cached_property
    def sent(self) -> Any:
        """The JSON that was sent, with numbers as they were written; None where it is none."""
        return parse(self.body or b"")[0]

    @cached_property
    def values(self) -> dict[str, Any]:
        """What the answer says by the operation's envelope; empty where it is not made after it."""
        try:
            return self.operation.envelope.match(self.json) if self.operation else {}
        except Mismatch:
            return {}

    @property
    def succeeded(self) -> bool:
        """Whether it is answered with a status of success."""
        return 200 <= self.status < 300

    def curl(self) -> str:
        """Return a line of shell that asks the same; the key is the variable KEY.

        The caller's own id ends in the time, so that a server which keeps ids takes the line as often as it is run.
        """
        words = ["curl", "-sS", "-X", self.method, shlex.quote(self.url)]
        words += ["-H", '"Authorization: Bearer $KEY"'] if self.key else []
        if self.body is not None:
            shown = "@body.json" if self.unshown else self._renewed(self.body.decode())
            words += ["-H", "'Content-Type: application/json'", "-d", shown]
        return " ".join(words)

    @property
    def unshown(self) -> str | None:
        """The body where a line of shell cannot hold it, and names `body.json` instead; None where it can."""
        body = self.body or b""
        text = body.decode("utf-8", "replace")
        return None if len(text) <= _SHOWN and text.isprintable() and text.encode() == body else text

    def _renewed(self, text: str) -> str:
        """Return a body in quotes for a shell, with the time in the caller's own id where that keeps its contract."""
        own = self.operation.external if self.operation else None
        given = self.sent.get(own) if own and isinstance(self.sent, dict) else None
        whole = f'"{given}"'
        if self.operation is None or self.twice or not given or not isinstance(given, str) or text.count(whole) != 1:
            return shlex.quote(text)
        kept, flaws = given[:-_DIGITS], check_request(self.operation, self.sent)
        if check_request(self.operation, {**self.sent, own: kept + "1" * _DIGITS}) != flaws:
            return shlex.quote(text)
        before, _, after = text.partition(whole)
        return shlex.quote(f'{before}"{kept}') + _NOW + shlex.quote(f'"{after}')


@dataclass
class Asking:
    """A server, every exchange with it, and what they let us check.

    `made` are the checks that a request was made for, each with its operation (None: the server); `unchecked` is what
    is known not to be. Operations that are `shut` are not asked for a task.
    """

    provider: Provider
    http: httpx.Client
    base_url: str
    api_key: str
    clock: Clock
    poll: float
    patience: float
    shut: frozenset[str] = frozenset()
    all: list[Asked] = field(default_factory=list)
    made: set[tuple[str, str | None]] = field(default_factory=set)
    unchecked: list[Unchecked] = field(default_factory=list)

    def making(self, check: str, operation: Operation | None) -> None:
        """Note that a request was made which shows whether a check is kept."""
        self.made.add((check, operation.id if operation else None))

    def beside(self, create: Operation, kind: Literal["get", "list"]) -> Operation | None:
        """Return the operation that asks for the tasks of a create, or lists them, if it is served."""
        found = self.provider.sibling(create, kind)
        return None if found is None or found.id in self.shut else found

    def create(self, operation: Operation, body: Any, *, key: bool = True, twice: bool = False) -> Asked:
        """Post a body; `twice` with a caller's own id that was posted before."""
        data = to_json(body) if isinstance(body, dict) else json.dumps(body).encode()
        return self.ask(operation, operation.path, data, key=key, twice=twice)

    def get(self, operation: Operation, task: str, *, key: bool = True) -> Asked:
        """Ask for a task."""
        before, _, rest = operation.path.partition("{")
        return self.ask(operation, f"{before}{quote(task, safe='')}{rest.partition('}')[2]}", key=key)

    def page(self, operation: Operation, page: int, size: int, *, key: bool = True) -> Asked:
        """Ask for a page of a list."""
        return self.ask(operation, f"{operation.path}?{operation.page}={page}&{operation.size}={size}", key=key)

    def any(self, operation: Operation, body: Any, *, key: bool = True) -> Asked:
        """Ask an operation of whatever kind: to create `body`, for a task that is not there, or for a first page."""
        if operation.kind == "create":
            return self.create(operation, body, key=key)
        return self.page(operation, 1, 1, key=key) if operation.kind == "list" else self.get(operation, "0", key=key)

    def ask(
        self,
        operation: Operation | None,
        path: str,
        body: bytes | None = None,
        *,
        key: bool = True,
        twice: bool = False,
    ) -> Asked:
        """Ask, and keep what was answered. Raises `Broken` for no answer, `Down` where there has never been one."""
        method = operation.method if operation else "GET"
        headers = {"Authorization": f"Bearer {self.api_key}"} if key else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        url, at = path if "://" in path else self.base_url + path, self.clock.now()
        try:
            answer = self.http.request(method, url, headers=headers, content=body)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            if not self.all:
                raise Down(f"{self.base_url} does not answer: {error}") from None
            self.all.append(Asked(operation, method, url, key, body, 0, {}, b"", 0, at, twice))
            said = f"no answer: {type(error).__name__}: {error}"
            raise Broken(Failure("server.answers", operation.id if operation else None, said, self.all[-1])) from None
        ms, headed, data = round(answer.elapsed.total_seconds() * 1000), dict(answer.headers), answer.content
        self.all.append(Asked(operation, method, url, key, body, answer.status_code, headed, data, ms, at, twice))
        return self.all[-1]

    def row(self, asked: Asked) -> str | None:
        """Return the row of the error table that an answer is made after."""
        found = self.provider.classify(asked.status, asked.json)
        if found is not None:
            return found[0].name
        rows = (row for row in self.provider.errors.values() if not row.is_json and row.status == asked.status)
        return next(
            (row.name for row in rows if row.content_type.split(";")[0] in asked.headers.get("content-type", "")), None
        )
