"""What two schemas demand of several fields together: `x-rules`, and native branches (`not`, `if`, `anyOf`, ...).

A condition that only one side has breaks nothing where no body of the other could offend it. Whether one could is
answered by a logic of two one-sided answers: `certain` is never wrong when it says yes, `possible` never when it says
no; between them a move counts as breaking.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kling_contract.verify.diff import domains
from kling_contract.verify.diff.difference import Difference, Move, between
from kling_contract.verify.diff.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.verify.diff.domains import Schema

    Side = tuple[str, Schema]

_BRANCHES = ("anyOf", "oneOf", "allOf")
_NATIVE = (*_BRANCHES, "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
_SILENT = ("x-facts", "x-violation", "description", "title", "$comment", "examples", "example", "default")
_NAME = re.compile(r"[A-Za-z_]\w*")
_BOUND = re.compile(r"(.*[^<>=!])(<=|>=|<|>)\s*([0-9.]+)")
_WORDS = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One demand: the id under which breaking it is reported ("" for none), and its form by canonical names."""

    rule: str
    told: str
    form: Any

    @property
    def key(self) -> str:
        """A text that equal demands share, whatever they are called."""
        return json.dumps(self.form, sort_keys=True)


def conditions(operation: str, place: str, one: Side, other: Side) -> Iterator[Difference]:
    """Yield the conditions of two objects that differ, one difference for each id."""
    mine, theirs = _by_key(one[1]), _by_key(other[1])
    gone = [each for key, each in mine.items() if key not in theirs]
    new = [each for key, each in theirs.items() if key not in mine]
    for rule in dict.fromkeys(each.rule for each in (*gone, *new)):
        lost, gained = _of(rule, gone), _of(rule, new)
        shown = (_told(lost) or None, _told(gained) or None)
        sides = ((one, lost), (other, gained))
        yield between(operation, rule or place or "/", "rule", shown, sides, partial(_say, rule))


def _of(rule: str, found: list[Condition]) -> list[Condition]:
    return [each for each in found if each.rule == rule]


def _told(found: list[Condition]) -> list[str]:
    return list(dict.fromkeys(each.told for each in found))


def _say(rule: str, old: tuple[Side, list[Condition]], new: tuple[Side, list[Condition]]) -> Move:
    (before, _), ((title, schema), gained) = old, new
    named, defaults = rule or "a condition", _defaults(schema)
    if not gained:
        return Move(f"{title} does not check {named}")
    told = "; ".join(_told(gained))
    if all(_Bodies(before[1], defaults).certain(each.form) for each in gained):
        return Move(f"{title} checks {named}, which every body of {before[0]} keeps")
    return Move(f"keep {named}: {told}", "refused")


def _by_key(schema: Schema) -> dict[str, Condition]:
    return {each.key: each for each in _conditions(schema, schema, "", "")}


def _conditions(schema: Schema, root: Schema, rule: str, told: str) -> Iterator[Condition]:
    """Yield each demand of a node; a demand that none of several things holds is as many demands."""
    says = schema.get("x-violation", {})
    rule, told = says.get("rule", rule), ", ".join(filter(None, (says.get("message"), says.get("hint")))) or told
    for each in schema.get("x-rules", ()):
        yield Condition(each["id"], each["expression"], {"x-rule": _expression(each["expression"], root)})
    for part in schema.get("allOf", ()):
        yield from _conditions(part, root, rule, told) if isinstance(part, dict) else ()
    native = {key: schema[key] for key in _NATIVE if key in schema and key != "allOf"}
    if schema is not root:
        native |= {key: value for key, value in schema.items() if key not in (*_SILENT, "allOf", "x-rules")}
    for form in _split(canonical(native, root)) if native else ():
        yield Condition(rule, told or say(form), form)


def _split(form: Any) -> list[Any]:
    if list(form) == ["not"] and isinstance(form["not"], dict) and list(form["not"]) == ["anyOf"]:
        return [{"not": each} for each in form["not"]["anyOf"]]
    keyed = [{key: form[key]} for key in ("not", "anyOf", "oneOf") if key in form]
    rest = {key: value for key, value in form.items() if key not in ("not", "anyOf", "oneOf")}
    return [each for part in keyed for each in (_split(part) if len(form) > 1 else [part])] + ([rest] if rest else [])


def canonical(node: Any, schema: Schema) -> Any:
    """Return a piece of a schema with the fields of `schema` by their canonical names."""
    if not isinstance(node, dict):
        return node
    fields = schema.get("properties", {})
    names = {own: each.get("x-canonical-name", own) for own, each in fields.items()}
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            found[key] = {names.get(own, own): canonical(each, fields.get(own, {})) for own, each in value.items()}
        elif key == "required":
            found[key] = sorted(names.get(own, own) for own in value)
        elif key in _BRANCHES:
            found[key] = [canonical(each, schema) for each in value]
        elif key in ("not", "if", "then", "else"):
            found[key] = canonical(value, schema)
        elif key == "items":
            found[key] = canonical(value, schema.get("items", {}))
        elif key == "dependentRequired":
            found[key] = {names.get(own, own): sorted(names.get(each, each) for each in value[own]) for own in value}
        elif key == "dependentSchemas":
            found[key] = {names.get(own, own): canonical(each, schema) for own, each in value.items()}
        elif key not in _SILENT:
            found[key] = value
    return found


