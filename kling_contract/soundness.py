"""Whether what a document says can work. `load` holds it against the vocabulary; this goes on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from kling_contract.documents.files import read
from kling_contract.documents.references import Resolver
from kling_contract.documents.vocabulary import extensions
from kling_contract.envelopes import ANSWER_NAMES, ERROR_NAMES, names_in
from kling_contract.images import ImageRule
from kling_contract.rules import Rule
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from kling_contract.documents import Operation, Provider
    from kling_contract.documents.files import Source
    from kling_contract.errors import DocumentError

_Pointer = tuple[str | int, ...]


def verify(provider: Provider) -> None:
    """Raise `DocumentError`, with file and line, for the first thing in a provider's files that could not do its work.

    That is an expression that cannot be read, a name that nothing has (a field, a parameter, a `$value`), a status
    word or retired value outside its enum, a schema that is none, and a create whose task nobody could poll.
    """
    resolver = Resolver(read(provider.file))
    resolver.inline(resolver.source.tree)
    for file in reversed(list(resolver.files.values())):
        for pointer, name, value in extensions(file.tree):
            if name in _CHECKS:
                _CHECKS[name](_Place(provider, resolver, file, pointer, value))
        for pointer in _schemas(file.tree):
            _check_schema(resolver, file, pointer)
    for operation in provider.operations.values():
        _check_operation(provider, operation, resolver.source)


@dataclass(frozen=True, slots=True)
class _Place:
    """One extension, as written, and where it stands."""

    provider: Provider
    resolver: Resolver
    file: Source
    pointer: _Pointer
    value: Any

    def holder(self) -> Mapping[str, Any]:
        """Return what the extension stands in, with no reference left."""
        found: Mapping[str, Any] = _inlined(self.resolver, self.file, self.pointer[:-1])
        return found

    def error(self, message: str, *steps: str | int) -> DocumentError:
        return self.file.error(f"{self.pointer[-1]}: {message}", (*self.pointer, *steps))

    def require(self, name: str, known: Iterable[str], what: str, *steps: str | int) -> None:
        """Raise unless `name` is known, with the nearest name that is."""
        accepted = list(known)
        if name not in accepted:
            hint = did_you_mean(name, accepted)
            raise self.error(f"{what} {name!r}" + (f"; {hint}" if hint else ""), *steps)


def _inlined(resolver: Resolver, file: Source, pointer: _Pointer) -> Any:
    node = file.tree
    for step in pointer:
        node = node[step]
    return resolver.inline(node, pointer, file)


def _check_image(place: _Place) -> None:
    try:
        ImageRule.from_document(place.value)
    except ValueError as error:
        raise place.error(str(error).removeprefix("x-image ")) from None


def _check_rules(place: _Place) -> None:
    properties = place.holder().get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    for index, item in enumerate(place.value):
        try:
            rule = Rule.from_document(item, defaults)
        except ValueError as error:
            raise place.error(str(error), index, "expression") from None
        for name in sorted(rule.fields):
            place.require(name, properties, f"rule {rule.id}: no such property beside it:", index, "expression")
        for name in sorted(rule.shown):
            place.require(name, properties, f"rule {rule.id}: no such property beside it:", index, "message")


def _check_words(place: _Place) -> None:
    """Hold the words of `x-status-values`, or the values of `x-retired`, against the enum beside them."""
    words = place.value.values() if place.pointer[-1] == "x-status-values" else place.value
    accepted = place.holder().get("enum", words)
    for key, word in zip(place.value, words, strict=True):
        place.require(word, accepted, "not in the enum beside it:", key)


def _check_sources(place: _Place) -> None:
    """Hold each tag against `x-sources`, if any of the provider's files has them."""
    known = place.provider.sources
    for key, fact in place.value.items() if known else ():
        if "source" in fact:
            place.require(fact["source"], known, "not in x-sources:", key, "source")
        for index, loser in enumerate(fact.get("losers", ())):
            place.require(loser["source"], known, "not in x-sources:", key, "losers", index, "source")


def _check_retired(place: _Place) -> None:
    _check_words(place)
    _check_sources(place)


