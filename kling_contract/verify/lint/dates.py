"""Whether the days of a document agree with the day of the document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.documents.vocabulary import extensions
from kling_contract.verify.lint.findings import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.verify.lint.subject import Subject


def future(subject: Subject) -> Iterator[Found]:
    """Yield the observations and facts of a day after the document's. What day it is today plays no part."""
    today = subject.provider.date
    for pointer, name, says in extensions(subject.document):
        if name == "x-availability" and _is_after(says.get("observed", ""), today):
            message = f"observed on {says['observed']}, and the document is of {today}"
            yield Found("date.future", (*pointer, "observed"), message)
        elif name == "x-facts":
            for key, fact in says.items():
                if _is_after(fact.get("date", ""), today):
                    message = f"the fact of {key} is of {fact['date']}, and the document of {today}"
                    yield Found("date.future", (*pointer, key), message)


def _is_after(date: str, today: str) -> bool:
    """Whether a date, which may be a year or a month, lies wholly after a day."""
    return date > today[: len(date)]
