"""The report for CI servers that read JUnit XML: a case for each part, whatever was found in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kling_contract.verify.conformance.failure import CHECKS

if TYPE_CHECKING:
    from kling_contract.verify.conformance.failure import Failure
    from kling_contract.verify.conformance.verification import Part, Verification

# What XML 1.0 has no way of writing.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(verification: Verification) -> str:
    """Return the verification as JUnit XML."""
    failed = sum(bool(part.failures) for part in verification.parts)
    counts = {"tests": str(len(verification.parts)), "failures": str(failed), "errors": "0", "skipped": "0"}
    name = f"kling-contract verify {verification.provider.name}"
    suites = ElementTree.Element("testsuites", {"name": name, **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": name, **counts})
    for part in verification.parts:
        suite.append(_case(part, verification.provider.name))
    if verification.notes:
        ElementTree.SubElement(suite, "system-out").text = _text("\n".join(verification.notes))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _case(part: Part, provider: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": f"verify.{provider}", "name": _text(part.name)})
    if part.failures:
        first = part.failures[0]
        more = f" (and {len(part.failures) - 1} more)" if len(part.failures) > 1 else ""
        about = {"type": first.check, "message": _text(f"{first.check}: {first.message}{more}")}
        ElementTree.SubElement(case, "failure", about).text = _text("\n\n".join(map(_told, part.failures)))
    return case


def _told(failure: Failure) -> str:
    curl = f"\n{failure.asked.curl()}" if failure.asked else ""
    return f"{failure.check} {failure.operation or ''}: {CHECKS[failure.check]}\n{failure.message}{curl}"


def _text(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
