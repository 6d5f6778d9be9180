"""The gate: what a provider's document says of a request and of an answer.

The client calls it before it sends, the mock when it receives and on its own answers, the probe and the tests too.
Violations are values; an empty list is a kept contract.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from kling_contract.checker import Checker
from kling_contract.errors import Violation
from kling_contract.names import aliases_of, known_as, meant
from kling_contract.reading import MOST_REMARKS, listed, pointer_to, unreadable, without
from kling_contract.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kling_contract.documents import Operation, Provider

_WHOLE = re.compile("-?[0-9]{1,40}")


def check_request(operation: Operation, body: Any) -> list[Violation]:
    """Return every way in which a request body breaks the operation's contract.

    Of what fails at one place of the contract the first fifty are listed, and at the end how many more there are.
    Numbers may be int, float (taken as written: 0.1 is one tenth) or Decimal. A number of more than 40 significant
    digits, or with an exponent beyond 40, is `number.precision`, and rules that use it do not apply. In a body that is
    nested deeper than 64 levels (`json.depth`) nothing else is looked at.
    """
    return gate(operation).request(body)


def check_parameters(operation: Operation, query: Mapping[str, str]) -> list[Violation]:
    """Return every way in which a query string breaks the operation's contract."""
    return gate(operation).parameters(query)


def check_response(operation: Operation, status: int, body: Any) -> list[Violation]:
    """Return every way in which an answer breaks the operation's contract. A body that is not JSON is given as text."""
    return gate(operation).response(status, body)


def check_callback(operation: Operation, body: Any) -> list[Violation]:
    """Return every way in which the body of a callback breaks the operation's contract."""
    return gate(operation).callback(body)


def gate(operation: Operation) -> Gate:
    """Return the operation's gate, made at its first use."""
    found: Gate | None = operation.memo.get(Gate)
    if found is None:
        found = operation.memo[Gate] = Gate(operation)
    return found


