"""From an answer to its reason: the first sign of the table that holds, then the gate, then the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_response
from kling_contract.probe.tables import signs
from kling_contract.probe.telling import told
from kling_contract.reading import DEPTH
from kling_contract.redaction import urls

if TYPE_CHECKING:
    from kling_contract.documents import ErrorRow, Operation, Provider
    from kling_contract.errors import Violation
    from kling_contract.probe.exchange import Exchange

MOST_ITEMS = (100, 10, 3, 1)  # of a list that are held against the contract, and of the lists within it
_ALIVE = ("route.alive", "list.answered")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The reason for a verdict, and what was seen that led to it: one short printable line without amounts of money."""

    reason: str
    detail: str

    def __post_init__(self) -> None:
        """Have the detail as reports may show it, whatever a provider wrote."""
        object.__setattr__(self, "detail", told(self.detail))


def judge(provider: Provider, exchange: Exchange, slow_ms: float) -> Judgement:
    """Return what an exchange tells of its route. Pure: the same exchange is always judged alike.

    It is judged as it came, and told as it is shown, so that hiding a secret changes no verdict.
    """
    if exchange.failure:
        return Judgement(exchange.failure, exchange.detail)
    seen = observe(provider, exchange)
    reason = next(sign.reason for sign in signs() if sign.holds(seen))
    operation = exchange.step.operation
    if reason in _ALIVE and operation is not None:
        if _broken_by(operation, exchange):
            return Judgement("contract.schema", _broken(operation, exchange.shown))
        if exchange.ms > slow_ms:
            return Judgement("latency.slow", f"{exchange.ms} ms, and {slow_ms:g} ms are allowed")
    what = ", to a create that must be refused" if reason == "probe.created_task" else ""
    return Judgement(reason, said(exchange.shown) + what)


def observe(provider: Provider, exchange: Exchange) -> dict[str, Any]:
    """Return what the signs speak of."""
    operation = exchange.step.operation
    readable, body = exchange.json
    row = provider.classify(exchange.status, body) if readable else None
    return {
        "kind": operation.kind if operation else "get",
        "key": exchange.step.key,
        "status": exchange.status,
        "html": exchange.is_html,
        "json": readable,
        "says_json": "json" in exchange.content_type,
        "cut": exchange.cut,
        "row": row[0].name if row else None,
        "means": row[0].means if row else None,
        "refused": row is not None and _is_whole(row[0], body),
        "body": body,
    }


def is_refused(provider: Provider, exchange: Exchange) -> bool:
    """Whether an answer is a refusal that its document or a sign has in these very words, with nothing beside them."""
    seen = observe(provider, exchange)
    sign = next(sign for sign in signs() if sign.holds(seen))
    named = any("body" in when and when["body"] == seen["body"] for when in sign.whens)
    return bool(seen["refused"]) or (named and sign.reason != "probe.created_task")


def _is_whole(row: ErrorRow, body: Any) -> bool:
    """Whether a body that fits a row has no more names than the row, which has something that only it says."""
    return row.body.constants > 0 and _is_within(body, row.body.template)


def _is_within(body: Any, template: Any) -> bool:
    if not isinstance(body, dict) or not isinstance(template, dict):
        return not isinstance(body, dict | list)
    return body.keys() <= template.keys() and all(_is_within(body[name], template[name]) for name in body)


def _broken(operation: Operation, exchange: Exchange) -> str:
    violations = _broken_by(operation, exchange)
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return f"HTTP {exchange.status}" + (f": {violations[0]}{more}" if violations else "")


def _broken_by(operation: Operation, exchange: Exchange) -> list[Violation]:
    return check_response(operation, exchange.status, beginning(exchange.json[1]))


def beginning(body: Any, depth: int = 0, lists: int = 0) -> Any:
    """Return a body with the first items of its lists only, and without what is deeper than anything may be.

    Every item may break the contract anew, which costs a thousand times what it costs to send it.
    """
    if isinstance(body, list):
        most = MOST_ITEMS[min(lists, len(MOST_ITEMS) - 1)] if depth <= DEPTH else 0
        return [beginning(each, depth + 1, lists + 1) for each in body[:most]]
    if isinstance(body, dict):
        return {name: beginning(each, depth + 1, lists) for name, each in body.items() if depth <= DEPTH}
    return body


def said(exchange: Exchange) -> str:
    """Return an answer in a few words: its status, the code and message of its body, or what kind of page it is."""
    readable, read = exchange.json
    body = read if isinstance(read, dict) else {}
    nested = body.get("error")
    error = nested if isinstance(nested, dict) else {}
    words = [f"{name} {found!r}" for name in ("code", "message") if (found := body.get(name, error.get(name)))]
    if body.get("code", "") is None:
        words.insert(0, "code null")
    if not words and not readable:
        kind = "a page of HTML" if exchange.is_html else exchange.content_type or "no content type"
        words = [kind if exchange.data else "an empty body"]
    where = exchange.headers.get("location")
    to = [f"to {urls(where)}"] if where else []
    return ", ".join([f"HTTP {exchange.status}", *(word[:200] for word in words), *to])
