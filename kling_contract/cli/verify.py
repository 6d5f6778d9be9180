"""`verify`: does a server keep the contract? Its tasks, refusals and callbacks, and what Schemathesis finds."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import (
    BROKEN,
    DOWN,
    FINE,
    NOTHING,
    WRONG_USE,
    above_zero,
    add_command,
    add_provider,
    by_commas,
    is_done,
    load,
    missing_extra,
    say,
)
from kling_contract.cli.streams import LANGUAGES, escaped, is_coloured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kling_contract.documents import Provider
    from kling_contract.verify.conformance import Settings, Verification

KEY = "KLING_API_KEY"
EXAMPLES, THOROUGH = 20, 200
_LIVES = {EXAMPLES: 3, THOROUGH: 10}
_IN_PROCESS, _ELSEWHERE = (0.0, 30.0), (0.2, 120.0)  # seconds between looks, and until a task must have ended
FORMATS = ("text", "json", "junit", "har")
_PAYS = (
    "is not on this machine, and everything that is accepted there makes a task that somebody pays for, bodies that"
    " should be refused too; say --i-pay-for-this-server if that is you"
)

_EPILOG = """exit codes: 0 fine, 1 the contract is broken, 2 wrong use, 3 nothing could be judged, 5 the server is down

"""


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of examples; accepted: 1 to 100000")
    return int(text)


def _seconds(text: str) -> float:
    return above_zero(text, "time", "seconds", 86_400)


def _reports(text: str) -> dict[str, str | None]:
    reports = {}
    for each in by_commas(text):
        name, _, file = each.partition("=")
        if name not in FORMATS:
            raise argparse.ArgumentTypeError(f"{name!r} is no report; accepted: {', '.join(FORMATS)}, as in json=FILE")
        reports[name] = file or None
    return reports


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract verify                                           our own mock of CometAPI",
        "kling-contract verify --base-url http://127.0.0.1:8080 --provider anyapi    your fake of AnyAPI",
        "kling-contract verify --base-url http://fake:8080 --operations createImageToVideo --report text,junit",
    )
    parser = add_command(commands, "verify", "hold a server of your own against the contract", *examples)
    parser.epilog = _EPILOG + str(parser.epilog)
    add_provider(parser)
    options: dict[str, tuple[str, str, Callable[[str], Any], Any]] = {
        "--base-url": ("URL", "the server (our mock, in this process)", str, None),
        "--api-key": ("K", f"the key that the server takes ({KEY}, else `verify`)", str, None),
        "--operations": ("NAMES", "look at these operationIds only, by commas", by_commas, ()),
        "--open": ("NAMES", "operationIds that are served although the document says otherwise", by_commas, ()),
        "--seed": ("N", "decides what is drawn (0)", int, 0),
        "--examples": ("N", f"how many bodies of each kind are drawn ({EXAMPLES})", _number, None),
        "--patience": ("S", "seconds until a task must have ended (120; 30 for our mock)", _seconds, None),
        "--report": ("LIST", f"{', '.join(FORMATS)}; har=FILE names a file, - is the output", _reports, {"text": None}),
    }
    for flag, (metavar, text, kind, default) in options.items():
        parser.add_argument(flag, metavar=metavar, help=text, type=kind, default=default)
    parser.add_argument("--thorough", action="store_true", help=f"draw {THOROUGH} bodies of each kind")
    parser.add_argument("--no-schemathesis", action="store_true", help="leave out what Schemathesis looks at")
    parser.add_argument("--no-callbacks", action="store_true", help="leave out callbacks")
    parser.add_argument("--i-pay-for-this-server", action="store_true", help="ask a server beyond this machine")
    parser.set_defaults(command=verify)


def verify(options: argparse.Namespace) -> int:
    """Verify a server, and report."""
    try:
        import hypothesis  # noqa: F401 - the extra is there, or it is named

        if not options.no_schemathesis:
            import schemathesis  # noqa: F401
    except ModuleNotFoundError as error:
        return missing_extra(error, "verify")
    provider = load(options.provider)
    if wrong := _wrong_use(options, provider):
        say(f"kling-contract verify: {wrong}")
        return WRONG_USE
    from kling_contract.verify.conformance import Down
    from kling_contract.verify.conformance import verify as verify_server

    try:
        with _server(options, provider) as url:
            verification = verify_server(provider, url, _settings(options), progress=_progress())
    except Down as error:
        say(f"kling-contract verify: {error}")
        return DOWN
    except ModuleNotFoundError as error:
        return missing_extra(error, "mock")
    verification.again = _again(options)
    is_whole = _write(options, verification)
    code = BROKEN if verification.failures else FINE if verification.judged else NOTHING
    return code or (FINE if is_whole else WRONG_USE)


def _wrong_use(options: argparse.Namespace, provider: Provider) -> str | None:
    from kling_contract.verify.conformance.hosts import address, is_here
    from kling_contract.wording import did_you_mean

    for name in (*options.operations, *options.open):
        if name not in provider.operations:
            hint = did_you_mean(name, provider.operations)
            accepted = ", ".join(provider.operations)
            return f"{provider.title} has no operation {name!r}; accepted: {accepted}" + (f"; {hint}" if hint else "")
    for file in filter(None, options.report.values()):
        if file != "-" and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
            return f"--report: {file} cannot be written; accepted: a file in a folder that is there"
    if options.base_url is None:
        return None
    try:
        options.base_url = address(options.base_url)
    except ValueError as error:
        return f"--base-url: {error}"
    if options.i_pay_for_this_server or is_here(options.base_url):
        return None
    return f"{options.base_url} {_PAYS}"


def _settings(options: argparse.Namespace) -> Settings:
    from kling_contract.verify.conformance import Settings
    from kling_contract.verify.conformance.hosts import is_here

    poll, patience = _IN_PROCESS if options.base_url is None else _ELSEWHERE
    near = options.base_url is None or is_here(options.base_url)
    return Settings(
        api_key=_key(options),
        seed=options.seed,
        examples=_examples(options),
        lives=_LIVES[THOROUGH if options.thorough else EXAMPLES],
        poll=poll,
        patience=options.patience or patience,
        callbacks=near and not options.no_callbacks,
        schemathesis=not options.no_schemathesis,
        operations=options.operations,
        opened=frozenset(options.open),
    )


def _key(options: argparse.Namespace) -> str:
    return str(options.api_key or os.environ.get(KEY) or "verify")


def _examples(options: argparse.Namespace) -> int:
    return int(options.examples or (THOROUGH if options.thorough else EXAMPLES))


@contextlib.contextmanager
def _server(options: argparse.Namespace, provider: Provider) -> Iterator[str]:
    """Run the mock, unless there is another server."""
    if options.base_url is not None:
        yield options.base_url
        return
    import logging

    from mock_server.server import MockServer

    # Schemathesis sends what is no HTTP, to see what comes; there is nothing to be told about that.
    log = logging.getLogger("uvicorn.error")
    level = log.level
    log.setLevel(logging.CRITICAL)
    keys, opened = frozenset({_key(options)}), frozenset(options.open)
    try:
        with MockServer(provider=provider, clock="auto", keys=keys, opened=opened, seed=options.seed) as server:
            yield server.url
    finally:
        log.setLevel(level)


def _again(options: argparse.Namespace) -> str:
    """Return the command that does the same; the key is left to the environment."""
    words = ["kling-contract", "verify", "--provider", options.provider, "--seed", str(options.seed)]
    words += ["--examples", str(_examples(options))]
    words += ["--base-url", options.base_url] if options.base_url else []
    for flag, names in (("--operations", options.operations), ("--open", options.open)):
        words += [flag, ",".join(names)] if names else []
    for flag in ("thorough", "no_schemathesis", "no_callbacks", "i_pay_for_this_server"):
        words += [f"--{flag.replace('_', '-')}"] if getattr(options, flag) else []
    return shlex.join(words)


def _write(options: argparse.Namespace, verification: Verification) -> bool:
    """Print reports, and write the others to their files; return whether all of it could be written."""
    from kling_contract.verify.conformance.reports import FORMATS

    done = []
    for name, given in options.report.items():
        form = FORMATS[name]
        file = given or form.file or "-"
        if file == "-":
            _print(name, form.render, verification)
        else:
            done.append(is_done(file, partial(_write_file, name, file, form.render, verification)))
    return all(done)


def _print(name: str, render: Callable[[Verification], str], verification: Verification) -> None:
    from kling_contract.verify.conformance.reports import text

    shown = text.render(verification, coloured=is_coloured()) if name == "text" else render(verification)
    print(escaped(shown, LANGUAGES.get(name)), end="", flush=True)


def _write_file(name: str, file: str, render: Callable[[Verification], str], verification: Verification) -> None:
    Path(file).write_text(render(verification), encoding="utf-8", errors="backslashreplace")
    say(f"kling-contract verify: the report {name} is in {file}")


def _progress() -> Callable[[str], None]:
    """Return what tells a person at a terminal, and nobody else, what is being looked at; an empty text wipes it."""

    def tell(part: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{part}", end="", file=sys.stderr, flush=True)

    return tell
