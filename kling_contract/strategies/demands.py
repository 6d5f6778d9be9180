"""What a schema demands: of each field alone, of the fields of an object together, and in its rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kling_contract.errors import Portable
from kling_contract.rules import Rule
from kling_contract.strategies.branches import DEFAULT, closed, fields_of, types_of
from kling_contract.strategies.logic import every, fits, has, implied, is_object, negated, one_of, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kling_contract.strategies.logic import Path, Statement

# Keywords that judge one value by itself.
TESTS = frozenset({"type", "enum", "const", "pattern", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"})
TESTS |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}

_BRANCHES = {"allOf": every, "anyOf": some, "oneOf": one_of}
_NAMED = frozenset({*_BRANCHES, "not", "if"})
_SILENT = frozenset({"then", "else", "title", "description", "default", "example", "examples", "deprecated", "format"})
_SILENT |= {"readOnly", "writeOnly", "externalDocs", "$comment", "$id", "$schema", "contentEncoding"}
_SILENT |= {"contentMediaType", "additionalProperties"}
_SHAPES = frozenset({"items", "x-image", "x-rules"})


class Unsupported(Portable, ValueError):
    """A schema uses a keyword that the strategies do not know how to satisfy."""

    def __init__(self, keyword: str, path: Path) -> None:
        where = "/".join(path) or "the body"
        super().__init__(f"the strategies cannot build values for {keyword!r} at {where}")


@dataclass(frozen=True, slots=True)
class Condition:
    """What several fields of a body have to agree on, and the rule that is reported where they do not."""

    rule: str
    statement: Statement


@dataclass(frozen=True, slots=True)
class Demands:
    """`shapes` are the schemas that hold wherever a path is there, in the order of the document.

    `types` are those of the paths that no such schema gives a type, since only branches of one do.
    """

    shapes: dict[Path, list[Mapping[str, Any]]] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    rules: dict[Path, list[Rule]] = field(default_factory=dict)
    types: dict[Path, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Demands:
        """Read a schema without references. Raises `Unsupported`."""
        found = cls()
        found.conditions.extend(_Walk(found).conditions(schema, (), True))
        untyped = {path: each for path, each in found.shapes.items() if not any("type" in says for says in each)}
        found.types.update({path: types_of({"allOf": each}) for path, each in untyped.items()})
        found.types.update(_of_branches(found.shapes))
        return found

    @property
    def paths(self) -> list[Path]:
        """Each path at which something may stand, in the order of the document."""
        return list(dict.fromkeys((*self.shapes, *self.types)))

    def at(self, path: Path) -> list[Mapping[str, Any]]:
        """Return the schemas of a path; the last one says the types, where only branches do."""
        types = self.types.get(path, [])
        return [*self.shapes.get(path, ()), *([{"type": types}] if types else [])]


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through a schema; `name` is the rule of `x-violation` that the gate would report, if one does."""

    demands: Demands
    name: str | None = None
    plain: bool = True

    def conditions(self, schema: Any, path: Path, guard: Statement) -> Iterator[Condition]:
        if isinstance(schema, bool):
            if not schema:
                yield self._broken("false", negated(guard))
            return
        if self.plain:
            self.demands.shapes.setdefault(path, []).append(schema)
        for keyword, argument in schema.items():
            walk = self._below(schema, keyword)
            yield from walk._keyword(schema, keyword, argument, path, guard)

    def _below(self, schema: Mapping[str, Any], keyword: str) -> _Walk:
        if keyword not in _NAMED or "x-violation" not in schema:
            return self
        return _Walk(self.demands, schema["x-violation"]["rule"], plain=False)

    def _keyword(
        self, schema: Mapping[str, Any], keyword: str, argument: Any, path: Path, guard: Statement
    ) -> Iterator[Condition]:
        match keyword:
            case "properties":
                for name, below in argument.items():
                    yield from self.conditions(below, (*path, name), every([guard, has((*path, name))]))
            case "required":
                for name in argument:
                    yield self._broken(keyword, implied(every([guard, is_object(path)]), has((*path, name))))
            case "dependentRequired":
                for name, needed in argument.items():
                    for each in needed:
                        yield self._broken(keyword, implied(every([guard, has((*path, name))]), has((*path, each))))
            case "dependentSchemas":
                for name, below in argument.items():
                    yield from self._inside.conditions(below, path, every([guard, has((*path, name))]))
            case "allOf":
                for below in argument:
                    yield from self.conditions(below, path, guard)
            case "if":
                met = meaning(argument, path)
                for step, when in (("then", met), ("else", negated(met))):
                    yield from self._inside.conditions(schema.get(step, True), path, every([guard, when]))
            case "anyOf" | "oneOf" | "not":
                known = {"properties": dict.fromkeys(schema.get("properties", {}), True)}
                yield self._broken(keyword, implied(guard, meaning({**known, keyword: argument}, path)))
            case _ if keyword in TESTS and not self.plain:
                yield self._broken(keyword, implied(guard, fits(path, keyword, argument)))
            case "x-rules" if self.plain:
                self.demands.rules[path] = _rules(schema, argument)
            case _ if not _is_known(keyword, plain=self.plain):
                raise Unsupported(keyword, path)

    @property
    def _inside(self) -> _Walk:
        """The same, below a condition, where nothing holds always."""
        return _Walk(self.demands, self.name, plain=False)

    def _broken(self, keyword: str, statement: Statement) -> Condition:
        return Condition(self.name or f"schema.{keyword}", statement)


