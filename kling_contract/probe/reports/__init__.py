"""The reports of a run, by the name that `--report` gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kling_contract.probe.findings import Run
from kling_contract.probe.history import History
from kling_contract.probe.reports import github, json, junit, markdown, page, text

Render = Callable[[Run, History], str]


class Format(NamedTuple):
    """How a run is rendered, and the file that it goes to if none is named; None is standard output."""

    render: Render
    file: str | None


FORMATS: dict[str, Format] = {
    "text": Format(lambda run, history: text.render(run), None),
    "json": Format(lambda run, history: json.render(run), "probe.json"),
    "junit": Format(lambda run, history: junit.render(run), "probe.xml"),
    "github": Format(lambda run, history: github.render(run), None),
    "markdown": Format(lambda run, history: markdown.render(run), "probe.md"),
    "html": Format(page.render, "probe.html"),
}

__all__ = ["FORMATS", "Format", "Render"]