def _expression(text: str, schema: Schema) -> str:
    names = {own: each.get("x-canonical-name", own) for own, each in schema.get("properties", {}).items()}
    return " ".join(_NAME.sub(lambda word: names.get(word[0], word[0]), text).split())


def _defaults(schema: Schema) -> dict[str, Any]:
    fields = schema.get("properties", {}).items()
    return {each.get("x-canonical-name", own): each["default"] for own, each in fields if "default" in each}


class _Bodies:
    """All bodies that a schema accepts, as far as can be said of them; `defaults` are those of the side that checks."""

    def __init__(self, schema: Schema, defaults: Mapping[str, Any]) -> None:
        fields = schema.get("properties", {})
        names = {own: each.get("x-canonical-name", own) for own, each in fields.items()}
        self._fields: dict[str, Schema] = {names[own]: each for own, each in fields.items()}
        self._required = {names.get(own, own) for own in schema.get("required", ())}
        self._conditions = [each.form for each in _by_key(schema).values()]
        self._defaults = defaults

    def certain(self, form: Any) -> bool:
        """Whether every body keeps a condition, for sure."""
        if not isinstance(form, dict):
            return form is True
        if form in self._conditions:
            return True
        if "if" in form:
            return self._implied(form) and self.certain(_without(form, "if", "then", "else"))
        return all(self._certain(key, value) for key, value in form.items())

    def possible(self, form: Any) -> bool:
        """Whether some body may keep a condition; False only where none does, for sure."""
        if not isinstance(form, dict):
            return form is not False
        required = form.get("required", ())
        if not set(required) <= self._fields.keys():
            return False
        if not all(self._some(name, each) for name, each in form.get("properties", {}).items() if name in required):
            return False
        return all(self._possible(key, value) for key, value in form.items())

    def _implied(self, form: Any) -> bool:
        then = not self.possible(form["if"]) or self.certain(form.get("then", True))
        return then and (self.certain(form["if"]) or self.certain(form.get("else", True)))

    def _certain(self, key: str, value: Any) -> bool:
        match key:
            case "required":
                return self._required >= set(value)
            case "properties":
                return all(self._every(name, each) for name, each in value.items())
            case "anyOf":
                return any(map(self.certain, value))
            case "allOf":
                return all(map(self.certain, value))
            case "not":
                return not self.possible(value)
            case "x-rule":
                return self._computed(value)
            case "dependentRequired":
                return all(name not in self._fields or self._required >= set(value[name]) for name in value)
            case "dependentSchemas":
                return all(name not in self._fields or self.certain(value[name]) for name in value)
        return False

    def _possible(self, key: str, value: Any) -> bool:
        match key:
            case "anyOf" | "oneOf":
                return any(map(self.possible, value))
            case "allOf":
                return all(map(self.possible, value))
            case "not":
                return not self.certain(value)
        return True

    def _every(self, name: str, schema: Any) -> bool:
        """Whether every value of a field keeps a schema; a field that no body has has none."""
        few = domains.values(self._fields[name]) if name in self._fields else []
        return few is not None and isinstance(schema, dict) and all(_keeps(schema, value) for value in few)

    def _some(self, name: str, schema: Any) -> bool:
        few, wanted = domains.values(self._fields[name]), domains.listed(schema) if isinstance(schema, dict) else None
        if few is not None and isinstance(schema, dict):
            return any(_keeps(schema, value) for value in few)
        return wanted is None or any(_keeps(self._fields[name], value) for value in wanted)

    def _computed(self, text: str) -> bool:
        """Whether a rule never applies, or a rule of the same sum has a limit that is as tight."""
        names = set(_NAME.findall(text)) - _WORDS
        if any(name not in self._fields and name not in self._defaults for name in names):
            return True
        own = (form["x-rule"] for form in self._conditions if list(form) == ["x-rule"])
        return any(_tighter(each, text) for each in own)


def _keeps(schema: Schema, value: Any) -> bool:
    """Whether a value keeps a schema, as it is or as the other side would write it."""
    texts = [str(value)] if isinstance(value, int) and not isinstance(value, bool) else []
    numbers = [int(value)] if isinstance(value, str) and value.isdecimal() and value.isascii() else []
    return any(domains.accepts(schema, each) for each in (value, *texts, *numbers))


def _without(form: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in form.items() if key not in keys}


def _tighter(one: str, other: str) -> bool:
    mine, theirs = _BOUND.fullmatch(one), _BOUND.fullmatch(other)
    if not mine or not theirs or mine[1] != theirs[1] or mine[2][0] != theirs[2][0]:
        return False
    step = 1 if mine[2][0] == "<" else -1
    limit, wanted = float(mine[3]) * step, float(theirs[3]) * step
    return limit < wanted or (limit == wanted and (mine[2] == theirs[2] or "=" not in mine[2]))
