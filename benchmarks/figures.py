"""The command of a benchmark that measures a few figures by name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any


def command(name: str, summary: str | None, quick: str, run: Callable[..., dict[str, Any]]) -> None:
    """Measure by `run(quick=...)`, and print the figures; `quick` says what `--quick` does."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=summary)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = run(quick=options.quick)
    lines = [f"{name}: {value}" for name, value in figures.items()]
    print(json.dumps(figures, indent=2) if options.json else "\n".join(lines))
