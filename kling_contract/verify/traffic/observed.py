"""What a recording showed of each operation, in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_contract.verify.traffic.spans import Spans
from kling_contract.wording import type_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kling_contract.documents import Operation, Provider
    from kling_contract.errors import APIError
    from kling_contract.verify.traffic.findings import Seen
    from kling_contract.verify.traffic.following import Finished
    from kling_contract.verify.traffic.judging import Judged

MOST = 1000  # different things that are counted of one kind


@dataclass(slots=True)
class Sight:
    """One operation: how often it was seen, how long its answers and its tasks took, and what no document says.

    `fields` counts (side, pointer, type), `errors` (HTTP status, code, text), `accepted` the (pointer, rule) that
    requests broke and were accepted with.
    """

    provider: Provider
    operation: Operation
    exchanges: int = 0
    answered: Spans = field(default_factory=Spans)
    finished: Spans = field(default_factory=Spans)
    fields: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    errors: Counter[tuple[int, Any, str]] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)


class Observed:
    """The sights of all operations, in the order in which they were first seen."""

    def __init__(self) -> None:
        self.sights: dict[tuple[str, str], Sight] = {}

    def saw(self, seen: Seen, judged: Judged) -> None:
        """Take note of an exchange."""
        sight = self._sight(seen.provider, seen.operation)
        sight.exchanges += 1
        if seen.exchange.took is not None and seen.exchange.status:
            sight.answered.add(seen.exchange.took)
        accepted = 200 <= seen.exchange.status < 300 and judged.error is None
        for finding in judged.findings:
            if finding.side == "request" and finding.violation.rule == "field.unknown":
                name = finding.violation.pointer.removeprefix("/")
                _count(sight.fields, ("request", finding.violation.pointer, type_of(judged.body.get(name))))
            elif finding.side == "request" and finding.broken and accepted:
                _count(sight.accepted, (finding.violation.pointer, finding.violation.rule))
        for pointer, kind in judged.fields.items():
            _count(sight.fields, ("answer", pointer, kind))
        if judged.error is not None and judged.error.row is None:
            _count(sight.errors, _error(seen, judged.error))

    def finished(self, seen: Seen, finished: Finished) -> None:
        """Take note of a task that ended well, with its create."""
        create = seen.provider.sibling(seen.operation, "create") or seen.operation
        self._sight(seen.provider, create).finished.add(finished.seconds)

    def _sight(self, provider: Provider, operation: Operation) -> Sight:
        key = (provider.name, operation.id)
        if key not in self.sights:
            self.sights[key] = Sight(provider, operation)
        return self.sights[key]


def _error(seen: Seen, error: APIError) -> tuple[int, Any, str]:
    code = error.code if isinstance(error.code, int | str | None) else type_of(error.code)
    return error.status, seen.hidden(code), seen.hidden(error.message)[:200]


def _count(counter: Counter[Any], key: Hashable) -> None:
    if key in counter or len(counter) < MOST:
        counter[key] += 1
