"""The report for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_contract.verify.conformance.verification import Part, Verification


def render(verification: Verification) -> str:
    """Return the verification as JSON: `judged`, the failures with their parts, and requests of each operation.

    `not_checked` of a part is why it made no request (null: it made some); beside the parts it lists checks.
    """
    provider = verification.provider
    tree = {
        "provider": {"name": provider.name, "date": provider.date, "digest": provider.digest},
        "base_url": verification.base_url,
        "seed": verification.settings.seed,
        "judged": verification.judged,
        "failures": [
            {"part": part.name, **failure.as_dict()} for part in verification.parts for failure in part.failures
        ],
        "parts": [_part(part) for part in verification.parts],
        "not_checked": [each.as_dict() for each in verification.unchecked],
        "operations": {
            name: {"requests": asked, "succeeded": good} for name, (asked, good) in verification.counts.items()
        },
        "notes": verification.notes,
        "again": verification.again,
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _part(part: Part) -> dict[str, Any]:
    about = {"name": part.name, "requests": part.requests, "looked_at": part.looked_at, "ms": part.ms}
    return {**about, "not_checked": None if part.is_checked else part.reason}
