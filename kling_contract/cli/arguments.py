"""What every command shares: its parser, its exit codes, and how it speaks."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from kling_contract.cli.streams import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from kling_contract.documents import Provider

PROVIDER = "cometapi"
FINE, BROKEN, WRONG_USE, NOTHING, DOWN, INTERRUPTED = 0, 1, 2, 3, 5, 130


class Parser(argparse.ArgumentParser):
    """A parser whose complaints take one line, and whose examples stay as they were written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with exit code 2."""
        self.exit(WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_command(commands: Any, name: str, summary: str, *examples: str) -> argparse.ArgumentParser:
    """Add a command with its help; `examples` are whole command lines."""
    description = f"{summary[0].upper()}{summary[1:]}."
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=in_examples(*examples)
    )
    return parser


def add_provider(parser: argparse.ArgumentParser) -> None:
    """Add `--provider`."""
    parser.add_argument("--provider", metavar="P", default=PROVIDER, help=f"a bundled name, or a file ({PROVIDER})")


def by_commas(text: str) -> tuple[str, ...]:
    """Return the items of a list that is written with commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def number_of(text: str) -> float:
    """Return a number; 0 for a text that is none, so that whoever asks for more than 0 refuses it."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def above_zero(text: str, what: str, accepted: str, most: float) -> float:
    """Return a number above 0. Raises ArgumentTypeError, which says what it is to be."""
    number = number_of(text)
    if not 0 < number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}; accepted: {accepted} above 0, at most {most:.0f}")
    return number


def in_examples(*lines: str) -> str:
    """Return example command lines as they stand at the end of a help text."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def load(provider: str) -> Provider:
    """Return a provider; one that is not bundled is looked over as a whole."""
    from kling_contract.soundness import load as load_sound

    return load_sound(provider)


def missing_extra(error: ModuleNotFoundError, extra: str) -> int:
    """Say which extra brings the module that is missing."""
    say(f"kling-contract: this needs {error.name}; install it with: pip install 'kling-contract[{extra}]'")
    return WRONG_USE


def say(text: str) -> None:
    """Print to standard error."""
    print(text, file=sys.stderr, flush=True)


def is_done(place: str, output: Callable[[], object]) -> bool:
    """Write something, and return whether that could be done; why not is said, with the place."""
    try:
        output()
    except OSError as error:
        say(f"kling-contract: {error.filename or place}: {error.strerror or error}")
        return False
    return True


def print_json(value: Any) -> None:
    """Print JSON for machines to standard output."""
    print(escaped(json.dumps(value, indent=2, ensure_ascii=False, default=str), "json"))
