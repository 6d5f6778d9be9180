"""The defects that a document records (`defect` and `findings` of a fact), held against what is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kling_contract.documents.vocabulary import extensions
from kling_contract.reading import pointer_to
from kling_contract.verify.lint.findings import Finding
from kling_contract.verify.lint.kinds import KINDS, NAMELESS, PAGE
from kling_contract.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kling_contract.documents.files import Source
    from kling_contract.documents.references import Pointer
    from kling_contract.verify.lint.findings import Found
    from kling_contract.verify.lint.subject import Subject

    Where = tuple[Path, Pointer]


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded defect: the file, the place of its fact, and what it says."""

    source: Source
    place: Pointer
    operation: str | None
    defect: str
    findings: tuple[str, ...]

    @property
    def where(self) -> Where:
        """What tells a record from others."""
        return self.source.path.resolve(), self.place


def finding(name: str, source: Source, place: Pointer, operation: str | None, words: str, known: str | None) -> Finding:
    """Return the finding of a place; `known` is what is recorded of it."""
    line = source.line_of(place)
    return Finding(name, KINDS[name], str(source.path), line, pointer_to(place), operation, words, known)


class Records:
    """The records of a subject: all of its own file, and those of other files that it refers to."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._met: set[tuple[Where, str]] = set()
        met = _met(subject)
        own = _written(subject.resolver.source)
        self._records = {each.where: each for each in (*own, *met)}

    def known(self, found: Found) -> str | None:
        """Return what is recorded of something found, and remember that it was."""
        holder = found.pointer[:-1]
        holder = holder[:-1] if holder[-1] in ("x-facts", "properties", "parameters") else holder
        facts = (self._subject.at(holder) or {}).get("x-facts", {})
        for key, fact in facts.items():
            if found.id in fact.get("findings", ()):
                source, place = self._subject.fact(holder, key)
                self._met.add(((source.path.resolve(), place), found.id))
                return str(fact["defect"])
        return None

    def findings(self) -> Iterator[Finding]:
        """Yield what the records alone tell, once all that was found is `known`."""
        for record in self._records.values():
            for name in record.findings:
                if name.startswith(PAGE) and name in KINDS:
                    yield self._told(name, record, record.defect, record.defect)
                elif name not in KINDS:
                    hint = did_you_mean(name, KINDS)
                    yield self._told("record.unknown", record, f"no finding {name}" + (f"; {hint}" if hint else ""))
                elif (record.where, name) not in self._met:
                    yield self._told("record.stale", record, f"{name} is not found: {record.defect}")

    def _told(self, name: str, record: Record, words: str, known: str | None = None) -> Finding:
        return finding(name, record.source, record.place, record.operation, words, known)


def _written(source: Source) -> Iterator[Record]:
    for pointer, name, value in extensions(source.tree):
        if name == "x-facts":
            yield from (_record(source, (*pointer, key), None, fact) for key, fact in _defects(value))


def _met(subject: Subject) -> Iterator[Record]:
    """Yield the records that stand in the document without references, where their operations are known."""
    for pointer, name, value in extensions(subject.document):
        if name == "x-facts":
            for key, fact in _defects(value):
                source, place = subject.fact(pointer[:-1], key)
                yield _record(source, place, subject.operation(pointer), fact)


def _defects(facts: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((key, fact) for key, fact in facts.items() if "defect" in fact)


def _record(source: Source, place: Pointer, operation: str | None, fact: Mapping[str, Any]) -> Record:
    return Record(source, place, operation, fact["defect"], tuple(fact.get("findings", (NAMELESS,))))
