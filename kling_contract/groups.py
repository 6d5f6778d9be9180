"""The calls of a client by name: `group.call`, as a document of one's own may have them too.

The bundled documents' calls are written out in `models`. Any other is found at run time in the provider's document;
type checkers know nothing of it and refuse it, as they refuse a slip of the pen.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Created = TypeVar("Created", covariant=True)


class AnyCalls(Generic[Created]):
    """The groups of calls that the provider's document has."""

    def _call(self, operation: str, fields: Mapping[str, Any]) -> Created:
        """Create a task by operationId and canonical fields."""
        raise NotImplementedError

    def _documented(self) -> Mapping[str, str]:
        """Return the operationIds of the document's calls, by `group.call`."""
        raise NotImplementedError

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Group[Created]:
            calls = {} if name.startswith("_") else self._documented()
            if any(call.startswith(f"{name}.") for call in calls):
                return Group(self, name)
            raise AttributeError(f"{type(self).__name__} has no {name!r}{_listed(calls)}", name=name, obj=self)


class Group(Generic[Created]):
    """The calls of one group."""

    def __init__(self, calls: AnyCalls[Created], name: str) -> None:
        self._calls, self._name = calls, name

    def _call(self, operation: str, fields: Mapping[str, Any]) -> Created:
        return self._calls._call(operation, fields)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Created]:
            calls = {} if name.startswith("_") else self._calls._documented()
            operation = calls.get(f"{self._name}.{name}")
            if operation is None:
                raise AttributeError(f"{self._name} has no {name!r}{_listed(calls)}", name=name, obj=self)
            return partial(_create, self._calls, operation)


def _create(calls: AnyCalls[Created], operation: str, /, **fields: Any) -> Created:
    return calls._call(operation, fields)


def _listed(calls: Mapping[str, str]) -> str:
    return f"; the document's calls: {', '.join(calls)}" if calls else ""
