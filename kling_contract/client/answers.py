"""What a provider's answer says: the values of its envelope, or the error that it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kling_contract.client.messages import Places, cut, sentence
from kling_contract.envelopes import Mismatch, names_in
from kling_contract.errors import (
    AccountError,
    APIError,
    AuthenticationError,
    PolicyError,
    RateLimitError,
    RequestError,
    RouteUnavailable,
    ServerError,
    TaskNotFound,
    UnexpectedAnswer,
)
from kling_contract.reading import parse

if TYPE_CHECKING:
    from kling_contract.documents import ErrorRow, Operation, Provider

_RESULTS = ("images", "videos")
STATUSES = ("submitted", "processing", "succeed", "failed")

_MEANS: Mapping[str, type[APIError]] = {
    "authentication": AuthenticationError,
    "balance": AccountError,
    "permission": AccountError,
    "request": RequestError,
    "duplicate": RequestError,
    "model-missing": RequestError,
    "task-missing": TaskNotFound,
    "policy": PolicyError,
    "rate": RateLimitError,
    "server": ServerError,
    "route-missing": RouteUnavailable,
}
_BY_STATUS: Mapping[int, type[APIError]] = {
    401: AuthenticationError,
    402: AccountError,
    403: AccountError,
    404: RouteUnavailable,
    429: RateLimitError,
}
_SILENT = "the provider gives no reason"
_SUCCESS = ("success", "succeed", "ok")
_REDIRECT = "the answer is a redirect, as a wrong path or base URL gives; it is not followed, as the key would go along"
_TITLE = re.compile(r"<title(?:\s[^<>]{0,200}+)?>", re.IGNORECASE)
_TITLE_END = re.compile("</title>", re.IGNORECASE)
_LONGEST_TITLE = 80  # characters
_LONGEST_HEAD = 4096  # characters of a page in which its title is looked for


def parse_response(
    provider: Provider, operation: Operation, status: int, content_type: str, data: bytes
) -> dict[str, Any]:
    """Return what an answer says, by the names of the envelope (`id`, `status`, `created_ms`, `images`, ...).

    Ids are texts and statuses canonical. `raw` is the decoded body, numbers with a point as Decimal; of a list, each
    of `tasks` has its own. Raises the `APIError` that the answer is: by the row of the document's error table, else by
    its HTTP status; `UnexpectedAnswer` for what no document describes.
    """
    if 300 <= status < 400:
        text = data.decode("utf-8", "replace")
        raise _Answer(provider, operation, status, text).error(UnexpectedAnswer, _REDIRECT)
    if "html" in content_type.lower() or data[:64].lstrip()[:1] == b"<":
        raise _html(provider, operation, status, data.decode("utf-8", "replace"))
    body, flaws = parse(data)
    answer = _Answer(provider, operation, status, body if not flaws else data.decode("utf-8", "replace"))
    if flaws:
        message = f"{flaws[0].message}: {cut(answer.body)!r}" if data else "the answer is empty"
        raise answer.error(_by_status(status), message)
    return answer.values()


def describes_results(operation: Operation) -> bool:
    """Whether the answers of an operation say where the results of a task are."""
    return any(name in _RESULTS for _, name in names_in(operation.envelope.template))


def without_result(provider: Provider, operation: Operation, name: str, body: Any) -> UnexpectedAnswer:
    """Return the error that an answer is, in which a task has succeeded and nothing can be fetched."""
    message = f"task {name} has succeeded and has no result: no image or video with a URL"
    error = _Answer(provider, operation, operation.success, body).error(UnexpectedAnswer, message)
    assert isinstance(error, UnexpectedAnswer)
    return error


def is_safe_to_resend(provider: Provider, error: APIError) -> bool:
    """Whether the document says that such an answer is never given to a request that was accepted."""
    row = provider.errors.get(error.row or "")
    return row is not None and row.retry and (row.any_status or row.status == error.status)


@dataclass(frozen=True, slots=True)
class _Answer:
    provider: Provider
    operation: Operation
    status: int
    body: Any

    def values(self) -> dict[str, Any]:
        if not 200 <= self.status < 300:
            raise self._classified(_SILENT)
        try:
            values = self.operation.envelope.match(self.body)
        except Mismatch as error:
            raise self._classified(f"{self.operation.title}'s document describes no such answer: {error}") from None
        if self.operation.kind == "list":
            return self._list(values)
        return self._task(values, self.body)

    def _list(self, values: dict[str, Any]) -> dict[str, Any]:
        bodies = _at(self.body, _place(self.operation.envelope.template, "tasks") or ())
        if "tasks" not in values or not isinstance(bodies, list):
            raise self._classified("the answer has no list of tasks")
        tasks = [self._task(task, raw) for task, raw in zip(values["tasks"], bodies, strict=True)]
        return {**values, "tasks": tasks, "raw": self.body}

    def _task(self, values: dict[str, Any], raw: Any) -> dict[str, Any]:
        name = task_id(values)
        if name is None:
            raise self._classified("the answer has no task id")
        return {**values, "id": name, "status": self._status(values), "raw": raw}

    def _status(self, values: dict[str, Any]) -> str:
        """Return the status; an accepted create that says none is submitted."""
        word = values.get("unknown_status", values.get("status"))
        if word is None and self.operation.kind == "create":
            return "submitted"
        if word not in STATUSES or "unknown_status" in values:
            raise self._classified(f"task {values['id']} has {unknown_status(self.operation, word)}")
        return str(word)

    def _classified(self, unexpected: str) -> APIError:
        """Return the error of the row that the answer is made after, else of its HTTP status."""
        found = self.provider.classify(self.status, self.body) or _by_number(self.provider, self.body)
        said = Places.of(self.provider.errors.values()).text(self.body)
        if found is None:
            return self._unclassified(said, unexpected)
        row, values = found
        told = values.get("message")
        message = told if isinstance(told, str) and told else said
        return self.error(_MEANS[row.means], message or f"{_SILENT} ({row.name})", row)

    def _unclassified(self, said: str, unexpected: str) -> APIError:
        """Return the error of no known row, with whatever text there is, but not a stray word of success."""
        kind = _by_status(self.status)
        success = _message(self.operation.envelope.template).casefold()
        if said.casefold() in (*_SUCCESS, success):
            said = ""
        if self.status >= 400:
            said = said or sentence(self.body)
        says_why = said and kind is not UnexpectedAnswer
        return self.error(kind, said if says_why else f"{unexpected} ({said})" if said else unexpected)

    def error(self, kind: type[APIError], message: str, row: ErrorRow | None = None) -> APIError:
        places = Places.of(self.provider.errors.values())
        return kind(
            message + _availability(self.operation, kind),
            operation=self.operation.id,
            status=self.status,
            code=places.code(self.body),
            request_id=places.trace(self.body),
            body=self.body,
            row=row.name if row else None,
        )


def task_id(values: Mapping[str, Any]) -> str | None:
    """Return the id of a task as a text, though some providers send a number; None where there is none."""
    name = values.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    return name if isinstance(name, str) and name else None


def unknown_status(operation: Operation, word: Any) -> str:
    """Say which status a task has that no document knows, and which it knows."""
    known = ", ".join(operation.statuses.values() or STATUSES)
    return f"the status {cut(repr(word))}; {operation.title} has {known}"


def _html(provider: Provider, operation: Operation, status: int, text: str) -> APIError:
    rows = (row for row in provider.errors.values() if "html" in row.content_type and row.status == status)
    row = next(rows, None)
    title = _title(text[:_LONGEST_HEAD])
    named = f" ({title!r})" if title else ""
    message = f"the answer is an HTML page{named} and not JSON, as a wrong path, a wrong base URL or a proxy gives"
    kind = _MEANS[row.means] if row else ServerError if status >= 500 else UnexpectedAnswer
    return _Answer(provider, operation, status, text).error(kind, message, row)


def _title(head: str) -> str | None:
    """Return the title of a page, if it has one that is short enough to be told."""
    start = _TITLE.search(head)
    end = _TITLE_END.search(head, start.end()) if start else None
    title = head[start.end() : end.start()].strip() if start and end else ""
    return title if len(title) <= _LONGEST_TITLE else None


def _by_status(status: int) -> type[APIError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServerError if status >= 500 else RequestError if status >= 400 else UnexpectedAnswer


def _by_number(provider: Provider, body: Any) -> tuple[ErrorRow, dict[str, Any]] | None:
    """Return the row whose numbers the body has, whatever its HTTP status: wrappers send the official codes on 200."""
    rows = [row for row in provider.errors.values() if row.is_json and _has_number(row.body.template)]
    for row in sorted(rows, key=lambda row: -row.body.constants):
        try:
            return row, row.body.match(body)
        except Mismatch:
            continue
    return None


def _has_number(template: Any) -> bool:
    if isinstance(template, Mapping):
        return any(_has_number(part) for part in template.values())
    return isinstance(template, int | float | Decimal) and not isinstance(template, bool)


def _availability(operation: Operation, kind: type[APIError]) -> str:
    says = operation.availability
    if kind is not RouteUnavailable or says.state != "unavailable":
        return ""
    since = f", as observed on {says.observed}" if says.observed else ""
    return f"; {operation.title} does not serve {operation.method} {operation.path}{since}"


def _message(template: Any) -> str:
    found = template.get("message") if isinstance(template, Mapping) else None
    return found if isinstance(found, str) else ""


def _place(template: Any, each: str) -> tuple[str, ...] | None:
    """Return the way to the list that `$each` names."""
    if not isinstance(template, Mapping):
        return None
    if template.get("$each") == each:
        return ()
    found = ((key, _place(part, each)) for key, part in template.items())
    return next(((key, *rest) for key, rest in found if rest is not None), None)


def _at(body: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body
