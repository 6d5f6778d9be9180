"""The report for CI servers that read JUnit XML: a case for each operation, and each reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract import junit
from kling_contract.verify.traffic.unjudged import line, numbers, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from kling_contract.verify.traffic.inspection import Inspection
    from kling_contract.verify.traffic.report import Group, Report


def junit_report(report: Report, inspection: Inspection, at: float) -> str:
    """Return the report as JUnit XML; `at` is now, in Unix seconds. What was not judged is skipped, with its reason."""
    cases = [*_operations(report, inspection), *_unjudged(inspection), *_unreadable(report)]
    suite = junit.suite("check-traffic", cases, at)
    notes = [_told(group) for group in report.listed(broken=False)]
    if notes:
        junit.output(suite, "\n".join(notes))
    return junit.written("kling-contract check-traffic", [suite])


def _operations(report: Report, inspection: Inspection) -> Iterator[Element]:
    """Yield a case for each operation that was seen, and for each that only a finding names."""
    broken: dict[tuple[str, str], list[Group]] = {key: [] for key in inspection.observed.sights}
    for group in report.listed(broken=True):
        broken.setdefault((group.first.provider, group.first.operation), []).append(group)
    for (provider, operation), groups in broken.items():
        case = junit.case(f"traffic.{provider}", operation or "results")
        if groups:
            first = groups[0].first.violation
            more = f" (and {len(groups) - 1} more)" if len(groups) > 1 else ""
            junit.end(case, "failure", first.rule, f"{first.rule}: {first}{more}", "\n".join(map(_told, groups)))
        yield case


def _told(group: Group) -> str:
    first = group.first
    return f"{group.file} {numbers(group.entries)} {first.side}: {first.violation.rule}: {first.violation}"


def _unjudged(inspection: Inspection) -> Iterator[Element]:
    for groups in inspection.unjudged.by_reason():
        first = groups[0]
        case = junit.case("traffic.not-judged", f"{first.part}: {words(first.part, first.reason)} ({first.file})")
        junit.end(case, "skipped", first.reason, line(groups, named=False))
        yield case


def _unreadable(report: Report) -> Iterator[Element]:
    for file, flaw in report.flaws:
        case = junit.case("traffic.unreadable", file)
        junit.end(case, "error", "unreadable", str(flaw))
        yield case
