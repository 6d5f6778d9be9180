"""What a client and a provider say to each other, and when something is said again. No I/O happens here."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import httpx

from kling_contract.client.answers import describes_results, is_safe_to_resend, parse_response, without_result
from kling_contract.client.bodies import build_request, has_lone_surrogate, to_json
from kling_contract.client.states import TaskState
from kling_contract.client.steps import Answer, Send, Sleep, Steps
from kling_contract.contract import check_parameters
from kling_contract.errors import (
    APIError,
    ConnectionLost,
    ContractViolation,
    KlingError,
    RateLimitError,
    ServerError,
    TaskNotFound,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.auth import KeyCredential, TokenCredential
    from kling_contract.clock import Clock
    from kling_contract.documents import Operation, Provider
    from kling_contract.documents.model import Kind

LONGEST_PAUSE = 60.0  # seconds; a provider that asks for more gets its error raised

_WAIT_FACTOR, _SHORTEST_WAIT = 8, 600.0
_PAGE = 30  # tasks, where the document does not say what a page has by default
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything that the calls of one client have in common. `retries` bounds how often one request is sent again."""

    provider: Provider
    base_url: str
    credential: KeyCredential | TokenCredential | None
    clock: Clock
    retries: int
    _urls: dict[str, httpx.URL] = field(default_factory=dict, repr=False)

    def named(self, name: str) -> Operation:
        """Return the operation `name`. Raises `KlingError` naming those there are."""
        operations = self.provider.operations
        if name not in operations:
            meant = self.calls().get(name) or next(iter(difflib.get_close_matches(str(name), operations, n=1)), None)
            guess = f"; did you mean {meant}?" if meant else ""
            raise KlingError(f"{self.provider.title} has no operation {name!r}; it has {', '.join(operations)}{guess}")
        return operations[name]

    def calls(self) -> dict[str, str]:
        """Return the operationIds of the creates, by the names of their calls."""
        operations = self.provider.operations.values()
        return {each.call: each.id for each in operations if each.kind == "create" and each.call}

    def operation(self, name: str, kind: Kind) -> Operation:
        """Return the operation of this kind in the family of `name`. Raises `KlingError` where there is none."""
        asked = self.named(name)
        found = asked if asked.kind == kind else self.provider.sibling(asked, kind)
        if found is None:
            raise KlingError(f"{self.provider.title} documents no {kind} for {asked.family}")
        return found

    def longest_wait(self, name: str) -> float:
        """Return the seconds that a task is waited for by default: eight times the document's longest, or 10 minutes.

        Eight, since one integration had to raise its limit from 10 minutes to 68, six and a half times its longest.
        """
        create = self.provider.sibling(self.named(name), "create")
        longest = create.lifecycle.longest if create and create.lifecycle else 0.0
        return max(_SHORTEST_WAIT, _WAIT_FACTOR * longest)

    def result_missing(self, name: str, state: TaskState) -> UnexpectedAnswer | None:
        """Return the error that a success without a result is, where the document says that a get shows one."""
        get = self.operation(name, "get")
        return without_result(self.provider, get, state.id, state.raw) if describes_results(get) else None

    def create(self, name: str, fields: Mapping[str, Any]) -> Steps[TaskState]:
        """Ask for a task. Raises `ContractViolation`, or `KlingError` for no create, before anything is sent."""
        operation = self.named(name)
        if operation.kind != "create":
            create = self.provider.sibling(operation, "create")
            hint = f"; its create is {create.id}" if create else ""
            raise KlingError(f"{name} is a {operation.kind} of {operation.family} and makes no task{hint}")
        body = build_request(operation, fields)
        return self._submit(operation, to_json(body), body.get(operation.external or ""))

    def get(self, name: str, task_id: str) -> Steps[TaskState]:
        """Ask how a task is."""
        operation = self.operation(name, "get")
        _check_id(task_id, "task id")
        return self._get(operation, _PLACEHOLDER.sub(lambda _: quote(task_id, safe=""), operation.path))

    def find(self, name: str, external_task_id: str) -> Steps[TaskState | None]:
        """Ask for the task that was created with an external id; the result is None if there is none."""
        asked = self.named(name)
        _check_id(external_task_id, "external task id")
        get, listing = self.provider.sibling(asked, "get"), self.provider.sibling(asked, "list")
        if get is not None and "external" in get.ids:
            return self._find_by_id(self.get(name, external_task_id))
        if listing is None:
            raise KlingError(f"{self.provider.title} documents no way to look {asked.family} up by an external id")
        return self._find_in_list(Paging(self, listing), external_task_id)

    def ask(self, operation: Operation, path: str) -> Steps[dict[str, Any]]:
        """Send a GET, again after whatever may pass by itself, and return what the answer says."""
        attempt = 0
        while True:
            try:
                return (yield from self._once(operation, path, None))
            except (ConnectionLost, APIError) as error:
                if attempt >= self.retries or not _may_pass(self.provider, error):
                    raise
                yield Sleep(self.pause(error, attempt))
                attempt += 1

    def pause(self, error: KlingError, attempt: int) -> float:
        """Return the seconds to wait after failed attempt number `attempt` (from 0); raise `error` if they are many."""
        asked = getattr(error, "retry_after", None)
        if asked is not None and asked > LONGEST_PAUSE:
            raise error
        return asked if asked is not None else float(2**attempt)

    def _url(self, operation: Operation, path: str) -> httpx.URL:
        """Return the URL of a path; that of a create is read once, since reading it costs as much as the gate."""
        if path != operation.path:
            return httpx.URL(self.base_url + path)
        if path not in self._urls:
            self._urls[path] = httpx.URL(self.base_url + path)
        return self._urls[path]

    def _get(self, operation: Operation, path: str) -> Steps[TaskState]:
        return TaskState.of((yield from self.ask(operation, path)))

    def _once(self, operation: Operation, path: str, content: bytes | None) -> Steps[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.credential.bearer()}"} if self.credential else {}
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer: Answer = yield Send(operation.method, self._url(operation, path), headers, content)
        except httpx.RequestError as error:
            raise ConnectionLost(operation.id, error) from error
        try:
            content_type = answer.headers.get("content-type", "")
            return parse_response(self.provider, operation, answer.status, content_type, answer.data)
        except APIError as error:
            error.retry_after = _seconds(answer.headers.get("retry-after"), self.clock.now())
            raise

    def _submit(self, operation: Operation, content: bytes, external_id: str | None) -> Steps[TaskState]:
        """Send a create. It is sent again only if the one before is known not to have been accepted."""
        attempt, lost = 0, False
        while True:
            try:
                return TaskState.of((yield from self._once(operation, operation.path, content)), external_id)
            except (ConnectionLost, APIError) as error:
                failure = error
            unknown = _was_lost(failure) or (lost and self._is_duplicate(failure))
            if external_id and unknown:
                found = yield from self._look_up(operation, external_id, failure)
                if found is not None:
                    return replace(found, external_task_id=external_id)
            resend = self._may_look_again(external_id, lost) if unknown else _may_resend(self.provider, failure)
            if attempt >= self.retries or not resend:
                raise failure
            lost = lost or unknown
            yield Sleep(self.pause(failure, attempt))
            attempt += 1

    def _look_up(self, operation: Operation, external_id: str, failure: KlingError) -> Steps[TaskState | None]:
        try:
            return (yield from self.find(operation.id, external_id))
        except KlingError as error:
            failure.add_note(f"Whether task {external_id!r} was created could not be looked up: {error}")
            raise failure from failure.__cause__

    def _may_look_again(self, external_id: str | None, lost: bool) -> bool:
        """Whether a create that a lookup did not find may be sent once more: where the provider refuses duplicates."""
        refuses = any(row.means == "duplicate" for row in self.provider.errors.values())
        return external_id is not None and refuses and not lost

    def _is_duplicate(self, failure: KlingError) -> bool:
        row = self.provider.errors.get(getattr(failure, "row", None) or "")
        return row is not None and row.means == "duplicate"

    def _find_by_id(self, steps: Steps[TaskState]) -> Steps[TaskState | None]:
        try:
            return (yield from steps)
        except TaskNotFound:
            return None

    def _find_in_list(self, paging: Paging, external_task_id: str) -> Steps[TaskState | None]:
        while not paging.done:
            for state in (yield from paging.turn()):
                if state.external_task_id == external_task_id:
                    return state
        return None


