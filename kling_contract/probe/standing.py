"""How a finding stands against what its document says of the route, and the overlay that brings that up to date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kling_contract.probe.findings import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kling_contract.documents import Operation, Provider
    from kling_contract.probe.findings import Finding, Standing

_SERVED = ("up", "degraded")


def stand(finding: Finding, operation: Operation | None, stale_days: int) -> Finding:
    """Return the finding with its standing. A route is served, missing, or nothing is known of it today."""
    if operation is None:
        return finding
    says = operation.availability
    standing = _standing(finding, says.state)
    if standing == "documented" and _is_old(says.observed, finding.at, stale_days):
        standing = "stale"
    return replace(finding, standing=standing, documented=says.state, observed=says.observed)


def _standing(finding: Finding, state: str) -> Standing:
    served, missing = finding.verdict in _SERVED, finding.reason == "route.missing"
    if state == "unverified":
        return "undocumented"
    if (state == "unavailable" and served) or (state == "available" and missing):
        return "drift"
    return "documented"


def _is_old(observed: str | None, at: float, days: int) -> bool:
    if observed is None:
        return True
    return (date.fromisoformat(iso(at)[:10]) - date.fromisoformat(observed)).days > days


def overlay(provider: Provider, findings: Iterable[Finding]) -> dict[str, Any] | None:
    """Return the OpenAPI Overlay 1.0.0 that makes the document say what was found; None where nothing drifted.

    What the run itself saw otherwise waits for the next to confirm it, and is no finding of today.
    """
    asked = [each for each in findings if each.provider == provider.name and each.operation is not None]
    known = sorted((each for each in asked if each.verdict != "unknown"), key=lambda each: each.level)
    # Of two findings of a route, the one at the higher level has seen more of it.
    last = {each.operation: each for each in known}
    drifted = {name: each for name, each in last.items() if each.standing == "drift" and not each.pending}
    if not drifted:
        return None
    today = max(iso(each.at)[:10] for each in drifted.values())
    actions = [action for each in drifted.values() for action in _actions(provider, each, today)]
    info = {"title": f"What a probe found of {provider.title}", "version": today}
    return {"overlay": "1.0.0", "info": info, "actions": actions}


def _actions(provider: Provider, finding: Finding, today: str) -> Iterable[dict[str, Any]]:
    operation = provider.operation(finding.operation or "")
    target = f"$.paths['{operation.path}'].{operation.method.lower()}['x-availability']"
    if finding.verdict in _SERVED:
        yield {"target": f"{target}.reply", "remove": True}
        yield {"target": target, "update": {"state": "available", "observed": today}}
    else:
        reply = provider.closed(operation)
        yield {"target": target, "update": {"state": "unavailable", "observed": today, "reply": reply}}
