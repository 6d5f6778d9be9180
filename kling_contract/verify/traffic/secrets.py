"""The secrets of a whole recording: those of each entry may stand in any other."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from kling_contract import redaction
from kling_contract.reading import parse
from kling_contract.redaction import Hidden
from kling_contract.verify.traffic.discreet import names_of
from kling_contract.verify.traffic.forms import told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kling_contract.verify.traffic.body import Body
    from kling_contract.verify.traffic.exchange import Exchange
    from kling_contract.verify.traffic.matching import Match


class Secrets:
    """What stands in the places of secrets in the exchanges that were foreseen; under names that are `kept`, nothing.

    Ids of tasks are no secrets, whatever header they stand in too: tasks are told apart by them.
    """

    def __init__(self, kept: Collection[str] = ()) -> None:
        self._kept = kept
        self._found: set[str] = set()
        self._perhaps: set[str] = set()
        self._ids: set[str] = set()

    def foresee(self, exchange: Exchange, match: Match | None) -> None:
        """Take note of the secrets of an exchange; `match` says whose it is."""
        self.__dict__.pop("hidden", None)
        known = names_of(match.provider, match.operation) if match and match.operation else frozenset[str]()
        asked = exchange.url.partition("?")[2]
        self._ids.add(match.value if match else "")
        self._found.update(redaction.of_url(exchange.url), redaction.of_query(asked.partition("#")[0]))
        for headers in (exchange.headers, exchange.answer_headers):
            listed = {name: value for name, value in headers.items() if name not in self._kept}
            self._found.update(redaction.of_headers(listed))
            self._perhaps.update(redaction.of_unknown_headers(listed))
            for value in listed.values():
                self._found.update(redaction.of_url(value))
        self._found.update(self._of(exchange.body, exchange.headers.get("content-type", ""), known))
        self._found.update(self._of(exchange.answer, exchange.content_type, known))

    @cached_property
    def hidden(self) -> Hidden:
        """All of them."""
        return Hidden(redaction.longest_first(self._found | (self._perhaps - self._ids)))

    def _of(self, body: Body, content_type: str, known: Collection[str]) -> Iterator[str]:
        data, _ = body.read()
        rest: Any = body.rest() if data is None else data
        if isinstance(rest, bytes):
            value, flaws = parse(rest)
            if not flaws:
                yield from redaction.of_body(value, known, self._kept)
                return
            rest = rest.decode("utf-8", "surrogateescape")
        if type(rest) is str:
            yield from redaction.of_text(rest, content_type, known, self._kept)
        elif rest is not None:
            yield from redaction.of_body(told(rest), known, self._kept)
