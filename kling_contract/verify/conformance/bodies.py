"""Bodies that are sent: each with an id of the caller's own, and no callback but where one is awaited."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Operation


def fresh(operation: Operation, body: Any, *, callback: str | None = None, named: bool = False) -> Any:
    """Return a body whose caller's own id nobody has used, since one that was drawn twice would be refused.

    Where `named`, it has one in any case. Its callback goes to `callback`, or nowhere.
    """
    if not isinstance(body, dict):
        return body
    sent = dict(body)
    own, back = operation.external, operation.callback_field
    if own and own in operation.properties and (named or (isinstance(sent.get(own), str) and sent[own])):
        sent[own] = f"verify-{uuid.uuid4()}"
    if back and isinstance(sent.get(back), str):
        del sent[back]
    return {**sent, back: callback} if back and callback else sent


def examples(operation: Operation) -> Iterator[Mapping[str, Any]]:
    """Yield the document's examples of a request that keep its contract."""
    for example in operation.examples.values():
        if isinstance(example, dict) and not check_request(operation, example):
            yield example
