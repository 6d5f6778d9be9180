"""Whether what the extensions of a document say can work."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.documents.complaints import nearest
from kling_contract.documents.vocabulary import extensions
from kling_contract.envelopes import ANSWER_NAMES, ERROR_NAMES, names_in
from kling_contract.images import ImageRule
from kling_contract.rules import Rule
from kling_contract.soundness.schema import inlined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from kling_contract.documents import Provider
    from kling_contract.documents.files import Source
    from kling_contract.documents.references import Pointer, Resolver
    from kling_contract.errors import DocumentError

_LIFE = ("submitted", "processing", "succeed")
_NUMBERS = frozenset({"integer", "number"})
_SIDES = ("left", "right")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_GATE = ("schema", "image", "number", "json")  # what the ids of the gate's own rules begin with
_ONE_SLIP = 0.8


@dataclass(frozen=True, slots=True)
class Place:
    """One extension, as written, and where it stands."""

    provider: Provider
    resolver: Resolver
    file: Source
    pointer: Pointer
    value: Any

    def beside(self, key: str) -> Any:
        """Return what stands beside the extension under a key, with no reference left; None if nothing does."""
        return inlined(self.resolver, self.file, self.pointer[:-1]).get(key)

    def error(self, message: str, *steps: str | int) -> DocumentError:
        """Return the error of what stands below the extension."""
        return self.file.error(f"{self.pointer[-1]}: {message}", (*self.pointer, *steps))

    def require(self, name: str, known: Iterable[str], what: str, *steps: str | int) -> None:
        """Raise unless `name` is known, with the nearest name that is, or all of them."""
        accepted = list(known)
        if name not in accepted:
            raise self.error(f"{what} {name!r}; {nearest(name, accepted)}", *steps)


def check_extension(name: str, place: Place) -> None:
    """Raise `DocumentError` for an extension that could not do its work."""
    if name in _CHECKS:
        _CHECKS[name](place)


def _check_image(place: Place) -> None:
    try:
        ImageRule.from_document(place.value)
    except ValueError as error:
        raise place.error(str(error).removeprefix("x-image ")) from None


def _check_rules(place: Place) -> None:
    beside = place.beside("properties")
    properties = beside if isinstance(beside, dict) else {}
    schemas = {name: schema for name, schema in properties.items() if isinstance(schema, dict)}
    defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    seen: set[str] = set()
    for index, item in enumerate(place.value):
        try:
            rule = Rule.from_document(item, defaults)
        except ValueError as error:
            raise place.error(str(error), index, "expression") from None
        if rule.id in seen:
            raise place.error(f"rule {rule.id} is given twice", index, "id")
        seen.add(rule.id)
        _check_fields(place, rule, index, schemas)


def _check_fields(place: Place, rule: Rule, index: int, schemas: Mapping[str, Mapping[str, Any]]) -> None:
    beside = f"rule {rule.id}: no such property beside it:"
    for name in sorted(rule.fields):
        place.require(name, schemas, beside, index, "expression")
        kinds = schemas[name].get("type", _NUMBERS)
        if _NUMBERS.isdisjoint([kinds] if isinstance(kinds, str) else kinds):
            accepted = f"accepted: fields that are {' or '.join(sorted(_NUMBERS))}"
            raise place.error(f"rule {rule.id}: {name} is {kinds}; {accepted}", index, "expression")
    for name in sorted(rule.shown):
        place.require(name, [*schemas, *_SIDES], beside, index, "message")


def _check_violation(place: Place) -> None:
    """Hold the `{names}` of the message against the properties that there are anywhere."""
    known = list(dict.fromkeys(_properties(place.provider.document)))
    for name in _PLACEHOLDER.findall(place.value["message"]):
        place.require(name, known, "no field of this name:", "message")


def _properties(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        below = node.get("properties")
        yield from below if isinstance(below, dict) else ()
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _properties(each)


def _check_words(place: Place) -> None:
    """Hold the words of `x-status-values`, or the values of `x-retired`, against the enum beside them."""
    words = place.value.values() if place.pointer[-1] == "x-status-values" else place.value
    beside = place.beside("enum")
    accepted = beside if isinstance(beside, list) else words
    for key, word in zip(place.value, words, strict=True):
        place.require(word, accepted, "not in the enum beside it:", key)


def _check_sources(place: Place) -> None:
    """Hold each tag against `x-sources`, if any of the provider's files has them."""
    known = place.provider.sources
    for steps, fact in _facts(place.value) if known else ():
        if "source" in fact:
            place.require(fact["source"], known, "not in x-sources:", *steps, "source")
        for index, loser in enumerate(fact.get("losers", ())):
            place.require(loser["source"], known, "not in x-sources:", *steps, "losers", index, "source")


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield each fact, and those of its parts, with the way to it."""
    for key, fact in facts.items():
        yield (key,), fact
        yield from (((key, "parts", *steps), part) for steps, part in _facts(fact.get("parts", {})))


def _check_retired(place: Place) -> None:
    _check_words(place)
    _check_sources(place)


def _check_lifecycle(place: Place) -> None:
    reached = [step["to"] for step in place.value["transitions"]]
    if reached != [status for status in _LIFE if status in reached] or reached[-1] != _LIFE[-1]:
        accepted = f"accepted: {', '.join(_LIFE)}, in this order, and the last one always"
        raise place.error(f"a task goes to {', '.join(reached)}; {accepted}", "transitions")
    for index, step in enumerate(place.value["transitions"]):
        typical = step["typical"]
        least, most = step.get("least", typical), step.get("most", typical)
        for key, wrong in (("least", least > typical), ("most", most < typical)):
            if wrong:
                raise place.error(f"{key} is {step[key]} and typical is {typical}", "transitions", index, key)


def _check_meaning(place: Place) -> None:
    if not isinstance(place.beside("pattern"), str):
        raise place.error("there is no pattern beside it, of which it could tell the meaning")


def _check_template(known: AbstractSet[str]) -> Callable[[Place], None]:
    def check(place: Place) -> None:
        for pointer, name in names_in(place.value):
            place.require(name, sorted(known), "no value of this name:", *pointer)

    return check


def _check_errors(place: Place) -> None:
    _check_template(ERROR_NAMES)(place)
    known = set(_rules(place.provider.document))
    for row, says in place.value.items():
        for index, rule in enumerate(says.get("rules", ()) if isinstance(says, dict) else ()):
            close = difflib.get_close_matches(rule, known - {rule}, n=1, cutoff=_ONE_SLIP)
            if close and rule not in known and rule.partition(".")[0] not in _GATE:
                raise place.error(f"no rule {rule!r}; did you mean {close[0]!r}?", row, "rules", index)


def _rules(document: Any) -> Iterator[str]:
    """Yield the ids that `x-rules` and `x-violation` of a document give."""
    for _, name, value in extensions(document):
        if name == "x-rules":
            yield from (each["id"] for each in value)
        elif name == "x-violation":
            yield value["rule"]


_CHECKS: Mapping[str, Callable[[Place], None]] = {
    "x-image": _check_image,
    "x-pattern-means": _check_meaning,
    "x-rules": _check_rules,
    "x-facts": _check_sources,
    "x-lifecycle": _check_lifecycle,
    "x-retired": _check_retired,
    "x-status-values": _check_words,
    "x-envelope": _check_template(ANSWER_NAMES),
    "x-errors": _check_errors,
    "x-violation": _check_violation,
}
