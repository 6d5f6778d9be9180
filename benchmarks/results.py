"""What was measured, and whether it reaches its goal."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from typing import Any

LIBRARIES = ("starlette", "uvicorn", "uvloop", "httptools", "msgspec", "jsonschema-rs", "pybase64", "httpx")


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of ours, beside theirs where there is one.

    The goal is for the ratio of ours to theirs, or for ours alone where theirs is None. `more` says that more is
    better. A result without a goal only informs; one whose `ours` is None could not be measured here.
    """

    part: str
    what: str
    unit: str
    ours: float | None
    theirs: float | None = None
    goal: float | None = None
    more: bool = False

    @property
    def value(self) -> float | None:
        """What the goal is for."""
        if self.ours is None or self.theirs is None:
            return self.ours
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.more else self.value <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        names = ("part", "what", "unit", "ours", "theirs", "goal", "more")
        ratio = self.value if self.theirs is not None else None
        return {**{name: getattr(self, name) for name in names}, "ratio": ratio, "met": self.met}


def surroundings() -> dict[str, Any]:
    """Return what the figures depend on."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES if _is_installed(name)}
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"python": python, "platform": platform.platform(), "cores": os.cpu_count(), "libraries": versions}


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def table(results: list[Result]) -> str:
    """Return the results as a Markdown table."""
    head = ("what", "ours", "theirs", "ratio", "goal", "")
    rows = [head, *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)


def _row(result: Result) -> tuple[str, ...]:
    ratio = "" if result.theirs is None or result.value is None else f"{result.value:.2f}"
    goal = "" if result.goal is None else f"{'>=' if result.more else '<='} {result.goal:,g}"
    word = {True: "met", False: "not met", None: ""}[result.met]
    ours, theirs = _shown(result.ours), "" if result.theirs is None else _shown(result.theirs)
    return f"{result.what}, {result.unit}", ours, theirs, ratio, goal, word


def _shown(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
