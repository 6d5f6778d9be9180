"""Whether the answers of a document agree with their schemas, with each other, and with what can happen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kling_contract.client.answers import STATUSES
from kling_contract.contract import check_response
from kling_contract.envelopes import names_in
from kling_contract.verify.lint.findings import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.documents import Provider
    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.subject import Subject

# A value for each name that a template may use, in the form that the mock gives it.
_ERROR = {"request_id": "c0656403", "message": "is wrong", "field": "a", "found": 10, "model": "a", "limit": 100}
_TASK = {"request_id": "c0656403", "external_id": "mine", "reason": "", "units": "8"}
_TIMES = {"created_ms": 1758093816979, "updated_ms": 1758094147654}
_IMAGE = {"index": 0, "url": "https://results.example/0.png"}
_VIDEO = {"index": 0, "url": "https://results.example/0.mp4", "result_id": "1", "duration": "5.1"}
_RESULTS = {"image": {"images": [_IMAGE]}, "video": {"videos": [_VIDEO]}}
# What the row of a situation has to mean.
_WANTED = {
    "rate.limit": "rate",
    "rate.concurrency": "rate",
    "account.balance": "balance",
    "task.duplicate": "duplicate",
    "model.retired": "model-missing",
}


def empty_answers(subject: Subject) -> Iterator[Found]:
    """Yield the JSON answers whose schema says nothing."""
    for operation in subject.provider.operations.values():
        for status, answer in operation.responses.items():
            media = answer.get("content", {}).get("application/json")
            if status.startswith("2") and media is not None and not media.get("schema", {}).keys() - _SILENT:
                pointer = subject.pointer(operation, "responses", status, "content", "application/json", "schema")
                yield Found("answer.empty", pointer, f"any body is a right answer of {operation.id}")


_SILENT = {"type", "title", "description", "x-facts"}


def contradicted_answers(subject: Subject) -> Iterator[Found]:
    """Yield the envelopes that make an answer which the schema beside them refuses."""
    for operation in subject.provider.operations.values():
        for status in _said(subject.provider):
            task = {**status, **_results(subject.provider, operation.family)}
            body = operation.envelope.render({**task, "tasks": [task]})
            known = str(operation.success) in operation.responses
            violations = check_response(operation, operation.success, body) if known else []
            if violations:
                message = f"a {status['status']} task: {violations[0]}"
                yield Found("answer.contradicted", subject.pointer(operation, "x-envelope"), message)
                break


def _said(provider: Provider) -> Iterator[dict[str, Any]]:
    """Yield what an answer says of a task, for each status."""
    name = f"{provider.id_prefix}{'7' * provider.id_digits}"
    for status in STATUSES:
        yield {**_TASK, **_TIMES, "id": name, "status": status}


def _results(provider: Provider, family: str) -> dict[str, Any]:
    creates = (each.lifecycle for each in provider.operations.values() if each.family == family)
    return next((_RESULTS[each.result] for each in creates if each is not None), {})


def lacking_answers(subject: Subject) -> Iterator[Found]:
    """Yield the envelopes without a value that more than half of those of the same kind have."""
    operations = subject.provider.operations.values()
    said = {each.id: {name for _, name in names_in(each.envelope.template)} for each in operations}
    for operation in operations:
        alike = [said[each.id] for each in operations if each.kind == operation.kind]
        counts = Counter(name for names in alike for name in names)
        for name in sorted(counts.keys() - said[operation.id] - _OWN):
            if counts[name] * 2 > len(alike):
                message = f"{operation.id} never says ${name}, as {counts[name]} of {len(alike)} do"
                yield Found("envelope.lacks", subject.pointer(operation, "x-envelope"), message)


_OWN = {"images", "videos", "index", "url", "result_id", "duration"}


def undescribed_errors(subject: Subject) -> Iterator[Found]:
    """Yield the rows whose answer the schema of some operation refuses."""
    name = next(_said(subject.provider))["id"]
    for row in subject.provider.errors.values():
        body = row.body.render({**_ERROR, "id": name})
        for operation in subject.provider.operations.values():
            violations = check_response(operation, row.status, body) if row.status >= 300 else []
            if violations:
                message = f"{operation.id} does not describe it: {violations[0]}"
                yield Found("errors.undescribed", (*_ROWS, row.name, "body"), message)
                break


def missing_errors(subject: Subject) -> Iterator[Found]:
    """Yield the situations that the operations can meet and that no row answers."""
    for situation in sorted(_situations(subject)):
        row = subject.provider.error(situation)
        if row.means != _WANTED[situation]:
            message = f"no row {situation}; {row.name} is answered instead"
            yield Found("errors.missing", _ROWS, message)


def _situations(subject: Subject) -> set[str]:
    operations = subject.provider.operations.values()
    found = {"rate.limit"}
    found |= {"rate.concurrency" for each in operations if each.lifecycle is not None}
    found |= {"account.balance" for each in operations if each.lifecycle is not None and each.lifecycle.units}
    found |= {"task.duplicate" for each in operations if each.external is not None}
    return found | {"model.retired" for spot in subject.spots if "x-retired" in spot.schema}


def ambiguous_errors(subject: Subject) -> Iterator[Found]:
    """Yield the rows that look like a rate limit by their status, and are none."""
    rows = subject.provider.errors.values()
    limits = {row.status for row in rows if row.means == "rate"}
    for row in rows:
        if row.status in limits and row.means != "rate":
            message = f"{row.name} ({row.means}) is answered with {row.status}, like a rate limit"
            yield Found("errors.ambiguous", (*_ROWS, row.name, "status"), message)


def mixed_errors(subject: Subject) -> Iterator[Found]:
    """Yield the rows in which a constant is of another type than in most rows that have it."""
    rows = [row for row in subject.provider.errors.values() if row.is_json]
    kinds = {row.name: dict(_constants(row.body.template, ())) for row in rows}
    for place in sorted({place for each in kinds.values() for place in each}):
        counts = Counter(each[place] for each in kinds.values() if place in each)
        usual, most = counts.most_common(1)[0]
        for name, each in kinds.items():
            if each.get(place, usual) != usual and most * 2 > counts.total():
                message = f"{'/'.join(place)} is {each[place]} in {name}, and {usual} in {most} other rows"
                yield Found("errors.type", (*_ROWS, name, "body"), message)


def _constants(template: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where each constant of a template stands, and its type."""
    if isinstance(template, dict) and "$equals" not in template:
        for key, part in template.items():
            yield from _constants(part, (*place, key))
    elif template is None or isinstance(template, bool):
        yield place, "null" if template is None else "boolean"
    elif isinstance(template, int | float | dict):
        yield place, "text" if isinstance(template, dict) else "number"


_ROWS: Pointer = ("info", "x-errors")
