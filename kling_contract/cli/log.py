"""`log`: the journal of a running mock in a terminal, as it is or as it grows."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kling_contract.cli.arguments import DOWN, FINE, WRONG_USE, add_command, missing_extra, say
from kling_contract.cli.streams import escaped, is_coloured, is_read

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import httpx

    from kling_contract.clock import Clock

    Show = Callable[[Mapping[str, Any]], None]

_URL = "http://127.0.0.1:4060"
_PATIENCE = 45.0  # seconds without a sign of life, three of which the server gives in that time
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_MOST_TRIES = 30


def add(commands: Any) -> None:
    """Add the command."""
    examples = (
        "kling-contract log --follow                     every exchange of a running mock, as it happens",
        "kling-contract log --session a --json | jq      what one session was asked",
    )
    parser = add_command(commands, "log", "show the journal of a running mock", *examples)
    parser.add_argument("--follow", action="store_true", help="go on as exchanges come; of all sessions, unless named")
    parser.add_argument("--session", metavar="NAME", help="the session (default; with --follow: all)")
    parser.add_argument("--url", metavar="URL", default=_URL, help=f"the server ({_URL})")
    parser.add_argument("--json", action="store_true", help="print JSON lines, with headers and bodies")
    parser.set_defaults(command=log)


def log(options: argparse.Namespace) -> int:
    """Print the journal; following it ends with the server, or by Ctrl-C."""
    try:
        from mock_server.log import delivery_text, text
    except ModuleNotFoundError as error:
        return missing_extra(error, "mock")
    coloured = is_coloured()

    def show(shown: Mapping[str, Any]) -> None:
        written = delivery_text if "attempts" in shown else text
        line = json.dumps(shown, ensure_ascii=False) if options.json else written(shown, coloured=coloured)
        print(escaped(line, "json") if options.json else line, flush=True)
        if not is_read(sys.stdout):
            raise BrokenPipeError  # nobody would ever end it

    return _session(options.url, options.session, show, follow=options.follow)


def _session(url: str, session: str | None, show: Show, *, follow: bool) -> int:
    import httpx

    from kling_contract.trust import late_trust

    if not url.startswith(("http://", "https://")):
        say(f"kling-contract log: {url!r} is no URL; accepted: http://host:port")
        return WRONG_USE
    token = os.environ.get("KLINGMOCK_ADMIN_TOKEN")
    headers = {"x-kling-admin-token": token} if token else {}
    prefix = f"/s/{quote(session, safe='')}" if session else ""
    address = f"{url.rstrip('/')}{prefix}/__admin"
    patience = httpx.Timeout(10, read=_PATIENCE)
    with httpx.Client(headers=headers, timeout=patience, trust_env=False, verify=late_trust()) as client:
        if not follow:
            return _print(client, f"{address}/requests", show)
        return Following(client, f"{address}/events" + ("" if session else "?all=1"), show).run()


def _print(client: httpx.Client, address: str, show: Show) -> int:
    import httpx

    try:
        answer = client.get(address)
    except httpx.RequestError as error:
        return _down(address, error)
    if answer.status_code != 200:
        return _refused(address, answer)
    for shown in answer.json()["requests"]:
        show(shown)
    return FINE


class Following:
    """Follows a stream of events, and asks again with growing pauses when it breaks off."""

    def __init__(self, client: httpx.Client, address: str, show: Show, clock: Clock | None = None) -> None:
        from kling_contract.clock import RealClock

        self._client, self._address, self._show = client, address, show
        self._clock = clock or RealClock()
        self._met = self._here = False

    def run(self) -> int:
        """Return the exit code, once the server is not there or does not come back."""
        import httpx

        tries = 0
        while True:
            self._here, failure = False, None
            try:
                refused = self._listen()
                if refused is not None:
                    return refused
            except httpx.RequestError as error:
                failure = error
            if self._here:
                tries = 0
                say("kling-contract log: the server has gone; waiting for it to come back")
            elif not self._met or tries >= _MOST_TRIES:
                return _down(self._address, failure)
            self._clock.sleep(min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE))
            tries += 1

    def _listen(self) -> int | None:
        """Show what happens until the stream ends; return an exit code if there is none for us."""
        with self._client.stream("GET", self._address) as answer:
            if answer.status_code != 200:
                answer.read()
                return _refused(self._address, answer)
            if self._met:
                say("kling-contract log: the server is back")
            self._met = self._here = True
            for kind, data in events(answer.iter_lines()):
                if kind in ("exchange", "delivery"):
                    self._show(json.loads(data))
        return None


def events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and data of each server-sent event."""
    kind, data = "message", []
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif not line:
            if data:
                yield kind, "\n".join(data)
            kind, data = "message", []


def _down(address: str, error: Exception | None) -> int:
    say(f"kling-contract log: nobody answers at {address.partition('/__admin')[0]} ({error}); is `serve` running?")
    return DOWN


def _refused(address: str, answer: httpx.Response) -> int:
    try:
        reason = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        reason = "this is no mock of kling-contract"
    say(f"kling-contract log: HTTP {answer.status_code} from {address}: {reason}")
    return WRONG_USE
