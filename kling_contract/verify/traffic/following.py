"""Each task through a recording: its statuses, its times, what it leaves, and when its results are fetched.

What one answer says is held against what earlier ones said. Two exchanges that overlapped in time say nothing of each
other's order. Only the last tasks are followed, so that a recording of any length takes the same memory.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from kling_contract.envelopes import names_in
from kling_contract.errors import Violation
from kling_contract.verify.traffic.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.traffic.exchange import Exchange
    from kling_contract.verify.traffic.findings import Seen

MOST = 20_000  # tasks, and results, that are followed at a time
DAY = 86_400.0  # seconds
SECOND = 1000  # ms; some answers tell the same time in whole seconds
_EARLIEST = 10**11  # milliseconds; less is seconds, since it would be before 1974

_RANKS = {"submitted": 0, "processing": 1, "succeed": 2, "failed": 2}
_ENDED = 2
FAILED = "failed"
FAILED_TASK = "task.failed"  # the rule of the note that a task failed
_RESULTS = ("images", "videos")
_V = TypeVar("_V")


class Bounded(OrderedDict[Any, _V], Generic[_V]):
    """A mapping that forgets what was put in or moved longest ago."""

    forgotten = 0

    def put(self, key: Any, value: _V) -> None:
        """Keep a value as the newest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > MOST:
            self.popitem(last=False)
            self.forgotten += 1


@dataclass(slots=True)
class Course:
    """What is known of a task: its last status and the entry and end of the exchange that said so.

    `created` is the provider's time in ms; `asked` is when the create was sent, in Unix seconds.
    """

    status: str
    entry: int
    ended: float | None
    created: int | None = None
    asked: float | None = None


class Result(NamedTuple):
    """A result file: whose it is, which operation told of it, and when the task was done, in Unix seconds."""

    provider: Provider
    operation: str
    task: str
    done: float | None


class Finished(NamedTuple):
    """A task that was seen to succeed, in seconds after it was created."""

    provider: str
    family: str
    seconds: float


class Followers:
    """The tasks and results of a recording."""

    def __init__(self) -> None:
        self._tasks: Bounded[Course] = Bounded()
        self._results: Bounded[Result] = Bounded()
        self.finished: list[Finished] = []

    @property
    def forgotten(self) -> int:
        """How many tasks and results were no longer followed."""
        return self._tasks.forgotten + self._results.forgotten

    def saw(self, seen: Seen, values: Mapping[str, Any]) -> Iterator[Finding]:
        """Take note of an answer, and yield what contradicts earlier ones. `finished` holds what ended with it."""
        self.finished.clear()
        if seen.operation.kind == "list":
            for task in values["tasks"]:
                yield from self._task(seen, task)
            return
        if seen.operation.kind == "get":
            yield from _asked(seen, values)
        yield from self._task(seen, values)

    def fetched(self, exchange: Exchange) -> Result | None:
        """Return the result file that an exchange fetches, if it is one."""
        return self._results.get(_digest(exchange.url)) if exchange.method in ("GET", "HEAD") else None

    def used(self, url: str) -> Result | None:
        """Return the result file that a URL names, if it is one."""
        return self._results.get(_digest(url))

    def _task(self, seen: Seen, values: Mapping[str, Any]) -> Iterator[Finding]:
        yield from _flaws(seen, values)
        key = (seen.provider.name, seen.operation.family, values["id"])
        known, status = self._tasks.get(key), values["status"]
        exchange = seen.exchange
        course = known or Course(status, exchange.index, exchange.ended, values.get("created_ms"))
        if known is not None:
            yield from _contradictions(seen, values, known)
        if status == FAILED and (known is None or known.status != FAILED):
            yield _failure(seen, values)
        if seen.operation.kind == "create":
            course.asked = exchange.started
        ended = known is not None and _RANKS[known.status] == _ENDED
        if status == "succeed" and not ended:
            self._finish(seen, values, course)
        if not ended and (known is None or _RANKS[status] >= _RANKS[known.status]):
            course.status, course.entry, course.ended = status, exchange.index, exchange.ended
        self._tasks.put(key, course)

    def _finish(self, seen: Seen, values: Mapping[str, Any], course: Course) -> None:
        created, updated = values.get("created_ms"), values.get("updated_ms")
        done = updated / 1000 if isinstance(updated, int) else seen.exchange.started
        for item in _results(values):
            if isinstance(item.get("url"), str) and item["url"].strip():
                result = Result(seen.provider, seen.operation.id, values["id"], done)
                self._results.put(_digest(item["url"]), result)
        took = _took(created, updated, course.asked, seen.exchange.started)
        if took is not None:
            self.finished.append(Finished(seen.provider.name, seen.operation.family, took))


def _took(created: Any, updated: Any, asked: float | None, now: float | None) -> float | None:
    """Return what a task took by the provider's times, else by the recording's, which are as exact as the polling."""
    if isinstance(created, int) and isinstance(updated, int) and updated >= created:
        return (updated - created) / 1000
    return None if asked is None or now is None else now - asked


