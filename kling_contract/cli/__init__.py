"""The command line.

Exit codes: 0 fine, 1 the contract is broken or a finding is as bad as asked for, 2 wrong use or an unreadable document,
3 nothing could be judged, 4 stopped for safety, 5 the server is not there, 130 interrupted.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn

from kling_contract.cli import demo, diff, inspect, lint, log, probe, scenarios, serve, traffic, verify
from kling_contract.cli.arguments import FINE, INTERRUPTED, WRONG_USE, Parser, in_examples, load, say
from kling_contract.cli.streams import Output, standard
from kling_contract.errors import KlingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    with standard() as out:
        try:
            code = _run(arguments)
        except SystemExit as end:
            raise SystemExit(_final(int(end.code or FINE), out)) from None
        return _final(code, out)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return FINE
    except KlingError as error:
        say(f"kling-contract: {error}")
        return WRONG_USE
    except OSError as error:
        say(f"kling-contract: {error.filename}: {error.strerror}" if error.filename else f"kling-contract: {error}")
        return WRONG_USE


def _final(code: int, out: Output) -> int:
    """Return the exit code of a command, which wins over that of an output which could not be written."""
    out.flush()
    if out.failure is None or isinstance(out.failure, BrokenPipeError):  # a reader who has gone is no mistake
        return code
    say(f"kling-contract: standard output: {out.failure.strerror or out.failure}")
    return code or WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="kling-contract",
        description="Kling's API as each provider exposes it: a mock server, and checks against the contract.",
        epilog=in_examples(
            "kling-contract serve                                  a mock of CometAPI's Kling on port 4060",
            "kling-contract demo                                   the whole story, offline, in ten seconds",
            "kling-contract validate createImageToVideo body.json  is this body accepted?",
            "kling-contract operations --provider kling            what is there to call",
            "kling-contract probe --dry-run                        is the live service up? what would be asked",
            "kling-contract verify                                 does a server, or the mock, keep the contract?",
        ),
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (serve, demo, log, scenarios, probe, inspect, verify, traffic, lint, diff):
        module.add(commands)
    return parser


class _Version(argparse.Action):
    """The package's version, and each document's date."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="the version, and the date of each document")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        from kling_contract.documents import bundled

        print(f"kling-contract {version('kling-contract')}")
        for name in bundled():
            provider = load(name)
            print(f"{name} {provider.date} {provider.digest}")
        parser.exit()
