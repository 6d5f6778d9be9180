"""Whether an answer says what it has to, with names that have a value where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.envelopes import ANSWER_NAMES, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import Operation
    from kling_contract.documents.references import Pointer

_RESULT = frozenset({"index", "url", "result_id", "duration"})
_NEEDED = {"create": ("id",), "get": ("id", "status"), "list": ("id", "status")}


def problems(operation: Operation) -> Iterator[tuple[Pointer, str]]:
    """Yield what is wrong with the answer of an operation: where, and the words after the operation's name."""
    lists = list(_lists(operation.envelope.template, ("x-envelope",)))
    if operation.kind == "list":
        answers = [answer for answer in lists if answer[0] == "tasks"]
        if not answers:
            yield ("x-envelope",), "lists no tasks, which are {$each: tasks, item: ...}"
    else:
        answers = lists[:1]
    for _, pointer, template in answers:
        said = {name for _, name in names_in(_flat(template))}
        for name in _NEEDED[operation.kind]:
            if name not in said:
                yield pointer, f"never says ${name}, and nobody could read its answer"
    for each, pointer, template in lists:
        yield from _strangers(each, pointer, template)


def _strangers(each: str, pointer: Pointer, template: Any) -> Iterator[tuple[Pointer, str]]:
    """Yield the names that have no value where they stand: those of a result outside of one, and others in it."""
    known = _RESULT if each in ("images", "videos") else ANSWER_NAMES - _RESULT
    for place, name in names_in(_flat(template)):
        if name not in known:
            yield (*pointer, *place), f"says ${name} where it has no value; accepted: {', '.join(sorted(known))}"


def _lists(template: Any, pointer: Pointer, each: str = "") -> Iterator[tuple[str, Pointer, Any]]:
    """Yield the answer itself, then the item of each list in it: the list's name, where, the template."""
    yield each, pointer, template
    for name, place, item in _items(template, pointer):
        yield from _lists(item, place, name)


def _items(template: Any, pointer: Pointer) -> Iterator[tuple[str, Pointer, Any]]:
    if isinstance(template, dict) and "$each" in template:
        yield template["$each"], (*pointer, "item"), template["item"]
    elif isinstance(template, (dict, list)):
        for key, part in template.items() if isinstance(template, dict) else enumerate(template):
            yield from _items(part, (*pointer, key))


def _flat(template: Any) -> Any:
    """Return a template without the lists in it, whose names are those of their items."""
    if isinstance(template, dict):
        return {} if "$each" in template else {key: _flat(part) for key, part in template.items()}
    return [_flat(part) for part in template] if isinstance(template, list) else template
