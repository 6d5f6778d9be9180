"""What is expected of any answer: success as its schema says, or a refusal as the error table says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.contract import check_response
from kling_contract.verify.conformance.failure import Broken, Failure

if TYPE_CHECKING:
    from kling_contract.verify.conformance.asking import Asked, Asking


def fail(check: str, asked: Asked, message: str) -> Broken:
    """Return the failure of a check that an exchange shows, to be raised."""
    return Broken(Failure(check, asked.operation.id if asked.operation else None, message, asked))


def expect_success(asked: Asked, check: str) -> None:
    """Raise `Broken` unless an answer is a success that keeps its contract; `check` is what a refusal breaks."""
    if not asked.succeeded:
        raise fail(check, asked, f"HTTP {asked.status}: {shown(asked)}")
    expect_contract(asked)


def expect_contract(asked: Asked) -> None:
    """Raise `Broken` for an answer that its schema or its envelope does not describe."""
    operation = asked.operation
    if operation is None:
        return
    known = [status for status in operation.responses if status.startswith("2")]
    if asked.succeeded and known and {str(asked.status), "2XX"}.isdisjoint(known):
        accepted = ", ".join(known)
        raise fail("answer.contract", asked, f"HTTP {asked.status} is no success of the document; accepted: {accepted}")
    violations = check_response(operation, asked.status, asked.json)
    if violations:
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise fail("answer.contract", asked, f"HTTP {asked.status}: {violations[0]}{more}")
    if asked.succeeded and not asked.values:
        raise fail("answer.contract", asked, f"not made after the envelope: {shown(asked)}")
    if "unknown_status" in asked.values:
        raise fail("answer.contract", asked, f"the status {asked.values['unknown_status']!r} is none of the document's")


def expect_refusal(asking: Asking, asked: Asked, row: str, check: str, why: str = "") -> None:
    """Raise `Broken` unless an answer is a refusal, and the row of the error table that is due, by status and code.

    `why` is what a failure says of the reason to refuse.
    """
    expected, found = asking.provider.errors[row], asking.row(asked)
    if asked.succeeded and (asked.values or (asked.operation is None and found is None)):
        raise fail(check, asked, f"it was accepted{why}: {shown(asked)}")
    if found is None:
        raise fail("error.row", asked, f"no row of the error table fits HTTP {asked.status}: {shown(asked)}")
    twin = asking.provider.errors[found]
    same = found == row or (twin.status == expected.status and twin.body.template == expected.body.template)
    if not same and (twin.means, twin.status) != (expected.means, expected.status):
        raise fail(
            "error.row", asked, f"answered as {found} (HTTP {asked.status}) instead of {row} (HTTP {expected.status})"
        )
    if expected.is_json:
        expect_contract(asked)


def shown(asked: Asked) -> str:
    """Return the beginning of an answer's body."""
    text = asked.data[:200].decode("utf-8", "replace")
    return f"{text}..." if len(asked.data) > 200 else text or "an empty body"
