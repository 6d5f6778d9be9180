"""Days as a strip of bars with the line of their latency beneath, in HTML and SVG."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kling_contract.probe.tables import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kling_contract.probe.reports.days import Day

WIDEST = 90  # days beside each other, which a phone still shows
_HEIGHT = 24  # units of the picture that the slowest day is high


def stretches(days: Sequence[Day]) -> list[str]:
    """Return the days as figures of at most `WIDEST`, the latest first."""
    ends = range(len(days), 0, -WIDEST)
    return [_figure(days[max(0, end - WIDEST) : end]) for end in ends]


def _figure(days: Sequence[Day]) -> str:
    few = ' class="few"' if len(days) < WIDEST // 2 else ""
    bars = "".join(map(_bar, days))
    return (
        f'<figure{few} style="--n:{len(days)}">'
        f'<div class="strip" role="img" aria-label="{_in_words(days)}">{bars}</div>{_latency(days)}'
        f"<figcaption><span>{days[0].date}</span>{_times(days)}<span>{days[-1].date}</span></figcaption></figure>"
    )


def _bar(day: Day) -> str:
    if day.verdict is None:
        return f'<i class="none" title="{day.date}: no run"></i>'
    why = "" if day.verdict == "up" else f", {day.reason}"
    return f'<i class="{day.verdict}" title="{day.date}: {day.verdict}{why}"></i>'


def _in_words(days: Sequence[Day]) -> str:
    counted: Counter[str] = Counter(day.verdict or "without a run" for day in days)
    counts = ", ".join(f"{counted[each]} {each}" for each in (*VERDICTS, "without a run") if counted[each])
    return f"Days from {days[0].date} to {days[-1].date}: {counts}"


def _latency(days: Sequence[Day]) -> str:
    """Return a line through the middle of each day's bar, which breaks where there was no answer."""
    slowest = max((day.ms or 0 for day in days), default=0)
    if not slowest:
        return ""
    path, drawing = "", False
    for number, day in enumerate(days):
        if day.ms is not None:
            point = f"{number + 0.5:g} {_HEIGHT * (1 - day.ms / slowest):.1f}"
            path += f"L{point}" if drawing else f"M{point}h0"
        drawing = day.ms is not None
    box = f'viewBox="0 0 {len(days)} {_HEIGHT}" preserveAspectRatio="none"'
    return f'<svg {box} aria-hidden="true"><path d="{path}"/></svg>'


def _times(days: Sequence[Day]) -> str:
    times = [day.ms for day in days if day.ms is not None]
    if not times:
        return ""
    return f"<span>{min(times)} to {max(times)} ms</span>" if min(times) < max(times) else f"<span>{times[0]} ms</span>"
