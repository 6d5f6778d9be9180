"""One schema of a document as a check of values, whose failures are violations in the words of its field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from kling_contract.documents.conditions import Step, conditions, follows, keywords, walk
from kling_contract.errors import Violation
from kling_contract.images import ImageRule, judge
from kling_contract.names import renames
from kling_contract.reading import MOST_REMARKS, Place, listed, pointer_to
from kling_contract.rules import Broken, RulesKeyword
from kling_contract.wording import Failure, shown, words

_SAME_INSTANCE = frozenset({"if", "then", "else", "not", "anyOf", "oneOf", "allOf"})
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Checker:
    """One schema, with `x-image` and `x-rules` as keywords of the same validator."""

    def __init__(self, schema: Mapping[str, Any], provider: str) -> None:
        self._schema, self._provider = schema, provider
        ours: dict[str, Any] = {"x-image": _ImageKeyword, "x-rules": RulesKeyword}
        self._validator = jsonschema_rs.validator_for(dict(schema), keywords=ours, mask="...")
        self._known: dict[Place, tuple[Step, ...]] = {}

    def check(self, body: Any) -> list[Violation]:
        """Return the violations of the schema, once each, in the schema's order, and how many more there are."""
        if self._validator.is_valid(body):
            return []
        found: dict[tuple[str, str, str], Violation] = {}
        errors, more = _first_of_each(self._validator.iter_errors(body))
        flawed = {self._flawed(error) for error in errors} - {()}
        for error in errors:
            if not follows(conditions(self._steps(error)), tuple(error.instance_path), body, flawed):
                for violation in self._violations(error, body):
                    found.setdefault((violation.pointer, violation.rule, violation.message), violation)
        told = _without_consequences(list(found.values()))
        return [*told, *listed((), more)]

    def _flawed(self, error: Any) -> Place:
        """Return the place of a value that is wrong by itself; () for a failure that says no such thing."""
        steps = self._steps(error)
        if steps[-1].keyword == "x-rules" or conditions(steps):
            return ()
        missing = getattr(error.kind, "property", None)
        return (*error.instance_path, missing) if missing else tuple(error.instance_path)

    def _steps(self, error: Any) -> tuple[Step, ...]:
        """Return the keywords on the way to a failed one; a schema has few ways, and a body may fail often."""
        path = tuple(error.schema_path)
        if path not in self._known:
            self._known[path] = tuple(keywords(self._schema, path))
        return self._known[path]

    def _violations(self, error: Any, body: Any) -> Iterator[Violation]:
        instance, path = tuple(error.instance_path), tuple(error.schema_path)
        cause = error.__cause__
        if isinstance(cause, Broken):
            source = self._source(path)
            for each in cause.violations:
                pointer = pointer_to(instance) + each.pointer
                yield Violation(pointer, each.rule, each.message, each.found, each.hint, each.source or source)
        elif cause is not None:
            raise cause
        else:
            yield self._named(instance, self._steps(error), body) or self._plain(error, instance, path, body)

    def _named(self, instance: Place, steps: tuple[Step, ...], body: Any) -> Violation | None:
        """Return the violation by which the schema itself names the failure (`x-violation`), the innermost one."""
        step = next((each for each in reversed(steps) if _is_named(each)), None)
        if step is None:
            return None
        where = instance[: step.depth]
        says, at = step.schema["x-violation"], walk(body, where)
        given = at if isinstance(at, Mapping) else {}
        source = step.schema.get("x-facts", {}).get("if" if step.keyword in ("then", "else") else step.keyword)
        message = _fill(says["message"], {**_defaults(self._schema), **given})
        hint = says.get("hint") or _renamed(next(each for each in steps if each.depth == step.depth), step, given)
        return Violation(pointer_to(where), says["rule"], message, shown(at), hint, source)

    def _plain(self, error: Any, instance: Place, path: Place, body: Any) -> Violation:
        keyword, missing = str(path[-1]), getattr(error.kind, "property", None)
        found, parent = walk(body, instance), walk(body, instance if missing else instance[:-1])
        schema = walk(self._schema, path[:-1])
        failure = Failure(
            keyword=keyword,
            schema=schema if isinstance(schema, Mapping) else {},
            found=found,
            name=_name(instance),
            missing=missing,
            parent=parent if isinstance(parent, Mapping) else {},
            provider=self._provider,
        )
        message, hint = words(failure)
        pointer = pointer_to((*instance, missing) if missing else instance)
        value = None if missing else shown(found)
        return Violation(pointer, f"schema.{keyword}", message, value, hint, self._source(path))

    def _source(self, path: Place) -> Mapping[str, Any] | None:
        node = walk(self._schema, path[:-1])
        facts = node.get("x-facts", {}) if isinstance(node, Mapping) else {}
        return facts.get(path[-1])


class _ImageKeyword:
    def __init__(self, parent: dict[str, Any], value: Any, path: list[Any]) -> None:
        self._rule = ImageRule.from_document(value, parent.get("x-facts", {}).get("x-image"))

    def validate(self, instance: Any) -> None:
        violations = judge(instance, self._rule) if isinstance(instance, str) else ()
        if violations:
            raise Broken(tuple(violations))


def _first_of_each(failures: Iterable[Any]) -> tuple[list[Any], int]:
    """Return the first failures of each keyword of a schema, and how many more there are: of a list, each item may."""
    chosen, count, all_of = [], Counter[tuple[str | int, ...]](), 0
    for failure in failures:
        path = tuple(failure.schema_path)
        count[path] += 1
        all_of += 1
        if count[path] <= MOST_REMARKS:
            chosen.append(failure)
    return chosen, all_of - len(chosen)


def _without_consequences(violations: list[Violation]) -> list[Violation]:
    """Drop what only follows from a value of the wrong type."""
    wrong = {violation.pointer for violation in violations if violation.rule == "schema.type"}
    return [each for each in violations if each.rule == "schema.type" or each.pointer not in wrong]


def _is_named(step: Step) -> bool:
    return step.keyword in _SAME_INSTANCE and "x-violation" in step.schema


def _renamed(around: Step, step: Step, given: Mapping[str, Any]) -> str | None:
    """Return the hint to rename a field, if one that a condition looks at is there under another name."""
    names = [str(place[0]) for place in step.fields]
    found = renames(around.schema.get("properties", {}), dict.fromkeys(names), given)
    return next((f"rename {name} to {own}" for own, name in found.items()), None)


def _name(instance: Place) -> str:
    """Return what a message calls a value: its field, or the list it is in and its place there."""
    if not instance:
        return "the body"
    return f"{_name(instance[:-1])}[{instance[-1]}]" if isinstance(instance[-1], int) else instance[-1]


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each["default"] for name, each in schema.get("properties", {}).items() if "default" in each}


def _fill(message: str, values: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda name: _said(values.get(name.group(1))), message)


def _said(value: Any) -> str:
    """Return a value as it stands in a sentence: a text as it is, anything else as JSON."""
    told = shown(value)
    return told if isinstance(told, str) else json.dumps(told)