def _of_branches(shapes: Mapping[Path, Sequence[Mapping[str, Any]]]) -> dict[Path, list[str]]:
    """Return the types of the paths that are named in branches alone, where nothing keeps them out."""
    found: dict[Path, list[Mapping[str, Any]]] = {}
    for path, schemas in shapes.items():
        for below, says in fields_of({"allOf": schemas}, path):
            around = below[:-1]
            is_open = all(each.get("additionalProperties") is not False for each in shapes.get(around, ()))
            if below not in shapes and (around in shapes or around in found) and is_open:
                found.setdefault(below, []).append(says)
    return {path: types_of({"anyOf": says}) or list(DEFAULT) for path, says in found.items()}


def _rules(schema: Mapping[str, Any], items: list[Mapping[str, Any]]) -> list[Rule]:
    defaults = {name: each["default"] for name, each in schema.get("properties", {}).items() if "default" in each}
    return [Rule.from_document(item, defaults) for item in items]


def _is_known(keyword: str, *, plain: bool) -> bool:
    if keyword in _SHAPES:
        return plain
    return keyword in TESTS or keyword in _SILENT or keyword.startswith("x-")


def meaning(schema: Any, path: Path) -> Statement:
    """Return a whole schema as one statement about what stands at a path. Raises `Unsupported`."""
    if isinstance(schema, bool):
        return schema
    return every(_meaning(schema, keyword, argument, path) for keyword, argument in schema.items())


def _meaning(schema: Mapping[str, Any], keyword: str, argument: Any, path: Path) -> Statement:
    match keyword:
        case "properties":
            return every(implied(has((*path, n)), meaning(below, (*path, n))) for n, below in argument.items())
        case "required":
            return implied(is_object(path), every(has((*path, name)) for name in argument))
        case "allOf" | "anyOf" | "oneOf":
            return _BRANCHES[keyword](meaning(branch, path) for branch in closed(schema, argument))
        case "not":
            return negated(meaning(argument, path))
        case "if":
            met = meaning(argument, path)
            then, other = (meaning(schema.get(step, True), path) for step in ("then", "else"))
            return every([implied(met, then), some([met, other])])
        case "dependentRequired":
            pairs = [(n, each) for n, needed in argument.items() for each in needed]
            return every(implied(has((*path, name)), has((*path, each))) for name, each in pairs)
        case "dependentSchemas":
            return every(implied(has((*path, n)), meaning(below, path)) for n, below in argument.items())
    if keyword in TESTS:
        return fits(path, keyword, argument)
    if _is_known(keyword, plain=False):
        return True
    raise Unsupported(keyword, path)
