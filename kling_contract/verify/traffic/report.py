"""What is told of recordings: equal findings together, with the entries at which they stand."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kling_contract.redaction import visible
from kling_contract.verify.traffic.following import FAILED_TASK
from kling_contract.verify.traffic.unjudged import lines as unjudged_lines
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import Lifecycle
    from kling_contract.verify.traffic.exchange import Flaw
    from kling_contract.verify.traffic.findings import Finding
    from kling_contract.verify.traffic.inspection import Inspection
    from kling_contract.verify.traffic.observed import Sight

MOST = 10_000  # different findings that are listed
_COUNTS = ("entries", "matched", "judged", "unanswered", "forgotten")
_SHOWN = 8  # entries that a line names


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that say the same of the same operation; `entries` are all their places in `file`."""

    file: str
    first: Finding
    entries: array[int] = field(default_factory=lambda: array("Q"))

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as JSON-ready data."""
        first = self.first
        about = {"provider": first.provider, "operation": first.operation or None, "side": first.side}
        told = {"severity": "violation" if first.broken else "note", "outcome": first.outcome or None}
        return {"file": self.file, "entries": list(self.entries), **about, **told, **first.violation.as_dict()}


class Unreadable(NamedTuple):
    """A flaw of a file."""

    file: str
    flaw: Flaw


class Report:
    """The findings of an inspection, file after file."""

    def __init__(self) -> None:
        self.flaws: list[Unreadable] = []
        self.groups: dict[Any, Group] = {}
        self.violations = self.notes = self.unlisted = 0

    def add(self, file: str, finding: Finding) -> None:
        """Take a finding in."""
        self.violations += finding.broken
        self.notes += not finding.broken
        violation = finding.violation
        said = (violation.rule, violation.pointer, violation.message)
        key = (file, finding.provider, finding.operation, finding.side, finding.outcome, said)
        if key not in self.groups:
            if len(self.groups) >= MOST:
                self.unlisted += 1
                return
            self.groups[key] = Group(file, finding)
        self.groups[key].entries.append(finding.entry)

    def listed(self, *, broken: bool) -> list[Group]:
        """Return the groups of broken promises, or the notes."""
        return [group for group in self.groups.values() if group.first.broken is broken]

    def sections(self) -> Iterator[tuple[str, list[Group]]]:
        """Yield the groups under their titles; how tasks failed is nothing that a document could say."""
        notes = self.listed(broken=False)
        yield "violations", self.listed(broken=True)
        yield "notes, candidates for drift", [each for each in notes if each.first.violation.rule != FAILED_TASK]
        yield "failed tasks", [each for each in notes if each.first.violation.rule == FAILED_TASK]

    def as_dict(self, inspection: Inspection) -> dict[str, Any]:
        """Return everything as JSON-ready data."""
        flaws = [{"file": file, **flaw._asdict()} for file, flaw in self.flaws]
        counts = {name: getattr(inspection, name) for name in _COUNTS}
        found = {"violations": self.violations, "notes": self.notes, "unlisted": self.unlisted}
        groups = [group.as_dict() for group in self.groups.values()]
        times = [_times(sight) for sight in inspection.observed.sights.values()]
        unjudged = [group.as_dict() for group in inspection.unjudged.groups.values()]
        told = {"unreadable": flaws, "findings": groups, "unjudged": unjudged, "operations": times}
        return {**counts, **found, **told}


def _times(sight: Sight) -> dict[str, Any]:
    about = {"provider": sight.provider.name, "operation": sight.operation.id, "exchanges": sight.exchanges}
    seen = {"answered": sight.answered.as_dict(), "finished": sight.finished.as_dict()}
    lifecycle = sight.operation.lifecycle
    return {**about, **seen, "document": _documented(lifecycle) if lifecycle else None}


def _documented(lifecycle: Lifecycle) -> dict[str, float]:
    """Return the seconds that the document gives a task until it succeeds."""
    steps = lifecycle.transitions
    return {name: sum(getattr(step, name) for step in steps) for name in ("typical", "least", "most")}


def lines(report: Report, inspection: Inspection) -> Iterator[str]:
    """Yield the report for people."""
    unjudged = inspection.unjudged
    seen = {group.file for group in report.groups.values()} | {file for file, _ in report.flaws}
    named = len(seen | {group.file for group in unjudged.groups.values()}) > 1
    for title, groups in report.sections():
        if groups:
            yield f"{title}:"
            yield from (f"  {_line(group, named=named)}" for group in groups)
    if report.unlisted:
        yield f"{counted(report.unlisted, 'further finding is', 'further findings are')} not listed"
    if unjudged.groups:
        yield "not judged:"
        yield from (f"  {line}" for line in unjudged_lines(unjudged, named=named))
    yield from _table(inspection)
    if inspection.forgotten:
        forgotten = counted(inspection.forgotten, "task or result was", "tasks and results were")
        yield f"{forgotten} too long ago to be followed on"
    yield _sum(report, inspection)


def _line(group: Group, *, named: bool) -> str:
    first = group.first
    place = f"{group.file} " if named else ""
    numbers = ", ".join(f"#{entry}" for entry in group.entries[:_SHOWN])
    more = f" and {len(group.entries) - _SHOWN} more" if len(group.entries) > _SHOWN else ""
    outcome = f" [{first.outcome}]" if first.outcome else ""
    who = f"{first.provider} {first.operation}".rstrip()
    return visible(f"{place}{numbers}{more} {who} {first.side}: {first.violation.rule}: {first.violation}{outcome}")


def _table(inspection: Inspection) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("operation", "exchanges", "answered in", "finished in", "by the document")]
    rows += [_row(sight) for sight in inspection.observed.sights.values()]
    if len(rows) == 1:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield "times (half of all / nine in ten / most):"
    for row in rows:
        yield "  " + "  ".join(map(str.ljust, row, widths)).rstrip()


def _row(sight: Sight) -> tuple[str, ...]:
    lifecycle = sight.operation.lifecycle
    documented = ""
    if lifecycle:
        about = _documented(lifecycle)
        documented = f"{about['typical']:g} s ({about['least']:g} to {about['most']:g})"
    name = f"{sight.provider.name} {sight.operation.id}"
    return name, str(sight.exchanges), _quantiles(sight.answered), _quantiles(sight.finished), documented


def _quantiles(spans: Any) -> str:
    if not spans.count:
        return "-"
    return " / ".join(f"{seconds:.3g}" for seconds in (spans.quantile(0.5), spans.quantile(0.9), spans.most)) + " s"


def _sum(report: Report, inspection: Inspection) -> str:
    entries = counted(inspection.entries, "entry", "entries")
    if not inspection.matched:
        return f"{entries}, and none belongs to an operation of a provider"
    unanswered = f" ({inspection.unanswered} without an answer)" if inspection.unanswered else ""
    rest = inspection.unjudged.entries + inspection.matched - inspection.judged
    left = f", {rest} not" if rest else ""
    read = f"{entries}, {inspection.judged} judged{unanswered}{left}"
    return f"{read}: {counted(report.violations, 'violation')}, {counted(report.notes, 'note')}"
