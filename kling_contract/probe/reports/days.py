"""The history by days: what each route was on each of them, and why."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from kling_contract.probe.tables import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kling_contract.probe.findings import Finding, Run
    from kling_contract.probe.history import Entry, History
    from kling_contract.probe.tables import Verdict

LONGEST = 400  # days

# What a day was if its runs do not agree: whatever is known beats unknown, and then the worst.
_STRONGEST: tuple[Verdict, ...] = ("down", "degraded", "up", "unknown")


@dataclass(frozen=True, slots=True)
class Day:
    """A day, in UTC. `verdict` and `reason` are None if there was no run; `ms` is the median of its answers."""

    date: date
    verdict: Verdict | None = None
    reason: str | None = None
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Runs in a row that gave the same reason: the days of the first and the last, and what the last of them saw."""

    reason: str
    detail: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Row:
    """One route of one provider: its days without a gap, and its spans, oldest first. `finding` is that of this run."""

    provider: str
    base_url: str
    level: int
    name: str
    finding: Finding | None
    days: tuple[Day, ...]
    spans: tuple[Span, ...]


def rows(run: Run, history: History) -> list[Row]:
    """Return what is known of each route, at most `LONGEST` days back; those that this run asked for first.

    Lines of the history that are of this run, or from after it, are left out.
    """
    until = max([run.at, *(each.at for each in run.findings)])
    findings = {each.key: each for each in run.findings}
    seen: dict[str, list[Entry | Finding]] = {key: [] for key in findings}
    for entry in history.entries:
        own = findings.get(entry.key)
        before = int(own.at if own else until)
        if int(entry.at) < before and _is_shown(entry.at, until):
            seen.setdefault(entry.key, []).append(entry)
    for many in seen.values():
        many.sort(key=lambda each: each.at)
    for key, finding in findings.items():
        seen[key].append(finding)
    dates = _dates([day_of(many[0].at) for many in seen.values()], day_of(until))
    return [_row(many, findings.get(key), dates) for key, many in seen.items()]


def day_of(at: float) -> date:
    """Return the day of a Unix time in seconds, in UTC."""
    return datetime.fromtimestamp(at, UTC).date()


def _is_shown(at: float, until: float) -> bool:
    return (day_of(until) - day_of(at)).days < LONGEST


def _dates(firsts: Iterable[date], last: date) -> list[date]:
    """Return the days up to the last, from the first of all, as far back as is shown."""
    back = max(((last - each).days for each in firsts), default=0)
    return [last - timedelta(days=each) for each in range(min(back, LONGEST - 1), -1, -1)]


def _row(many: Sequence[Entry | Finding], finding: Finding | None, dates: Iterable[date]) -> Row:
    by_day: dict[date, list[Entry | Finding]] = {}
    for each in many:
        by_day.setdefault(day_of(each.at), []).append(each)
    last = many[-1]
    return Row(
        provider=last.provider,
        base_url=last.base_url,
        level=last.level,
        name=last.operation or "host",
        finding=finding,
        days=tuple(_day(each, by_day) for each in dates),
        spans=tuple(_spans(many)),
    )


def _day(day: date, by_day: Mapping[date, Sequence[Entry | Finding]]) -> Day:
    many = by_day.get(day)
    if not many:
        return Day(day)
    strongest = min(reversed(many), key=lambda each: _STRONGEST.index(each.verdict))
    times = [each.ms for each in many if each.ms is not None]
    return Day(day, strongest.verdict, strongest.reason, round(statistics.median(times)) if times else None)


def _spans(many: Iterable[Entry | Finding]) -> Iterator[Span]:
    span: Span | None = None
    for each in many:
        day = day_of(each.at)
        if span is not None and span.reason != each.reason:
            yield span
            span = None
        span = Span(each.reason, each.detail or reasons()[each.reason].says, span.first if span else day, day)
    if span is not None:
        yield span
