"""What is found in a recording: promises that were broken, and notes of what no document knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kling_contract import redaction
from kling_contract.errors import Violation
from kling_contract.redaction.discretion import shown_name
from kling_contract.verify.traffic.discreet import names_of

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
        pointer, message = self._named(violation.pointer, self.hidden(violation.message))
        found, hint = self.hidden(violation.found), self.hidden(violation.hint)
        return Violation(pointer, violation.rule, message, found, hint, violation.source)

    def _named(self, pointer: str, message: str) -> tuple[str, str]:
        """Return a pointer, and what is said of it, without names that are no words and that no document knows."""
        steps = pointer.split("/")
        known = names_of(self.provider, self.operation)
        shown = [step if step in known or step.isdecimal() else shown_name(self.hidden(step)) for step in steps[1:]]
        for step, said in zip(steps[1:], shown, strict=True):
            message = message.replace(step, said) if said != step else message
        return "/".join([*steps[:1], *shown]), message

    def hidden(self, value: Any) -> Any:
        """Return JSON-ready data without the values of URLs' queries, keys, and the secrets of the request."""
        return _shown(self._secrets.tree(value))

    @cached_property
    def _secrets(self) -> redaction.Hidden:
        return redaction.Hidden(redaction.secrets(self.exchange.headers, self.exchange.url.partition("?")[2]))

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
        return {shown_name(key): _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value
