"""What is found in a recording: promises that were broken, and notes of what no document knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kling_contract import redaction
from kling_contract.errors import Violation

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.traffic.exchange import Exchange

Side = Literal["request", "answer", "task", "result"]


class Finding(NamedTuple):
    """One thing found at an entry. `broken` tells a broken promise from a note; `outcome` how a request fared."""

    entry: int
    provider: str
    operation: str
    side: Side
    broken: bool
    violation: Violation
    outcome: str = ""


@dataclass(frozen=True)
class Seen:
    """An exchange that belongs to an operation; `value` is the id in its path."""

    exchange: Exchange
    provider: Provider
    operation: Operation
    value: str

    def broken(self, side: Side, violation: Violation) -> Finding:
        """Return the finding of a broken promise, with nothing secret in it."""
        return self._finding(side, violation, broken=True)

    def note(self, side: Side, violation: Violation) -> Finding:
        """Return a note, with nothing secret in it."""
        return self._finding(side, violation, broken=False)

    def _finding(self, side: Side, violation: Violation, *, broken: bool) -> Finding:
        outcome = self._outcome if side == "request" else ""
        shown = self._shown(violation)
        return Finding(self.exchange.index, self.provider.name, self.operation.id, side, broken, shown, outcome)

    def _shown(self, violation: Violation) -> Violation:
        pointer, message = self.hidden(violation.pointer), self.hidden(violation.message)
        found, hint = self.hidden(violation.found), self.hidden(violation.hint)
        return Violation(pointer, violation.rule, message, found, hint, violation.source)

    def hidden(self, value: Any) -> Any:
        """Return JSON-ready data without the values of URLs' queries, keys, and the secrets of the request."""
        return redaction.without(_shown(value), self._secrets)

    @cached_property
    def _secrets(self) -> list[str]:
        return redaction.secrets(self.exchange.headers, self.exchange.url.partition("?")[2])

    @property
    def _outcome(self) -> str:
        status = self.exchange.status
        if not status:
            return "not answered"
        return f"{'accepted' if 200 <= status < 300 else 'refused'} with {status}"


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return redaction.prose(value)
    if isinstance(value, Mapping):
        return {key: _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value
