"""`probe`: are the routes of a provider alive today, and do they keep their contract? Nothing is created."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import (
    FINE,
    INTERRUPTED,
    PROVIDER,
    WRONG_USE,
    add_command,
    by_commas,
    load,
    number_of,
    say,
)
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.clock import Clock
    from kling_contract.probe import History, Plan, Run, Step, Target
    from kling_contract.probe.wanted import Wanted

LEVELS = range(6)
REPORTS = ("text", "json", "junit", "github", "markdown", "html")
FAILINGS = ("down", "degraded", "drift", "unknown")
SWITCH = "KLING_PROBE_SPEND"

_EPILOG = """levels, each with those before it:
  0  name, TCP, TLS and the days left on the certificate
  1  each create without credentials, with a body that is invalid in itself
  2  each query with the key, for a task that cannot exist (default)
  3  the creates that --operations names with the key, with a body that is invalid in itself
  4  one page of each list
  5  one real, cheapest task; only with --spend, --max-spend and KLING_PROBE_SPEND=1

a file for --config; a document in it is a bundled name, or a file from the folder of this one:
  providers:
    - {document: cometapi, key_env: COMETAPI_KEY, level: 3, operations: [createImageToVideo]}
    - {document: ./acme.yaml, base_url: https://eu.acme.example}

exit codes: 0 fine, 1 as --fail-on says, 2 wrong use, 3 nothing could be judged, 4 stopped for safety,
130 interrupted

"""


def _level(text: str) -> int:
    if not text.isdecimal() or int(text) not in LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is no level; accepted: 0 to 5")
    return int(text)


def _reports(text: str) -> tuple[tuple[str, Path | None], ...]:
    """Return the formats of a list such as `text,html=today.html`, each with the file that it names."""
    found = []
    for each in by_commas(text):
        name, equals, file = each.partition("=")
        if name not in REPORTS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(REPORTS)}")
        if equals and not file:
            raise argparse.ArgumentTypeError(f"{each!r} names no file; accepted: {name}, or {name}=FILE")
        found.append((name, Path(file) if file else None))
    if not found:
        raise argparse.ArgumentTypeError(f"no format; accepted: {', '.join(REPORTS)}")
    return tuple(found)


def _failings(text: str) -> tuple[str, ...]:
    wrong = [each for each in by_commas(text) if each not in FAILINGS]
    if wrong:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(FAILINGS)}")
    if not by_commas(text):
        raise argparse.ArgumentTypeError(f"nothing is named; accepted: {', '.join(FAILINGS)}")
    return by_commas(text)


def _number(text: str) -> float:
    number = number_of(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _whole(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _option(metavar: str, text: str, kind: Callable[[str], Any] = str, default: Any = None) -> dict[str, Any]:
    return {"metavar": metavar, "help": text, "type": kind, "default": default}


def _switch(text: str) -> dict[str, Any]:
    return {"action": "store_true", "help": text}


OPTIONS = {
    "--provider": {"metavar": "P", "action": "append", "help": f"a bundled name, or a file; repeatable ({PROVIDER})"},
    "--config": _option("FILE", "a YAML file of providers instead, see below", Path),
    "--base-url": _option("URL", "where to ask, instead of the document's server; {provider} in it is its name"),
    "--key-env": _option("NAME", "the variable that holds the key (COMETAPI_KEY for cometapi, and so on)"),
    "--level": _option("0..5", "how far to go (2)", _level),
    "--operations": _option("NAMES", "look at these operationIds only, by commas", by_commas, ()),
    "--report": _option(
        "LIST", "text, json, junit, github, markdown, html; html=FILE names a file", _reports, (("text", None),)
    ),
    "--history": _option("FILE", "earlier runs, as JSON lines; this one is added", Path),
    "--evidence": _option("DIR", "write a HAR and a claim for each finding that is not up", Path),
    "--fail-on": _option("LIST", "what is exit 1, of down, degraded, drift, unknown (down)", _failings, ("down",)),
    "--dry-run": _switch("print the plan, and send nothing"),
    "--slow": _option("SECONDS", "an answer that takes longer is degraded (5)", _number, 5.0),
    "--timeout": _option("SECONDS", "the longest that an answer may take (10)", _number, 10.0),
    "--max-requests": _option("N", "send no provider more requests than these", _whole),
    "--stale-after": _option("DAYS", "a document's observation is old after so many (90)", _whole, 90),
    "--spend": _switch(f"level 5 may create one task; needs {SWITCH}=1 too"),
    "--max-spend": _option("UNITS", "what level 5 may cost, in the document's billing units", _number),
}


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract probe --provider cometapi --dry-run             what would be sent, and why it is safe",
        "COMETAPI_KEY=sk-... kling-contract probe                       is CometAPI's Kling alive?",
        "kling-contract probe --provider kling --provider ./acme.yaml --report json=probe.json,html",
        "kling-contract probe --level 3 --operations createImageToVideo --history probe.ndjson",
        "kling-contract probe --base-url http://127.0.0.1:4060          the same against the mock",
    )
    summary = "ask a live provider whether its routes are alive, without creating a task"
    parser = add_command(commands, "probe", summary, *examples)
    parser.epilog = _EPILOG + str(parser.epilog)
    for flag, settings in OPTIONS.items():
        parser.add_argument(flag, **settings)
    parser.set_defaults(command=probe)


def probe(options: argparse.Namespace) -> int:
    """Probe, and report."""
    from kling_contract.cli.outputs import say_trips, write
    from kling_contract.clock import RealClock
    from kling_contract.probe import History
    from kling_contract.probe.findings import STOPPED
    from kling_contract.probe.interruption import Interrupted
    from kling_contract.probe.reports.text import plan_text
    from kling_contract.probe.run import refuse_twice

    clock = RealClock()
    targets = [each.target(os.environ, clock) for each in _wanted(options)]
    refuse_twice(targets)
    if options.dry_run:
        print(plan_text(each.plan for each in targets), end="")
        return FINE
    history = History.read(options.history)
    try:
        run = _carried_out(targets, history, clock, options)
    except Interrupted as interrupted:
        say_trips(interrupted.tripped)
        say(f"kling-contract: {interrupted}")
        return STOPPED if interrupted.tripped else INTERRUPTED
    is_whole = write(run, history, options)
    return run.exit_code or (FINE if is_whole else WRONG_USE)


def _carried_out(targets: list[Target], history: History, clock: Clock, options: argparse.Namespace) -> Run:
    from kling_contract.probe import Manner, probe

    manner = Manner(
        timeout=options.timeout, slow=options.slow, stale=options.stale_after, budget=options.max_requests, clock=clock
    )
    try:
        return probe(targets, fail_on=options.fail_on, manner=manner, history=history, progress=_progress())
    finally:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _wanted(options: argparse.Namespace) -> list[Wanted]:
    """Return what to probe: the entries of a file, or one for each provider that is named; options win over both."""
    from kling_contract.probe.wanted import Config, Wanted

    if options.config and options.provider:
        raise KlingError("give --provider or --config, not both")
    given = {
        "base_url": options.base_url,
        "key_env": options.key_env,
        "level": options.level,
        "operations": options.operations or None,
        "spend": _spend(options),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if options.config:
        wanted = [dataclasses.replace(each, **changes) for each in Config.read(options.config).wanted]
    else:
        names = dict.fromkeys(options.provider or [PROVIDER])
        wanted = [Wanted(document=name, **changes) for name in names]
    wanted = list(_narrowed(wanted, options.operations))
    if options.spend and len(wanted) > 1:
        raise KlingError("--spend makes one real task: name one provider")
    for each in wanted:
        _check(each, options)
    return wanted


def _narrowed(wanted: list[Wanted], names: tuple[str, ...]) -> Iterator[Wanted]:
    """Yield what to probe, each with those of the operations that its provider has; some provider must have each."""
    known = {each.document: load(each.document).operations for each in wanted} if names and len(wanted) > 1 else {}
    anywhere = all(any(name in operations for operations in known.values()) for name in names)
    for each in wanted:
        own = tuple(name for name in names if name in known.get(each.document, ()))
        if not known or not anywhere:
            yield each
        elif own:
            yield dataclasses.replace(each, operations=own)
        else:
            say(f"{each.document} has none of {', '.join(names)}, and is not asked")


def _check(wanted: Wanted, options: argparse.Namespace) -> None:
    if wanted.level == 3 and not wanted.operations:
        raise wanted.error(
            "level 3 sends a create with your key: name the creates with --operations, or as operations in the file"
        )
    if wanted.level == 5 and wanted.spend is None:
        raise wanted.error(f"level 5 creates a task that is billed: it needs --spend, --max-spend and {SWITCH}=1")
    if options.spend and wanted.level != 5:
        raise KlingError("--spend is for level 5 alone: give --level 5 too")


def _spend(options: argparse.Namespace) -> float | None:
    """Return what may be spent, if a person said so twice."""
    if not options.spend:
        return None
    if os.environ.get(SWITCH) != "1":
        raise KlingError(f"--spend also needs {SWITCH}=1 in the environment")
    if options.max_spend is None:
        raise KlingError("--spend also needs --max-spend UNITS, in the document's billing units")
    return float(options.max_spend)


def _progress() -> Callable[[Plan, Step], None]:
    """Return what tells a person at a terminal, and nobody else, what is being asked."""

    def tell(plan: Plan, step: Step) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{plan.provider.name}: {step.name}", end="", file=sys.stderr, flush=True)

    return tell
