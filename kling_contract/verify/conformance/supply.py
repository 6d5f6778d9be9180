"""The bodies of a create that keep its contract, to be sent, and to make others of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract import strategies
from kling_contract.verify.conformance.bodies import examples
from kling_contract.verify.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

    from kling_contract.documents import Operation, Provider

POOL = 40  # bodies that others are made of


@dataclass(frozen=True, slots=True)
class Supply:
    """The document's `examples` of a body, and some that are `drawn` from `valid`; `reason` is why none can be."""

    examples: tuple[Mapping[str, Any], ...]
    drawn: tuple[Mapping[str, Any], ...]
    valid: SearchStrategy[Any] | None
    reason: str = ""

    @classmethod
    def of(cls, create: Operation, provider: Provider, number: int) -> Supply:
        """Return the bodies of a create; the same number draws the same ones."""
        given = tuple(examples(create))
        try:
            valid = strategies.valid(create.id, provider=provider)
        except ValueError as error:  # a keyword of the schema that no values can be built for
            return cls(given, (), None, str(error))
        return cls(given, tuple(drawn(valid, number=number, examples=POOL)), valid)

    @property
    def pool(self) -> tuple[Mapping[str, Any], ...]:
        """The bodies that others are made of."""
        return self.drawn or self.examples
