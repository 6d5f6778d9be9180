"""The options of `serve`, each also read from KLINGMOCK_<OPTION>."""

from __future__ import annotations

import argparse
import datetime
import os
import re
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import PROVIDER, above_zero
from kling_contract.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.limits import Rates

_SIZE = re.compile(r"([0-9]{1,12}) ?(?:([KMG])i?)?B?", re.IGNORECASE)


def option(parser: argparse.ArgumentParser, flag: str, default: Any, metavar: str, text: str, kind: Any = str) -> None:
    """Add an option with a value; one whose default is an empty text may be given several times."""
    several = default == ""
    given = os.environ.get(_variable(flag)) or None
    start: Any = ([given] if several else given) if given is not None else ([] if several else default)
    action = "append" if several else "store"
    parser.add_argument(flag, type=kind, default=start, metavar=metavar, help=text, action=action)


def switch(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """Add an option without a value."""
    action = parser.add_argument(flag, action="store_true", default=os.environ.get(_variable(flag), "no"), help=text)
    # argparse reads a default that is a text as it would an argument.
    action.type = _truth


def _variable(flag: str) -> str:
    return "KLINGMOCK_" + flag.removeprefix("--").replace("-", "_").upper()


def read_port(text: str) -> int:
    """Return a port. Raises ArgumentTypeError, as all that follow."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; accepted: 0 to 65535")
    return int(text)


def read_seed(text: str) -> int:
    """Return a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no seed; accepted: a whole number") from None


def read_speed(text: str) -> float:
    """Return a speed, above 0."""
    return above_zero(text, "speed", "a number", 1e6)


def read_clock(text: str) -> str:
    """Return the mode of a clock."""
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
    if text not in ("text", "json", "none"):
        raise argparse.ArgumentTypeError(f"{text!r} is no log format; accepted: text, json, none")
    return text


def read_size(text: str) -> int:
    """Return bytes of a number with a unit: KB, MB and GB are 1024 of each other, as in `64MB`; bytes without one."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size; accepted: a whole number of bytes, KB, MB or GB, as 64MB"
        )
    return int(found[1]) << 10 * " KMG".index((found[2] or " ").upper())


def read_seconds(text: str) -> float:
    """Return real seconds, above 0 and at most 60."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no time limit; accepted: seconds above 0, at most 60")
    return seconds


def read_count(text: str) -> int:
    """Return how many there may be, at least one."""
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tasks; accepted: 1 to 999999999")
    return int(text)


def read_patience(text: str) -> float:
    """Return real seconds, above 0 and at most an hour."""
    return above_zero(text, "time limit", "seconds", 3600)


def read_retries(text: str) -> tuple[float, ...]:
    """Return the seconds before each further attempt, written as `5,30,120`; `none` are no further ones."""
    try:
        retries = () if text == "none" else tuple(float(each) for each in text.split(","))
    except ValueError:
        retries = (-1.0,)
    if not all(0 <= each <= 2_592_000 for each in retries) or len(retries) > 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no schedule; accepted: at most 20 seconds as in 5,30,120; none")
    return retries


def origins(pairs: list[str]) -> dict[str, str]:
    """Return origins that were written as `https://app.example.com=http://web:8000`. Raises `DocumentError`."""
    from mock_server.outward.origins import origin_of

    found = {}
    for pair in pairs:
        said, _, called = pair.partition("=")
        try:
            _ = origin_of(said), origin_of(called)
        except ValueError as error:
            example = "https://app.example.com=http://web:8000"
            raise DocumentError(f"--callback-map: {error}; as in {example}", file="serve") from None
        found[said] = called
    return found


def hosts(flag: str, values: list[str]) -> tuple[str, ...]:
    """Return host names, addresses and networks that a flag allows. Raises `DocumentError` for others."""
    from mock_server.outward import Reach

    try:
        Reach(values, flag=flag)
    except ValueError as error:
        raise DocumentError(str(error), file="serve") from None
    return tuple(values)


def rates(limits: list[str]) -> Rates:
    """Return limits that were written as `image=5`. Raises `DocumentError` for others."""
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


# Flag, default, what stands for the value, what it does, and how the value is read (as a text, unless said).
OPTIONS: Sequence[tuple[Any, ...]] = (
    ("--provider", PROVIDER, "P", f"a bundled name, or an OpenAPI file ({PROVIDER})"),
    ("--host", "127.0.0.1", "H", "the address to listen on; beyond this machine, see docs/security.md (127.0.0.1)"),
    ("--port", 4060, "N", "the port to listen on; 0 takes a free one (4060)", read_port),
    ("--speed", 60.0, "X", "seconds of a task's life that pass in a real second (60)", read_speed),
    ("--clock", "real", "C", "real, frozen (moves when told) or auto (moves by polls) (real)", read_clock),
    ("--epoch", None, "T", "when frozen and auto clocks start: Unix ms or 2026-01-31 (today)", read_epoch),
    ("--scenario", None, "S", "how tasks end, as `kling-contract scenarios` lists (succeed)"),
    ("--session-by", None, "HOW", "key: each API key has its own session (one for all)", read_by),
    ("--limit", "", "L", "image=N or video=N in flight, balance=UNITS, per-second=N; repeatable (none)"),
    ("--seed", 0, "N", "decides ids, times and chance (0)", read_seed),
    ("--open", "", "OP", "serve an operation that the provider documents and does not; repeatable or a,b"),
    ("--api-key", "", "K", "accept this key only; repeatable or a,b (any well-formed one)"),
    ("--access-key", "", "A", "accept HS256 tokens of this access key; with --secret-key"),
    ("--secret-key", "", "S", "the secret of --access-key"),
    ("--public-url", "", "U", "the origin of result URLs (that of the request)"),
    (
        "--callback-to",
        "",
        "HOST",
        "a name, address or network that callbacks may go to; repeatable (this machine; with another --host nowhere)",
    ),
    ("--callback-map", "", "FROM=TO", "call another origin than the one in the body; repeatable"),
    ("--callback-secret", "", "W", "sign callbacks by whsec_...; twice while one replaces the other (unsigned)"),
    ("--callback-retries", None, "S,S", "seconds before each retry, or none (as the document says)", read_retries),
    ("--callback-timeout", None, "S", "real seconds that a receiver has (as the document says)", read_seconds),
    (
        "--fetch-from",
        "",
        "HOST",
        "where images given by URL may be fetched from; * leaves this machine out; repeatable or a,b (nowhere)",
    ),
    (
        "--keep-inputs",
        "8MB",
        "SIZE",
        "how much is kept of images in requests, to draw results from: 64MB, 500KB, 0 (8MB)",
        read_size,
    ),
    ("--keep-tasks", 500_000, "N", "how many tasks all sessions keep; the oldest go first (500000)", read_count),
    ("--keep-journals", "256MB", "SIZE", "how much is kept of all journals in memory (256MB)", read_size),
    (
        "--read-timeout",
        30.0,
        "S",
        "real seconds that a head or body may take to arrive (30)",
        read_patience,
    ),
    ("--log-format", "text", "F", "text, json or none, on standard error (text)", read_log_format),
    ("--journal", None, "FILE", "append each exchange to a file, as JSON lines without secrets"),
)
SWITCHES: Sequence[tuple[str, str]] = (
    ("--lenient", "accept bodies that break the contract, with notes"),
    ("--refuse-retired", "refuse models that were retired officially (noted otherwise)"),
    ("--fail-on-violation", "exit with 1 if a request broke the contract"),
)
