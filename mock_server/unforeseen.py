"""What nobody foresaw while a request was answered: journalled, told to a person, and answered in the mock's own words.

A fault of the mock must never look like one of the provider, nor end a connection without a word.
"""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kling_contract import redaction
from kling_contract.clock import stopwatch
from kling_contract.errors import Violation
from mock_server.exchange import Answer, encode
from mock_server.journal import FAILURE, Entry

if TYPE_CHECKING:
    from kling_contract.clock import Clock
    from mock_server.addressing import Addresses
    from mock_server.exchange import Exchange
    from mock_server.session import Session
    from mock_server.watching import Watcher

_HOME = Path(__file__).parent.parent
_OWN = ("kling_contract", "mock_server")
_LONGEST_MESSAGE, _LONGEST_TRACE = 300, 20_000  # characters
_MOST_TOLD = 100
_HINT = "this is a fault of the mock and not of the request; its journal has the traceback"


class Unforeseen:
    """Answers where an exception came up. `watcher` is told each traceback once for each place that it comes from."""

    def __init__(self, addresses: Addresses, wall: Clock, watcher: Watcher) -> None:
        self._addresses, self._wall, self._watcher = addresses, wall, watcher
        self._told: set[str] = set()

    def answer(self, exchange: Exchange, error: Exception, arrival: tuple[Session, Entry] | None = None) -> Answer:
        """Return the answer to a request that raised `error`: HTTP 500, with the number of its exchange.

        `arrival` is its place in the journal. One for admin, a result or an inbox has none, is journalled here, and
        told to the watcher.
        """
        session, entry = arrival or self._arrived(exchange)
        message, trace = self._words(exchange, error)
        entry.violations.append(Violation("", FAILURE, message, None, _HINT))
        entry.traceback = trace
        answer = _answer(entry, message)
        entry.answered(answer.status, answer.body, answer.content_type)
        entry.milliseconds = (stopwatch() - entry.started) * 1000
        session.journal.close(entry)
        # Who listens may be what failed.
        with suppress(Exception):
            session.tell({"event": "exchange", **entry.as_dict()})
        if arrival is None:
            self._watcher.exchange(entry)
        self.tell(message, trace)
        return answer

    def background(self, error: BaseException) -> None:
        """Tell a person of an exception that came up between requests."""
        self.tell(f"{_said(error)} ({_place(error)})", _trace(error))

    def tell(self, message: str, trace: str) -> None:
        """Tell a person, once for each place."""
        place = message.rpartition("(")[2]
        if place not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(place)
            self._watcher.say(f"the mock failed: {message}; please report this\n{trace}")

    def _arrived(self, exchange: Exchange) -> tuple[Session, Entry]:
        session = self._addresses.session_of(exchange)
        number, now, wall = session.journal.next_id(), session.clock.now(), int(self._wall.now() * 1000)
        entry = Entry(number, now, session.name, exchange.method, exchange.path, wall=wall, started=stopwatch())
        entry.query, entry.headers = exchange.query, exchange.headers
        session.journal.open(entry)
        return session, entry

    def _words(self, exchange: Exchange, error: Exception) -> tuple[str, str]:
        """Return the line and the traceback of an exception, without the secrets of the request."""
        hidden = redaction.secrets(exchange.headers, exchange.query)
        told: list[str] = redaction.without([_said(error), _trace(error)], hidden)
        return f"{told[0]} ({_place(error)})", told[1]


def _answer(entry: Entry, message: str) -> Answer:
    accepted = f"any request, once this is mended; GET /__admin/requests/{entry.id} of session {entry.session} has more"
    said = {"message": f"the mock failed: {message}", "accepted": accepted, "exchange": entry.name}
    return Answer(500, encode({"error": said}), "application/json", {"x-kling-mock-exchange": entry.name}, entry)


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())[:_LONGEST_MESSAGE]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(error: BaseException) -> str:
    """Return file and line of the innermost frame that is ours."""
    frames = traceback.extract_tb(error.__traceback__)
    paths = [(Path(frame.filename), frame.lineno) for frame in frames]
    own = [(path.relative_to(_HOME), line) for path, line in paths if path.is_relative_to(_HOME)]
    found = [f"{path.as_posix()}:{line}" for path, line in own if path.parts[0] in _OWN]
    return found[-1] if found else "unknown place"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-_LONGEST_TRACE:].rstrip()
