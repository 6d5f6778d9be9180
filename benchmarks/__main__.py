"""`python -m benchmarks`: measures, and says beside each figure whether it reaches its goal."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.calls import client, gate
from benchmarks.generators import GENERATORS
from benchmarks.processes import cold, imports, memory
from benchmarks.results import Result, surroundings, table
from benchmarks.sizes import FULL, QUICK
from benchmarks.throughput import create, image, read, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = {
    "create": create,
    "get": read,
    "image": image,
    "stored": stored,
    "cold": cold,
    "memory": memory,
    "gate": gate,
    "import": imports,
    "client": client,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print it; the exit code says nothing about goals."""
    options = _options(arguments)
    sizes = QUICK if options.quick else FULL
    results: list[Result] = []
    for name in options.only or PARTS:
        print(f"measuring {name}: {_summary(name)}", file=sys.stderr, flush=True)
        results += PARTS[name](sizes, GENERATORS[options.load])
    how = {**surroundings(), "load": options.load, **dataclasses.asdict(sizes)}
    data = {"how": how, "results": [each.as_dict() for each in results]}
    print(json.dumps(data) if options.json else _text(how, results))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parts = "\n".join(f"  {name:<8} {_summary(name)}" for name in PARTS)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the project beside bare Starlette on the same uvicorn, and beside raw httpx.",
        epilog=f"parts:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help="measure this part; repeatable")
    parser.add_argument("--quick", action="store_true", help="the smallest sizes: shows that it runs, says nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--load", choices=GENERATORS, default="own", help="the load generator (own)")
    options = parser.parse_args(arguments)
    if options.load == "wrk" and shutil.which("wrk") is None:
        parser.error("wrk is not on PATH")
    return options


def _summary(name: str) -> str:
    return str(PARTS[name].__doc__).partition("\n")[0]


def _text(how: dict[str, Any], results: list[Result]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in how["libraries"].items())
    told = f"{how['python']}, {how['platform']}, {how['cores']} cores; {versions}"
    slices = f"slices of {how['slice']:g} s in turns, {how['rounds']} rounds, medians; load generator: {how['load']}"
    return f"{table(results)}\n\n{told}\n{slices}"


if __name__ == "__main__":
    sys.exit(main())