def _check_template(known: AbstractSet[str]) -> Callable[[_Place], None]:
    def check(place: _Place) -> None:
        for pointer, name in names_in(place.value):
            place.require(name, known, "no value of this name:", *pointer)

    return check


_CHECKS: Mapping[str, Callable[[_Place], None]] = {
    "x-image": _check_image,
    "x-rules": _check_rules,
    "x-facts": _check_sources,
    "x-retired": _check_retired,
    "x-status-values": _check_words,
    "x-envelope": _check_template(ANSWER_NAMES),
    "x-errors": _check_template(ERROR_NAMES),
}


def _schemas(node: Any, pointer: _Pointer = ()) -> Iterator[_Pointer]:
    """Yield where the outermost schemas stand: the component schemas, and each `schema` of a parameter or a body."""
    if isinstance(node, dict):
        for key, value in node.items():
            place = (*pointer, key)
            if key == "schema" or pointer == ("components", "schemas"):
                if not _refers(value):
                    yield place
            elif not str(key).startswith("x-") and key not in ("example", "examples"):
                yield from _schemas(value, place)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _schemas(item, (*pointer, index))


def _refers(schema: Any) -> bool:
    """Whether a schema only refers to another, which is checked where it stands."""
    return isinstance(schema, dict) and list(schema) == ["$ref"]


def _check_schema(resolver: Resolver, file: Source, pointer: _Pointer) -> None:
    schema = _inlined(resolver, file, pointer)
    try:
        jsonschema_rs.validator_for(schema)
    except jsonschema_rs.ValidationError as error:
        place = (*pointer, *error.instance_path)
        raise file.error(f"{'/'.join(map(str, place[-3:]))} is no JSON Schema: {error.message}", place) from None
    except ValueError as error:
        raise file.error(f"{'/'.join(map(str, pointer[-3:]))} is no JSON Schema: {error}", pointer) from None


def _check_operation(provider: Provider, operation: Operation, source: Source) -> None:
    pointer = ("paths", operation.path, operation.method.lower())
    missing = _missing(provider, operation)
    if missing:
        raise source.error(f"{operation.id} {missing}", pointer)
    for key, name, known, what in _names(operation):
        if name not in known:
            hint = did_you_mean(name, known)
            message = f"{operation.id} has no {what} {name!r}" + (f"; {hint}" if hint else "")
            raise source.error(message, (*pointer, *key))


def _names(operation: Operation) -> Iterator[tuple[_Pointer, str, list[str], str]]:
    """Yield what `x-operation` and `x-lifecycle` name: where, the name, those that there are, and of what kind."""
    fields = list(operation.properties)
    query = [each["name"] for each in operation.parameters if each["in"] == "query"]
    if operation.external is not None:
        yield ("x-operation", "external"), operation.external, fields, "field"
    for name in sorted(operation.blank):
        yield ("x-operation", "blank"), name, fields, "field"
    for key, parameter in (("page", operation.page), ("size", operation.size)):
        if parameter is not None:
            yield ("x-operation", key), parameter, query, "query parameter"
    if operation.lifecycle is not None:
        for key, count in (("count", operation.lifecycle.count), ("slots", operation.lifecycle.slots)):
            if isinstance(count, str):
                yield ("x-lifecycle", key), count, fields, "field"


def _missing(provider: Provider, operation: Operation) -> str | None:
    """Return what the operation lacks to be of any use."""
    if not operation.statuses:
        return "answers with no status: no property has x-status-values"
    if operation.kind == "get" and "{" not in operation.path:
        return "has no id in its path"
    if operation.kind != "create":
        return None
    if operation.request is None:
        return "has no application/json request body"
    if operation.lifecycle is None:
        return "has no x-lifecycle"
    canonical = [operation.canonical(name) for name in operation.properties]
    twice = next((name for name in canonical if canonical.count(name) > 1), None)
    if twice is not None:
        return f"has two fields of the canonical name {twice!r}"
    return None if provider.sibling(operation, "get") else "has no get of its family, so nobody could poll its task"
