"""What every report says of a run: the worst first, and all of it in one sentence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kling_contract.probe.findings import FAILED, STOPPED, UNJUDGED
from kling_contract.probe.tables import VERDICTS, reasons

if TYPE_CHECKING:
    from kling_contract.probe.findings import Finding, Run

WORST = ("down", "degraded", "unknown", "up")
_OUTCOMES = {
    FAILED: "failed (exit 1)",
    STOPPED: "stopped for safety (exit 4)",
    UNJUDGED: "nothing could be judged (exit 3)",
}


def headline(run: Run) -> str:
    """Return the run in a few words: how many findings have each verdict, and how it ended."""
    counted = Counter(each.verdict for each in run.findings)
    parts = [", ".join(f"{counted[each]} {each}" for each in VERDICTS if counted[each]) or "nothing asked"]
    drifted = sum(each.standing == "drift" for each in run.findings)
    parts += [f"{drifted} drifted from the document"] if drifted else []
    parts += [_OUTCOMES[run.exit_code]] if run.exit_code in _OUTCOMES else []
    return "; ".join(parts)


def worst_first(run: Run) -> list[Finding]:
    """Return the findings, those that made the run fail first, then by verdict; else in the order of asking."""
    failing = set(map(id, run.failing()))
    return sorted(run.findings, key=lambda each: (id(each) not in failing, WORST.index(each.verdict)))


def is_trip(finding: Finding) -> bool:
    """Whether a task was created that nobody asked for."""
    return "probe.created_task" in (finding.reason, finding.raw_reason)


def said(finding: Finding) -> str:
    """Return why a finding is what it is: what was seen, or what its reason means; how that stands, in words."""
    parts = [finding.detail or reasons()[finding.reason].says]
    since = f" since {finding.observed}" if finding.observed else ""
    if finding.standing == "drift":
        parts.append(f"drift, documented as {finding.documented}{since}")
    elif finding.documented == "unavailable" and finding.reason == "route.missing":
        parts.append(f"as documented{since}")
    if finding.pending:
        parts.append(f"this run alone says {finding.raw_reason}, which the next must confirm")
    return "; ".join(parts)
