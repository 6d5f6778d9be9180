"""Which operations are looked at, and which of them are served."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.conformance.settings import Settings
    from kling_contract.verify.conformance.supply import Supply


@dataclass(frozen=True)
class Scope:
    """The operations of a provider that a verification looks at."""

    provider: Provider
    settings: Settings

    @cached_property
    def wanted(self) -> list[Operation]:
        """The operations that are asked for."""
        names = self.settings.operations
        return [each for each in self.provider.operations.values() if not names or each.id in names]

    @cached_property
    def shut(self) -> list[Operation]:
        """Those of them that the document calls unavailable, and nobody opened."""
        return [each for each in self.wanted if self.is_shut(each)]

    @cached_property
    def served(self) -> list[Operation]:
        """The others."""
        return [each for each in self.wanted if not self.is_shut(each)]

    @cached_property
    def creates(self) -> list[Operation]:
        """The creates that are served."""
        return [each for each in self.served if each.kind == "create"]

    @cached_property
    def lists(self) -> list[Operation]:
        """The lists that are served, and that no task is looked for in."""
        return [each for each in self.served if each.kind == "list" and not self._is_searched(each)]

    def beside(self, create: Operation, kind: Literal["get", "list"]) -> Operation | None:
        """Return the get or the list of a create, if it is served; also one that was not asked for."""
        found = self.provider.sibling(create, kind)
        return None if found is None or self.is_shut(found) else found

    def reached(self, supplies: Mapping[str, Supply]) -> set[str]:
        """Return which are asked what they have to answer with success: a create needs a body, and a get a task."""
        creates = [each for each in self.creates if supplies[each.id].pool]
        gets = [found for each in creates if (found := self.beside(each, "get"))]
        lists = [each for each in self.served if each.kind == "list"]
        return {each.id for each in (*creates, *gets, *lists)}

    def is_shut(self, operation: Operation) -> bool:
        """Whether an operation is not served."""
        return operation.availability.state == "unavailable" and operation.id not in self.settings.opened

    def _is_searched(self, listing: Operation) -> bool:
        return any(self.beside(create, "list") is listing for create in self.creates)
