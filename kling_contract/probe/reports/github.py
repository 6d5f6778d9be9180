"""The report for GitHub Actions: annotations, few enough to be read, and the summary of the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kling_contract.probe.findings import UNJUDGED
from kling_contract.probe.reports import markdown
from kling_contract.probe.reports.summary import headline, is_trip, said, worst_first
from kling_contract.redaction import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kling_contract.probe.findings import Finding, Run

Kind = Literal["error", "warning", "notice"]
_KINDS: tuple[Kind, ...] = ("error", "warning", "notice")
_MOST = 5  # findings that one annotation names
_TITLES = {"error": "fails", "warning": "is not as it should be", "notice": "cannot be judged"}


def render(run: Run) -> str:
    """Return workflow commands: for each provider at most one error, one warning and one notice."""
    lines = [_command("error", "the probe was stopped", [*run.tripped, *run.stopped])] if _is_stopped(run) else []
    names = dict.fromkeys(plan.provider.name for plan in run.plans)
    lines += [line for name in names for line in _annotations(run, name)]
    lines += [_command("notice", "nothing could be judged", [headline(run)])] if run.exit_code == UNJUDGED else []
    return "".join(f"{line}\n" for line in lines)


def append_summary(run: Run, path: Path) -> None:
    """Write the run as Markdown to the end of a file, such as the one that a workflow's step is given for it.

    Raises `OSError`.
    """
    with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{markdown.render(run)}\n")


def _is_stopped(run: Run) -> bool:
    return bool(run.tripped or run.stopped)


def _annotations(run: Run, provider: str) -> Iterator[str]:
    failing = set(map(id, run.failing()))
    found = [each for each in worst_first(run) if each.provider == provider]
    for kind in _KINDS:
        many = [each for each in found if _kind(each, fails=id(each) in failing) == kind]
        if many:
            title = f"{provider}: {_named(many)} {_TITLES[kind]}"
            yield _command(kind, title, list(map(_line, many)))


def _kind(finding: Finding, *, fails: bool) -> Kind | None:
    """Return how loudly a finding is told; None for one that is fine, or down as documented."""
    if fails or is_trip(finding):
        return "error"
    if finding.standing == "drift" or {"down", "degraded"} & finding.failings():
        return "warning"
    return "notice" if finding.verdict == "unknown" else None


def _line(finding: Finding) -> str:
    return f"{finding.name} is {finding.verdict}, {finding.reason}: {said(finding)}"


def _named(many: Sequence[Finding]) -> str:
    return many[0].name if len(many) == 1 else f"{many[0].name} and {len(many) - 1} more"


def _command(kind: Kind, title: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    shown = "\n".join([*map(visible, lines[:_MOST]), *more])
    return f"::{kind} title={_property(title)}::{_data(shown or title)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
