"""The report for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_contract.verify.conformance.verification import Verification


def render(verification: Verification) -> str:
    """Return the verification as JSON: `judged`, the failures with their parts, and requests of each operation."""
    provider = verification.provider
    tree = {
        "provider": {"name": provider.name, "date": provider.date, "digest": provider.digest},
        "base_url": verification.base_url,
        "seed": verification.settings.seed,
        "judged": verification.judged,
        "failures": [
            {"part": part.name, **failure.as_dict()} for part in verification.parts for failure in part.failures
        ],
        "parts": [{"name": part.name, "requests": part.requests, "ms": part.ms} for part in verification.parts],
        "operations": {
            name: {"requests": asked, "succeeded": good} for name, (asked, good) in verification.counts.items()
        },
        "notes": verification.notes,
        "again": verification.again,
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
