"""`check-traffic`: recorded traffic against the contract."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import (
    BROKEN,
    FINE,
    NOTHING,
    WRONG_USE,
    add_command,
    load,
    missing_extra,
    print_json,
    say,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from kling_contract.verify.traffic import Inspection, RedactedCopy, Report

_FILES = "recordings: HAR files, and cassettes of vcrpy, VCR, Betamax or go-vcr"
_REDACT = "write a copy without secrets and images: a HAR, or a cassette for vcrpy if OUT ends in .yaml or .yml"
_KEEP = "with --redact: show this header, parameter or field too, which no document knows; repeatable"


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract check-traffic session.har",
        "kling-contract check-traffic tests/cassettes/*.yaml --json",
        "kling-contract check-traffic proxy.har --provider ./acme.yaml    whatever host it was recorded at",
        "kling-contract check-traffic session.har --redact for-support.har --keep x-session-name",
        "kling-contract check-traffic cassette.yaml --redact for-support.yaml --junit traffic.xml",
    )
    parser = add_command(commands, "check-traffic", "hold recorded traffic against the contract", *examples)
    parser.add_argument("files", metavar="FILE", nargs="+", help=_FILES)
    parser.add_argument("--provider", metavar="P", help="a bundled name, or a file; its paths count under any host")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--junit", metavar="OUT.xml", help="write the report as JUnit XML too")
    parser.add_argument("--learn", metavar="OUT", help="write what was observed as an OpenAPI overlay (.yaml, .json)")
    parser.add_argument("--with-texts", action="store_true", help="with --learn: the texts of unknown errors too")
    parser.add_argument("--redact", metavar="OUT", help=_REDACT)
    parser.add_argument("--keep", metavar="NAME", action="append", default=[], help=_KEEP)
    parser.set_defaults(command=check_traffic)


def check_traffic(options: argparse.Namespace) -> int:
    """Check recordings, and write what is asked for of them."""
    try:
        from kling_contract.verify.traffic import Inspection, Report
    except ModuleNotFoundError as error:
        return missing_extra(error, "traffic")
    from kling_contract.documents import bundled

    if wrong := _wrong_use(options):
        say(f"kling-contract check-traffic: {wrong}")
        return WRONG_USE
    every = [load(name) for name in bundled()]
    chosen = [load(options.provider)] if options.provider else every
    report = Report()
    with _copy(options) as copy:
        inspection = Inspection(chosen, anywhere=bool(options.provider), others=every, copy=copy)
        for file in options.files:
            _check(file, inspection, report)
    _print(options, inspection, report)
    if copy:
        _tell_of(copy, options.redact)
    if options.junit:
        _junit(options, inspection, report)
    if options.learn:
        _learn(options, inspection)
    return _verdict(inspection, report)


def _tell_of(copy: RedactedCopy, name: str) -> None:
    """Say what is not in a copy as it was, and what is in it that nobody could read."""
    from kling_contract.wording import counted

    for reason, count in copy.left_out.items():
        entries = counted(count, "entry is", "entries are")
        say(f"kling-contract check-traffic: in {name} {entries} {reason}")
    for reason, count in copy.copied_unread.items():
        bodies = counted(count, "body is", "bodies are")
        look = "look for secrets there before you send it"
        say(f"kling-contract check-traffic: in {name} {bodies} copied unread ({reason}); {look}")


def _wrong_use(options: argparse.Namespace) -> str | None:
    if options.redact and len(options.files) > 1:
        return "--redact copies one FILE at a time"
    if options.keep and not options.redact:
        return "--keep goes with --redact"
    if options.with_texts and not options.learn:
        return "--with-texts goes with --learn"
    inputs = {Path(file).resolve() for file in options.files}
    written = (("--redact", options.redact), ("--learn", options.learn), ("--junit", options.junit))
    for name, value in written:
        if value and Path(value).resolve() in inputs:
            return f"{name} {value} is the recording itself; choose another file"
    outputs = [(name, value) for name, value in written if value]
    for index, (name, value) in enumerate(outputs):
        same = next((other for other, one in outputs[:index] if Path(one).resolve() == Path(value).resolve()), None)
        if same:
            return f"{same} and {name} both write {value}; choose two files"
    return None


@contextmanager
def _copy(options: argparse.Namespace) -> Iterator[RedactedCopy | None]:
    """Open the copy that is asked for, once it is known that the recording can be opened; it is whole at the end."""
    if not options.redact:
        yield None
        return
    from importlib.metadata import version

    from kling_contract.verify.traffic import CassettePen, HarPen, RedactedCopy

    pen = CassettePen if Path(options.redact).suffix.lower() in (".yaml", ".yml") else HarPen
    with open(options.files[0], "rb"), open(options.redact, "w", encoding="utf-8", errors="replace") as file:
        copy = RedactedCopy(file, version("kling-contract"), pen, keep=options.keep)
        yield copy
        copy.close()


def _check(file: str, inspection: Inspection, report: Report) -> None:
    from kling_contract.verify.traffic import Finding, Flaw
    from kling_contract.verify.traffic.report import Unreadable

    try:
        with open(file, "rb") as stream:
            for each in inspection.findings(stream, Path(file)):
                if isinstance(each, Finding):
                    report.add(file, each)
                else:
                    report.flaws.append(Unreadable(file, each))
    except OSError as error:
        report.flaws.append(Unreadable(file, Flaw(None, "", error.strerror or str(error))))


def _print(options: argparse.Namespace, inspection: Inspection, report: Report) -> None:
    from kling_contract.redaction import visible
    from kling_contract.verify.traffic import lines

    if options.json:
        print_json(report.as_dict(inspection))
    else:
        for line in lines(report, inspection):
            print(line)
    for file, flaw in report.flaws:
        say(f"kling-contract check-traffic: {visible(f'{file}: {flaw}')}")


def _junit(options: argparse.Namespace, inspection: Inspection, report: Report) -> None:
    from kling_contract.clock import RealClock
    from kling_contract.verify.traffic import junit_report

    Path(options.junit).write_text(junit_report(report, inspection, RealClock().now()), encoding="utf-8")


def _learn(options: argparse.Namespace, inspection: Inspection) -> None:
    """Write one overlay for each provider; where there are several, its name goes before the file's ending."""
    from kling_contract.clock import RealClock
    from kling_contract.verify.traffic import overlay, providers

    seen = providers(inspection.observed)
    date = datetime.fromtimestamp(RealClock().now(), UTC).date().isoformat()
    for provider in seen:
        out = Path(options.learn)
        target = out if len(seen) == 1 else out.with_name(f"{out.stem}.{provider.name}{out.suffix}")
        learned = overlay(inspection.observed, provider, date, texts=options.with_texts)
        target.write_text(_written(learned, target), encoding="utf-8")
        say(f"kling-contract check-traffic: what was observed of {provider.title} is in {target}")
    if not seen:
        say("kling-contract check-traffic: nothing was observed, and no overlay written")


def _written(learned: dict[str, Any], target: Path) -> str:
    import json

    import yaml

    if target.suffix == ".json":
        return json.dumps(learned, indent=2, ensure_ascii=False, default=str) + "\n"
    return yaml.safe_dump(learned, sort_keys=False, allow_unicode=True, width=120)


def _verdict(inspection: Inspection, report: Report) -> int:
    if report.flaws:
        return WRONG_USE
    if report.violations:
        return BROKEN
    return FINE if inspection.judged else NOTHING
