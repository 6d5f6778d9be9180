"""The report for CI servers that read JUnit XML: a case for each part, whatever was found in it.

What was not checked is skipped, with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract import junit
from kling_contract.verify.conformance.failure import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from kling_contract.verify.conformance.failure import Failure
    from kling_contract.verify.conformance.unchecked import Unchecked
    from kling_contract.verify.conformance.verification import Part, Verification


def render(verification: Verification) -> str:
    """Return the verification as JUnit XML, with what was left out and why as its output."""
    name, asked = verification.provider.name, verification.asked
    cases = [*(_case(part, name) for part in verification.parts)]
    cases += [case for each in verification.unchecked for case in _skipped(each, name)]
    suite = junit.suite(name, cases, asked[0].at if asked else 0.0, sum(part.ms for part in verification.parts))
    if verification.notes:
        junit.output(suite, "\n".join(verification.notes))
    return junit.written("kling-contract verify", [suite])


def _case(part: Part, provider: str) -> Element:
    case = junit.case(f"verify.{provider}", part.name, part.ms)
    if part.failures:
        first = part.failures[0]
        more = f" (and {len(part.failures) - 1} more)" if len(part.failures) > 1 else ""
        told = "\n\n".join(map(_told, part.failures))
        junit.end(case, "failure", first.check, f"{first.check}: {first.message}{more}", told)
    elif not part.is_checked:
        junit.end(case, "skipped", "", f"not checked: {part.reason}")
    return case


def _skipped(unchecked: Unchecked, provider: str) -> Iterator[Element]:
    """Yield a case for each check that was not made."""
    for check in unchecked.checks:
        case = junit.case(f"verify.{provider}", f"{unchecked.operation}: {check}" if unchecked.operation else check)
        junit.end(case, "skipped", "", f"not checked: {unchecked.reason}")
        yield case


def _told(failure: Failure) -> str:
    curl = f"\n{failure.asked.curl()}" if failure.asked else ""
    return f"{failure.check} {failure.operation or ''}: {CHECKS[failure.check]}\n{failure.message}{curl}"
