#!/usr/bin/env python3
"""Put faults into a copy of the project, one after the other, and see whether its tests notice: `scripts/mutations.py`.

Each fault is a text that stands once in a file, what takes its place, and the tests that should fail. Prints a line for
each; exits with 1 if one is not noticed, and with 2 if one cannot be made any more. Needs what the tests need.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("kling_contract", "mock_server", "openapi", "tests", "benchmarks", "scripts", "docs")
FILES = ("pyproject.toml", "README.md", "CHANGELOG.md")


class Fault(NamedTuple):
    """One fault."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


RULES = ("tests/contract/test_statements.py", "tests/unit/test_contract_rules.py", "tests/unit/test_contract_limits.py")
EXPANSION = ("tests/unit/test_expansion.py", "tests/unit/test_media.py")
LIVES = ("tests/unit/test_lifecycle.py", "tests/unit/test_callbacks.py", "tests/e2e/test_machine.py")
ENVELOPES = ("tests/unit/test_envelopes.py", "tests/contract/test_examples.py")
CALLS = ("tests/unit/test_callbacks.py", "tests/unit/test_signatures.py")

FAULTS = (
    Fault("the area may be 4", "openapi/kling.yaml", "down_expansion_ratio) <= 3", "down_expansion_ratio) <= 4", RULES),
    Fault(
        "the area must be less than 3", "openapi/anyapi.yaml", "expansion_ratio) <= 3", "expansion_ratio) < 3", RULES
    ),
    Fault(
        "CometAPI's area forgets the right",
        "openapi/cometapi.yaml",
        "(1 + left_expansion_ratio + right_expansion_ratio)",
        "(1 + left_expansion_ratio + left_expansion_ratio)",
        RULES,
    ),
    Fault("a step is reached late", "mock_server/lifecycle.py", "if step.at > now:", "if step.at >= now:", LIVES),
    Fault(
        "a status goes back",
        "mock_server/lifecycle.py",
        "    for step in steps[1:]:\n        if step.at > now:\n            break\n        reached = step\n",
        "    for step in steps[1:]:\n        if step.at > now:\n            break\n        reached = step\n"
        "    if reached is steps[-1] and now % 7 == 0:\n        return steps[0]\n",
        LIVES,
    ),
    Fault(
        "what has ended changes",
        "mock_server/lifecycle.py",
        "    if status_at(steps, now).status in TERMINAL:\n        return steps\n",
        "",
        LIVES,
    ),
    Fault(
        "callbacks of statuses that nobody could see",
        "mock_server/callbacks/modes.py",
        "if n == last or steps[n + 1].at > step.at]",
        "if step]",
        LIVES,
    ),
    Fault(
        "each attempt of a callback has another id",
        "mock_server/callbacks/attempts.py",
        "signed(secrets, delivery.id,",
        'signed(secrets, f"{delivery.id}{len(delivery.attempts)}",',
        ("tests/unit/test_callbacks.py", "tests/e2e/test_callbacks_on_the_wire.py"),
    ),
    Fault(
        "a 4xx is taken for success",
        "mock_server/callbacks/delivery.py",
        "200 <= status < 300",
        "200 <= status < 500",
        CALLS,
    ),
    Fault("a 410 is retried", "mock_server/callbacks/delivery.py", "_GONE = 410", "_GONE = 411", CALLS),
    Fault(
        "one retry too few",
        "mock_server/callbacks/delivery.py",
        "made < len(retries)",
        "made < len(retries) - 1",
        CALLS,
    ),
    Fault(
        "a signature of any age is good",
        "kling_contract/signatures.py",
        "if abs(age) > TOLERANCE:",
        "if abs(age) > TOLERANCE * 10:",
        CALLS,
    ),
    Fault(
        "left and right are swapped on the canvas",
        "kling_contract/expansion.py",
        "ratios.left",
        "ratios.right",
        EXPANSION,
    ),
    Fault(
        "an unknown id is answered with 200",
        "openapi/common.yaml",
        "    task.missing:\n      status: 400\n",
        "    task.missing:\n      status: 200\n",
        ("tests/e2e/test_mock_answers.py", "tests/contract/test_examples.py"),
    ),
    Fault(
        "a taken external id is accepted",
        "mock_server/tasks.py",
        "if external and call.session.store.by_external(call.provider.name, external):\n            return None\n",
        "if external and call.session.store.by_external(call.provider.name, external):\n            external = None\n",
        ("tests/e2e/test_mock_ids.py", "tests/unit/test_tasks.py", "tests/unit/test_store.py"),
    ),
    Fault(
        "created_at is in seconds",
        "openapi/common.yaml",
        "        created_at: $created_ms\n        updated_at: $updated_ms\n    task:",
        "        created_at: $created_s\n        updated_at: $updated_ms\n    task:",
        ("tests/e2e/test_machine.py", "tests/e2e/test_round_trip.py"),
    ),
    Fault(
        "a failed task gives no reason",
        "openapi/common.yaml",
        "      task_status_msg: $reason\n",
        "",
        ("tests/e2e/test_machine.py", "tests/contract/test_examples.py"),
    ),
    Fault(
        "CometAPI's field is called as Kling's",
        "openapi/cometapi.yaml",
        "x-canonical-name: down_expansion_ratio",
        "x-canonical-name: up_expansion_ratio",
        ("tests/unit/test_bodies.py", "tests/contract/test_documents.py", "tests/e2e/test_round_trip.py"),
    ),
    Fault(
        "a text need not be equal where it must",
        "kling_contract/envelopes.py",
        "body != template or type(body) is not type(template)",
        "body != template",
        ENVELOPES,
    ),
    Fault(
        "lists begin with the oldest",
        "mock_server/store.py",
        "for task_id in reversed(chosen)",
        "for task_id in chosen",
        ("tests/unit/test_store.py", "tests/e2e/test_machine.py"),
    ),
    Fault(
        "results never expire",
        "mock_server/results.py",
        "session.clock.now() >= due",
        "session.clock.now() < 0",
        ("tests/unit/test_admin.py", "tests/e2e/test_machine.py"),
    ),
    Fault(
        "time goes back",
        "mock_server/clocks.py",
        "        if now < current:\n",
        "        if now < current - 1000:\n",
        ("tests/unit/test_clocks.py", "tests/unit/test_events.py"),
    ),
    Fault(
        "a session sees another's task",
        "mock_server/addressing.py",
        "if name is None else None\n        return Address",
        "if True else None\n        return Address",
        ("tests/e2e/test_machine.py", "tests/e2e/test_mock_routes.py"),
    ),
    Fault(
        "the 404 of CometAPI is a 200",
        "openapi/cometapi.yaml",
        "state: unavailable",
        "state: available",
        ("tests/contract/test_statements.py", "tests/e2e/test_mock_routes.py"),
    ),
    Fault(
        "loopback is any address",
        "mock_server/outward/reach.py",
        "is_loopback",
        "is_global",
        ("tests/unit/test_reach.py", "tests/e2e/test_callbacks_on_the_wire.py"),
    ),
)


def copied(into: Path) -> Path:
    """Copy what the tests need, and return where to."""
    for part in PARTS:
        shutil.copytree(ROOT / part, into / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, into / file)
    return into


def noticed(fault: Fault, copy: Path) -> bool | None:
    """Return whether the tests fail with a fault, or None if it cannot be made."""
    file = copy / fault.file
    before = file.read_text(encoding="utf-8")
    if fault.old not in before:
        return None
    file.write_text(before.replace(fault.old, fault.new), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *fault.tests]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        return done.returncode == 1 or (done.returncode == 2 and "Error" in done.stdout)
    finally:
        file.write_text(before, encoding="utf-8")


def main() -> int:
    """Make every fault; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="TEXT", default="", help="only faults whose description has this text")
    options = parser.parse_args()
    worst, chosen = 0, [fault for fault in FAULTS if options.only in fault.what]
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        for number, fault in enumerate(chosen, 1):
            found = noticed(fault, copy)
            said = {True: "noticed", False: "NOT NOTICED", None: "cannot be made: its text is not there"}[found]
            worst = max(worst, {True: 0, False: 1, None: 2}[found])
            print(f"{number:2}/{len(chosen)}  {said:<12} {fault.what}", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
