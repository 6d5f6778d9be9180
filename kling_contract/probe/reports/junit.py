"""The report for CI servers that read JUnit XML: a suite for each provider, a case for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kling_contract.probe.findings import iso
from kling_contract.probe.reports.summary import is_trip, said
from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kling_contract.probe.findings import Finding, Run
    from kling_contract.probe.plan import Plan


def render(run: Run) -> str:
    """Return the run as JUnit XML: what fails is a failure, unknown is skipped, a task that was created is an error."""
    suites = [_suite(run, plan) for plan in run.plans]
    suites += [_stopped(run)] if run.stopped else []
    root = _element("testsuites", name="kling-contract probe", **_totals(suites))
    root.extend(suites)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(run: Run, plan: Plan) -> ElementTree.Element:
    provider = plan.provider.name
    found = [each for each in run.findings if (each.provider, each.base_url) == (provider, plan.base_url)]
    failing = set(map(id, run.failing()))
    cases = [_case(each, fails=id(each) in failing) for each in found]
    return _with_cases(provider, run, cases, sum(each.ms or 0 for each in found))


def _case(finding: Finding, *, fails: bool) -> ElementTree.Element:
    name = f"level {finding.level} {finding.name}"
    case = _element("testcase", classname=finding.provider, name=name, time=_seconds(finding.ms or 0))
    outcome = _outcome(finding, fails=fails)
    if outcome is not None:
        about = _element(outcome, message=f"{finding.reason}: {said(finding)}")
        if outcome != "skipped":
            about.set("type", finding.reason)
        about.text = _text(_exchanged(finding))
        case.append(about)
    return case


def _outcome(finding: Finding, *, fails: bool) -> str | None:
    if is_trip(finding):
        return "error"
    if fails:
        return "failure"
    return "skipped" if finding.verdict == "unknown" else None


def _exchanged(finding: Finding) -> str:
    asked = f"{finding.method} {finding.path}" if finding.method else "connect"
    return f"{finding.verdict}: {asked} at {finding.base_url}, {iso(finding.at)}\n{finding.raw_detail}"


def _stopped(run: Run) -> ElementTree.Element:
    """Return a suite for what ended the run, which belongs to no finding."""
    cases = []
    for why in run.stopped:
        case = _element("testcase", classname="probe", name="stopped", time=_seconds(0))
        case.append(_element("error", message=why, type="stopped"))
        cases.append(case)
    return _with_cases("probe", run, cases, 0)


def _with_cases(name: str, run: Run, cases: Sequence[ElementTree.Element], ms: int) -> ElementTree.Element:
    counts = {
        "tests": str(len(cases)),
        "failures": _count(cases, "failure"),
        "errors": _count(cases, "error"),
        "skipped": _count(cases, "skipped"),
    }
    suite = _element("testsuite", name=name, **counts, time=_seconds(ms), timestamp=iso(run.at).removesuffix("Z"))
    suite.extend(cases)
    return suite


def _count(cases: Iterable[ElementTree.Element], outcome: str) -> str:
    return str(sum(case.find(outcome) is not None for case in cases))


def _totals(suites: Sequence[ElementTree.Element]) -> dict[str, str]:
    counted = ("tests", "failures", "errors", "skipped")
    totals = {name: str(sum(int(suite.get(name, 0)) for suite in suites)) for name in counted}
    return {**totals, "time": f"{sum(float(suite.get('time', 0)) for suite in suites):.3f}"}


def _element(tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.Element(tag, {name: _text(value) for name, value in attributes.items()})


def _text(text: str) -> str:
    """Return lines of text without control characters, for most of which XML 1.0 has no way of writing at all."""
    return "\n".join(map(visible, text.split("\n")))


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
