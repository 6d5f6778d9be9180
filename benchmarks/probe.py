"""A probe of every bundled provider against a healthy mock, beside the same requests by plain httpx, one by one.

`python -m benchmarks.probe [--quick] [--json]`. The command and the run in this process wait a twentieth of a second
before each request, as they do by default, to be polite; `without pauses` is what the work itself takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.servers import ROOT, environment, port_of, start, stop
from kling_contract.clock import RealClock
from kling_contract.documents import bundled
from kling_contract.probe import Manner, probe
from kling_contract.probe.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kling_contract.probe import Target

LEVEL = 4
GOAL = 2.0  # seconds for the whole command
_KEY = "a-key-that-a-mock-takes"
_SERVE = ("kling_contract", "serve", "--log-format", "none", "--port", "0")


def wanted(url: str, names: Sequence[str]) -> list[Target]:
    """Return every provider of the mock at a URL, with its lists and every query."""
    keys = {f"{name.upper()}_KEY": _KEY for name in names}
    at = f"{url}/p/{{provider}}"
    return [Wanted(document=name, base_url=at, level=LEVEL).target(keys, RealClock()) for name in names]


def run(quick: bool = False) -> dict[str, Any]:
    """Return the figures: seconds, medians of all rounds. Raises RuntimeError if a probe finds the mock not healthy."""
    rounds = 1 if quick else 7
    names = bundled()
    process = start(_SERVE)
    try:
        url = f"http://127.0.0.1:{port_of(process)}"
        targets = wanted(url, names)
        figures = {
            "whole_command": _median(rounds, lambda: _command(url, names)),
            "in_process": _median(rounds, lambda: _probe(targets, Manner())),
            "without_pauses": _median(rounds, lambda: _probe(targets, Manner(pause=0))),
            "plain_httpx_one_by_one": _median(rounds, lambda: _plain(targets)),
            "providers": len(targets),
            "requests": sum(len(each.plan.steps) - 1 for each in targets),
        }
    finally:
        stop(process)
    return {"goal": GOAL, "met": figures["whole_command"] <= GOAL, **figures}


def _median(rounds: int, action: Callable[[], None]) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return round(statistics.median(times), 4)


def _command(url: str, names: Sequence[str]) -> None:
    """Run the command in a process of its own, from its start to its report."""
    keys = {f"{name.upper()}_KEY": _KEY for name in names}
    options = [word for name in names for word in ("--provider", name)]
    line = [sys.executable, "-m", "kling_contract", "probe", *options, "--level", str(LEVEL)]
    line += ["--base-url", f"{url}/p/{{provider}}"]
    done = subprocess.run(line, cwd=ROOT, env={**environment(), **keys}, capture_output=True, text=True, check=False)
    _check(done.returncode, done.stdout + done.stderr)


def _probe(targets: Sequence[Target], manner: Manner) -> None:
    found = probe(targets, manner=manner)
    _check(found.exit_code, str([each.raw_detail for each in found.failing()]))


def _check(code: int, said: str) -> None:
    if code:
        raise RuntimeError(f"the mock is not healthy: exit {code}, {said}")


def _plain(targets: Sequence[Target]) -> None:
    """Send what the plans hold, without pauses, checks or threads; one client for each provider, as the probe has."""
    for target in targets:
        with httpx.Client(trust_env=False) as client:
            for step in target.plan.steps:
                if step.level:
                    headers = {"Authorization": f"Bearer {_KEY}"} if step.key else {}
                    url = target.plan.base_url + step.path
                    client.request(step.method, url, content=step.body, headers=headers).read()


def report(figures: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    rows = [
        ("the whole command, from its start to its report, s", "whole_command"),
        ("the run in a process, s", "in_process"),
        ("the same without pauses, s", "without_pauses"),
        ("the same requests by plain httpx, one by one, s", "plain_httpx_one_by_one"),
    ]
    head = f"{figures['requests']} requests to {figures['providers']} providers"
    width = max(len(head), *(len(words) for words, _ in rows))
    lines = [f"| {head:<{width}} | time |", f"| {'-' * width} | ---- |"]
    return "\n".join([*lines, *(f"| {words:<{width}} | {figures[name]:.2f} |" for words, name in rows)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probe", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round: shows that it runs, says nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    figures = run(quick=options.quick)
    print(json.dumps({**figures, "cores": os.cpu_count()}) if options.json else report(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
