"""The fields of two request bodies, matched by their canonical names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.documents.model import empty_of
from kling_contract.verify.diff import domains, words
from kling_contract.verify.diff.conditions import conditions
from kling_contract.verify.diff.difference import Difference, Move, between
from kling_contract.verify.diff.domains import TRAITS, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kling_contract.verify.diff.difference import Request
    from kling_contract.verify.diff.domains import Schema, Trait

    Blank = tuple["Field", frozenset[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """A field as one side has it: `title` is the side's, `name` the way to the field by its own names."""

    title: str
    name: str
    schema: Schema
    required: bool = True
    closed: bool = False

    def children(self) -> dict[str, Field]:
        """Return the fields of an object by their canonical names."""
        required, prefix = self.schema.get("required", ()), f"{self.name}." if self.name else ""
        closed = self.schema.get("additionalProperties") is False
        return {
            schema.get("x-canonical-name", own): Field(self.title, prefix + own, schema, own in required, closed)
            for own, schema in self.schema.get("properties", {}).items()
        }

    def items(self) -> Field:
        """Return what each item of a list is."""
        return Field(self.title, f"{self.name}[]", self.schema.get("items", {}))

    @property
    def own(self) -> str:
        """The field's own name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Fields:
    """One walk over two bodies of an operation."""

    operation: str

    def compare(self, one: Field, other: Field, place: str = "") -> Iterator[Difference]:
        """Yield every difference of two fields that mean the same, and of what is in them."""
        yield from self._value(one, other, place)
        shared = domains.types(one.schema) & domains.types(other.schema)
        if "object" in shared and ("properties" in one.schema or "properties" in other.schema):
            yield from self._object(one, other, place)
        if "array" in shared and ("items" in one.schema or "items" in other.schema):
            yield from self.compare(one.items(), other.items(), f"{place}/*")

    def _object(self, one: Field, other: Field, place: str) -> Iterator[Difference]:
        mine, theirs = one.children(), other.children()
        for name in dict.fromkeys((*mine, *theirs)):
            below = f"{place}/{name}"
            if name not in theirs:
                yield self._missing(mine[name], other, below)
            elif name not in mine:
                yield self._missing(theirs[name], one, below).mirrored()
            else:
                yield from self._named(mine[name], theirs[name], below)
                yield from self.compare(mine[name], theirs[name], below)
        yield from conditions(self.operation, place, (one.title, one.schema), (other.title, other.schema))

    def _missing(self, mine: Field, parent: Field, place: str) -> Difference:
        """Return the difference of a field that only the first side has; `parent` is the other's object."""
        closed = parent.schema.get("additionalProperties") is False
        there = Move(words.stop_sending(mine, parent, closed), "refused" if closed else "ignored")
        back = Move(words.may_send(mine, parent), "refused" if mine.required else "kept")
        return Difference(self.operation, place, "missing", mine.name, None, there, back)

    def _named(self, mine: Field, theirs: Field, place: str) -> Iterator[Difference]:
        sides = (mine, theirs)
        if mine.own != theirs.own:
            yield between(self.operation, place, "renamed", (mine.name, theirs.name), sides, _rename)
        if mine.required != theirs.required:
            yield between(self.operation, place, "required", (mine.required, theirs.required), sides, _require)

    def _value(self, one: Field, other: Field, place: str) -> Iterator[Difference]:
        if domains.trades(one.schema, other.schema):
            yield self._trait(TYPE, one, other, place)
            yield from self._traded(one, other, place)
        elif not domains.types(one.schema) & domains.types(other.schema):
            yield self._trait(TYPE, one, other, place)
        else:
            found = (each for each in TRAITS if each.of(one.schema) != each.of(other.schema))
            yield from (self._trait(each, one, other, place) for each in found)
        yield from self._default(one, other, place)

    def _trait(self, trait: Trait, one: Field, other: Field, place: str) -> Difference:
        def say(old: Field, new: Field) -> Move:
            kept = trait.holds(old.schema, new.schema)
            return Move(words.trait(trait, old, new, kept), "kept" if kept else "refused")

        shown = (trait.of(one.schema), trait.of(other.schema))
        return between(self.operation, place, trait.kind, shown, (one, other), say)

    def _traded(self, one: Field, other: Field, place: str) -> Iterator[Difference]:
        """Compare the numbers that two sides take, one as numbers and the other as texts."""

        def say(old: Field, new: Field) -> Move:
            lost = domains.numbers_lost(old.schema, new.schema)
            return Move(words.numbers(old, new, lost), "refused" if lost else "kept")

        found = between(self.operation, place, "range", (_numbers(one), _numbers(other)), (one, other), say)
        if found.breaks:
            yield found

    def _default(self, one: Field, other: Field, place: str) -> Iterator[Difference]:
        shown = (one.schema.get("default"), other.schema.get("default"))
        if shown[0] != domains.traded(one.schema, shown[1]):
            yield between(self.operation, place, "default", shown, (one, other), _say_default)


def blanks(operation: str, one: Blank, other: Blank) -> Iterator[Difference]:
    """Yield the fields, by canonical names, whose empty value means absent on one side only."""
    for name in sorted(one[1] ^ other[1]):
        mine, theirs = one[0].children().get(name), other[0].children().get(name)
        if mine and theirs:
            shown = (name in one[1], name in other[1])
            sides = ((mine, shown[0]), (theirs, shown[1]))
            yield between(operation, f"/{name}", "blank", shown, sides, _blank)


def _blank(old: tuple[Field, bool], new: tuple[Field, bool]) -> Move:
    refused = old[1] and not domains.accepts(new[0].schema, empty_of(new[0].schema))
    return Move(words.blank(new[0], new[1]), "refused" if refused else "kept")


def _numbers(field: Field) -> Mapping[str, Any]:
    keywords = ("type", "enum", "minimum", "maximum", "pattern")
    return {key: field.schema[key] for key in keywords if key in field.schema}


def _rename(old: Field, new: Field) -> Move:
    request: Request = "refused" if new.required or new.closed else "ignored"
    return Move(words.rename(old, new, request == "ignored"), request)


def _require(old: Field, new: Field) -> Move:
    return Move(words.require(new), "refused" if new.required else "kept")


def _say_default(old: Field, new: Field) -> Move:
    return Move(words.default(old, new))
