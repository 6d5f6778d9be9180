"""The report for CI servers that read JUnit XML: a suite for each provider, a case for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract import junit
from kling_contract.probe.findings import iso
from kling_contract.probe.reports.summary import is_trip, said

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from kling_contract.junit import Outcome
    from kling_contract.probe.findings import Finding, Run
    from kling_contract.probe.plan import Plan


def render(run: Run) -> str:
    """Return the run as JUnit XML: what fails is a failure, unknown is skipped, a task that was created is an error."""
    suites = [_suite(run, plan) for plan in run.plans]
    suites += [_stopped(run)] if _ends(run) else []
    return junit.written("kling-contract probe", suites)


def _suite(run: Run, plan: Plan) -> Element:
    provider = plan.provider.name
    found = [each for each in run.findings if (each.provider, each.base_url) == (provider, plan.base_url)]
    failing = set(map(id, run.failing()))
    cases = [_case(each, fails=id(each) in failing) for each in found]
    return junit.suite(provider, cases, run.at, sum(each.ms or 0 for each in found))


def _case(finding: Finding, *, fails: bool) -> Element:
    case = junit.case(finding.provider, f"level {finding.level} {finding.name}", finding.ms or 0)
    outcome = _outcome(finding, fails=fails)
    if outcome is not None:
        junit.end(case, outcome, finding.reason, f"{finding.reason}: {said(finding)}", _exchanged(finding))
    return case


def _outcome(finding: Finding, *, fails: bool) -> Outcome | None:
    if is_trip(finding):
        return "error"
    if fails:
        return "failure"
    return "skipped" if finding.verdict == "unknown" else None


def _exchanged(finding: Finding) -> str:
    asked = f"{finding.method} {finding.path}" if finding.method else "connect"
    return f"{finding.verdict}: {asked} at {finding.base_url}, {iso(finding.at)}\n{finding.raw_detail}"


def _ends(run: Run) -> list[str]:
    """Return what ended the run and is no finding."""
    return [*run.stopped, *(() if any(map(is_trip, run.findings)) else run.tripped)]


def _stopped(run: Run) -> Element:
    """Return a suite for what ended the run, which belongs to no finding."""
    cases = []
    for why in _ends(run):
        cases.append(junit.case("probe", "stopped"))
        junit.end(cases[-1], "error", "stopped", why)
    return junit.suite("probe", cases, run.at)
