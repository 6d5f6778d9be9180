"""The history and this run as one page of HTML: nothing is fetched, and no script is needed."""

from __future__ import annotations

from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kling_contract.probe.findings import FAILED, STOPPED, UNJUDGED, iso
from kling_contract.probe.history import History
from kling_contract.probe.plan import LEVELS
from kling_contract.probe.reports.days import rows
from kling_contract.probe.reports.strips import stretches
from kling_contract.probe.reports.summary import headline, said
from kling_contract.probe.tables import VERDICTS, reasons
from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kling_contract.probe.findings import Run
    from kling_contract.probe.reports.days import Row, Span
    from kling_contract.probe.tables import Verdict

_LAST = 5  # spans that are listed
_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
# The page says itself that it needs nothing from anywhere, so that a browser would not even let a slip through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def render(run: Run, history: History | None = None) -> str:
    """Return the page. What providers and files say is text in it, whatever it looks like."""
    title = _title(run)
    found = rows(run, history or History())
    parts = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">',
        f"<title>{text(title)}: live routes</title><style>\n{_STYLE}</style></head>\n<body>",
        f'<header><h1>{text(title)}</h1><p class="quiet">{text(headline(run))}. Asked {_moment(run.at)}.</p>',
        *(f'<p class="alarm">{text(each)}</p>' for each in (*run.tripped, *run.stopped)),
        _key(),
        "</header><main>",
        *_sections(run, found),
        "</main>",
        _footer(run),
        "</body></html>\n",
    )
    return "\n".join(parts)


def text(words: str) -> str:
    """Return any text as HTML that shows it, in an element or between double quotes."""
    return escape(visible(words))


def _title(run: Run) -> str:
    if run.exit_code == STOPPED:
        return "Stopped for safety"
    if run.exit_code == UNJUDGED:
        return "Nothing could be judged"
    failing = len(list(run.failing()))
    if run.exit_code == FAILED:
        return f"{failing} of {len(run.findings)} {'fails' if failing == 1 else 'fail'}"
    return "Nothing fails"


def _key() -> str:
    shapes = "".join(f"<li>{_verdict(each, each)}</li>" for each in VERDICTS)
    return f'<ul class="key">{shapes}<li><span class="verdict"><i class="none"></i>no run</span></li></ul>'


def _verdict(verdict: Verdict, words: str) -> str:
    return f'<span class="verdict"><i class="{verdict}"></i>{text(words)}</span>'


def _moment(at: float) -> str:
    return f'<time datetime="{iso(at)}">{iso(at)[:16].replace("T", " ")} UTC</time>'


def _sections(run: Run, found: Iterable[Row]) -> Iterator[str]:
    places = {(plan.provider.name, plan.base_url): plan for plan in run.plans}
    ordered = sorted(found, key=lambda each: (each.provider, each.base_url) not in places)
    for place, many in groupby(ordered, key=lambda each: (each.provider, each.base_url)):
        plan = places.get(place)
        provider = plan.provider if plan else None
        about = f", document of {provider.date}" if provider else ", not asked in this run"
        yield f"<section><h2>{text(provider.title if provider else place[0])}</h2>"
        yield f'<p class="quiet"><code>{text(place[1])}</code>{text(about)}</p>'
        yield from map(_row, many)
        yield "</section>"


def _row(row: Row) -> str:
    strip, *earlier = stretches(row.days)
    return f'<article class="row"><div>{_now(row)}</div><div>{strip}{_last(row)}{_earlier(earlier)}</div></article>'


def _now(row: Row) -> str:
    """Return what stands today: its verdict, what was asked, and what was seen."""
    finding, last = row.finding, row.spans[-1]
    verdict = finding.verdict if finding else reasons()[last.reason].verdict
    asked = " ".join(filter(None, (finding.method, finding.path))) if finding else ""
    return (
        f'<div class="head"><h3><code>{text(row.name)}</code></h3>{_verdict(verdict, verdict)}</div>'
        f'<p class="quiet">level {row.level}{" " if asked else ""}<code>{text(asked)}</code></p>'
        f"<p>{text(said(finding) if finding else f'not asked in this run; on {last.last}: {last.detail}')}</p>"
    )


def _last(row: Row) -> str:
    """Return the last reasons, to be seen at once where something is wrong."""
    spans = "".join(map(_span, row.spans[: -_LAST - 1 : -1]))
    state = " open" if row.finding is not None and row.finding.verdict != "up" else ""
    return f'<details{state}><summary>Last reasons</summary><ul class="last">{spans}</ul></details>'


def _earlier(figures: Sequence[str]) -> str:
    return f"<details><summary>Earlier days</summary>{''.join(figures)}</details>" if figures else ""


def _span(span: Span) -> str:
    reason = reasons()[span.reason]
    days = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}"
    what = f"{reason.verdict}, <code>{reason.name}</code>"
    return f'<li>{days} {what}<br><span class="quiet">{text(span.detail)}</span></li>'


def _footer(run: Run) -> str:
    left = [f"{name} at {url}, {each.name}: {each.why}" for (name, url), many in run.left.items() for each in many]
    asked = "".join(f"<li>{text(each)}</li>" for each in left)
    levels = "".join(f"<dt>{number}</dt><dd>{text(says)}</dd>" for number, says in LEVELS.items())
    return (
        "<footer>"
        + (f"<details><summary>{len(left)} not asked</summary><ul>{asked}</ul></details>" if left else "")
        + "<p>A bar is a day in UTC: the worst of what its runs knew. The line beneath is the median time of an "
        + "answer. A change counts once two runs agree on it.</p>"
        + f"<details><summary>Levels</summary><dl>{levels}</dl></details>"
        + f"<p>kling-contract {text(run.version)}</p></footer>"
    )
