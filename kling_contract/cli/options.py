"""The options of `serve`, each also read from KLINGMOCK_<OPTION>."""

from __future__ import annotations

import argparse
import datetime
import os
from typing import TYPE_CHECKING, Any

from kling_contract.errors import DocumentError

if TYPE_CHECKING:
    from mock_server.limits import Rates


def option(parser: argparse.ArgumentParser, flag: str, default: Any, metavar: str, text: str, kind: Any = str) -> None:
    """Add an option with a value; one whose default is an empty text may be given several times."""
    several = default == ""
    given = os.environ.get(_variable(flag)) or None
    start: Any = ([given] if several else given) if given is not None else ([] if several else default)
    action = "append" if several else "store"
    parser.add_argument(flag, type=kind, default=start, metavar=metavar, help=text, action=action)


def switch(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """Add an option without a value."""
    """Add an option without a value."""
    action = parser.add_argument(flag, action="store_true", default=os.environ.get(_variable(flag), "no"), help=text)
    # argparse reads a default that is a text as it would an argument.
    action.type = _truth


def _variable(flag: str) -> str:
    return "KLINGMOCK_" + flag.removeprefix("--").replace("-", "_").upper()


def read_port(text: str) -> int:
    """Return a port. Raises ArgumentTypeError, as all that follow."""
    """Read a port, 0 to 65535."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; accepted: 0 to 65535")
    return int(text)


def read_speed(text: str) -> float:
    """Return a speed, above 0."""
    """Read a speed above 0, at most a million."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; accepted: a number above 0, at most 1000000")
    return speed


def read_clock(text: str) -> str:
    """Return the mode of a clock."""
    """Read the name of a clock."""
    if text not in ("real", "frozen", "auto"):
        raise argparse.ArgumentTypeError(f"{text!r} is no clock; accepted: real, frozen, auto")
    return text


def read_epoch(text: str) -> int:
    """Return Unix ms of a number, or of a day or time in ISO 8601, which is UTC unless it says otherwise."""
    try:
        if text.isascii() and text.isdecimal() and len(text) < 16:
            return int(text)
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; accepted: Unix ms, or 2026-01-31T12:00:00") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp() * 1000)


def read_by(text: str) -> str:
    """Return by what a session is chosen."""
    """Read by what else a session is chosen."""
    if text != "key":
        raise argparse.ArgumentTypeError(f"{text!r} is no way to choose a session; accepted: key")
    return text


def _truth(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off", ""):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither yes nor no; accepted: 1, true, yes, on, 0, false, no, off"
        )
    return text.lower() in ("1", "true", "yes", "on")


def read_log_format(text: str) -> str:
    """Return a log format."""
    """Read the form of the log."""
    if text not in ("text", "json", "none"):
        raise argparse.ArgumentTypeError(f"{text!r} is no log format; accepted: text, json, none")
    return text


def rates(limits: list[str]) -> Rates:
    """Return limits that were written as `image=5`. Raises `DocumentError` for others."""
    """Return the limits that `--limit NAME=N` gives."""
    from mock_server.limits import Rates

    tasks: dict[str, int] = {}
    others: dict[str, float] = {}
    for name, number in map(_limit, limits):
        if name in ("image", "video"):
            tasks[name] = int(number)
        else:
            others[name] = number
    per_second = others.get("per-second")
    return Rates(tasks or None, others.get("balance"), None if per_second is None else int(per_second))


def _limit(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    known = name in ("image", "video", "balance", "per-second") and number.isascii() and number.isdecimal()
    if not known or len(number) > 9:
        accepted = "image=N, video=N, balance=N, per-second=N"
        raise DocumentError(f"--limit is {text!r}; accepted: {accepted}", file="serve")
    return name, float(number)
