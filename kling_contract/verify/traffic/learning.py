"""What was observed, as an OpenAPI Overlay 1.0.0 (https://spec.openapis.org/overlay/v1.0.0.html) of a document.

Each action puts an `x-observed` beside an operation and changes nothing else: what of it becomes part of the contract
is a person's choice. Texts of answers stand in it only where they are asked for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from kling_contract.verify.traffic.observed import Observed, Sight


def providers(observed: Observed) -> list[Provider]:
    """Return the providers that were seen, once each."""
    return list({sight.provider.name: sight.provider for sight in observed.sights.values()}.values())


def overlay(observed: Observed, provider: Provider, date: str, *, texts: bool = False) -> dict[str, Any]:
    """Return the overlay of a provider's document. `date` is today's; `texts` adds the words of unknown errors."""
    sights = [sight for sight in observed.sights.values() if sight.provider is provider]
    actions = [_action(sight, date, texts=texts) for sight in sights]
    info = {"title": f"What a recording showed of {provider.title}'s Kling", "version": date}
    about = {"x-document": {"name": provider.name, "date": provider.date, "digest": provider.digest}}
    return {"overlay": "1.0.0", "info": {**info, **about}, "extends": provider.file.name, "actions": actions}


def _action(sight: Sight, date: str, *, texts: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {"date": date, "exchanges": sight.exchanges}
    found = {
        "answered": sight.answered.as_dict() if sight.answered.count else None,
        "finished": sight.finished.as_dict() if sight.finished.count else None,
        "fields": _counted(sight.fields, "side", "pointer", "type"),
        "errors": _errors(sight, texts=texts),
        "accepted": _counted(sight.accepted, "pointer", "rule"),
    }
    seen |= {name: value for name, value in found.items() if value}
    told = f"{sight.operation.id}, as observed on {date}"
    return {"target": _target(sight.operation), "description": told, "update": {"x-observed": seen}}


def _errors(sight: Sight, *, texts: bool) -> list[dict[str, Any]]:
    if texts:
        return _counted(sight.errors, "status", "code", "message")
    without: Counter[tuple[Any, ...]] = Counter()
    for (status, code, _), times in sight.errors.items():
        without[status, code] += times
    return _counted(without, "status", "code")


def _counted(counter: Counter[Any], *names: str) -> list[dict[str, Any]]:
    return [{**dict(zip(names, key, strict=True)), "times": times} for key, times in counter.items()]


def _target(operation: Operation) -> str:
    """Return the JSONPath of an operation; in a quoted name of RFC 9535, quotes and backslashes are escaped."""
    path = operation.path.replace("\\", "\\\\").replace("'", "\\'")
    return f"$.paths['{path}'].{operation.method.lower()}"
