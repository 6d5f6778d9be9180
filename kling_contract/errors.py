"""What can go wrong, as one tree.

KlingError
|- ConfigurationError     a client cannot be made: no key, a base URL that is none; also a ValueError
|- DocumentError          a document breaks the vocabulary, or cannot be read (file, line)
|- ContractViolation      a request was refused here, before anything was sent (violations)
|- ConnectionLost         no answer came: refused, reset, timed out (operation)
|- APIError               the provider answered, and the answer is an error (code, status, request_id, body)
|  |- AuthenticationError    the key is missing, wrong, early or expired
|  |- AccountError           balance, arrears, no right to that model
|  |- RequestError           a field is missing or its value is not allowed
|  |  `- TaskNotFound        no such task id
|  |- PolicyError            refused by the provider's content policy
|  |- RateLimitError         too fast, or too many tasks at once
|  |- ServerError            the provider's own failure
|  |- RouteUnavailable       the provider does not serve this route
|  `- UnexpectedAnswer       HTML, not JSON, a body that no document describes, or a success without a result (task)
|- CallbackError          a body is no callback that the provider's document describes
|  `- SignatureError      a callback is not signed by whoever has the secret, or not in these five minutes
|- TaskFailed             the task ended without a result (task)
`- WaitTimeout            the task did not end in the time given (task)
"""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: where, which rule, what was found, and the nearest thing that would have been accepted.

    `pointer` is a JSON pointer into the body ("" is the whole body). `source` names the document's source for the
    limit that was broken, and says so when the limit is assumed.
    """

    pointer: str
    rule: str
    message: str
    found: Any = None
    hint: str | None = None
    source: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the violation as JSON-ready data, with every key present."""
        return {
            "pointer": self.pointer,
            "rule": self.rule,
            "found": self.found,
            "message": self.message,
            "hint": self.hint,
            "source": dict(self.source) if self.source else None,
        }

    def __str__(self) -> str:
        place = f"{self.pointer}: " if self.pointer else ""
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class Portable(BaseException):
    """An exception that pickles and copies whole, whatever its constructor takes.

    Python makes a copy by calling the class with the one message, which fails where the class takes anything else; a
    pool of processes then waits for ever for the result. Here the copy is made without the constructor. What caused
    the error stays behind, as it does with any exception, and with it the request and its key.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args), dict(vars(self))


def _again(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    error = kind.__new__(kind)
    # The first constructor that is Python's own: it sets `args`, and of an OSError its number too.
    native = next(each for each in kind.__mro__ if not isinstance(vars(each).get("__init__", _again), FunctionType))
    native.__init__(error, *args)  # type: ignore[misc]
    return error


class KlingError(Portable, Exception):
    """Anything this package raises on purpose. It pickles, copies and crosses to other processes whole."""


class ConfigurationError(KlingError, ValueError):
    """A client cannot be made of what it was given."""


class DocumentError(KlingError):
    """A document cannot be read or breaks the vocabulary; `file` and `line` (from 1) say where."""

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        self.message, self.file, self.line = message, file, line
        super().__init__(f"{file}:{line}: {message}" if line else f"{file}: {message}")


class ContractViolation(KlingError):
    """The request breaks the provider's contract and was not sent."""

    def __init__(self, operation: str, violations: Sequence[Violation]) -> None:
        self.operation, self.violations = operation, tuple(violations)
        lines = "".join(f"\n  {violation}" for violation in self.violations)
        super().__init__(f"{operation} was not sent:{lines}")


class ConnectionLost(KlingError):
    """No answer came. For a create this says nothing about whether a task exists and is billed."""

    def __init__(self, operation: str, cause: Exception) -> None:
        self.operation = operation
        super().__init__(f"{operation}: no answer ({type(cause).__name__}: {cause})")


class APIError(KlingError):
    """The provider answered with an error: its code, HTTP status, request id and whole body.

    `row` names the row of the document's error table that the answer is made after. `retry_after` is the number of
    seconds that the provider asks to wait, where it says so. `task` is the task that `wait()` or `refresh()` asked
    about, as it was last known; None for any other call.
    """

    retry_after: float | None = None
    task: Any = None

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        status: int,
        code: Any = None,
        request_id: str | None = None,
        body: Any = None,
        row: str | None = None,
    ) -> None:
        self.operation, self.status, self.code = operation, status, code
        self.message, self.request_id, self.body, self.row = message, request_id, body, row
        label = f"HTTP {status}" + (f", code {code}" if code is not None else "")
        trace = f", request {request_id}" if request_id else ""
        super().__init__(f"{operation}: {message} ({label}{trace})")


class AuthenticationError(APIError):
    """The key is missing, wrong, not yet valid or expired."""


class AccountError(APIError):
    """The account cannot pay for this, or has no right to it."""


class RequestError(APIError):
    """The provider refused a field of the request."""


class TaskNotFound(RequestError):
    """No task has this id."""


class PolicyError(APIError):
    """The provider's content policy refused the request."""


class RateLimitError(APIError):
    """Too many requests, or too many tasks in flight."""


class ServerError(APIError):
    """The provider failed."""


class RouteUnavailable(APIError):
    """The provider does not serve this route, whatever its documentation says."""


class UnexpectedAnswer(APIError):
    """The answer is not JSON, has a shape or a status word that no document describes, or a success has no result."""


class CallbackError(KlingError):
    """What came is no callback of this provider."""


class SignatureError(CallbackError):
    """The signature of a callback is missing, malformed, of another time, or made for another body or secret."""


class TaskFailed(KlingError):
    """The task ended without a result; `task.reason` has the provider's words."""

    def __init__(self, task: Any) -> None:
        self.task = task
        super().__init__(f"task {task.id} failed: {task.reason or 'no reason given'}")


class WaitTimeout(KlingError, TimeoutError):
    """The task did not end in the `seconds` given; it goes on at the provider."""

    def __init__(self, task: Any, seconds: float) -> None:
        self.task, self.seconds = task, seconds
        state = f"task {task.id} is still {task.status} after {seconds:g} s; it was not cancelled"
        super().__init__(f"{state}: go on waiting with wait(timeout=SECONDS), or timeout=math.inf for no limit")
