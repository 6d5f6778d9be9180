"""Bodies of requests: that keep an operation's contract, that break one promise of it, and at a limit of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from kling_contract.documents import Provider
from kling_contract.soundness import load
from kling_contract.strategies.edges import Edges
from kling_contract.strategies.faults import Faults
from kling_contract.strategies.values import Space

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from kling_contract.documents import Operation
    from kling_contract.strategies.edges import Boundary

    AnyProvider = str | Path | Provider

PROVIDER = "cometapi"


def valid(operation: str, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[dict[str, Any]]:
    """Return the bodies that keep an operation's contract, under the provider's own names.

    `provider` is a bundled name, the path of a document, or a loaded one. They shrink to the fewest fields, small
    numbers of few decimals, and a URL where one is accepted. Unknown fields are not drawn, though they are accepted.
    Raises KeyError for an operation that the provider has not, and ValueError for one without a body or with a
    keyword of JSON Schema that values cannot be built for.
    """
    return _space(_operation(operation, provider)).values


def rules(operation: str, *, provider: AnyProvider = PROVIDER) -> tuple[str, ...]:
    """Return the ids of the rules that `broken` can break, sorted. Raises as `valid` does."""
    return _faults(_operation(operation, provider)).rules


def broken(
    operation: str, rule: str | None = None, *, provider: AnyProvider = PROVIDER
) -> SearchStrategy[dict[str, Any]]:
    """Return bodies with exactly one violation: of a rule, or of any of `rules`. Raises as `valid` does.

    The rules are those of `x-rules` and `x-violation`, `image.*`, `number.precision`, and `schema.*`: the keywords of
    JSON Schema. Raises ValueError for a rule that no body can break alone.
    """
    found = _operation(operation, provider)
    faults = _faults(found)
    if rule is None:
        return st.one_of(*map(faults.values, faults.rules))
    if not faults.plans(rule):
        raise _unknown(rule, "no body breaks", found, faults.rules)
    return faults.values(rule)


def limits(operation: str, *, provider: AnyProvider = PROVIDER) -> tuple[str, ...]:
    """Return the ids of the rules that have a limit for `on_boundary`, sorted. Raises as `valid` does."""
    return _edges(_operation(operation, provider)).rules


def on_boundary(operation: str, rule: str, *, provider: AnyProvider = PROVIDER) -> SearchStrategy[Boundary]:
    """Return bodies in threes: exactly at a rule's limit, one decimal below it, and one above. Raises as `valid` does.

    Raises ValueError for a rule that has no limit.
    """
    found = _operation(operation, provider)
    edges = _edges(found)
    if not edges.plans(rule):
        raise _unknown(rule, "no limit is known for", found, edges.rules)
    return edges.values(rule)


def _unknown(rule: str, what: str, operation: Operation, known: tuple[str, ...]) -> ValueError:
    return ValueError(f"{what} {rule!r} in {operation.title}'s {operation.id}; accepted: {', '.join(known)}")


def provider_of(provider: AnyProvider) -> Provider:
    """Return a provider by its bundled name, by the path of its document, or as it is."""
    return provider if isinstance(provider, Provider) else load(provider)


def _operation(name: str, provider: AnyProvider) -> Operation:
    return provider_of(provider).operation(name)


def _space(operation: Operation) -> Space:
    if operation.request is None:
        raise ValueError(f"{operation.title}'s {operation.id} has no body")
    if Space not in operation.memo:
        operation.memo[Space] = Space(operation.request)
    found: Space = operation.memo[Space]
    return found


def _faults(operation: Operation) -> Faults:
    if Faults not in operation.memo:
        operation.memo[Faults] = Faults(_space(operation), mistyped=False)
    found: Faults = operation.memo[Faults]
    return found


def _edges(operation: Operation) -> Edges:
    if Edges not in operation.memo:
        operation.memo[Edges] = Edges(_space(operation))
    found: Edges = operation.memo[Edges]
    return found
