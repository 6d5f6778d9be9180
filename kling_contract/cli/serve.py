"""`serve`: the mock on a port, until it is told to stop."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from kling_contract.auth import sign
from kling_contract.cli.arguments import BROKEN, FINE, WRONG_USE, add_command, load, missing_extra, say
from kling_contract.cli.options import OPTIONS, SWITCHES, hosts, option, origins, rates, switch
from kling_contract.clock import RealClock
from kling_contract.errors import DocumentError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from kling_contract.cli.reporting import Reports
    from kling_contract.documents import Operation, Provider
    from mock_server.sessions import Sessions

TOKEN = "KLINGMOCK_ADMIN_TOKEN"
_TOKEN = "KLING_TOKEN"
_PARAMETER = re.compile(r"\{[^}]*\}")

_STANDING = {
    "frozen": "time stands still until admin lets it pass (--clock frozen)",
    "auto": "time passes by polling, and a poll ends a task (--clock auto)",
}
_EXPOSED = "this server listens beyond this machine; whoever reaches it"

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
    for each in OPTIONS:
        option(parser, *each)
    for flag, text in SWITCHES:
        switch(parser, flag, text)
    parser.set_defaults(command=serve)


def serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        import mock_server.server  # noqa: F401 - the extra is there, or it is named
        from kling_contract.cli.reporting import reports
    except ModuleNotFoundError as error:
        return missing_extra(error, "mock")
    with contextlib.ExitStack() as files:
        return _serve(options, reports(options.log_format, options.journal, files))


def _serve(options: argparse.Namespace, told: Reports) -> int:
    from mock_server.app import create_app
    from mock_server.log import summary
    from mock_server.server import bind, run, url_of
    from mock_server.settings import Settings

    app = create_app(Settings(**_settings(options)), watcher=told)
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
    for line in summary(mock.sessions):
        told.say(line)
    return BROKEN if options.fail_on_violation and _broken(mock.sessions) else FINE


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    access, secret = _listed(options.access_key), _listed(options.secret_key)
    _check_credentials(options.api_key, [*access, *secret])
    if len(access) != len(secret):
        raise DocumentError("--access-key and --secret-key go together", file="serve")
    provider = load(options.provider)
    if options.scenario is not None and options.scenario not in provider.scenarios:
        accepted = ", ".join(provider.scenarios)
        raise DocumentError(f"--scenario: no {options.scenario!r}; accepted: {accepted}", file="serve")
    return {
        "provider": provider,
        "seed": int(options.seed),
        "speed": float(options.speed),
        "opened": frozenset(_listed(options.open)),
        "keys": frozenset(_listed(options.api_key)),
        "secrets": dict(zip(access, secret, strict=True)),
        "lenient": options.lenient,
        "refuse_retired": options.refuse_retired,
        "public_url": _origin(options.public_url),
        "clock": options.clock,
        "epoch": options.epoch,
        "scenario": options.scenario,
        "session_by": options.session_by,
        "rates": rates(_listed(options.limit)),
        "callback_to": hosts("--callback-to", _listed(options.callback_to)),
        "callback_map": origins(_listed(options.callback_map)),
        "callback_secrets": _secrets(options),
        "callback_retries": options.callback_retries,
        "callback_timeout": options.callback_timeout,
        "kept_inputs": options.keep_inputs,
        "kept_tasks": options.keep_tasks,
        "kept_journals": options.keep_journals,
        "read_timeout": options.read_timeout,
        "fetch_from": hosts("--fetch-from", _listed(options.fetch_from)),
        "admin_token": os.environ.get(TOKEN) or None,
        "exposed": _is_exposed(options.host),
    }


def _check_credentials(keys: list[str], secrets: list[str]) -> None:
    """Raise `DocumentError` for what no client could send; nothing of it is shown."""
    from mock_server.guard import check_sendable

    try:
        check_sendable(TOKEN, os.environ.get(TOKEN, ""), spaced=True)
        for key in _listed(keys):
            check_sendable("--api-key", key)
        for secret in secrets:
            secret.encode()
    except UnicodeError:
        raise DocumentError("--access-key or --secret-key is no UTF-8; accepted: any text", file="serve") from None
    except ValueError as error:
        raise DocumentError(str(error), file="serve") from None


def _secrets(options: argparse.Namespace) -> tuple[str, ...]:
    from kling_contract.signatures import check_secret

    secrets = tuple(_listed(options.callback_secret))
    for secret in secrets:
        check_secret(secret)
    return secrets


def _is_exposed(host: str) -> bool:
    from mock_server.guard import is_loopback

    return not is_loopback(host)


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
    from mock_server.stand_ins import missing_extra as missing_media

    print(f"ready {url}", flush=True)
    pace = f"a minute of a task's life takes {60 / options.speed:g} s (--speed {options.speed:g})"
    say(f"{provider.title} as of {provider.date}; {pace if options.clock == 'real' else _STANDING[options.clock]}")
    if _is_exposed(options.host):
        say("\n".join([_EXPOSED, *(f"  {line}" for line in _reachable(options, provider))]))
    if (missing := missing_media()) is not None:
        say(missing)
    usable = (each for each in provider.operations.values() if _is_usable(each, options))
    create = min(usable, key=lambda each: len(_example(each)), default=None)
    if create is not None:
        key = _credential(options, provider)
        how = f"try, with an HS256 token of the access key in {_TOKEN}:" if f"${_TOKEN}" in key else "try:"
        say("\n".join([how, *_curls(url, provider, create, key)]))


def _reachable(options: argparse.Namespace, provider: Provider) -> Iterator[str]:
    """Yield what those may do who reach a server from elsewhere."""
    keys = _listed(options.api_key) or _listed(options.access_key)
    credential = "a credential that you gave" if keys else "any credential, since no --api-key says which is good"
    if not (keys or provider.auth.asks):
        credential = "no credential"
    yield f"creates tasks and asks for them, with {credential}"
    yield "opens the files of results, and posts to inboxes, /__inbox/NAME, with none"
    mapped = [each.partition("=")[2] for each in _listed(options.callback_map)]
    called = ", ".join([*_listed(options.callback_to), *mapped])
    yield f"has callbacks sent to {called or 'inboxes alone; --callback-to HOST allows more, also of this machine'}"
    if options.fetch_from:
        yield f"has images fetched from {', '.join(_listed(options.fetch_from))}"
    if os.environ.get(TOKEN):
        yield f"uses admin, /__admin, with the token of {TOKEN} alone"
    else:
        yield f"does not use admin, /__admin, which answers 403 while {TOKEN} is not set"


def _curls(url: str, provider: Provider, create: Operation, key: str) -> list[str]:
    """Return lines to paste: a call that makes a task, and one that asks for it."""
    body = shlex.quote(_example(create))
    lines = [
        f"  curl -s {shlex.quote(url + create.path)}{key} -H 'Content-Type: application/json' \\",
        f"    -d {body}",
    ]
    get = provider.sibling(create, "get")
    if get is not None:
        lines.append(f"  curl -s {shlex.quote(url + _PARAMETER.sub('TASK_ID', get.path))}{key}")
    return lines


def _credential(options: argparse.Namespace, provider: Provider) -> str:
    """Return the option of curl with a credential that is taken, never one that was given; "" if none is asked for."""
    auth = provider.auth
    if _listed(options.api_key):
        return ' -H "Authorization: Bearer $KLING_API_KEY"'
    if _listed(options.access_key):
        return f' -H "Authorization: Bearer ${_TOKEN}"'
    if not auth.asks:
        return ""
    made = "test" if auth.key else sign("test", "test", RealClock().now(), lifetime=auth.lifetime, early=auth.early)
    return f" -H 'Authorization: Bearer {made}'"


def _example(operation: Operation) -> str:
    return json.dumps(next(iter(operation.examples.values())), ensure_ascii=False)


def _is_usable(operation: Operation, options: argparse.Namespace) -> bool:
    served = operation.availability.state != "unavailable" or operation.id in _listed(options.open)
    return operation.kind == "create" and bool(operation.examples) and served


def _broken(sessions: Sessions) -> bool:
    return any(session.journal.refused for session in sessions)
