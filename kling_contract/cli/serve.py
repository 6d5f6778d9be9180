"""`serve`: the mock on a port, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

from kling_contract.cli.arguments import BROKEN, FINE, PROVIDER, WRONG_USE, add_command, load, missing_extra, say
from kling_contract.errors import DocumentError

if TYPE_CHECKING:
    from kling_contract.documents import Operation, Provider
    from mock_server.sessions import Sessions

_PARAMETER = re.compile(r"\{[^}]*\}")

_EXAMPLES = (
    "kling-contract serve                                     CometAPI's Kling, a minute passing in a second",
    "kling-contract serve --provider anyapi --port 0          another provider, on a free port",
    "kling-contract serve --provider ./acme.yaml --speed 1    your own document, in real time",
    "kling-contract serve --open createImageExpansion         a route that answers 404 in reality",
)


def add(commands: Any) -> None:
    """Add the command. Each option is also read from KLINGMOCK_<OPTION>."""
    summary = "run the mock server; `ready http://HOST:PORT` on standard output says when"
    parser = add_command(commands, "serve", summary, *_EXAMPLES)
    _option(parser, "--provider", PROVIDER, "P", f"a bundled name, or an OpenAPI file ({PROVIDER})")
    _option(parser, "--host", "127.0.0.1", "H", "the address to listen on (127.0.0.1)")
    _option(parser, "--port", 4060, "N", "the port to listen on; 0 takes a free one (4060)", kind=_port)
    _option(parser, "--speed", 60.0, "X", "seconds of a task's life that pass in a real second (60)", kind=_speed)
    _option(parser, "--seed", 0, "N", "decides ids and request ids (0)", kind=int)
    _option(
        parser, "--open", "", "OP", "serve an operation that the provider documents and does not; repeatable or a,b"
    )
    _option(parser, "--api-key", "", "K", "accept this key only; repeatable or a,b (any well-formed one)")
    _option(parser, "--access-key", "", "A", "accept HS256 tokens of this access key; with --secret-key")
    _option(parser, "--secret-key", "", "S", "the secret of --access-key")
    _option(parser, "--public-url", "", "U", "the origin of result URLs (that of the request)")
    _option(parser, "--log-format", "text", "F", "text, json or none, on standard error (text)", kind=_log_format)
    _switch(parser, "--lenient", "accept bodies that break the contract, with notes")
    _switch(parser, "--refuse-retired", "refuse models that were retired officially (noted otherwise)")
    _switch(parser, "--fail-on-violation", "exit with 1 if a request broke the contract")
    parser.set_defaults(command=serve)


def _option(parser: argparse.ArgumentParser, flag: str, default: Any, metavar: str, text: str, kind: Any = str) -> None:
    """Add an option with a value; one whose default is an empty text may be given several times."""
    several = default == ""
    given = os.environ.get(_variable(flag)) or None
    start: Any = ([given] if several else given) if given is not None else ([] if several else default)
    action = "append" if several else "store"
    parser.add_argument(flag, type=kind, default=start, metavar=metavar, help=text, action=action)


def _switch(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    action = parser.add_argument(flag, action="store_true", default=os.environ.get(_variable(flag), "no"), help=text)
    # argparse reads a default that is a text as it would an argument.
    action.type = _truth


def _variable(flag: str) -> str:
    return "KLINGMOCK_" + flag.removeprefix("--").replace("-", "_").upper()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; accepted: 0 to 65535")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; accepted: a number above 0, at most 1000000")
    return speed


def _truth(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off", ""):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither yes nor no; accepted: 1, true, yes, on, 0, false, no, off"
        )
    return text.lower() in ("1", "true", "yes", "on")


def _log_format(text: str) -> str:
    if text not in ("text", "json", "none"):
        raise argparse.ArgumentTypeError(f"{text!r} is no log format; accepted: text, json, none")
    return text


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        from mock_server.app import create_app
        from mock_server.log import Log, summary
        from mock_server.server import bind, run, url_of
        from mock_server.settings import Settings
    except ModuleNotFoundError as error:
        return missing_extra(error, "mock")
    log = None if options.log_format == "none" else Log(sys.stderr, form=options.log_format)
    app = create_app(Settings(**_settings(options)), observe=log)
    mock = app.state.mock
    unknown = [name for name in _listed(options.open) if name not in mock.addresses.root.provider.operations]
    if unknown:
        raise DocumentError(f"--open: no operation {unknown[0]!r}", file=options.provider)
    try:
        listening = bind(options.host, options.port)
    except (OSError, UnicodeError) as error:
        # The socket module adds the address in brackets, which is named already.
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        say(f"kling-contract serve: cannot listen on {options.host}:{options.port}: {reason}")
        return WRONG_USE
    url = url_of(listening)
    run(app, listening, lambda: _greet(url, options, mock.addresses.root.provider))
    if log is not None:
        log.flush()
    for line in summary(mock.sessions):
        say(line)
    return BROKEN if options.fail_on_violation and _broken(mock.sessions) else FINE


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    access, secret = _listed(options.access_key), _listed(options.secret_key)
    if len(access) != len(secret):
        raise DocumentError("--access-key and --secret-key go together", file="serve")
    return {
        "provider": load(options.provider),
        "seed": int(options.seed),
        "speed": float(options.speed),
        "opened": frozenset(_listed(options.open)),
        "keys": frozenset(_listed(options.api_key)),
        "secrets": dict(zip(access, secret, strict=True)),
        "lenient": options.lenient,
        "refuse_retired": options.refuse_retired,
        "public_url": _origin(options.public_url),
    }


def _origin(values: list[str]) -> str | None:
    if not values:
        return None
    if not values[-1].startswith(("http://", "https://")):
        raise DocumentError(f"--public-url is {values[-1]!r}; accepted: http(s)://host", file="serve")
    return values[-1].rstrip("/")


def _listed(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _greet(url: str, options: argparse.Namespace, provider: Provider) -> None:
    """Print the ready line, and for people a call to paste."""
    print(f"ready {url}", flush=True)
    pace = f"a minute of a task's life takes {60 / options.speed:g} s (--speed {options.speed:g})"
    say(f"{provider.title} as of {provider.date}; {pace}")
    create = next((each for each in provider.operations.values() if _is_usable(each, options)), None)
    if create is not None:
        say("\n".join(["try:", *_curls(url, provider, create, guarded=_is_guarded(options))]))


def _curls(url: str, provider: Provider, create: Operation, *, guarded: bool) -> list[str]:
    """Return lines to paste: a call that makes a task, and one that asks for it."""
    key = '-H "Authorization: Bearer $KLING_API_KEY"' if guarded else "-H 'Authorization: Bearer test'"
    body = shlex.quote(json.dumps(next(iter(create.examples.values())), ensure_ascii=False))
    lines = [
        f"  curl -s {shlex.quote(url + create.path)} {key} -H 'Content-Type: application/json' \\",
        f"    -d {body}",
    ]
    get = provider.sibling(create, "get")
    if get is not None:
        lines.append(f"  curl -s {shlex.quote(url + _PARAMETER.sub('TASK_ID', get.path))} {key}")
    return lines


def _is_guarded(options: argparse.Namespace) -> bool:
    return bool(_listed(options.api_key) or _listed(options.access_key))


def _is_usable(operation: Operation, options: argparse.Namespace) -> bool:
    served = operation.availability.state != "unavailable" or operation.id in _listed(options.open)
    return operation.kind == "create" and bool(operation.examples) and served


def _broken(sessions: Sessions) -> bool:
    return any(session.journal.refused for session in sessions)