class Paging:
    """The pages of a list, one after the other; a task that moved to a later page meanwhile is not shown twice."""

    def __init__(self, talk: Conversation, operation: Operation, page: int = 1, size: int | None = None) -> None:
        self._talk, self._operation, self._page = talk, operation, page
        self._size = _default_size(operation) if size is None else size
        self._seen: set[str] = set()
        self.done = False
        self._check()

    def turn(self) -> Steps[list[TaskState]]:
        """Ask for the next page; one that is shorter than the size, or shows nothing new, is the last."""
        self._check()
        values = yield from self._talk.ask(self._operation, f"{self._operation.path}?{urlencode(self._query())}")
        states = [TaskState.of(task) for task in values["tasks"]]
        new = [state for state in states if state.id not in self._seen]
        self._seen.update(state.id for state in new)
        self.done = len(states) < self._size or not new
        self._page += 1
        return new

    def _query(self) -> dict[str, str]:
        return {str(self._operation.page): str(self._page), str(self._operation.size): str(self._size)}

    def _check(self) -> None:
        violations = check_parameters(self._operation, self._query())
        if violations:
            raise ContractViolation(self._operation.id, violations)


def _check_id(name: Any, what: str) -> None:
    if not isinstance(name, str) or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is no {what}; ids are texts")
    if has_lone_surrogate(name):
        raise ValueError(f"{name!r} is no {what}; it has a lone surrogate, which no URL can carry")


def _default_size(operation: Operation) -> int:
    found = (each["schema"].get("default") for each in operation.parameters if each["name"] == operation.size)
    return int(next(found, None) or _PAGE)


def _may_pass(provider: Provider, error: KlingError) -> bool:
    if isinstance(error, ConnectionLost | ServerError | RateLimitError):
        return True
    return isinstance(error, APIError) and is_safe_to_resend(provider, error)


def _may_resend(provider: Provider, failure: KlingError) -> bool:
    if isinstance(failure, APIError):
        return is_safe_to_resend(provider, failure)
    return isinstance(failure.__cause__, _NEVER_CONNECTED)


def _was_lost(failure: KlingError) -> bool:
    return isinstance(failure, ConnectionLost) and not isinstance(failure.__cause__, _NEVER_CONNECTED)


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Return the seconds of a Retry-After header: a number of them, or a date."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (TypeError, ValueError):
        return None
