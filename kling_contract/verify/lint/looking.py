"""One look over a document: every check, and every record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.verify.lint import answers, dates, names, reach, routes, values
from kling_contract.verify.lint.records import Records, finding
from kling_contract.verify.lint.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kling_contract.documents import Provider
    from kling_contract.verify.lint.findings import Finding, Found

CHECKS: tuple[Callable[[Subject], Iterator[Found]], ...] = (
    values.invalid_defaults,
    values.required_defaults,
    values.ruled_defaults,
    values.invalid_examples,
    values.unknown_examples,
    values.retired_values,
    values.unknown_statuses,
    reach.unreachable,
    routes.links,
    routes.callbacks,
    routes.polling,
    routes.headers,
    routes.availability,
    dates.future,
    names.differences,
    names.slips,
    names.contradictions,
    answers.empty_answers,
    answers.contradicted_answers,
    answers.lacking_answers,
    answers.undescribed_errors,
    answers.missing_errors,
    answers.ambiguous_errors,
    answers.mixed_errors,
)


def lint(provider: Provider, official: Provider | None = None) -> list[Finding]:
    """Return all findings about a provider's document, by file and line.

    `official` is the provider whose field names are the canonical ones; without it nothing is held against them.
    """
    subject = Subject(provider, official)
    records = Records(subject)
    found = [_placed(subject, records, each) for check in CHECKS for each in check(subject)]
    return once([*found, *records.findings()])


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by file and line, each once however many operations or documents share its place."""
    unique = {(each.file, each.pointer, each.id, each.message): each for each in reversed(list(findings))}
    return sorted(unique.values(), key=lambda each: (each.file, each.line, each.pointer, each.id, each.message))


def _placed(subject: Subject, records: Records, found: Found) -> Finding:
    source, place = subject.place(found.pointer)
    known = records.known(found)
    return finding(found.id, source, place, subject.operation(found.pointer), found.message, known)
