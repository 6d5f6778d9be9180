"""Callbacks as they arrive: whether the provider sent them, and what they say of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.client.answers import STATUSES, task_id, unknown_status
from kling_contract.client.configuration import Configuration
from kling_contract.client.states import TaskState
from kling_contract.documents import Provider
from kling_contract.envelopes import Mismatch, names_in
from kling_contract.errors import CallbackError
from kling_contract.reading import parse, pointer_to, unreadable
from kling_contract.signatures import verify
from kling_contract.soundness import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kling_contract.documents import Operation


def verify_callback(
    headers: Mapping[str, str], body: bytes | str, secret: str, *, provider: str | Path | Provider | None = None
) -> TaskState:
    """Return the task as a callback shows it, whose signature by `secret` (`whsec_...`) is in its headers.

    `headers` are a mapping as a web framework has it, names in any case; `body` is what was received, not parsed and
    written again. `provider` is that of `Kling`; a file is read at each call, and a loaded `Provider` is not.

    Raises `SignatureError` for a callback that is not signed, forged or more than five minutes off, `CallbackError`
    for a body that the provider's document does not describe, `ConfigurationError` for a secret that is none.
    """
    data = _bytes(body)
    verify(headers, data, secret)
    return read_callback(data, provider=provider)


def read_callback(body: bytes | str, *, provider: str | Path | Provider | None = None) -> TaskState:
    """Return the task as a callback shows it that is not signed. Raises `CallbackError`.

    Anyone can post such a body: ask for the task by its id before you trust its status or fetch its URLs.
    """
    known = _provider(provider)
    told = [operation for operation in known.operations.values() if operation.callback is not None]
    if not told:
        raise CallbackError(f"{known.title} documents no callbacks")
    return _state(told, _bytes(body))


def received(
    operation: Operation, headers: Mapping[str, str], body: bytes | str, secret: str | None = None
) -> TaskState:
    """Return the task as a callback of a create shows it; without a secret nothing is verified."""
    if operation.callback is None:
        raise CallbackError(f"{operation.title} documents no callbacks of {operation.id}")
    data = _bytes(body)
    if secret is not None:
        verify(headers, data, secret)
    return _state([operation], data)


def _bytes(body: bytes | str) -> bytes:
    if not isinstance(body, bytes | str):
        hint = "what was parsed and is written again is not what was signed"
        raise TypeError(f"body is {type(body).__name__}; give the bytes that were received: {hint}")
    try:
        return body.encode() if isinstance(body, str) else body
    except UnicodeEncodeError as error:
        raise CallbackError(f"the body is no text that UTF-8 can say: {error}") from None


def _provider(given: str | Path | Provider | None) -> Provider:
    chosen = Configuration(provider=given).chosen_provider
    if isinstance(chosen, Provider):
        return chosen
    return load(chosen)


def _state(operations: Sequence[Operation], data: bytes) -> TaskState:
    body, flaws = parse(data)
    flaws = flaws or list(unreadable(body).values())
    if flaws:
        raise CallbackError(f"this is no callback: {flaws[0]}")
    operation, values = _matched(operations, body)
    name = task_id(values)
    if name is None:
        raise CallbackError(f"this is no callback of {operation.title}: no task id at {_place(operation, 'id')}")
    if values.get("status") not in STATUSES:
        word = unknown_status(operation, values.get("unknown_status", values.get("status")))
        raise CallbackError(f"the callback of task {name} has at {_place(operation, 'status')} {word}")
    return TaskState.of({**values, "id": name, "raw": body})


def _matched(operations: Sequence[Operation], body: Any) -> tuple[Operation, dict[str, Any]]:
    """Return the operation whose template finds most in a body, since values may be absent from one that fits."""
    found: list[tuple[Operation, dict[str, Any]]] = []
    parted: list[Mismatch] = []
    for operation in operations:
        assert operation.callback is not None
        try:
            found.append((operation, operation.callback.match(body)))
        except Mismatch as error:
            parted.append(error)
    if not found:
        raise CallbackError(f"this is no callback that {operations[0].title}'s document describes: {parted[0]}")
    return max(found, key=lambda each: len(each[1]))


def _place(operation: Operation, value: str) -> str:
    """Return the pointer to where a callback of an operation says a value."""
    assert operation.callback is not None
    places = (pointer for pointer, name in names_in(operation.callback.template) if name == value)
    return pointer_to(next(places, ()))
