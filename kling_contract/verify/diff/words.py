"""What a difference of two fields asks of an application, in words: an order, or what it may do from now on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kling_contract.documents.model import empty_of
from kling_contract.verify.diff import domains

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kling_contract.verify.diff.domains import Trait
    from kling_contract.verify.diff.fields import Field

    Say = Callable[[Field, Field, Any, Any, bool], str]

_LONGEST = 120


def say(value: Any) -> str:
    """Return a value as short JSON, and nothing as the word."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return "nothing" if value is None else text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def listing(values: Any) -> str:
    """Return values as a short list in words."""
    return ", ".join(each if isinstance(each, str) and each else say(each) for each in values)


def rename(old: Field, new: Field, silent: bool) -> str:
    """Return the order to rename a field; `silent` is whether nothing would tell an application that it did not."""
    return f"rename {old.name} to {new.name}" + (f"; {new.title} would ignore {old.own}" if silent else "")


def stop_sending(mine: Field, parent: Field, closed: bool) -> str:
    """Return the order to leave a field out."""
    return f"stop sending {mine.name}: {parent.title} {'refuses' if closed else 'ignores'} it"


def may_send(mine: Field, parent: Field) -> str:
    """Return what to do about a field that `parent`, the side that is left, does not have."""
    if mine.required:
        return f"add {mine.name}: {mine.title} requires it, and {parent.title} has no such field"
    return f"{mine.name} may be sent, which {parent.title} has not"


def require(new: Field) -> str:
    """Return what to do about a field that only one side requires."""
    return f"always send {new.name}: {new.title} requires it" if new.required else f"{new.name} may be left out"


def default(old: Field, new: Field) -> str:
    """Return what to do about another default."""
    before, after = old.schema.get("default"), new.schema.get("default")
    if after is None:
        return f"send {new.name} to be sure of {say(before)}: {new.title} states no default"
    if before is None:
        return f"{new.name} is {say(after)} where it is left out; {old.title} states no default"
    return f"send {new.name} to keep {say(before)}: left out, it is {say(after)}"


def blank(new: Field, means_absent: bool) -> str:
    """Return what an empty value is."""
    if means_absent:
        return f"an empty {new.name} counts as absent"
    empty = "list" if empty_of(new.schema) == [] else "text"
    return f"leave {new.name} out instead of sending an empty {empty}: {new.title} does not say that it means absent"


def numbers(old: Field, new: Field, lost: list[int]) -> str:
    """Return what to do about numbers, of two sides that trade; `lost` are some that the new side refuses."""
    if not lost:
        return f"every {new.name} of {old.title} is accepted"
    return f"do not send {new.name} {listing(lost[:5])}: {new.title} refuses it"


def trait(of: Trait, old: Field, new: Field, kept: bool) -> str:
    """Return what to do about a trait in which two fields differ; `kept` is whether every old value is accepted."""
    before, after = of.of(old.schema), of.of(new.schema)
    return _SAY[of.kind](old, new, before, after, kept)


def _type(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    if domains.trades(old.schema, new.schema):
        return f"send {new.name} {_as_text(new)}"
    kinds, had = listing(after or ["anything"]), listing(before or ["anything"])
    return f"{new.name} may be {kinds}" if kept else f"send {new.name} as {kinds}, not {had}"


def _as_text(new: Field) -> str:
    return 'as a text ("2" and not 2)' if new.schema.get("type") == "string" else 'as an integer (2 and not "2")'


def _enum(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    listed, accepted = domains.listed(old.schema) or [], domains.listed(new.schema)
    if accepted is None:
        return f"{new.name} may be other than {listing(listed)}"
    if not listed:
        return f"send one of {listing(accepted)} as {new.name}; {old.title} lists no values"
    gone = [each for each in listed if each not in accepted]
    if gone and not kept:
        return f"do not send {new.name} {listing(gone)}: {new.title} takes {listing(accepted)}"
    return f"{new.name} may also be {listing(each for each in accepted if each not in listed)}"


def _range(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    name = f"{new.name} may be" if kept else f"keep {new.name}"
    return f"{name} {within(after)} ({within(before)} until now)"


def within(limits: Any) -> str:
    """Return the limits of a number, or None, in words."""
    if limits is None:
        return "any number"
    low, high = limits
    parts = [f"{'above' if isinstance(low, list) else 'at least'} {_bare(low)}"] if low is not None else []
    parts += [f"{'below' if isinstance(high, list) else 'at most'} {_bare(high)}"] if high is not None else []
    return " and ".join(parts)


def _bare(limit: Any) -> str:
    return str(limit[0] if isinstance(limit, list) else limit)


def _length(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    unit = "items" if "items" in new.schema or "items" in old.schema else "characters"
    name = f"{new.name} may have" if kept else f"keep {new.name} to"
    return f"{name} {_sizes(after)} {unit} ({_sizes(before)} until now)"


def _sizes(limits: Any) -> str:
    low, high = limits or (None, None)
    if low is None:
        return "any number of" if high is None else f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _pattern(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    if after is None:
        return f"{new.name} need not match {before}"
    return f"{new.name} {'matches' if kept else 'must match'} {after}" + (f" ({before} until now)" if before else "")


def _keys(old: Field, new: Field, before: Any, after: Any, kept: bool) -> str:
    """Tell the keys of an object in which two sides differ."""
    mine: Mapping[str, Any] = before or {}
    theirs: Mapping[str, Any] = after or {}
    changed = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    told = ", ".join(f"{key} {say(theirs.get(key))} ({say(mine.get(key))} until now)" for key in changed)
    return f"{new.name or 'the body'} {'may have' if kept else 'must keep'} {told}"


_SAY: Mapping[str, Say] = {
    "type": _type,
    "enum": _enum,
    "range": _range,
    "length": _length,
    "pattern": _pattern,
    "image": _keys,
    "keyword": _keys,
}
