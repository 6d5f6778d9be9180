"""Which seeded contract faults plain Schemathesis finds, and which `kling-contract verify` does.

`python -m benchmarks.conformance [--examples N] [--only NAME] [--quick] [--json]`. Plain is `schemathesis run` with its
default checks and phases over the same operations of the same document, with the same number of examples and a good
key, and goes on after a failure. It is red without any fault, so what counts is what it reports of a fault and not of
the mock as it is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kling_contract.documents import Provider, bundle, load
from kling_contract.verify.conformance import Settings, verify

# The faults are those of the tests, and live there.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from breaking import Fault, broken
from contract_faults import FAULTS


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault: what plain Schemathesis said that is new, whether `verify` named it, and seconds."""

    fault: str
    check: str
    theirs: tuple[str, ...]
    ours: bool
    their_seconds: float
    our_seconds: float


def plain(url: str, provider: Provider, family: str, examples: int) -> set[tuple[str, str]]:
    """Run Schemathesis as it comes, and return each failure's title and operation."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "document.json").write_text(json.dumps(bundle(provider.file), default=str))
        subprocess.run(_command(url, provider, family, examples), cwd=folder, capture_output=True, check=False)
        report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    failures = {(each["title"], operation) for each in report["failures"] for operation in each["operations"]}
    return failures | {(each["title"], "") for each in report["errors"]}


def _command(url: str, provider: Provider, family: str, examples: int) -> list[str]:
    command = [sys.executable, "-m", "schemathesis.cli", "run", "document.json", "--url", url, "--seed", "1"]
    command += ["-H", "Authorization: Bearer verify", "--max-examples", str(examples)]
    command += [
        "--continue-on-failure",
        "--generation-database",
        "none",
        "--report",
        "json",
        "--report-json-path",
        "report.json",
    ]
    for operation in (each for each in provider.operations if family in each):
        command += ["--include-operation-id", operation]
    return command


def ours(url: str, provider: Provider, fault: Fault, examples: int) -> set[str]:
    """Run `verify` without its Schemathesis part, and return the checks that failed."""
    operations = tuple(each for each in provider.operations if fault.family in each)
    settings = Settings(poll=0, examples=examples, lives=1, patience=fault.patience, operations=operations, seed=1)
    return {failure.check for failure in verify(provider, url, settings).failures}


def rows(faults: tuple[Fault, ...], examples: int) -> list[Row]:
    """Try each fault on both."""
    whole: dict[tuple[str, str], set[tuple[str, str]]] = {}
    found = []
    for fault in faults:
        provider, group = load(fault.provider), (fault.provider, fault.family)
        if group not in whole:
            with broken(Fault("none", "", provider=fault.provider, family=fault.family)) as url:
                whole[group] = plain(url, provider, fault.family, examples)
        with broken(fault) as url:
            began = time.perf_counter()
            theirs = plain(url, provider, fault.family, examples) - whole[group]
            between = time.perf_counter()
        with broken(fault) as url:
            again = time.perf_counter()
            named = fault.check in ours(url, provider, fault, examples)
            spent = time.perf_counter() - again
        titles = tuple(sorted({title for title, _ in theirs}))
        found.append(Row(fault.name, fault.check, titles, named, between - began, spent))
        print(f"{len(found)}/{len(faults)} {fault.name}", file=sys.stderr, flush=True)
    return found


def table(found: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| fault | plain Schemathesis | s | `verify` | s |", "|---|---|---|---|---|"]
    for row in found:
        theirs = "; ".join(row.theirs) or "-"
        named = f"`{row.check}`" if row.ours else "-"
        lines.append(f"| {row.fault} | {theirs} | {row.their_seconds:.1f} | {named} | {row.our_seconds:.1f} |")
    theirs, named = sum(bool(row.theirs) for row in found), sum(row.ours for row in found)
    seconds = sum(row.their_seconds for row in found), sum(row.our_seconds for row in found)
    lines.append(f"| **{len(found)}** | **{theirs}** | {seconds[0]:.0f} | **{named}** | {seconds[1]:.0f} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.conformance", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--examples", type=int, default=10, metavar="N", help="examples of each kind (10)")
    parser.add_argument("--only", action="append", metavar="NAME", help="this fault only; repeatable")
    parser.add_argument("--quick", action="store_true", help="one fault, one example: shows that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    faults = tuple(each for each in FAULTS if not options.only or each.name in options.only)
    found = rows(faults[:1] if options.quick else faults, 1 if options.quick else options.examples)
    print(json.dumps([asdict(row) for row in found], indent=2) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
