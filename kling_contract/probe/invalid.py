"""A body that cannot create a task: invalid in itself, by the wrong type of every required field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_request
from kling_contract.reading import pointer_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Operation

# In the order in which a lax reader is least likely to make something of them: nothing turns an object into a text or
# a number, or a list of lists into an object. Nothing that could be taken for absent (null, "", 0, []) is among them.
_WRONG: tuple[Any, ...] = ({"probe": ["no", "value"]}, [["no", "value"]], True, "no value", 0.5)


class NoInvalidBody(Exception):
    """Nothing proves a body of this operation invalid; the text says why."""


def invalid_body(operation: Operation) -> bytes:
    """Return the JSON of a body with a wrong type at every required field, proved so by the gate.

    Nothing is merely missing, so that no default can fill it. Raises `NoInvalidBody` where the document leaves room:
    no required field, or one that takes any type.
    """
    schema = operation.request or {}
    required = sorted(_required(schema))
    if not required:
        raise NoInvalidBody("the document requires no field, so that no body is invalid in itself")
    body = {name: _wrong(operation, name) for name in required}
    wrong = _wrong_types(operation, body)
    if any(pointer_to((name,)) not in wrong for name in required):
        raise NoInvalidBody("its required fields are not all invalid at once")
    return json.dumps(body).encode()


def _wrong(operation: Operation, name: str) -> Any:
    """Return a value whose type the field does not take, wherever the schema speaks of it."""
    for value in _WRONG:
        if pointer_to((name,)) in _wrong_types(operation, {name: value}):
            return value
    raise NoInvalidBody(f"the document takes any type for {name}")


def _wrong_types(operation: Operation, body: Mapping[str, Any]) -> set[str]:
    return {each.pointer for each in check_request(operation, body) if each.rule == "schema.type"}


def _required(schema: Mapping[str, Any]) -> set[str]:
    """Return the required fields; where one of several schemas must hold, those of all, if each requires any."""
    found = set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        found |= _required(part)
    for keyword in ("anyOf", "oneOf"):
        branches = [_required(part) for part in schema.get(keyword, ())]
        found |= set().union(*branches) if all(branches) else set()
    return found
