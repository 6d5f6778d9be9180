"""The tripwire: whatever looks as if a task had been created stops everything."""

from __future__ import annotations

import html
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from kling_contract.envelopes import names_in
from kling_contract.probe.classify import Judgement, is_refused, said
from kling_contract.reading import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents import Provider
    from kling_contract.probe.exchange import Exchange

_NO_ID = ("", "0", "null", "true", "false")
_ROUNDS = 3  # times that a text is taken for one that is escaped
# None of these, nor those of an instance, gives back what it has taken (`++`, `*+`): their time grows with the text.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_ESCAPED = re.compile(r"(?:%[0-9a-fA-F]{2})++")
_GAP = r"""["'\s]*+[:=>]["'\s]*+"""  # between the name of an id and the id, in a text that is no JSON


class Tripwire:
    """Looks for a task id in the answers of one provider, by the names that its envelopes give it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        names = {name.lower() for name in _id_names(provider)}
        words = (
            "|".join(re.escape(name).replace("_", "[_-]?") + ("s?" if "_" in name else "") for name in sorted(names))
            or "(?!)"
        )
        self._in_json = re.compile(
            rf""""(?:{words})\\*+"\s*+:\s*+\[?+\s*+\\*+"?+([^\s"\\,{{}}\[\]]++)""", re.IGNORECASE
        )
        # A name of one word, such as `key`, stands in texts that tell of no task.
        told = "|".join(re.escape(name).replace("_", "[_ -]?") for name in sorted(names) if "_" in name) or "(?!)"
        self._in_text = re.compile(
            rf"""\b(?:{told})\b{_GAP}((?=[A-Za-z_-]*+[0-9])[\w-]{{6,}}+)""", re.IGNORECASE | re.ASCII
        )
        self._headers = tuple(name.replace("_", "-") for name in names)
        patterns = (each.path for each in provider.operations.values() if each.kind == "get")
        self._paths = [re.compile(_path(pattern)) for pattern in patterns]

    def judge(self, exchange: Exchange) -> Judgement | None:
        """Return that a task was created: an answer names one, or is a success to a create and no known refusal."""
        step = exchange.step
        operation = step.operation
        lists = operation is not None and operation.kind == "list"
        task = None if lists else self.task(exchange, step.never)
        if task is not None:
            told = f"HTTP {exchange.status} names {_told(task, exchange)}, which may be billed"
            return Judgement("probe.created_task", told)
        if exchange.is_accepted and exchange.failure:
            return Judgement("probe.created_task", f"HTTP {exchange.status} to a create, and then {exchange.detail}")
        if exchange.is_accepted and not self._is_known(exchange):
            return Judgement("probe.created_task", f"{said(exchange.shown)}, to a create that must be refused")
        return None

    def _is_known(self, exchange: Exchange) -> bool:
        """Whether a success is what a wrong path gives, by a page, or a refusal that is documented."""
        return (exchange.is_html and exchange.status == 200) or is_refused(self._provider, exchange)

    def task(self, exchange: Exchange, never: str) -> str | None:
        """Return the id of a task that an answer names, in a header or anywhere in its body; `never` is none."""
        patterns = (self._in_json, self._in_text)
        told = (each for text in _texts(exchange) for pattern in patterns for each in pattern.findall(text))
        found = chain(self._in_headers(exchange.headers), told)
        return next((each for each in found if each not in (*_NO_ID, never)), None)

    def _in_headers(self, headers: Mapping[str, str]) -> Iterator[str]:
        cookies = (each.partition("=") for each in headers.get("set-cookie", "").replace(",", ";").split(";"))
        named = [(name.strip().replace("_", "-").lower(), value) for name, _, value in cookies]
        for name, value in [*headers.items(), *named]:
            if any(self._is_named(name, each) for each in self._headers):
                yield from (part.strip() for part in value.split(","))
            if name in ("location", "content-location", "link"):
                yield from (found.group(1) for path in self._paths if (found := path.search(value)))

    @staticmethod
    def _is_named(header: str, name: str) -> bool:
        """Whether a header is called as an id is, however it is hyphenated; one of one word is that word alone."""
        plain = header.removeprefix("x-")
        return plain == name or ("-" in name and plain.replace("-", "").endswith(name.replace("-", "")))


def _id_names(provider: Provider) -> Iterator[str]:
    """Yield the keys under which the provider's envelopes show the id of a task."""
    for operation in provider.operations.values():
        for place, name in names_in(operation.envelope.template):
            keys = [step for step in place if isinstance(step, str) and step not in ("item", "$each")]
            if name == "id" and keys:
                yield keys[-1]


def _path(pattern: str) -> str:
    before, _, rest = pattern.partition("{")
    return re.escape(before) + r"([^/?#]++)" + re.escape(rest.partition("}")[2]) + r"(?:[?#]|$)"


def _texts(exchange: Exchange) -> Iterator[str]:
    """Yield all that can be read of an answer: what it says, and the same without the escapes of a URL or of HTML."""
    for text in chain(_bodies(exchange), exchange.headers.values()):
        yield text
        for _ in range(_ROUNDS):
            plain = _ESCAPED.sub(_unquoted, _ENTITY.sub(lambda found: html.unescape(found[0]), text))
            if plain == text:
                break
            yield plain
            text = plain


def _unquoted(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace")


def _bodies(exchange: Exchange) -> Iterator[str]:
    """Yield a body as text and as JSON; one with zeros in it also as the UTF-16 or UTF-32 that it may be."""
    yield exchange.text
    yield _plain(exchange.json[1])
    if b"\0" in exchange.data:
        data = exchange.data.replace(b"\0", b"").lstrip(b"\xff\xfe")
        yield data.decode("utf-8", "replace")
        yield _plain(parse(data)[0])


def _told(task: str, exchange: Exchange) -> str:
    """Return what is told of an id: not the id where it is a secret, or a piece of one."""
    is_there = any(task in exchange.secrets.hide(text) for text in _texts(exchange))
    return f"task {task}" if is_there else "a task, whose id holds a secret"


def _plain(body: Any) -> str:
    """Return JSON as text without escapes, so that no way of writing a key hides it."""
    return json.dumps(body, ensure_ascii=False, default=str) if isinstance(body, dict | list) else ""
