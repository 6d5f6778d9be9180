"""What two providers answer: which value stands where, in which words, and what the old reader makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kling_contract.verify.diff.difference import Difference, Move, between
from kling_contract.verify.diff.domains import TRAITS
from kling_contract.verify.diff.samples import Answer, Heard, heard
from kling_contract.verify.diff.templates import Leaf, Place, leaves, places
from kling_contract.verify.diff.words import listing, say, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kling_contract.documents import Operation
    from kling_contract.verify.diff.difference import Response
    from kling_contract.verify.diff.domains import Trait

    Side = tuple[str, Operation]

_VITAL = ("id", "status", "tasks", "tasks.id", "tasks.status")


def answers(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs in the answers, the status words and the callbacks of one operation."""
    yield from _Pair(Answer.of(*one), Answer.of(*other)).differences()
    if _changed(one[1].statuses, other[1].statuses):
        words = (dict(one[1].statuses), dict(other[1].statuses))
        yield between(one[1].id, "answer.status", "status", words, (one, other), _words)
    mine, theirs = Answer.called(*one), Answer.called(*other)
    if mine and theirs:
        yield from map(_in_callbacks, _Pair(mine, theirs).differences())
    elif mine or theirs:
        shown = ("sent" if mine else None, "sent" if theirs else None)
        yield between(one[1].id, "callback", "callback", shown, (one, other), _called)


def _in_callbacks(found: Difference) -> Difference:
    """Return the difference with messages that tell it from the same one in the answer."""
    there, back = (
        each and replace(each, message=f"in callbacks, {each.message}") for each in (found.there, found.back)
    )
    return replace(found, there=there, back=back)


def _words(old: Side, new: Side) -> Move:
    changed = _changed(old[1].statuses, new[1].statuses)
    return Move(f"read the status {listing(f'{new} for {old}' for old, new in changed)}", response="unreadable")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the words of statuses that are others; a document that has none of its own uses the official one."""
    words = [(before.get(status, status), after.get(status, status)) for status in {**after, **before}]
    return [pair for pair in words if pair[0] != pair[1]]


def _called(old: Side, new: Side) -> Move:
    if new[1].callback is None:
        return Move(f"poll: {new[0]} documents no callback", "ignored", "lost")
    return Move(f"{new[0]} can call back")


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of an answer as one side has it; `heard` is what this side's reader makes of the other's answers."""

    answer: Answer
    key: str
    place: Place | None
    leaf: Leaf | None
    heard: Heard


class _Pair:
    """Two answers side by side."""

    def __init__(self, one: Answer, other: Answer) -> None:
        self.one, self.other = one, other
        names = {each.pointer: key for side in (other, one) for key, each in places(side.envelope.template).items()}
        self._mine = _table(one, heard(one, other), names)
        self._theirs = _table(other, heard(other, one), names)

    def differences(self) -> Iterator[Difference]:
        if self.one.status != self.other.status:
            yield self._between("http", "answer", (self.one.status, self.other.status), (self.one, self.other), _status)
        told: list[_Value] = []
        for key in dict.fromkeys((*self._mine, *self._theirs)):
            mine, theirs = self._side(self._mine, key, self.one), self._side(self._theirs, key, self.other)
            for difference in (*self._placed(mine, theirs), *self._typed(mine, theirs)):
                told += [mine, theirs]
                yield difference
        pointers = {each.place.pointer for each in told if each.place} | {each.key for each in told}
        yield from self._surprises(self.one, self.other, self._heard(self._mine), pointers)
        back = self._surprises(self.other, self.one, self._heard(self._theirs), pointers)
        yield from (each.mirrored() for each in back)

    def _side(self, table: dict[str, _Value], key: str, answer: Answer) -> _Value:
        return table.get(key) or _Value(answer, key, None, None, self._heard(table))

    def _heard(self, table: dict[str, _Value]) -> Heard:
        return next((each.heard for each in table.values()), Heard())

    def _between(self, name: str, kind: Any, shown: tuple[Any, Any], sides: tuple[Any, Any], say: Any) -> Difference:
        dot = "" if name.startswith("/") else "."
        return between(self.one.operation.id, f"{self.one.part}{dot}{name}", kind, shown, sides, say)

    def _placed(self, mine: _Value, theirs: _Value) -> Iterator[Difference]:
        shown = tuple(each.place.shown if each.place else None for each in (mine, theirs))
        if shown[0] != shown[1]:
            yield self._between(mine.key, "envelope", (shown[0], shown[1]), (mine, theirs), _move)

    def _typed(self, mine: _Value, theirs: _Value) -> Iterator[Difference]:
        """Compare the schemas of a value, but for what the template or the status words tell already."""
        if mine.leaf is None or theirs.leaf is None:
            if (mine.leaf or theirs.leaf) and not (mine.place or theirs.place):
                shown = ("told" if mine.leaf else None, "told" if theirs.leaf else None)
                yield self._between(mine.key, "answer", shown, (mine, theirs), _only)
            return
        if mine.leaf.required != theirs.leaf.required:
            required = (mine.leaf.required, theirs.leaf.required)
            yield self._between(mine.key, "answer", required, (mine, theirs), _require)
        if self._is_told(mine, theirs):
            return
        for trait in TRAITS:
            said = (trait.of(mine.leaf.schema), trait.of(theirs.leaf.schema))
            if said[0] != said[1]:
                yield self._between(mine.key, "answer", said, (mine, theirs), _retyped(trait))

    def _is_told(self, mine: _Value, theirs: _Value) -> bool:
        words = mine.key in _VITAL and mine.answer.operation.statuses != theirs.answer.operation.statuses
        constants = (each.place.shown for each in (mine, theirs) if each.place and each.place.fixed)
        return words or len(set(map(say, constants))) > 1

    def _surprises(self, old: Answer, new: Answer, found: Heard, known: set[str]) -> Iterator[Difference]:
        """Yield what offends the old reader, and no other difference tells of."""
        statuses = old.operation.statuses != new.operation.statuses
        for pointer, (message, body) in found.broken.items():
            near = any(f"{each}/".startswith(f"{pointer}/") or f"{pointer}/".startswith(f"{each}/") for each in known)
            word = statuses and pointer in {each.pointer for each in places(old.envelope.template).values()}
            if not near and not word:
                there = Move(f"{new.title}'s answer is none of {old.title}'s: {message}", "kept", "unreadable", body)
                yield Difference(old.operation.id, f"{old.part}{pointer}", "unexplained", None, message, there)


