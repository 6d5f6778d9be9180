"""The Kling API as each provider exposes it: its contract, and a typed client that keeps it.

Each name is imported when it is first used: `import kling_contract` alone, as a pytest plugin does it, costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_contract.client import (
        AsyncKling,
        AsyncTask,
        Image,
        Kling,
        Progress,
        Task,
        TaskState,
        Video,
        read_callback,
        verify_callback,
    )
    from kling_contract.clock import Clock, RealClock
    from kling_contract.contract import check_callback, check_request, check_response, notes
    from kling_contract.documents import Operation, Provider, bundled
    from kling_contract.errors import (
        AccountError,
        APIError,
        AuthenticationError,
        CallbackError,
        ConfigurationError,
        ConnectionLost,
        ContractViolation,
        DocumentError,
        KlingError,
        PolicyError,
        RateLimitError,
        RequestError,
        RouteUnavailable,
        ServerError,
        SignatureError,
        TaskFailed,
        TaskNotFound,
        UnexpectedAnswer,
        Violation,
        WaitTimeout,
    )
    from kling_contract.images import ImageInput
    from kling_contract.remote import RemoteClock
    from kling_contract.soundness import load

_HOMES = {
    "client": (
        "AsyncKling",
        "AsyncTask",
        "Image",
        "Kling",
        "Progress",
        "Task",
        "TaskState",
        "Video",
        "read_callback",
        "verify_callback",
    ),
    "clock": ("Clock", "RealClock"),
    "contract": ("check_callback", "check_request", "check_response", "notes"),
    "documents": ("Operation", "Provider", "bundled"),
    "errors": (
        "APIError",
        "AccountError",
        "AuthenticationError",
        "CallbackError",
        "ConfigurationError",
        "ConnectionLost",
        "ContractViolation",
        "DocumentError",
        "KlingError",
        "PolicyError",
        "RateLimitError",
        "RequestError",
        "RouteUnavailable",
        "ServerError",
        "SignatureError",
        "TaskFailed",
        "TaskNotFound",
        "UnexpectedAnswer",
        "Violation",
        "WaitTimeout",
    ),
    "images": ("ImageInput",),
    "remote": ("RemoteClock",),
    "soundness": ("load",),
}

__all__ = [
    "APIError",
    "AccountError",
    "AsyncKling",
    "AsyncTask",
    "AuthenticationError",
    "CallbackError",
    "Clock",
    "ConfigurationError",
    "ConnectionLost",
    "ContractViolation",
    "DocumentError",
    "Image",
    "ImageInput",
    "Kling",
    "KlingError",
    "Operation",
    "PolicyError",
    "Progress",
    "Provider",
    "RateLimitError",
    "RealClock",
    "RemoteClock",
    "RequestError",
    "RouteUnavailable",
    "ServerError",
    "SignatureError",
    "Task",
    "TaskFailed",
    "TaskNotFound",
    "TaskState",
    "UnexpectedAnswer",
    "Video",
    "Violation",
    "WaitTimeout",
    "bundled",
    "check_callback",
    "check_request",
    "check_response",
    "load",
    "notes",
    "read_callback",
    "verify_callback",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            globals()[name] = value = getattr(import_module(f"kling_contract.{home}"), name)
            return value
    if name == "testing":
        return import_module("kling_contract.testing")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