class Gate:
    """The compiled contract of one operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._request = Checker(operation.request or {}, operation.title)
        self._retired = {n: p["x-retired"] for n, p in operation.properties.items() if "x-retired" in p}
        self._answers: dict[str, Checker] = {}

    @cached_property
    def _refused_blank(self) -> tuple[str, ...]:
        """The fields whose empty value means absent, although the schema of the field would refuse it."""
        blank, empties = self.operation.blank, self.operation.empties
        fields = self.operation.properties
        return tuple(name for name in fields if name in blank and Checker(fields[name], "").check(empties[name]))

    def request(self, body: Any) -> list[Violation]:
        """See `check_request`."""
        return _judged(self._request, self.operation.given(body) if isinstance(body, dict) else body)

    def parameters(self, query: Mapping[str, str]) -> list[Violation]:
        """See `check_parameters`."""
        found: list[Violation] = []
        for parameter in self.operation.parameters:
            if parameter["in"] == "query" and parameter["name"] in query:
                name, schema = parameter["name"], parameter.get("schema", {})
                value = _typed(query[name], schema.get("type"))
                found += Checker({"type": "object", "properties": {name: schema}}, "").check({name: value})
        return found

    def response(self, status: int, body: Any) -> list[Violation]:
        """See `check_response`."""
        documented = self.operation.responses
        answer = documented.get(str(status)) or documented.get(f"{status // 100}XX") or documented.get("default")
        if answer is None:
            accepted = ", ".join(documented)
            message = f"HTTP {status} is not documented; documented: {accepted}"
            return [Violation("", "response.status", message, status)]
        content = answer.get("content", {})
        text = (each for each in content if isinstance(body, str) and "json" not in each)
        media = next(text, "application/json")
        return self._answer(f"{status} {media}", content.get(media, {}).get("schema", {}), body)

    def callback(self, body: Any) -> list[Violation]:
        """See `check_callback`."""
        return self._answer("callback", self.operation.callback_schema or {}, body)

    def notes(self, body: Mapping[str, Any], others: Callable[[], Iterable[Provider]] = tuple) -> list[Violation]:
        """Return what is worth a remark in an accepted body; see `notes`. `others` is called when a name is unknown."""
        known = self.operation.properties
        found = self._unknown([name for name in body if name not in known], body, others)
        found += [
            _blank(self.operation, name, body[name])
            for name in self._refused_blank
            if name in body and self.operation.means_absent(name, body[name])
        ]
        for name, values in self._retired.items():
            value = body.get(name, known[name].get("default"))
            retired = values.get(value) if isinstance(value, str) else None
            if retired is not None:
                taken = value if name in body else f"{value}, the default of {name},"
                message = f"{taken} was retired officially on {retired['date']}"
                found.append(Violation(pointer_to((name,)), "model.retired", message, value, None, retired))
        return found

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return aliases_of(self.operation.properties)

    def _unknown(
        self, names: list[str], body: Mapping[str, Any], others: Callable[[], Iterable[Provider]]
    ) -> list[Violation]:
        """Return remarks on fields that the document does not name; what they were meant for is asked of each once."""
        if not names:
            return []
        providers = list(others())
        remarks = (_unknown(self.operation, name, body, providers, self._aliases) for name in names)
        return listed(list(islice(remarks, MOST_REMARKS)), len(names[MOST_REMARKS:]))

    def _answer(self, key: str, schema: Mapping[str, Any], body: Any) -> list[Violation]:
        if key not in self._answers:
            self._answers[key] = Checker(schema, self.operation.title)
        return _judged(self._answers[key], body)


def _judged(checker: Checker, body: Any) -> list[Violation]:
    """Check a body; its numbers that nobody computes with are reported, and are null to the schema and the rules."""
    flaws = unreadable(body)
    if not flaws:
        return checker.check(body)
    found = list(flaws.values())
    if any(each.rule == "json.depth" for each in found):
        return found
    pointers = {each.pointer for each in found}
    return listed(found) + [each for each in checker.check(without(body, flaws)) if each.pointer not in pointers]


def notes(operation: Operation, body: Mapping[str, Any], others: Iterable[Provider] = ()) -> list[Violation]:
    """Return what is worth a remark in an accepted body: fields that the document does not name, retired values.

    `others` are providers whose names for the operation's fields are recognised.
    """
    return gate(operation).notes(body, lambda: others)


def _blank(operation: Operation, name: str, empty: Any) -> Violation:
    message = f"{name} is empty, which is taken as absent"
    return Violation(
        pointer_to((name,)), "field.blank", message, shown(empty), "leave it out", operation.facts.get("blank")
    )


def _unknown(
    operation: Operation,
    name: str,
    body: Mapping[str, Any],
    others: Iterable[Provider],
    aliases: Mapping[str, str],
) -> Violation:
    message = f"{shown(name)} is not in {operation.title}'s document"
    hint = _alias(operation, name, others) or meant(name, operation.properties, body, aliases)
    return Violation(pointer_to((name,)), "field.unknown", message, None, hint)


def _alias(operation: Operation, name: str, others: Iterable[Provider]) -> str | None:
    """Return what the provider calls a field that others, or the official document, call `name`."""
    own = operation.renamed.get(name) or known_as(name, operation.properties)
    if own is not None:
        return f"{operation.title} calls it {own}"
    for other in others:
        twin = other.operations.get(operation.id)
        if twin is not None and name in twin.properties:
            canonical = twin.canonical(name)
            own = operation.renamed.get(canonical, canonical)
            calls = f"; {operation.title} calls it {own}" if own in operation.properties else ""
            return f"{other.title} has a field of this name{calls}"
    return None


def _typed(text: str, kind: Any) -> Any:
    try:
        return (
            int(text) if kind == "integer" and _WHOLE.fullmatch(text) else Decimal(text) if kind == "number" else text
        )
    except (ValueError, ArithmeticError):
        return text
