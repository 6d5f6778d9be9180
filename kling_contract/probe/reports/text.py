"""The table for people."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from kling_contract.probe.findings import STOPPED, UNJUDGED
from kling_contract.probe.standing import overlay
from kling_contract.probe.tables import VERDICTS, reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kling_contract.probe.findings import Finding, Run
    from kling_contract.probe.plan import Plan

_COLOURS = {"up": "32", "degraded": "33", "down": "31", "unknown": "35"}
_BAR, _BLOCKS = 8, " ▏▎▍▌▋▊▉█"
_INDENT = 36  # columns before what was said, without the name
_FULL_MS = 10_000  # a bar grows with the order of magnitude, and is full here


def render(run: Run, *, coloured: bool = False) -> str:
    """Return the run as text: a table for each provider, what was left out, and one line that sums it up."""
    lines = [line for plan in run.plans for line in _provider(run, plan, coloured=coloured)]
    lines += [f"note: {note}" for note in run.notes]
    lines += [f"STOPPED: {each}. Look at the provider's console." for each in run.tripped]
    lines += [f"STOPPED: {each}" for each in run.stopped]
    return "\n".join([*lines, _summary(run)]) + "\n"


def plan_text(plans: Iterable[Plan]) -> str:
    """Return what would be sent, why each request is safe, and what is expected; nothing is sent."""
    return "\n".join(line for plan in plans for line in _plan(plan)) + "\n"


def _provider(run: Run, plan: Plan, *, coloured: bool) -> Iterator[str]:
    provider = plan.provider
    yield f"{provider.title}  {plan.base_url}  (document of {provider.date}, {provider.digest})"
    found = [each for each in run.findings if each.provider == provider.name and each.base_url == plan.base_url]
    left = run.left.get((provider.name, plan.base_url), ())
    width = max([*(len(each.name) for each in found), *(len(each.name) for each in left)], default=0)
    for each in found:
        verdict = f"{each.verdict:<8}"
        shown = f"\x1b[{_COLOURS[each.verdict]}m{verdict}\x1b[0m" if coloured else verdict
        yield f"  {shown}  {each.level}  {each.name:<{width}}  {_time(each.ms)}  {_said(each)}"
        remarks = "; ".join(_remarks(each))
        if remarks:
            yield f"{'':{_INDENT + width}}{remarks}"
    for absent in left:
        yield f"  {'-':<8}  {absent.level}  {absent.name:<{width}}  {_time(None)}  not asked: {absent.why}"
    found_overlay = overlay(provider, found)
    if found_overlay:
        yield "  The document can be brought up to date with this overlay:"
        yield from (f"    {line}" for line in _yaml(found_overlay))
    yield ""


def _said(finding: Finding) -> str:
    return f"{finding.reason}: {finding.detail or reasons()[finding.reason].says}"


def _remarks(finding: Finding) -> Iterator[str]:
    since = f" since {finding.observed}" if finding.observed else ""
    if finding.standing == "drift":
        yield f"DRIFT, documented as {finding.documented}{since}"
    elif finding.documented == "unavailable" and finding.reason == "route.missing":
        yield f"as documented{since}"
    if finding.standing == "stale":
        yield f"the document's observation is old ({finding.observed or 'never'})"
    if finding.pending:
        seen = f"{finding.raw_verdict} ({finding.raw_reason}: {finding.raw_detail})"
        yield f"this run says {seen}, which the next must confirm"
    if finding.changed:
        yield "changed, as two runs agree"


def _time(ms: int | None) -> str:
    """Return a bar and a number for milliseconds: each eighth of the bar is a little more than the one before."""
    if ms is None:
        return f"{'':{_BAR}} {'':>8}"
    eighths = round(min(1.0, math.log10(max(ms, 1)) / math.log10(_FULL_MS)) * _BAR * 8)
    bar = _BLOCKS[8] * (eighths // 8) + _BLOCKS[eighths % 8].strip()
    return f"{bar:<{_BAR}} {ms:>5} ms"


def _summary(run: Run) -> str:
    counted = Counter(each.verdict for each in run.findings)
    expected = sum(each.verdict == "down" and not each.failings() for each in run.findings)
    known = {"down": f" ({expected} as documented)" if expected else ""}
    counts = [f"{counted[verdict]} {verdict}{known.get(verdict, '')}" for verdict in VERDICTS if counted[verdict]]
    drifted = sum(each.standing == "drift" for each in run.findings)
    drift = f", {drifted} drifted" if drifted else ""
    first = "; first run, nothing to compare with" if run.findings and all(each.first for each in run.findings) else ""
    return f"{', '.join(counts) or 'nothing asked'}{drift}{first}{_outcome(run)}"


def _outcome(run: Run) -> str:
    if run.exit_code == STOPPED:
        return "; stopped for safety (exit 4)"
    if run.exit_code == UNJUDGED:
        return "; nothing could be judged of what was asked (exit 3)"
    failing = list(dict.fromkeys(f"{each.provider} {each.name}" for each in run.failing()))
    more = f" and {len(failing) - 5} more" if len(failing) > 5 else ""
    return f"; failed: {', '.join(failing[:5])}{more} (exit 1)" if failing else ""


def _plan(plan: Plan) -> Iterator[str]:
    yield f"{plan.provider.title}  {plan.base_url}  (document of {plan.provider.date}, {plan.provider.digest})"
    width = max(len(step.name) for step in plan.steps)
    for step in plan.steps:
        request = f"{step.method} {step.path}" if step.level else "connect"
        yield f"  {step.level}  {step.name:<{width}}  {request}{'  with our key' if step.key else ''}"
        yield f"     {'':{width}}  {step.why}; expects {step.expects}"
        if step.body is not None:
            yield f"     {'':{width}}  {_short(step.body.decode())}"
    for left in plan.left:
        yield f"  {left.level}  {left.name:<{width}}  not asked: {left.why}"
    yield ""


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text)} characters)"


def _yaml(value: object) -> list[str]:
    import yaml

    return yaml.safe_dump(value, sort_keys=False, width=120).splitlines()