def _table(answer: Answer, found: Heard, names: Mapping[str, str]) -> dict[str, _Value]:
    """Return the values of an answer by their keys: those of the template, then those that only the schema has.

    `names` are the keys by pointers that either template has.
    """
    named, schemas = places(answer.envelope.template), leaves(answer.schema)
    table = {key: _Value(answer, key, place, schemas.get(place.pointer), found) for key, place in named.items()}
    used = {place.pointer for place in named.values()}
    holds = {pointer for pointer in schemas if not any(each.startswith(f"{pointer}/") for each in names)}
    over = ((names.get(pointer, pointer), schemas[pointer]) for pointer in schemas if pointer in holds - used)
    return {**{key: _Value(answer, key, None, leaf, found) for key, leaf in over}, **table}


def _status(old: Answer, new: Answer) -> Move:
    return Move(f"expect HTTP {new.status} instead of {old.status}", response="unreadable")


def _move(old: _Value, new: _Value) -> Move:
    if old.place and old.place.fixed:
        return _constant(old, new)
    if old.place is None:
        return Move(f"{new.answer.title} also says {_placed(new)}")
    if new.place is None:
        return Move(f"do without {old.key}: {new.answer.title} does not say it", response=_heard_of(old, gone=True))
    message = f"read {old.key} at {new.place.shown}, not at {old.place.shown}"
    return Move(message, response=_heard_of(old))


def _placed(value: _Value) -> str:
    """Return a value by its name, or a constant as it is, and where it stands."""
    if value.place is None:
        return value.key
    return f"{say(value.place.constant) if value.place.fixed else value.key} at {value.place.pointer}"


def _constant(old: _Value, new: _Value) -> Move:
    before = old.place.constant if old.place else None
    if new.place is None or not new.place.fixed:
        told = f"do not look for {say(before)} at {old.key}: {new.answer.title} has none"
    else:
        told = f"{old.key} is {say(new.place.constant)}, not {say(before)}; nothing should depend on it"
    return Move(told, response="unreadable" if old.key in old.heard.broken else "kept")


def _heard_of(old: _Value, gone: bool = False) -> Response:
    """Return what becomes of a value with the old reader; one that a task cannot do without makes it unreadable."""
    pointer = old.place.pointer if old.place else old.key
    if pointer in old.heard.broken or (old.key in _VITAL and (gone or old.key in old.heard.lost)):
        return "unreadable"
    return "lost" if gone or old.key in old.heard.lost else "kept"


def _only(old: _Value, new: _Value) -> Move:
    if new.leaf is not None:
        return Move(f"{new.answer.title} also says {new.key}")
    must = old.leaf is not None and old.leaf.required
    return Move(f"do without {old.key}: {new.answer.title} does not say it", response="unreadable" if must else "lost")


def _require(old: _Value, new: _Value) -> Move:
    if new.leaf and new.leaf.required:
        return Move(f"{new.key} is always there")
    return Move(f"{new.key} may be absent from an answer of {new.answer.title}", response="unreadable")


def _stated(trait: Trait, schema: Mapping[str, Any]) -> str:
    stated = trait.of(schema)
    if stated is None:
        return "not stated"
    return within(stated) if trait.kind == "range" else say(stated)


def _retyped(trait: Trait) -> Callable[[_Value, _Value], Move]:
    def move(old: _Value, new: _Value) -> Move:
        before, after = (each.leaf.schema if each.leaf else {} for each in (old, new))
        response: Response = "kept" if trait.holds(after, before) else "unreadable"
        there, here = (_stated(trait, schema) for schema in (after, before))
        told = f"the {trait.kind} of {new.key} is {there} in {new.answer.title}'s document, and {here} in "
        return Move(f"{told}{old.answer.title}'s", response=response)

    return move
