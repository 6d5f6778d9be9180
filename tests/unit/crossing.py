"""Errors and tasks of the tests' own making, in a module that another process imports quickly."""

from __future__ import annotations

import copy
import inspect
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from fakes import ID, URL, Script, client, task

from kling_contract import Task, Violation, errors
from kling_contract.verify.conformance.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "sk-never-cross"

BODY = {"code": 1201, "message": "no", "nested": [{"ratio": Decimal("0.10")}], "nothing": None}
VIOLATION = Violation("/image", "image.bytes", "is empty", "", "give a file", {"source": "OFF-SEP26"})


def made(status: str = "processing", **more: Any) -> Task:
    """Return a task whose client holds a key."""
    return client(Script(task(status, **more)), api_key=SECRET).get("getImageToVideo", ID)


# What the constructors of errors take, by the names of the parameters.
SAMPLES: dict[str, Callable[[], Any]] = {
    "message": lambda: "what is wrong",
    "file": lambda: "acme.yaml",
    "line": lambda: 7,
    "operation": lambda: "createImageToVideo",
    "violations": lambda: [VIOLATION, Violation("", "schema.type", "is a text", Decimal("1.50"))],
    "cause": lambda: httpx.ReadTimeout("too slow", request=httpx.Request("GET", URL, headers={"k": SECRET})),
    "status": lambda: 429,
    "code": lambda: 1303,
    "request_id": lambda: "9984d27b",
    "body": lambda: copy.deepcopy(BODY),
    "row": lambda: "rate.limit",
    "task": lambda: made("failed", task_status_msg="no cats"),
    "seconds": lambda: 12.5,
    "accepted": lambda: "a, b",
    "pointer": lambda: "/data/0",
    "host": lambda: "api.example.com",
    "hint": lambda: "use the fixture",
    "reason": lambda: "it is elsewhere",
    "allow": lambda: "--callback-to api.example.com",
    "kind": lambda: "reset",
    "fate": lambda: "reset",
    "situation": lambda: "auth.missing",
    "failure": lambda: Failure("callback.order", None, "it has ended twice"),
    "error": lambda: ValueError("inner"),
    "text": lambda: "interrupted; nothing was asked",
    "tripped": lambda: ["task 1 was created"],
    "keys": lambda: ["version", "steps"],
    "left_by": lambda: "test_app.py::test_first",
    "unknown": lambda: True,
    "large": lambda: True,
    "keyword": lambda: "dependentSchemas",
    "path": lambda: ("image",),
    "rule": lambda: "expansion.area",
    "values": lambda: {"found": "x"},
}


def instance(kind: type[BaseException]) -> BaseException:
    """Return an error with a value for everything that its constructor takes; a new name wants a new sample."""
    if not inspect.isfunction(kind.__init__):
        return kind("what is wrong", 5)
    given: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            named.update(SAMPLES[name]())
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = SAMPLES[name]()
        else:
            given.append(SAMPLES[name]())
    return kind(*given, **named)


def facts(value: Any) -> Any:
    """Return what is to be kept of a value, as something that can be compared."""
    if isinstance(value, Task):
        return {name: getattr(value, name) for name in ("id", "status", "reason", "images", "videos", "raw")}
    if isinstance(value, BaseException):
        return type(value), str(value), facts(value.args), {name: facts(each) for name, each in vars(value).items()}
    return [facts(each) for each in value] if isinstance(value, list | tuple) else value


CROSSING: list[type[BaseException]] = [
    errors.ContractViolation,
    errors.RateLimitError,
    errors.TaskFailed,
    errors.WaitTimeout,
    errors.DocumentError,
]


def raise_one(number: int) -> None:
    """Raise one of the errors on which `Pool.map` hung."""
    raise instance(CROSSING[number])
