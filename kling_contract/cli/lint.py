"""`lint`: what a reader of a document wants to be told, with its place in the file."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import BROKEN, FINE, WRONG_USE, add_command, load, print_json, say
from kling_contract.cli.streams import is_coloured
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from kling_contract.verify.lint import Finding

_OFFICIAL = "kling"
_COLOURS = {"error": "31", "warning": "33", "note": "36"}


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract lint                                       all bundled documents",
        "kling-contract lint ./acme.yaml --fail-on error",
        "kling-contract lint cometapi --only 'default.*' --json",
    )
    parser = add_command(commands, "lint", "tell what is wrong in documents beyond their syntax", *examples)
    parser.add_argument("documents", nargs="*", metavar="DOCUMENT", help="a bundled provider, or a file (all bundled)")
    parser.add_argument("--json", action="store_true", help='print {"findings": [...], "unexpected": n}')
    parser.add_argument("--fail-on", choices=("note", "warning", "error"), default="warning",
                        help="exit with 1 for findings at least as bad that no document records (warning)")  # fmt: skip
    for option, what in (("--only", "report only"), ("--ignore", "do not report")):
        parser.add_argument(option, action="append", metavar="ID", help=f"{what} these findings; * stands for any")
    parser.set_defaults(command=lint)


def lint(options: argparse.Namespace) -> int:
    """Print the findings about documents."""
    try:
        from kling_contract.verify.lint import KINDS
    except ImportError as error:
        say(f"kling-contract: {error}")
        return WRONG_USE
    for pattern in (*(options.only or ()), *(options.ignore or ())):
        if not any(fnmatchcase(each, pattern) for each in KINDS):
            raise KlingError(_unknown(pattern, KINDS))
    found = [each for each in _found(options.documents) if _is_asked(each, options)]
    unexpected = [each for each in found if each.recorded is None]
    if options.json:
        print_json({"findings": [each.as_dict() for each in found], "unexpected": len(unexpected)})
    else:
        _print(found, len(unexpected))
    return BROKEN if any(each.reaches(options.fail_on) for each in unexpected) else FINE


def _found(names: Sequence[str]) -> list[Finding]:
    from kling_contract.documents import bundled
    from kling_contract.verify.lint import lint as lint_one
    from kling_contract.verify.lint import once

    providers = [load(name) for name in names or bundled()]
    return once(finding for each in providers for finding in lint_one(each, load(_OFFICIAL)))


def _is_asked(finding: Finding, options: argparse.Namespace) -> bool:
    def matches(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(finding.id, pattern) for pattern in patterns)

    return (not options.only or matches(options.only)) and not matches(options.ignore or ())


def _unknown(pattern: str, known: Iterable[str]) -> str:
    from kling_contract.wording import did_you_mean

    groups = sorted({each.partition(".")[0] + ".*" for each in known})
    hint = did_you_mean(pattern, known)
    return f"no finding {pattern!r}; accepted: the ids of docs/lint.md, or {', '.join(groups)}" + (
        f"; {hint}" if hint else ""
    )


def _print(findings: Sequence[Finding], unexpected: int) -> None:
    from kling_contract.wording import counted

    colours = is_coloured()
    for each in findings:
        severity = each.kind.severity
        shown = f"\033[{_COLOURS[severity]}m{severity}\033[0m" if colours else severity
        print(f"{each.id} {shown} {_near(each.file)}:{each.line} {each.operation or '-'} {each.pointer}")
        print(f"  {each.message}\n  why: {each.kind.why}\n  hint: {each.kind.hint}")
        print(f"  recorded: {each.recorded}\n" if each.recorded is not None else "")
    told = "all recorded" if not unexpected else f"{unexpected} of them not recorded"
    if len(findings) == 1:
        told = "not recorded" if unexpected else "recorded"
    print(f"{counted(len(findings), 'finding')}, {told}" if findings else "no findings")


def _near(file: str) -> str:
    """Return a path as it is seen from here, where it is below."""
    path, here = Path(file).resolve(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file
