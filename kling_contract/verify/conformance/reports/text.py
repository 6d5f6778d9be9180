"""The report for people: each part with its requests, each failure with what it means and how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.redaction import visible
from kling_contract.verify.conformance.failure import CHECKS
from kling_contract.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kling_contract.verify.conformance.failure import Failure
    from kling_contract.verify.conformance.verification import Part, Verification

_RED, _GREEN = "31", "32"


def render(verification: Verification, *, coloured: bool = False) -> str:
    """Return the verification as text."""
    return "".join(f"{line}\n" for line in _lines(verification, coloured))


def _lines(verification: Verification, coloured: bool) -> Iterator[str]:
    provider = verification.provider
    yield f"{verification.base_url} held against {provider.title} of {provider.date} ({provider.digest})"
    for part in verification.parts:
        yield _part(part, coloured)
        for failure in part.failures:
            yield from _failure(failure, coloured)
    for unchecked in verification.unchecked:
        yield f"not checked: {visible(str(unchecked))}"
    for note in verification.notes:
        yield f"note: {note}"
    yield _total(verification, coloured)
    if verification.failures and verification.again:
        yield f"again: {verification.again}"


def _part(part: Part, coloured: bool) -> str:
    if not part.is_checked:
        return f"  {part.name}: not checked: {visible(part.reason)}"
    verdict = _painted(f"{len(part.failures)} failed", _RED, coloured) if part.failures else "fine"
    basis = counted(part.looked_at, "answer") if part.looked_at else counted(part.requests, "request")
    return f"  {part.name}: {basis}, {verdict}"


def _failure(failure: Failure, coloured: bool) -> Iterator[str]:
    yield f"    {_painted(failure.check, _RED, coloured)} {failure.operation or 'the server'}"
    yield f"      means: {CHECKS[failure.check]}"
    yield f"      found: {visible(failure.message)}"
    if failure.asked is not None:
        yield f"      shown by: {failure.asked.curl()}"


def _total(verification: Verification, coloured: bool) -> str:
    count, asked = len(verification.failures), counted(len(verification.asked), "request")
    if count:
        return _painted(f"{counted(count, 'failure')} in {asked}", _RED, coloured)
    if not verification.judged:
        return f"nothing could be judged: no request was made that an operation has to accept ({asked})"
    return _painted(f"the contract is kept: {asked}, no failure", _GREEN, coloured)


def _painted(text: str, colour: str, coloured: bool) -> str:
    return f"\033[{colour}m{text}\033[0m" if coloured else text
