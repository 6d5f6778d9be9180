"""The report for programs, as `openapi/probe-report.yaml` describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kling_contract.probe.findings import Run


def render(run: Run) -> str:
    """Return the run as JSON."""
    return json.dumps(run.as_dict(), ensure_ascii=False, indent=2) + "\n"
