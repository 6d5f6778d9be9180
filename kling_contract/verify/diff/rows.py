"""The error tables of two providers, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kling_contract.contract import check_response
from kling_contract.verify.diff.difference import Difference, Move
from kling_contract.verify.diff.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import ErrorRow, Operation, Provider

    Side = tuple[str, Provider]

_VALUES = {"message": "m", "field": "f", "found": "x", "id": "1", "model": "m", "limit": 1, "request_id": "r"}
_CATCH_ALL = "request.invalid"


def rows(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the rows that differ. A row that a table lacks is that of the wider situation, where there is one."""
    for name in dict.fromkeys((*one[1].errors, *other[1].errors)):
        mine, theirs = _row(one[1], name), _row(other[1], name)
        if mine and theirs and _shown(mine) != _shown(theirs):
            moves = _move(name, one, other, mine, theirs), _move(name, other, one, theirs, mine)
            yield Difference("", name, "error", _shown(mine), _shown(theirs), *moves)
        elif mine and not theirs:
            yield _only(name, mine, one, other)
        elif theirs and not mine:
            yield _only(name, theirs, other, one).mirrored()


def _row(provider: Provider, name: str) -> ErrorRow | None:
    found = provider.error(name)
    return found if found.name != _CATCH_ALL or name == _CATCH_ALL else None


def _shown(row: ErrorRow) -> dict[str, Any]:
    content = {} if row.is_json else {"content-type": row.content_type}
    retry = {"retry": True} if row.retry else {}
    return {"status": row.status, "means": row.means, **content, **retry, "body": row.body.template}


def _move(name: str, old: Side, new: Side, before: ErrorRow, after: ErrorRow) -> Move:
    """Tell what to expect instead; broken is what the old reader takes for something else, or for nothing known."""
    again = ""
    if before.retry != after.retry:
        again = "; a create may then be sent again" if after.retry else "; do not send a create again then"
    told = f"expect {answer(after)} for {name}{again}"
    return Move(told, response="kept" if _is_read(old[1], new[1], after) else "unreadable")


def _only(name: str, row: ErrorRow, mine: Side, other: Side) -> Difference:
    """Return the difference of a row that only the first side has."""
    read = _is_read(other[1], mine[1], row)
    there = Move(f"{other[0]} documents no answer of its own for {name}")
    back = Move(f"be ready for {answer(row)} for {name}", response="kept" if read else "unreadable")
    return Difference("", name, "error", _shown(row), None, there, back)


def answer(row: ErrorRow) -> str:
    """Return the answer that a row is, in short."""
    body = say(_plain(row.body.template)) if row.is_json else row.content_type.partition(";")[0]
    return f"{body}, whatever the HTTP status" if row.any_status else f"HTTP {row.status} {body}"


def _plain(template: Any) -> Any:
    """Return a template as a body looks that is made after it."""
    if isinstance(template, dict):
        return template["$equals"] if "$equals" in template else {key: _plain(each) for key, each in template.items()}
    return template


def _is_read(reader: Provider, writer: Provider, row: ErrorRow) -> bool:
    """Whether the reader's document has an answer like this row, and takes it for the same."""
    if not row.is_json:
        pages = (each for each in reader.errors.values() if not each.is_json)
        return any(each.status == row.status and each.means == row.means for each in pages)
    body = row.body.render(_VALUES)
    found = reader.classify(row.status, body)
    known = found is not None and found[0].means == row.means
    return known and not any(check_response(each, row.status, body) for each in _twins(reader, writer))


def _twins(reader: Provider, writer: Provider) -> list[Operation]:
    return [each for each in reader.operations.values() if each.id in writer.operations]