def _digest(url: str) -> bytes:
    return blake2b(url.partition("#")[0].encode("utf-8", "replace"), digest_size=16).digest()


def _asked(seen: Seen, values: Mapping[str, Any]) -> Iterator[Finding]:
    by_own = "external" in seen.operation.ids and seen.value == values.get("external_id")
    if seen.value and seen.value != values["id"] and not by_own:
        message = f"task {seen.value} was asked for, and task {values['id']} was answered"
        yield seen.broken("task", Violation("", "task.id", message))


def _results(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [values.get(name) for name in _RESULTS]
    return [item for items in found if isinstance(items, list) for item in items if isinstance(item, dict)]


def _flaws(seen: Seen, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what an answer says that cannot be true of any task."""
    task, status = values["id"], values["status"]
    results = _results(values)
    if results and status != "succeed":
        message = f"task {task} is {status} and has a result already"
        yield seen.broken("task", Violation("", "task.result", message))
    if status == "succeed" and _tells_results(seen.operation):
        yield from _missing_results(seen, task, results)
    created, updated = values.get("created_ms"), values.get("updated_ms")
    if isinstance(created, int) and 0 < created < _EARLIEST:
        message = f"task {task} was created at {created}, which is no time of these years in milliseconds"
        yield seen.broken("task", Violation("", "task.times", message))
    if isinstance(created, int) and isinstance(updated, int) and updated < created:
        message = f"task {task} was updated {(created - updated) / 1000:g} s before it was created"
        yield seen.broken("task", Violation("", "task.times", message))


def _tells_results(operation: Operation) -> bool:
    """Whether an answer of the operation is to tell the results; a create tells them later."""
    if operation.kind not in ("get", "list"):
        return False
    return any(name in _RESULTS for _, name in names_in(operation.envelope.template))


def _missing_results(seen: Seen, task: str, results: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if not results:
        yield seen.broken("task", Violation("", "task.no-result", f"task {task} is succeed and has no result"))
    for number, item in enumerate(results):
        url = item.get("url")
        if not isinstance(url, str) or not url.strip():
            message = f"task {task} is succeed, and its result {number} of {len(results)} has no url"
            yield seen.broken("task", Violation("", "task.no-result", message))


def _failure(seen: Seen, values: Mapping[str, Any]) -> Finding:
    reason = values.get("reason")
    told = f": {reason}" if isinstance(reason, str) and reason.strip() else ", and no reason is given"
    return seen.note("task", Violation("", FAILED_TASK, f"task {values['id']} failed{told}"))


def _contradictions(seen: Seen, values: Mapping[str, Any], known: Course) -> Iterator[Finding]:
    task, status, created = values["id"], values["status"], values.get("created_ms")
    if isinstance(created, int) and isinstance(known.created, int) and abs(created - known.created) >= SECOND:
        message = f"task {task} was created at {known.created} by entry {known.entry}, and at {created} by this one"
        yield seen.broken("task", Violation("", "task.created", message))
    if _RANKS[known.status] == _ENDED and status != known.status and _is_after(seen.exchange, known):
        message = f"task {task} was {known.status} at entry {known.entry}, which is its end, and is {status} now"
        yield seen.broken("task", Violation("", "task.revived", message))
    elif _RANKS[status] < _RANKS[known.status] and _is_after(seen.exchange, known):
        message = f"task {task} was {known.status} at entry {known.entry} and is {status} again"
        yield seen.broken("task", Violation("", "task.backwards", message))


def _is_after(exchange: Exchange, known: Course) -> bool:
    """Whether an exchange began when the other had ended; without exact times, recordings are in order."""
    return exchange.ordered or exchange.started is None or known.ended is None or exchange.started >= known.ended


def _age(exchange: Exchange, result: Result) -> float | None:
    """Return how old a result was when an exchange used it, in seconds."""
    return None if exchange.started is None or result.done is None else exchange.started - result.done


def expiry(exchange: Exchange, result: Result, status: int | None) -> Finding | None:
    """Return what the use of a result URL shows of its expiry; `status` is None where nothing was fetched."""
    days, old = result.provider.expiry.days, _age(exchange, result)
    if days is None:
        return None
    shown = "at an unknown time" if old is None else f"{old / DAY:.3g} days after it was done"
    told = f"a result of task {result.task} was used {shown}"
    late = old is not None and old > days * DAY
    if late and status is not None and 0 < status < 400:
        return _use(exchange, result, "result.kept", f"{told} and was still there; {days:g} days are documented")
    if late:
        return _use(exchange, result, "result.late", f"{told}; it is kept for {days:g} days")
    if status == result.provider.expiry.status:
        return _use(exchange, result, "result.early", f"{told} and was answered {status}; {days:g} days are documented")
    return None


def _use(exchange: Exchange, result: Result, rule: str, message: str) -> Finding:
    broken = rule != "result.kept"
    violation = Violation("", rule, message)
    return Finding(exchange.index, result.provider.name, result.operation, "result", broken, violation)
