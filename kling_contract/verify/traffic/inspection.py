"""A pass over recordings: every exchange matched, judged and followed, one at a time."""

from __future__ import annotations

from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import urlsplit

from kling_contract import redaction
from kling_contract.errors import Violation
from kling_contract.verify.traffic.exchange import Exchange, Flaw
from kling_contract.verify.traffic.findings import Finding, Seen
from kling_contract.verify.traffic.following import Followers, Result, expiry
from kling_contract.verify.traffic.judging import Judged, judge
from kling_contract.verify.traffic.matching import Match, Matcher, host
from kling_contract.verify.traffic.observed import Observed
from kling_contract.verify.traffic.recordings import read
from kling_contract.verify.traffic.unjudged import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kling_contract.documents import Provider

_ASKED_FIRST = "OPTIONS"  # a browser's question whether it may ask at all; no operation of any document


class Copy(Protocol):
    """What takes a copy of each exchange as it goes by, after all of them have gone by once to be looked at."""

    def foresee(self, exchange: Exchange, match: Match | None) -> None:
        """Take note of an exchange before any is taken; `match` is None for what is no provider's."""
        ...

    def add(self, exchange: Exchange, seen: Seen | None, judged: Judged | None, result: Result | None) -> None:
        """Take an exchange; `seen` and `judged` are None for what is no operation's, `result` for what is no result."""
        ...

    def unknown(self, exchange: Exchange) -> None:
        """Take an exchange with a provider, at a path that no operation has."""
        ...

    def unread(self) -> None:
        """Take note of an entry that cannot be read."""
        ...


class Inspection:
    """Recordings of one or more providers. `anywhere` finds the operations of the only provider under any host.

    `others` are providers whose names for fields are recognised where they are out of place.
    `entries` counts what was read, `matched` what was an operation's, `judged` those of them of which a body could be
    judged, and `unanswered` those without an answer; `unjudged` has what was not judged. `observed` grows as `findings`
    is consumed.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        anywhere: bool = False,
        others: Sequence[Provider] = (),
        copy: Copy | None = None,
    ) -> None:
        self._others, self._copy, self._anywhere = others or providers, copy, anywhere
        self._matcher = Matcher(providers, anywhere=anywhere)
        self._followers = Followers()
        self._forgotten = 0
        self._file = ""
        self.observed, self.unjudged = Observed(), Ledger()
        self.entries = self.matched = self.judged = self.unanswered = 0

    @property
    def forgotten(self) -> int:
        """How many tasks and results were too many to follow."""
        return self._forgotten + self._followers.forgotten

    def findings(self, stream: BinaryIO, path: Path | None = None) -> Iterator[Finding | Flaw]:
        """Yield what is found in a recording, as it is read; its tasks are followed in it alone.

        Nothing tells which of two recordings came first, and those of a mock have the same ids again. `path` is where
        the recording is; without it, no body that it keeps in a file of its own is read.
        """
        self._forgotten, self._followers = self.forgotten, Followers()
        self._file = str(path or "")
        if self._copy:
            stream = self._foreseen(stream, self._copy, path)
        for each in read(stream, path.parent if path else None):
            if isinstance(each, Flaw):
                yield self._unreadable(each)
            else:
                self.entries += 1
                yield from self._exchange(each)

    def _foreseen(self, stream: BinaryIO, copy: Copy, path: Path | None) -> BinaryIO:
        """Show each exchange to the copy, and return the stream at its beginning; of a pipe, what came out of it."""
        if not stream.seekable():
            whole = TemporaryFile()  # noqa: SIM115 - it is closed, and gone, when nobody reads it any longer
            copyfileobj(stream, whole)
            whole.seek(0)
            stream = whole
        start = stream.tell()
        for each in read(stream, path.parent if path else None):
            if isinstance(each, Exchange):
                copy.foresee(each, self._matcher.find(each.method, each.url))
        stream.seek(start)
        return stream

    def _unreadable(self, flaw: Flaw) -> Flaw:
        if flaw.entry is not None:
            self.unjudged.add(self._file, "entry", "unreadable", flaw.entry)
            if self._copy:
                self._copy.unread()
        return flaw

    def _exchange(self, exchange: Exchange) -> Iterator[Finding]:
        asked_first = exchange.method == _ASKED_FIRST
        match = None if asked_first else self._matcher.find(exchange.method, exchange.url)
        result = self._followers.fetched(exchange)
        if match is not None and match.operation is not None:
            yield from self._judged(exchange, Seen(exchange, match.provider, match.operation, match.value), result)
            return
        unknown = "path" if match is not None or self._anywhere else "host"
        reason = "preflight" if asked_first else "result" if result else unknown
        self.unjudged.add(self._file, "entry", reason, exchange.index, host(exchange.url) if reason == unknown else "")
        if self._copy and match is not None and result is None:
            self._copy.unknown(exchange)
        elif self._copy:
            self._copy.add(exchange, None, None, result)
        found = expiry(exchange, result, exchange.status) if result else None
        if found:
            yield found
        elif match is not None and match.nearest:
            yield _unknown_route(exchange, match)

    def _judged(self, exchange: Exchange, seen: Seen, result: Result | None) -> Iterator[Finding]:
        self.matched += 1
        judged = judge(seen, self._others)
        self._take_note(seen, judged)
        if self._copy:
            self._copy.add(exchange, seen, judged, result)
        self.observed.saw(seen, judged)
        yield from judged.findings
        yield from self._used(seen, judged)
        if judged.values is not None:
            yield from self._followers.saw(seen, judged.values)
            for finished in self._followers.finished:
                self.observed.finished(seen, finished)

    def _take_note(self, seen: Seen, judged: Judged) -> None:
        """Count what of an exchange was judged, and what was not."""
        sent = seen.operation.request is not None and "request" not in judged.unread
        answered = bool(seen.exchange.status) and "answer" not in judged.unread
        self.judged += sent or answered
        if not seen.exchange.status:
            self.unanswered += 1
            self.unjudged.add(self._file, "answer", "unanswered", seen.exchange.index)
        for part, unread in judged.unread.items():
            told = str(seen.hidden(unread.message))
            self.unjudged.add(self._file, part, unread.reason, seen.exchange.index, told)

    def _used(self, seen: Seen, judged: Judged) -> Iterator[Finding]:
        """Yield what is found of results that the request sends on."""
        for url in seen.operation.images(judged.body) if isinstance(judged.body, dict) else ():
            result = self._followers.used(url)
            found = expiry(seen.exchange, result, None) if result else None
            if found:
                yield found


def _unknown_route(exchange: Exchange, match: Match) -> Finding:
    address, _, asked = exchange.url.partition("?")
    hidden = redaction.Hidden(redaction.secrets(exchange.headers, asked))
    path = redaction.address(urlsplit(address).path, hidden)
    message = f"{exchange.method} {path[:100]} is not in {match.provider.title}'s document; nearest: {match.nearest}"
    return Finding(exchange.index, match.provider.name, "", "request", False, Violation("", "route.unknown", message))
