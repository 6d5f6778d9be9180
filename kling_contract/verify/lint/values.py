"""Whether the values that a document shows keep what it says: defaults, examples, retired values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.checker import Checker
from kling_contract.rules import Rule
from kling_contract.verify.lint.findings import Found
from kling_contract.verify.lint.subject import BODY
from kling_contract.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.subject import Spot, Subject

_WORDS = "x-status-values"
_BRANCHES = ("allOf", "anyOf", "oneOf")


def invalid_defaults(subject: Subject) -> Iterator[Found]:
    """Yield the defaults that break their own schema."""
    for spot in subject.spots:
        for value in _default(spot.schema):
            for violation in _violations(spot.schema, value)[:1]:
                yield Found("default.invalid", (*spot.pointer, "default"), f"default {shown(value)}: {violation}")


def required_defaults(subject: Subject) -> Iterator[Found]:
    """Yield the required fields that have a default."""
    for spot in subject.spots:
        for name in spot.schema.get("required", ()):
            for value in _default(spot.schema.get("properties", {}).get(name, {})):
                message = f"{name} is required, and its default is {shown(value)}"
                yield Found("default.required", (*spot.pointer, "properties", name, "default"), message)


def ruled_defaults(subject: Subject) -> Iterator[Found]:
    """Yield the defaults that together break a rule, each where it stands."""
    for spot in subject.spots:
        properties = spot.schema.get("properties", {})
        defaults = {name: value for name, each in properties.items() for value in _default(each)}
        for item in spot.schema.get("x-rules", ()):
            rule = Rule.from_document(item, defaults)
            violation = rule.check(defaults) if rule.fields <= defaults.keys() else None
            if violation is not None:
                for name in sorted(rule.fields):
                    message = f"{name} {shown(defaults[name])} with the other defaults: {violation.message}"
                    yield Found("default.rule", (*spot.pointer, "properties", name, "default"), message)


def invalid_examples(subject: Subject) -> Iterator[Found]:
    """Yield the examples that break their own schema or rules, of bodies, parameters and fields."""
    for spot in subject.spots:
        for pointer, value in _examples(subject, spot):
            for violation in _violations(spot.schema, value)[:1]:
                yield Found("example.invalid", pointer, str(violation))


def unknown_examples(subject: Subject) -> Iterator[Found]:
    """Yield the fields that the example of a request sends and its schema does not have."""
    for operation in subject.provider.operations.values():
        for name, example in operation.examples.items():
            pointer = subject.pointer(operation, *BODY[:-1], "examples", name, "value")
            for field in example if isinstance(example, dict) else ():
                if field not in operation.properties:
                    yield Found("example.unknown", pointer, f"{field} is not in the schema")


def retired_values(subject: Subject) -> Iterator[Found]:
    """Yield enums of which nothing is left, else retired defaults; and retired examples."""
    for spot in subject.spots:
        days = {value: says["date"] for value, says in spot.schema.get("x-retired", {}).items()}
        retired = [value for value, day in days.items() if day <= subject.provider.date]
        enum, default = spot.schema.get("enum"), [*_default(spot.schema)]
        if enum and all(value in retired for value in enum):
            yield Found("retired.all", (*spot.pointer, "enum"), f"retired: {', '.join(enum)}")
        elif default and default[0] in retired:
            message = f"the default {default[0]} was retired on {days[default[0]]}"
            yield Found("retired.default", (*spot.pointer, "default"), message)
        for value in spot.schema.get("examples", ()):
            if value in retired:
                yield Found("retired.example", (*spot.pointer, "examples"), f"{value} was retired on {days[value]}")


def unknown_statuses(subject: Subject) -> Iterator[Found]:
    """Yield the status words of enums, and of examples where no enum refuses them, that no status has."""
    for spot in subject.spots:
        for word in spot.schema.get("enum", ()) if _WORDS in spot.schema else ():
            if word not in spot.schema[_WORDS].values():
                yield Found("status.unsaid", (*spot.pointer, "enum"), f"no status has the word {word}")
        for pointer, value in _examples(subject, spot):
            for word in dict.fromkeys(_unknown_words(spot.schema, value)):
                yield Found("status.unsaid", pointer, f"no status has the word {word}")


def _unknown_words(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Yield the texts of a value that stand where a status does and are none."""
    words = {} if "enum" in schema else schema.get(_WORDS, {})
    if words and isinstance(value, str) and value not in words.values():
        yield value
    parts = value.items() if isinstance(value, dict) else ()
    below = [(schema.get("properties", {}).get(name), each) for name, each in parts]
    below += [(schema.get("items"), each) for each in value] if isinstance(value, list) else []
    below += [(branch, value) for key in _BRANCHES for branch in schema.get(key, ())]
    for part, each in below:
        yield from _unknown_words(part, each) if isinstance(part, dict) else ()


def _default(schema: Mapping[str, Any]) -> list[Any]:
    """Return the default that the page gives, in a list; an empty one if it gives none."""
    fact = schema.get("x-facts", {}).get("default", {})
    return [fact["value"]] if "value" in fact else [schema["default"]] if "default" in schema else []


def _violations(schema: Mapping[str, Any], value: Any) -> list[Any]:
    return Checker(schema, "the document").check(value)


def _examples(subject: Subject, spot: Spot) -> Iterator[tuple[Pointer, Any]]:
    """Yield what stands beside a schema that is a media type's or a parameter's, and the schema's own examples."""
    beside = spot.pointer[:-1]
    holder = subject.at(beside) if "schema" in spot.pointer[-1:] and "properties" not in beside[-1:] else {}
    if "example" in holder:
        yield (*beside, "example"), holder["example"]
    for name, each in holder.get("examples", {}).items():
        if "value" in each:
            yield (*beside, "examples", name, "value"), each["value"]
    if "example" in spot.schema:
        yield (*spot.pointer, "example"), spot.schema["example"]
    for value in spot.schema.get("examples", ()):
        yield (*spot.pointer, "examples"), value
