"""What our own redacted copies tell of what they no longer hold, as far as it has the form in which it was written.

_images      an image that was replaced, and what the gate found of it
_unjudged    a body that could not be read, and why
_body        what stands there in a form that is not known (read with the body it belongs to)
"""

from __future__ import annotations

from typing import Any

from kling_contract.verify.traffic.body import REASONS, Message, Unread


def told_images(told: Any) -> tuple[dict[str, Any], ...]:
    """Return the images that a copy tells of."""
    return tuple(each for each in told if _is_image(each)) if isinstance(told, list) else ()


def _is_image(told: Any) -> bool:
    violations = told.get("violations") if isinstance(told, dict) else None
    return isinstance(violations, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(name), str) for name in ("pointer", "rule", "message"))
        for each in violations
    )


def told_unread(entry: Any, side: Message) -> Unread | None:
    """Return why the body of a request, or of an answer, could not be read."""
    told = entry.get("_unjudged") if isinstance(entry, dict) else None
    found = told.get(side) if isinstance(told, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    reason = found.get("reason")
    return Unread(reason, found["message"]) if isinstance(reason, str) and reason in REASONS else None
