"""Who may ask, and which bodies are accepted."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kling_contract.auth import judge
from kling_contract.contract import gate
from kling_contract.errors import Violation
from kling_contract.reading import MOST_REMARKS, listed, parse, repeated
from kling_contract.redaction import SMALL, kept, kept_of
from kling_contract.wording import shown
from mock_server.encodings import ACCEPTED, Undecodable, decoded
from mock_server.exchange import Call, Refusal, Unread
from mock_server.guard import check_sendable
from mock_server.journal import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kling_contract.clock import Clock
    from kling_contract.documents import Provider
    from mock_server.settings import Settings

_UNREADABLE = ("number.precision", "json.depth", "json.values")
_LONGEST_CODING = 80  # characters
_ENCODINGS = f"{ACCEPTED}, or a plain body without Content-Encoding"
# Where other APIs take a key.
_OTHER_HEADERS = ("x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-authorization", "token")
_IN_QUERY = re.compile(r"(?:^|&)(?:api[_-]?key|key|token|access_token)=", re.IGNORECASE)


class Admission:
    """The doorkeeper of one server."""

    def __init__(
        self, settings: Settings, wall: Clock, providers: Callable[[], Iterable[Provider]], *, verbose: bool = False
    ) -> None:
        """Raise ValueError for a key that no header carries as it is."""
        self._settings, self._wall, self._providers, self._verbose = settings, wall, providers, verbose
        self._keys, self._secrets = settings.keys, settings.secrets
        for key in self._keys:
            check_sendable("an API key", key)

    def authorise(self, call: Call) -> None:
        """Refuse a request whose credential is not good. A token may be good by wall time or by session time."""
        times = (self._wall.now(), call.entry.at / 1000)
        header, auth = call.exchange.headers.get("authorization"), call.provider.auth
        flaw = judge(header, self._keys, self._secrets, times, auth.key)
        if flaw is not None and (auth.key or auth.hs256 or self._keys or self._secrets):
            call.entry.notes.append(_elsewhere(call) or Violation("", flaw.rule, flaw.message, None, flaw.hint))
            raise Refusal(flaw.situation, message=flaw.message)

    def body(self, call: Call) -> dict[str, Any]:
        """Return the body of a create, if the contract accepts it or the server is lenient."""
        if call.exchange.too_large or len(call.exchange.body) > self._settings.max_body:
            raise self._too_large(call)
        coding = call.exchange.headers.get("content-encoding")
        if coding is not None:
            self._decode(call, coding)
        body, violations = parse(call.exchange.body, decimals=False)
        violations = _content_type(call) + (violations or gate(call.operation).request(body))
        if body is not None and len(call.exchange.body) > SMALL:
            call.entry.request = kept_of(call.operation, body, digest=self._verbose)
        if isinstance(body, dict):
            self._remark(call, body)
        if violations:
            unreadable = not isinstance(body, dict) or any(each.rule in _UNREADABLE for each in violations)
            self.settle(call, violations, forgivable=not unreadable)
        assert isinstance(body, dict), "nothing else is forgivable"
        return dict(call.operation.given(body))

    def settle(self, call: Call, violations: Sequence[Violation], *, forgivable: bool) -> None:
        """Refuse the call for its violations; a lenient server notes those that it can forgive."""
        if not violations:
            return
        if forgivable and self._settings.lenient:
            call.entry.notes += listed(violations)
            return
        call.entry.violations += listed(violations)
        raise Refusal(call.provider.error_for(violations[0].rule).name, **_values(violations[0]))

    def _remark(self, call: Call, body: dict[str, Any]) -> None:
        """Note what is worth a remark, whether the body is accepted or not."""
        if self._verbose:
            call.entry.images = tuple(map(in_words, call.operation.images(body)[:MOST_REMARKS]))
        notes = repeated(call.exchange.body, body) + gate(call.operation).notes(body, self._providers)
        if notes:
            call.entry.notes += listed(notes)
            self._refuse_retired(call, body, notes)

    def _refuse_retired(self, call: Call, body: Mapping[str, Any], notes: Sequence[Violation]) -> None:
        """Refuse a model that was sent, from the day of its retirement on by the session's clock.

        A note says it at any time, and of a default that nobody sent too.
        """
        if not self._settings.refuse_retired:
            return
        sent = (each for each in notes if each.rule == "model.retired" and each.pointer.removeprefix("/") in body)
        retired = [note for note in sent if _begins(note) <= call.entry.at]
        if retired:
            call.entry.violations += retired
            raise Refusal("model.retired", model=retired[0].found, **_values(retired[0]))

    def _decode(self, call: Call, coding: str) -> None:
        """Put what a body says in the place of what was sent, and note it: no source says that a provider does so."""
        exchange, entry = call.exchange, call.entry
        try:
            body = decoded(exchange.body, coding, self._settings.max_body)
        except Undecodable as error:
            raise self._undecoded(call, error, coding) from None
        if body is not exchange.body:
            message = f"the body came as {coding} and was decoded; no source says that {call.provider.title} does so"
            entry.notes.append(Violation("", "body.encoding", message, None, "send it plain"))
            exchange.body, entry.request = body, kept(body)

    def _undecoded(self, call: Call, error: Undecodable, coding: str) -> Exception:
        if error.large:
            return self._too_large(call, str(error))
        violation = Violation("", "body.encoding", str(error), coding[:_LONGEST_CODING], _ENCODINGS)
        call.entry.violations.append(violation)
        if error.unknown:
            return Unread(str(error), _ENCODINGS)
        return Refusal(call.provider.error_for(violation.rule).name, **_values(violation))

    def _too_large(self, call: Call, message: str = "") -> Refusal:
        message = message or f"the body is larger than {self._settings.max_body} bytes"
        call.entry.violations.append(Violation("", "body.bytes", message, None, "an image may have 10 MB"))
        return Refusal("body.too-large", limit=self._settings.max_body, message=message)


def _elsewhere(call: Call) -> Violation | None:
    """Return where else than in the Authorization header the key seems to stand, for a request that has none."""
    headers, query = call.exchange.headers, call.exchange.query
    if headers.get("authorization"):
        return None
    name = next((name for name in _OTHER_HEADERS if headers.get(name)), None)
    place = f"the header {name}" if name else "the query" if _IN_QUERY.search(query) else None
    if place is None:
        return None
    message = f"there is no Authorization header; {place} seems to hold the key"
    return Violation("", "auth.place", message, None, "send `Authorization: Bearer <key>`")


def _content_type(call: Call) -> list[Violation]:
    given = call.exchange.headers.get("content-type", "application/json")
    if "json" in given.lower():
        return []
    told = shown(given)
    return [Violation("", "body.content-type", f"Content-Type is {told} and must be application/json", told)]


def _begins(note: Violation) -> int:
    """Return the beginning of the day that a note's source names, UTC, in Unix ms."""
    day = datetime.fromisoformat((note.source or {})["date"]).replace(tzinfo=UTC)
    return int(day.timestamp() * 1000)


def _values(violation: Violation) -> dict[str, Any]:
    field = violation.pointer.rpartition("/")[2]
    return {"message": str(violation), "field": field, "found": violation.found}
