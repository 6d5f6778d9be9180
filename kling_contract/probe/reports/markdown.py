"""The report for chats and issues: a short table, what is not up first, and the overlay if a document drifted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from kling_contract.probe.findings import iso
from kling_contract.probe.reports.summary import headline, said, worst_first
from kling_contract.probe.standing import overlay
from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kling_contract.probe.findings import Finding, Run

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&@$]")


def render(run: Run) -> str:
    """Return the run as GitHub's Markdown, in which no text of a provider is markup."""
    lines = [f"### Probe: {headline(run)}", "", *_table(run)]
    lines += _listed("Stopped for safety", map(code, [*run.tripped, *run.stopped]))
    lines += _listed("Not up", (_line(each) for each in worst_first(run) if _is_told(each)))
    lines += _overlays(run)
    lines += _listed("Notes", map(code, run.notes))
    return "\n".join([*lines, "", f"kling-contract {plain(run.version)}, {iso(run.at)}"]) + "\n"


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is: whatever could be markup is an entity."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible(text))


def code(text: str) -> str:
    """Return a text as a code span, in which nothing is markup and nobody is mentioned. Not for a table."""
    text = visible(text) or " "
    fence = "`" * (longest_run(text) + 1)
    pad = " " if "`" in (text[0], text[-1]) or text[0] == text[-1] == " " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Return lines of text as a fenced block that nothing in them ends."""
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def longest_run(text: str) -> int:
    """Return the length of the longest run of backticks in a text."""
    return max(map(len, re.findall("`+", text)), default=0)


def _table(run: Run) -> Iterator[str]:
    if not run.findings:
        return
    yield "| verdict | provider | operation | level | reason | time |"
    yield "|---|---|---|--:|---|--:|"
    for each in worst_first(run):
        time = "" if each.ms is None else f"{each.ms} ms"
        cells = (_verdict(each), plain(each.provider), plain(each.name), str(each.level), each.reason, time)
        yield f"| {' | '.join(cells)} |"


def _verdict(finding: Finding) -> str:
    mark = " (drift)" if finding.standing == "drift" else " (to be confirmed)" if finding.pending else ""
    return f"{'up' if finding.verdict == 'up' else f'**{finding.verdict}**'}{mark}"


def _is_told(finding: Finding) -> bool:
    return finding.verdict != "up" or finding.standing == "drift" or finding.pending


def _line(finding: Finding) -> str:
    where = f"{plain(finding.provider)} {plain(finding.name)}, level {finding.level}"
    return f"{where}: {finding.verdict}, {finding.reason}: {code(said(finding))}"


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {each}" for each in items]
    if lines:
        yield from ("", f"**{title}**", "", *lines)


def _overlays(run: Run) -> Iterator[str]:
    for plan in run.plans:
        found = overlay(plan.provider, (each for each in run.findings if each.base_url == plan.base_url))
        if found:
            text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120)
            title = plain(plan.provider.title)
            yield from ("", f"**{title}**: this overlay brings the document up to date.", "", fenced(text, "yaml"))
